using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using OtelLite.Access;
using OtelLite.Dashboard;
using OtelLite.Storage;

namespace OtelLite.Commands;

/// <summary><c>otellite serve</c>, and <c>otellite</c> alone: receive, store, show, until told to stop.</summary>
internal static class ServeCommand
{
    // SIGXFSZ, the same on Linux and macOS.
    private const int FileTooLong = 25;

    public static TaughtCommand Create(SettingFlags settings)
    {
        var command = new TaughtCommand("serve", "receive, store, show")
        {
            Examples =
            [
                ("otellite", "dashboard on http://localhost:8080"),
                ("otellite serve --urls http://localhost:9090", "on another port"),
                ("otellite serve --data-dir ~/usage", "with the database elsewhere"),
            ],
        };
        command.SetAction((parsed, _) =>
        {
            var options = Options.Read(parsed, settings, Environment.GetEnvironmentVariable);
            return Run(
                options,
                SetupCommand.Line(parsed, settings, Environment.GetEnvironmentVariable),
                () => SetupCommand.ApplyAll(parsed, settings, options, Environment.GetEnvironmentVariable));
        });
        return command;
    }

    /// <param name="setUpLine">What to type for that.</param>
    /// <param name="setUp">Sets Claude Code up to send here.</param>
    private static async Task<int> Run(Options options, string setUpLine, Action setUp)
    {
        using var messages = new Messages(Console.Error);
        // A limit for the size of files is an error that is told, as a full disk is, and not the end.
        using PosixSignalRegistration? tooLong = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create((PosixSignal)FileTooLong, signal => signal.Cancel = true);
        try
        {
            await using App app = await App.Start(options, messages.Say).ConfigureAwait(false);
            Greet(app, options, messages);
            if (app.IsFirstStart)
            {
                Introduce(Block(app, options, setUpLine), messages, setUp);
            }

            await app.WaitForStop().ConfigureAwait(false);
            return ExitCode.Done;
        }
        catch (Exception e) when (e is StorageException or ListenException or CertificateException)
        {
            messages.Say(e.Message);
            return ExitCode.Failed;
        }
        catch (SqliteException e) when (Database.IsOfTheWorld(e))
        {
            string path = Path.Combine(options.DataDir, Database.FileName);
            messages.Say($"the database {path} can't be used: {e.Message.TrimEnd('.')}. If another program has changed its tables, otellite recover {Folders.Flag(options.DataDir)} {path} brings back what is in them.");
            return ExitCode.Failed;
        }
    }

    // The token is shown where a person is looking, and at the start that made it; a log that is kept need not have it.
    private static void Greet(App app, Options options, Messages messages)
    {
        string whereItIs = options.Token is null ? $"the token is in {Path.Combine(options.DataDir, Token.FileName)}" : "with the token that was given";
        bool showToken = app.IsFirstStart || !Console.IsErrorRedirected;
        messages.SayPlain(showToken
            ? $"OtelLite {App.Version}: {app.SignInUrl}"
            : $"OtelLite {App.Version}: {app.OwnUrl} ({whereItIs})");
        messages.SayPlain(app.Ports.ToString());
        foreach (string afar in app.Urls.Where(u => !Options.Url(u).IsLoopback))
        {
            messages.SayPlain($"Other machines reach it at {afar}{(Options.Url(afar).IsEverywhere ? ", with this one's name or address in place of that" : "")}.");
        }

        if (options.Redact is { } rules)
        {
            messages.SayPlain($"Not stored as it comes: {rules}.");
        }
    }

    // Asked once, on the first start, and only who can answer. The server runs meanwhile.
    private static void Introduce(string block, Messages messages, Action setUp)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected || !IsInForeground() || !SetupCommand.IsWorthOffering(Environment.GetEnvironmentVariable))
        {
            messages.SayPlain(block);
            return;
        }

        messages.SayPlain("""

            Open that address. Claude Code is not set up to send here yet.
            Do that now, with the status line that tells your limits? Its settings are changed; otellite setup --undo takes it back. [Y/n]
            """);
        new Thread(() =>
        {
            string? answer = Console.In.ReadLine()?.Trim();
            if (answer is not null && (answer.Length == 0 || answer.StartsWith('y') || answer.StartsWith('Y')) && TrySetUp(messages, setUp))
            {
                return;
            }

            messages.SayPlain(block);
        })
        { Name = "question", IsBackground = true }.Start();
    }

    private static bool TrySetUp(Messages messages, Action setUp)
    {
        try
        {
            setUp();
            return true;
        }
        catch (UsageException e)
        {
            messages.Say(e.Message);
            return false;
        }
    }

    // A program in the background that reads its terminal is stopped, and its exports with it. Where that can't be told, it is taken for one.
    private static bool IsInForeground()
    {
        try
        {
            // proc_pid_stat(5): behind the name in brackets the state, parent, group, session, terminal and the terminal's group.
            string stat = File.ReadAllText("/proc/self/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ') is [_, _, var group, _, _, var terminals, ..] && group == terminals;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return OperatingSystem.IsWindows();
        }
    }

    private static string Block(App app, Options options, string setUpLine) => $"""

        Open that address, then paste this into the shell that starts Claude Code:

        {ExportBlock.ForThisPlatform(app.OwnUrl, app.Token.Value)}

        Claude Code is not set up to send here yet: {setUpLine} does it for good, in place of the block.
        Sessions that run already must be started again. Everything is kept in {options.DataDir}.
        """;
}
