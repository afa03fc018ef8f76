using OtelLite.Commands;

namespace OtelLite.Tests.Commands;

/// <summary>Imports as the command runs them, through a running server.</summary>
internal static class ImportRuns
{
    /// <summary>For an import that shows no bar.</summary>
    public static ProgressBar Silent => new(TextWriter.Null, isShown: false);

    public static Options At(string dataDir, string url, params string[] more) => Options.Read(["--data-dir", dataDir, "--urls", url, "--token", ServerClient.TestToken, .. more], _ => null);

    /// <summary>One that has looked at nothing yet.</summary>
    public static ImportRun Of(RunningServer server, params string[] paths) => new(At(server.DataDir, server.Url), paths, isDryRun: false, Silent);

    /// <summary>The first look of a new one.</summary>
    public static ImportReport Look(RunningServer server, string path) => Of(server, path).Look(default);
}
