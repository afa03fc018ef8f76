using System.CommandLine;
using System.Text;
using OtelLite.ClaudeSettings;
using OtelLite.Dashboard;

namespace OtelLite.Commands;

/// <summary><c>otellite setup</c>: Claude Code's own settings made to send here, shown, or taken back.</summary>
internal static class SetupCommand
{
    private const string ClaudeCode = "claude-code";

    public static TaughtCommand Create(SettingFlags settings)
    {
        var flags = new Flags();
        var command = new TaughtCommand("setup", "set Claude Code up to send here, for good")
        {
            About = """
                It merges the variables into "env" of Claude Code's user settings (~/.claude/settings.json, or in $CLAUDE_CONFIG_DIR) and
                changes nothing else there; the file as it was stays beside it. Give it the settings that otellite itself is started with.
                """,
            Examples =
            [
                ("otellite setup", "from the next session on, all of them are seen"),
                ("otellite setup --print", "only show what it would set, with the token, to paste it elsewhere"),
                ("otellite setup --undo", "take it all back"),
            ],
        };
        flags.AddTo(command);
        command.SetAction(parsed => Run(parsed, flags, settings, Environment.GetEnvironmentVariable));
        return command;
    }

    /// <summary>Whether Claude Code has a folder of settings here that do not name any receiver yet: who has one was asked, or knows.</summary>
    internal static bool IsWorthOffering(Func<string, string?> environment) => ClaudeFolders.Of(environment) is { User: { } folder } folders && Directory.Exists(folder)
        && !SettingsLevel.Read(folders).Any(l => l.Variable(ExportVariables.Endpoint) is not null);

    /// <summary>Sets Claude Code up with all that there is: variables, status line and hook.</summary>
    /// <returns>The exit code.</returns>
    internal static int ApplyAll(ParseResult parsed, SettingFlags settings, Options options, Func<string, string?> environment) => Try(
        () => Apply(parsed, settings, options, environment, statusLine: true, hook: true, start: null));

    private static int Run(ParseResult parsed, Flags flags, SettingFlags settings, Func<string, string?> environment)
    {
        flags.Check(parsed);
        var options = Options.Read(parsed, settings, environment);
        return Try(() => parsed.GetValue(flags.Print) ? Print(options, parsed.GetValue(flags.Json), Wish(parsed, settings, environment, flags.StatusLine(parsed), flags.Hook(parsed)))
            : parsed.GetValue(flags.Undo) ? Undo(environment)
            : Apply(parsed, settings, options, environment, flags.StatusLine(parsed), flags.Hook(parsed), ToldAlong.Start(parsed, settings, environment)));
    }

    private static int Undo(Func<string, string?> environment)
    {
        string path = UserFile(ClaudeFolders.Of(environment));
        var setup = new Setup(path, DateTime.Now);
        return SetupReport.Undone(path, setup.Undo(), setup.Ours);
    }

    // What it would take is told with the token that stands for one, where none may be made yet.
    private static Func<string, string, SetupWish> Wish(
        ParseResult parsed, SettingFlags settings, Func<string, string?> environment, bool? statusLine, bool? hook) => (endpoint, token) => new(
        ExportVariables.For(endpoint, token), statusLine, hook, new OwnCommand(ToldAlong.Program(), ToldAlong.Of(parsed, settings, environment, IsNeeded)));

    /// <param name="start">The line that starts what is set up for; null: it runs.</param>
    private static int Apply(
        ParseResult parsed, SettingFlags settings, Options options, Func<string, string?> environment, bool? statusLine, bool? hook, string? start)
    {
        var folders = ClaudeFolders.Of(environment);
        string path = UserFile(folders), endpoint = Endpoint(options);
        SetupWish wish = Wish(parsed, settings, environment, statusLine, hook)(endpoint, TokenOf(options));
        SetupOutcome outcome = new Setup(path, DateTime.Now).Apply(wish);
        SetupReport.Applied(path, endpoint, start, outcome);
        foreach (string warning in SetupReport.OfOthers(SettingsLevel.Read(folders), wish.Variables, environment))
        {
            Console.Error.WriteLine($"otellite: {warning}");
        }

        return ExitCode.Done;
    }

    private static string UserFile(ClaudeFolders folders) => Path.Combine(
        folders.User ?? throw new SettingsException($"you have no home folder: name the folder of Claude Code's settings with {ClaudeFolders.DirVariable}."),
        SettingsLevel.UserFile);

    private static int Try(Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception e) when (e is SettingsException or InvalidDataException)
        {
            Console.Error.WriteLine($"otellite: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"otellite: {e.Message.TrimEnd('.')}. Name a folder that you may write to with --data-dir DIR.");
        }

        return ExitCode.Failed;
    }

