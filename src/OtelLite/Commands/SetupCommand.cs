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
                ("otellite setup --to https://hub.example:8080 --token TOKEN", "send to another machine's OtelLite, with a token that it made"),
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
        if (parsed.GetValue(flags.To) is { } to)
        {
            return Try(() => SendTo(OtherMachine(to), options.Token ?? throw new UsageException(
                $"{flags.To.Name} needs a token of that OtelLite: make one there with otellite token add NAME --scope ingest, and give it with --token TOKEN, or as OTELLITE_TOKEN, which no list of processes shows."),
                parsed.GetValue(flags.Print), parsed.GetValue(flags.Json), environment));
        }

        return Try(() => parsed.GetValue(flags.Print) ? Print(options, parsed.GetValue(flags.Json), Wish(parsed, settings, environment, flags.StatusLine(parsed), flags.Hook(parsed)))
            : parsed.GetValue(flags.Undo) ? Undo(environment)
            : Apply(parsed, settings, options, environment, flags.StatusLine(parsed), flags.Hook(parsed), ToldAlong.Start(parsed, settings, environment)));
    }

    // The status line and the hook hand over to an OtelLite of this machine: where they are ours, they are taken out.
    private static int SendTo(string endpoint, string token, bool print, bool asJson, Func<string, string?> environment)
    {
        SetupWish Wish(string to, string with) => new(ExportVariables.For(to, with), StatusLine: false, Hook: false, new OwnCommand(ToldAlong.Program(), []));
        return print ? Print(endpoint, token, asJson, Wish) : Apply(ClaudeFolders.Of(environment), endpoint, Wish(endpoint, token), start: null, environment);
    }

    /// <summary>Another machine's address as an endpoint.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    private static string OtherMachine(string to)
    {
        bool isUrl = Uri.TryCreate(to, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            && url is { PathAndQuery: "/", Fragment.Length: 0, UserInfo.Length: 0, Host.Length: > 0 };
        if (!isUrl)
        {
            throw new UsageException("--to: name the other OtelLite's address, such as https://hub.example:8080.");
        }

        Console.Error.WriteLine(url!.Scheme == Uri.UriSchemeHttps
            ? "otellite: Claude Code trusts certificates of known authorities; for one of your own set NODE_EXTRA_CA_CERTS=FILE where it is started."
            : url.IsLoopback ? "otellite: that is this machine, where otellite setup alone does."
            : "otellite: without TLS the token and all that is exported cross the network for others to read.");
        return url.GetLeftPart(UriPartial.Authority);
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
        string endpoint = Endpoint(options);
        return Apply(ClaudeFolders.Of(environment), endpoint, Wish(parsed, settings, environment, statusLine, hook)(endpoint, TokenOf(options)), start, environment);
    }

    private static int Apply(ClaudeFolders folders, string endpoint, SetupWish wish, string? start, Func<string, string?> environment)
    {
        string path = UserFile(folders);
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
        ListenUrl first = options.Urls.FirstOrDefault(u => u.IsLoopback, options.Urls.FirstOrDefault(u => u.IsEverywhere));
        if (first.Addresses is null)
        {
            return options.OtlpHttpPort > 0 ? $"http://localhost:{options.OtlpHttpPort}" : At(options.Urls[0].Host, options.Urls[0].Port);
        }

        return At(first.IsEverywhere ? "127.0.0.1" : first.Host, first.Port);

        static string At(string host, int port) => port > 0 ? $"http://{host}:{port}"
            : throw new UsageException("urls: port 0 is another one at each start, and Claude Code must know it: name one.");
    }

    private static int Print(Options options, bool asJson, Func<string, string, SetupWish> wish)
    {
        string tokenFile = Path.Combine(options.DataDir, Token.FileName);
        bool hasToken = options.Token is not null || File.Exists(tokenFile);
        string token = hasToken ? TokenOf(options) : ToldAlong.NoToken;
        Print(Endpoint(options), token, asJson, wish);
        if (!hasToken)
        {
            Console.Error.WriteLine($"otellite: there is no token yet; the first start of otellite, or otellite setup, makes one in {tokenFile}.");
        }

        return ExitCode.Done;
    }

    private static int Print(string endpoint, string token, bool asJson, Func<string, string, SetupWish> wish)
    {
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
        // Setup says in its turn how that one is started, which without these would be refused.
        ToldAlong.Typed("otellite setup", parsed, settings, environment, s => IsNeeded(s) || s.Key is "tlsCert" or "tlsKey" or "insecure");

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

        public Option<string?> To { get; } = new("--to") { HelpName = "URL", Description = "send to the OtelLite of another machine, with a token that it made (--token)" };

        public Option<bool> Print { get; } = new("--print") { Description = "only show what it would set, with the token in it" };

        public Option<bool> Json { get; } = new("--json") { Description = "of --print the settings alone, for a program" };

        public Option<bool> Undo { get; } = new("--undo") { Description = "take back all that setup changed" };

        public void AddTo(Command command)
        {
            _client.AcceptOnlyFromAmong(ClaudeCode);
            command.Arguments.Add(_client);
            Array.ForEach<Option>([To, Print, Json, Undo, _statusLine, _noStatusLine, _hook, _noHook], command.Options.Add);
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

            if (parsed.GetValue(To) is not null && ((Option<bool>[])[Undo, _statusLine, _hook]).FirstOrDefault(parsed.GetValue) is { } with)
            {
                throw new UsageException(with == Undo ? $"{To.Name} and {Undo.Name} can't be had together."
                    : $"{To.Name} and {with.Name} can't be had together: the status line and the hook hand over to an OtelLite on this machine.");
            }

            if (parsed.GetValue(Json) && !parsed.GetValue(Print))
            {
                throw new UsageException($"{Json.Name} is a form of {Print.Name}: give both.");
            }
        }

        private static bool? Wish(ParseResult parsed, Option<bool> yes, Option<bool> no) => parsed.GetValue(yes) ? true : parsed.GetValue(no) ? false : null;
    }
}
