using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using OtelLite.Storage;

namespace OtelLite.Tests;

/// <summary>Starting where it can't be, starting twice, and what the command line says.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-start-").FullName;

    public void Dispose() => Directory.Delete(_dataDir, recursive: true);

    private static Task<App> Start(string dataDir, string url = "http://127.0.0.1:0") => App.Start(
        Options.Read(["--data-dir", dataDir, "--urls", url, "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", "t"], _ => null), _ => { });

    private static async Task<(int Exit, string Out, string Error)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "otellite.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, error);
    }

    private static async Task Post(App app, string body)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "t");
        using HttpResponseMessage answer = await client.PostAsync(
            new Uri(app.Urls[0] + "/v1/metrics"), new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [PublishedFact]
    public async Task A_table_that_another_program_took_away_is_503_while_it_runs_and_a_sentence_at_the_next_start()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(exe.DataDir, "otellite.db")};Pooling=False"))
        {
            other.Open();
            Database.Execute(other, "DROP TABLE otel_body");
        }

        using HttpResponseMessage answer = await exe.Post("/v1/metrics", Exports.Commit());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("changed the database", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await exe.Signal("TERM"));
        Ran again = await PublishedExe.Run("--data-dir", exe.DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains($"otellite recover --data-dir {exe.DataDir} ", again.Error, StringComparison.Ordinal);
    }

    [PublishedFact]
    public async Task What_listens_everywhere_says_where_this_machine_opens_it_and_where_others_do_and_what_is_not_stored_as_it_comes()
    {
        int port = FreePort.Next();
        await using PublishedExe exe = await PublishedExe.Start("--urls", $"http://0.0.0.0:{port}", "--insecure", "--redact", "drop:prompt;hash:user.*");
        Assert.Equal($"http://localhost:{port}", exe.Url);
        for (var clock = Stopwatch.StartNew(); !exe.Said.Contains("Not stored as it comes: drop:prompt, hash:user.*.", StringComparison.Ordinal); await Task.Delay(20))
        {
            Assert.True(clock.Elapsed < PublishedExe.Patience, exe.Said);
        }

        Assert.Contains($"Other machines reach it at http://0.0.0.0:{port}, with this one's name or address in place of that.", exe.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_of_other_programs_that_lie_about_are_not_read()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "appsettings.json"), "{ broken");
        await using RunningServer server = await RunningServer.Start(folder);
        Assert.NotNull(await server.Get("/healthz"));
    }

    [Fact]
    public async Task A_data_folder_that_can_not_be_is_a_sentence_with_the_way_out()
    {
        string file = Path.Combine(_dataDir, "file");
        await File.WriteAllTextAsync(file, "");
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => Start(Path.Combine(file, "below")));
        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("with --data-dir DIR.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_none_is_set_aside_as_it_is()
    {
        string text = new('x', 5000);
        await File.WriteAllTextAsync(Path.Combine(_dataDir, Database.FileName), text);
        await using App app = await Start(_dataDir);
        await Post(app, Exports.Commit());
        Assert.Equal(text, await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(_dataDir, $"{Database.FileName}.damaged-*"))));
    }

    [Fact]
    public async Task A_second_start_on_one_data_folder_says_who_was_first_and_stops_and_so_does_none_after_that_one_has_ended()
    {
        string url;
        await using (App first = await Start(_dataDir))
        {
            url = first.Urls[0];
            StorageException refused = await Assert.ThrowsAsync<StorageException>(() => Start(_dataDir));
            Assert.Contains($"runs already on {url} (process {Environment.ProcessId})", refused.Message, StringComparison.Ordinal);
            Assert.Equal(url, Assert.Single(FolderHold.Of(_dataDir)!.Urls));

            // On the same port too: whose it is, is said before that it is taken.
            refused = await Assert.ThrowsAsync<StorageException>(() => Start(_dataDir, url));
            Assert.Contains("runs already", refused.Message, StringComparison.Ordinal);
        }

        Assert.Null(FolderHold.Of(_dataDir));
        await using App second = await Start(_dataDir);
        Assert.NotEqual(url, Assert.Single(FolderHold.Of(_dataDir)!.Urls));
    }

    [Fact]
    public async Task Who_only_looks_for_a_moment_keeps_no_start_from_the_folder()
    {
        Directory.CreateDirectory(_dataDir);
        string file = Path.Combine(_dataDir, "otellite.lock");
        await File.WriteAllTextAsync(file, "");
        var look = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

        // On a thread of its own: one of the pool, where other tests run, may be late by more than a start waits.
        var end = new Thread(() =>
        {
            Thread.Sleep(Limits.HoldWait);
            look.Dispose();
        });
        end.Start();
        await using App app = await Start(_dataDir);
        end.Join();
        Assert.True(Limits.HoldTries * Limits.HoldWait < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Folder_and_files_are_their_owners_alone()
    {
        string dataDir = Path.Combine(_dataDir, "new", "folder");
        await using App app = await Start(dataDir);
        await Post(app, Exports.Commit());
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            Assert.Equal(owner | UnixFileMode.UserExecute, File.GetUnixFileMode(dataDir));
            Assert.Equal(5, Directory.GetFiles(dataDir).Length);
            foreach (string file in Directory.GetFiles(dataDir))
            {
                Assert.Equal(owner, File.GetUnixFileMode(file));
            }
        }
    }

    [Fact]
    public async Task A_second_start_on_the_same_port_does_not_touch_the_firsts_file()
    {
        await using App first = await Start(_dataDir);
        await Post(first, Exports.Commit());
        string other = Path.Combine(_dataDir, "other");
        await Assert.ThrowsAsync<ListenException>(() => Start(other, first.Urls[0]));
        Assert.False(Directory.Exists(other));
        await Post(first, Exports.Commit(Exports.Noon + 1));
    }

    [Fact]
    public async Task Two_on_one_file_where_the_file_system_keeps_no_locks_lose_nothing()
    {
        await using App first = await Start(_dataDir);
        File.Delete(Path.Combine(_dataDir, "otellite.lock"));
        await using App second = await Start(_dataDir);
        for (int i = 0; i < 10; i++)
        {
            // The same sessions and names through both, and each body to both: it counts once.
            await Post(i % 2 == 0 ? first : second, Exports.Request(Exports.Noon + i, $"s{i % 3}", id: $"r{i}"));
            await Post(i % 2 == 0 ? second : first, Exports.Request(Exports.Noon + i, $"s{i % 3}", id: $"r{i}"));
        }

        foreach (App app in (App[])[first, second])
        {
            using var client = new HttpClient();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "t");
            string summary = await client.GetStringAsync(new Uri(app.Urls[0] + "/api/summary"));
            Assert.Contains("\"apiRequests\":10,", summary, StringComparison.Ordinal);
            Assert.Contains("\"input\":100,", summary, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_stop_and_the_log_is_gone()
    {
        await using (App app = await Start(_dataDir))
        {
            await Post(app, Exports.Commit());
        }

        Assert.Equal([Database.FileName, "otellite.lock"], Directory.GetFiles(_dataDir).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        await using App again = await Start(_dataDir);
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "t");
        Assert.Contains("\"commits\":1,", await client.GetStringAsync(new Uri(again.Urls[0] + "/api/summary")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_start_says_where_the_page_is_and_on_which_ports_otlp_is_received(bool withStandardPorts)
    {
        int page = FreePort.Next(), http = FreePort.Next(), grpc = FreePort.Next();
        using Process process = Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "otellite.dll"), "--data-dir", Path.Combine(_dataDir, "d"), "--urls", $"http://127.0.0.1:{page}", "--token", "t",
            "--otlp-http-port", withStandardPorts ? $"{http}" : "0", "--otlp-grpc-port", withStandardPorts ? $"{grpc}" : "0",
        ])
        {
            RedirectStandardError = true,
        })!;
        try
        {
            Assert.Contains($"http://127.0.0.1:{page}", await process.StandardError.ReadLineAsync(), StringComparison.Ordinal);
            Assert.Equal(
                withStandardPorts ? $"OTLP over HTTP is received on ports {page} and {http}, over gRPC on port {grpc}." : $"OTLP over HTTP is received on port {page}.",
                await process.StandardError.ReadLineAsync());
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task The_version_and_the_help_are_data()
    {
        (int exit, string output, string error) = await Run("--version");
        Assert.Equal((0, $"otellite {App.Version}", ""), (exit, output.Trim(), error));
        (exit, output, error) = await Run("serve", "--help");
        Assert.Equal((0, ""), (exit, error));
        Assert.All(Setting.All, s => Assert.Contains($"{s.Flag} {s.Placeholder}", output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_help_of_the_program_fits_a_screen_and_every_command_teaches_by_example()
    {
        (int exit, string help, _) = await Run("--help");
        string[] lines = help.TrimEnd().Split('\n');
        Assert.Equal(0, exit);
        Assert.InRange(lines.Length, 10, 40);
        Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, 120));
        string[] commands = [.. lines.SkipWhile(l => l.Trim() != "commands:").Skip(1).TakeWhile(l => l.Trim().Length > 0).Where(l => l[2] != ' ').Select(l => l.Trim().Split(' ')[0])];
        Assert.Contains("serve", commands);
        Assert.Contains("recount", commands);
        foreach (string command in commands)
        {
            (exit, string one, string error) = await Run(command, "--help");
            Assert.Equal((0, ""), (exit, error));
            Assert.StartsWith($"otellite {command}: ", one, StringComparison.Ordinal);
            Assert.Matches(@"examples:\s+otellite", one);
            Assert.Equal((0, $"otellite {App.Version}"), await Run(command, "--version") is var (code, version, _) ? (code, version.Trim()) : default);
        }
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("powershell")]
    public async Task A_shell_gets_a_script_that_asks_the_program_itself(string shell)
    {
        (int exit, string script, string error) = await Run("completion", shell);
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("[suggest:", script, StringComparison.Ordinal);
        (exit, string words, _) = await Run("[suggest:12]", "otellite rec");
        Assert.Equal((0, "recount\nrecover"), (exit, words.Trim().ReplaceLineEndings("\n")));
        (_, words, _) = await Run("[suggest:20]", "otellite completion ");
        Assert.Contains(shell, words, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Bash_offers_what_begins_with_what_was_typed()
    {
        async Task<string[]> Offered(string line)
        {
            (_, string script, _) = await Run("completion", "bash");
            string asked = $$"""
                otellite() { dotnet '{{Path.Combine(AppContext.BaseDirectory, "otellite.dll")}}' "$@"; }
                {{script}}
                COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE)
                _otellite otellite '{{line[(line.LastIndexOf(' ') + 1)..]}}' ''
                printf '%s\n' "${COMPREPLY[@]}"
                """;
            using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", asked]) { RedirectStandardOutput = true })!;
            string offered = await bash.StandardOutput.ReadToEndAsync();
            await bash.WaitForExitAsync();
            return [.. offered.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
        }

        Assert.Equal(["serve", "service", "setup", "status", "statusline"], await Offered("otellite s"));
        Assert.Equal(["full", "normal"], await Offered("otellite --durability "));
        Assert.Equal(["normal"], await Offered("otellite serve --durability n"));
        Assert.Equal(["csv", "jsonl"], await Offered("otellite export --format "));
        Assert.Empty(await Offered("otellite --data-dir /"));
    }

    [Theory]
    [InlineData("statusline")]
    [InlineData("hook")]
    [InlineData("backup")]
    public async Task The_settings_are_one_line_of_the_help_of_every_command_but_serve(string command)
    {
        (_, string help, _) = await Run(command, "--help");
        Assert.Single(help.Split('\n'), l => l.Contains("the settings of otellite serve", StringComparison.Ordinal));
        Assert.DoesNotContain("--max-body", help, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serv", "did you mean serve?")]
    [InlineData("frobnicate", "known are serve")]
    [InlineData("recuont", "did you mean recount?")]
    [InlineData("completion", "there is no completion x; known are bash, zsh, fish, powershell")]
    [InlineData("status", "takes no further word, and there is x")]
    [InlineData("--ulrs", "did you mean --urls?")]
    public async Task A_wrong_word_is_exit_2_with_one_line_on_stderr(string word, string says)
    {
        (int exit, string output, string error) = await Run(word, "x");
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Matches("See otellite (completion |status |serve )?--help[.]$", error.Trim());
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_start_that_fails_is_exit_1_with_one_line_on_stderr()
    {
        string file = Path.Combine(_dataDir, "file");
        await File.WriteAllTextAsync(file, "");
        (int exit, string output, string error) = await Run("--data-dir", file, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal((1, ""), (exit, output));
        Assert.Contains(file, Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_data_folder_that_can_not_be_made_is_said_to_be_that()
    {
        string file = Path.Combine(_dataDir, "file");
        await File.WriteAllTextAsync(file, "");
        foreach ((string folder, string reason) in ((string, string)[])[("/proc/x", ""), (file, ": there is a file of that name")])
        {
            string says = $"the folder {folder} can't be made{reason}. Name a folder that you may write to with --data-dir DIR.";
            (int exit, _, string error) = await Run("serve", "--data-dir", folder, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0");
            Assert.Equal((1, $"otellite: can't use the database {folder}/{Database.FileName}: {says}"), (exit, error.Trim()));
            Assert.Equal((1, $"otellite: {says}"), await Run("setup", "--data-dir", folder) is var (code, _, said) ? (code, said.Trim()) : default);
        }
    }
}
