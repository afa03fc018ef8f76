using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OtelLite.Rows;
using OtelLite.Status;

namespace OtelLite.Commands;

/// <summary><c>otellite status</c>: is it running, where, how much is stored, when each signal last arrived. Exit code 1 while it is not running.</summary>
internal static class StatusCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var json = new Option<bool>("--json") { Description = "print it as JSON" };
        var command = new TaughtCommand("status", "is it running, where, and how much is stored")
        {
            About = "Exit code 0: it runs; 1: it does not, and what is stored is read from the file.\n",
            Examples =
            [
                ("otellite status", "in sentences"),
                ("otellite status --json", "for a program"),
                ("otellite status > /dev/null || otellite", "start it unless it runs"),
            ],
        };
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            Options.Read(parsed, settings, Environment.GetEnvironmentVariable), ToldAlong.Start(parsed, settings, Environment.GetEnvironmentVariable), parsed.GetValue(json)));
        return command;
    }

    private static int Run(Options options, string start, bool asJson)
    {
        StatusReport report = StatusLook.At(options);
        TextWriter stdout = Output.Stdout();
        stdout.WriteLine(asJson ? JsonSerializer.Serialize(report, StatusJson.Default.StatusReport) : InSentences(report, start, DateTimeOffset.UtcNow));
        stdout.Flush();
        return report.Server.IsRunning ? ExitCode.Done : ExitCode.Failed;
    }

    private static string InSentences(StatusReport report, string start, DateTimeOffset now)
    {
        RunningServer server = report.Server;
        var text = new StringBuilder();
        text.AppendLine(server.IsRunning
            ? $"OtelLite {server.Version} runs on {string.Join(" and ", server.Urls)}{(server.StartedAt is { } at ? $", for {ShownValues.Duration(now - at)}, since {Time(at)}" : "")}."
            : server.HangingProcess is { } process
            ? $"OtelLite (process {process}) has this data folder and does not answer on {string.Join(" or ", server.Urls)}. End that process, and start it again with: {start}"
            : $"OtelLite does not run on {string.Join(" or ", server.Urls)}. Start it with: {start}");
        if (server.IsRunning)
        {
            text.AppendLine(new ReceivingPorts(server.OtlpHttpPorts, server.OtlpGrpcPort ?? 0).ToString());
        }

        if (server is { IsRunning: true, CanStore: false })
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"It can't store anything now: {server.Trouble}");
        }

        if (report.Database is { } file)
        {
            text.AppendLine(
                $"The database is {file.Path}: {ShownValues.Bytes(file.Bytes)}, of which {ShownValues.Bytes(file.FreeBytes)} are free, and {ShownValues.Bytes(file.LogBytes)} in the log beside it; schema {file.SchemaVersion}.");
            text.AppendLine(
                $"Stored are {Signal(file.Metrics, "data point", now)}; {Signal(file.Events, "event", now)}; {Signal(file.Spans, "span", now)}.");
            foreach (string damaged in file.Damaged)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"A damaged database was set aside as {damaged}. Stop the server, and otellite recover {Folders.Flag(Path.GetDirectoryName(file.Path)!)} brings back what can be read of it.");
            }

            text.Append(file.RemovedBefore is { } before ? $"Raw records of before {Time(before)} were removed; what they added stays counted.\n" : "");
        }

        text.Append(server.LastRefusal is { } refusal
            ? $"Last refused, {ShownValues.Duration(now - refusal.At)} ago: {refusal.Status} on {refusal.Path} from {refusal.Client}: {refusal.Reason}\n"
            : "");
        text.Append(report.Problem is { } problem ? $"Not all is known: {problem}\n" : "");
        return string.Join('\n', text.ToString().TrimEnd().Split('\n').Select(l => TerminalText.OneLine(l.TrimEnd('\r'))));
    }

    private static string Signal(StoredSignal signal, string one, DateTimeOffset now) =>
        ShownValues.Count(signal.Records, one) + (signal.LastAt is { } at ? $", the last one {ShownValues.Duration(now - at)} ago" : "");

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
