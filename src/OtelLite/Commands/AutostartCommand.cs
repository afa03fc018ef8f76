using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using OtelLite.Autostart;
using OtelLite.Rows;

namespace OtelLite.Commands;

/// <summary><c>otellite service</c>: let the system start the program whenever its user is there.</summary>
internal static class AutostartCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var what = new Argument<string>("what") { HelpName = "install|uninstall|status", Description = "start it from now on, no longer, or tell whether it is" };
        what.AcceptOnlyFromAmong("install", "uninstall", "status");
        var json = new Option<bool>("--json") { Description = "of status, print it as JSON" };
        var command = new TaughtCommand("service", "let the system start otellite whenever you are there")
        {
            About = """
                For you alone and without an administrator: a systemd user unit on Linux, a launchd agent on macOS, a scheduled task at log-on on Windows.
                It is started with the settings that are given here (and those of OTELLITE_ variables); after a change, install it again.
                """,
            Examples =
            [
                ("otellite service install", "from now on it runs, and again after the next start of the machine"),
                ("otellite service install --urls http://localhost:9090", "on another port"),
                ("otellite service status", "does it run; exit code 1: it does not"),
                ("otellite service uninstall", "no longer; what is stored stays"),
            ],
        };
        command.Arguments.Add(what);
        command.Options.Add(json);
        command.SetAction(parsed => Run(parsed, parsed.GetValue(what)!, parsed.GetValue(json), settings, Environment.GetEnvironmentVariable));
        return command;
    }

    private static int Run(ParseResult parsed, string what, bool asJson, SettingFlags settings, Func<string, string?> environment)
    {
        if (asJson && what != "status")
        {
            throw new UsageException("--json is a form of status.");
        }

        var options = Options.Read(parsed, settings, environment);
        try
        {
            List<string> words = ToldAlong.Of(parsed, settings, environment, s => s.Key != "dataDir");
            var autostart = Autostart.Autostart.OfThisPlatform([.. ToldAlong.Program(), "serve", "--data-dir", options.DataDir, .. words], options.DataDir, environment);
            return what switch
            {
                "install" => Install(autostart, options, parsed, settings, environment),
                "uninstall" => Uninstall(autostart, options),
                _ => Tell(autostart, asJson),
            };
        }
        catch (AutostartException e)
        {
            Console.Error.WriteLine($"otellite: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private static int Install(Autostart.Autostart autostart, Options options, ParseResult parsed, SettingFlags settings, Func<string, string?> environment)
    {
        if (settings.Given(parsed).ContainsKey("token") || environment(Setting.All.Single(s => s.Key == "token").Variable) is { Length: > 0 })
        {
            throw new AutostartException("a token in a file that starts programs can be read by others: put it in otellite.json, or leave it out for the data folder's own");
        }

        MakeToken(options);
        autostart.Install();
        ListenUrl page = options.Urls.FirstOrDefault(u => u.IsLoopback, options.Urls[0]);
        string token = options.Token is null ? $"is in {Path.Combine(options.DataDir, Token.FileName)}" : $"is that of {Options.FileName}";
        Console.Out.WriteLine($"""
            otellite runs now, and whenever you are logged in ({autostart.Kind} {autostart.Path}).
            Open http://{page.Host}:{page.Port}; the token that the page asks for {token}.
            What it says: {autostart.Log}
            otellite setup lets Claude Code send to it; otellite service uninstall takes this back.
            """);
        return ExitCode.Done;
    }

    // The start that makes a token prints it, and what the system starts prints into a log.
    private static void MakeToken(Options options)
    {
        try
        {
            if (options.Token is null)
            {
                Folders.Make(options.DataDir);
                _ = Token.OfDataDir(options.DataDir, out _);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new AutostartException(e.Message.TrimEnd('.'));
        }
    }

    private static int Uninstall(Autostart.Autostart autostart, Options options)
    {
        AutostartEnd end = autostart.Uninstall();
        Console.Out.WriteLine(
            !end.WasInstalled ? $"nothing to undo: there is no {autostart.Kind} {autostart.Path}"
            : end.Unasked is { } why ? $"otellite is not started any more, as {autostart.Path} is deleted; but one that runs may go on until you stop it: {why}."
            : $"otellite is stopped and is not started any more. What is stored stays in {options.DataDir}.");
        return ExitCode.Done;
    }

    private static int Tell(Autostart.Autostart autostart, bool asJson)
    {
        AutostartState state = autostart.Look();
        TextWriter stdout = Output.Stdout();
        stdout.WriteLine(asJson
            ? JsonSerializer.Serialize(new AutostartAnswer(autostart.Kind, autostart.Path, state.IsInstalled, state.IsRunning, state.Said), AutostartJson.Default.AutostartAnswer)
            : state.IsInstalled
            ? $"{(state.IsRunning ? "It runs" : "It is installed and does not run")}: {TerminalText.OneLine(state.Said.ReplaceLineEndings(" "))} ({autostart.Kind} {autostart.Path}). What it says: {autostart.Log}"
            : $"It is not installed as a {autostart.Kind}; otellite service install does that.");
        stdout.Flush();
        return state is { IsInstalled: true, IsRunning: true } ? ExitCode.Done : ExitCode.Failed;
    }
}

/// <summary>What <c>otellite service status --json</c> prints.</summary>
internal sealed record AutostartAnswer(string Kind, string Path, bool IsInstalled, bool IsRunning, string Said);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AutostartAnswer))]
internal sealed partial class AutostartJson : JsonSerializerContext;
