using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using OtelLite.Bench;
using OtelLite.Bench.Ingest;
using OtelLite.Bench.Queries;

switch (args)
{
    case ["facts", var executable]:
        return await ReleaseFacts.Print(executable);
    case ["contents", var executable, var rid]:
        return ReleaseContents.Write(executable, rid);
    case ["ingest", var executable, "guard"]:
        return IngestRun.Guard(executable);
    case ["ingest", var executable]:
        return IngestRun.Run(executable, 20, []);
    case ["ingest", var executable, var seconds, .. var peer]:
        return IngestRun.Run(executable, double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture), peer);
    case [BareReceiver.Word, var port]:
        return await BareReceiver.Run(port);
    case ["memory"]:
        return await MemoryRun.Run();
    case ["retention", var executable]:
        return await RetentionRun.Run(executable);
    case ["queries", var executable]:
        return await QueryRun.Run(executable);
    case ["feed", var url, var token, .. var hours]:
        return await Feed.Run(url, token, hours is [var h] ? double.Parse(h, System.Globalization.CultureInfo.InvariantCulture) : 8);
    case ["pages", .. var sessions]:
        return await Pages.Run(sessions is [var n] ? int.Parse(n, System.Globalization.CultureInfo.InvariantCulture) : 100_000);
    default:
        // In this process: the project as it was built is measured, not a second build of it.
        BenchmarkSwitcher.FromAssembly(typeof(ReleaseFacts).Assembly).Run(
            args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
        return 0;
}