    /// <summary>Where Claude Code on this machine reaches what is started with these options: without crossing the network, if that can be.</summary>
    /// <exception cref="UsageException">The port is chosen at each start.</exception>
    internal static string Endpoint(Options options)
    {
        ListenUrl first = options.Urls.FirstOrDefault(u => u.IsLoopback, options.Urls.FirstOrDefault(IsEverywhere));
        if (first.Addresses is null)
        {
            return options.OtlpHttpPort > 0 ? $"http://localhost:{options.OtlpHttpPort}" : At(options.Urls[0].Host, options.Urls[0].Port);
        }

        return At(IsEverywhere(first) ? "127.0.0.1" : first.Host, first.Port);

        static bool IsEverywhere(ListenUrl url) => url.Addresses.Any(a => a.Equals(System.Net.IPAddress.Any) || a.Equals(System.Net.IPAddress.IPv6Any));
        static string At(string host, int port) => port > 0 ? $"http://{host}:{port}"
            : throw new UsageException("urls: port 0 is another one at each start, and Claude Code must know it: name one.");
    }

    private static int Print(Options options, bool asJson, Func<string, string, SetupWish> wish)
    {
        string tokenFile = Path.Combine(options.DataDir, Token.FileName);
        bool hasToken = options.Token is not null || File.Exists(tokenFile);
        string token = hasToken ? TokenOf(options) : ToldAlong.NoToken;
        string endpoint = Endpoint(options);
        var text = new StringBuilder();
        if (!asJson)
        {
            foreach (SetupShell shell in ExportBlock.Answer(endpoint, token).Shells)
            {
                text.AppendLine($"# {shell.Name}").AppendLine(shell.Text).AppendLine();
            }

            text.AppendLine($"# {SettingsLevel.UserFile} of Claude Code");
        }

        Console.Out.WriteLine(text.Append(Setup.Shown(ExportBlock.Settings(endpoint, token), wish(endpoint, token))));
        if (!hasToken)
        {
            Console.Error.WriteLine($"otellite: there is no token yet; the first start of otellite, or otellite setup, makes one in {tokenFile}.");
        }

        return ExitCode.Done;
    }

    private static string TokenOf(Options options)
    {
        if (options.Token is { } given)
        {
            return given;
        }

        Folders.Make(options.DataDir);
        return Token.OfDataDir(options.DataDir, out _).Value;
    }

    /// <summary>The line that sets Claude Code up for the OtelLite of these options, for a person to type.</summary>
    internal static string Line(ParseResult parsed, SettingFlags settings, Func<string, string?> environment) =>
        ToldAlong.Typed("otellite setup", parsed, settings, environment, IsNeeded);

    // Where the receiver and its token are.
    private static bool IsNeeded(Setting setting) => setting.Key is "dataDir" or "urls";

    /// <summary>What may be typed behind <c>setup</c>.</summary>
    private sealed class Flags
    {
        private readonly Argument<string> _client = new("client")
        {
            HelpName = ClaudeCode,
            Description = "what is set up; there is nothing else yet",
            Arity = ArgumentArity.ZeroOrOne,
        };

        private readonly Option<bool> _statusLine = new("--statusline") { Description = "also let its status line tell of the plan's limits; yours is kept and shown" };
        private readonly Option<bool> _noStatusLine = new("--no-statusline") { Description = "take that out again" };
        private readonly Option<bool> _hook = new("--hook") { Description = "also let each session tell its folder as it starts" };
        private readonly Option<bool> _noHook = new("--no-hook") { Description = "take that out again" };

        public Option<bool> Print { get; } = new("--print") { Description = "only show what it would set, with the token in it" };

        public Option<bool> Json { get; } = new("--json") { Description = "of --print the settings alone, for a program" };

        public Option<bool> Undo { get; } = new("--undo") { Description = "take back all that setup changed" };

        public void AddTo(Command command)
        {
            _client.AcceptOnlyFromAmong(ClaudeCode);
            command.Arguments.Add(_client);
            Array.ForEach<Option>([Print, Json, Undo, _statusLine, _noStatusLine, _hook, _noHook], command.Options.Add);
        }

        public bool? StatusLine(ParseResult parsed) => Wish(parsed, _statusLine, _noStatusLine);

        public bool? Hook(ParseResult parsed) => Wish(parsed, _hook, _noHook);

        /// <exception cref="UsageException">Two flags contradict each other.</exception>
        public void Check(ParseResult parsed)
        {
            foreach ((Option<bool> one, Option<bool> other) in ((Option<bool>, Option<bool>)[])[(Print, Undo), (_statusLine, _noStatusLine), (_hook, _noHook), (Undo, _statusLine), (Undo, _hook)])
            {
                if (parsed.GetValue(one) && parsed.GetValue(other))
                {
                    throw new UsageException($"{one.Name} and {other.Name} can't be had together.");
                }
            }

            if (parsed.GetValue(Json) && !parsed.GetValue(Print))
            {
                throw new UsageException($"{Json.Name} is a form of {Print.Name}: give both.");
            }
        }

        private static bool? Wish(ParseResult parsed, Option<bool> yes, Option<bool> no) => parsed.GetValue(yes) ? true : parsed.GetValue(no) ? false : null;
    }
}
