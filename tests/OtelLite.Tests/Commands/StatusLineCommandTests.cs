using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using OtelLite.StatusLine;

namespace OtelLite.Tests.Commands;

/// <summary>The status line and the hook as Claude Code calls them, against a real server and against none.</summary>
public sealed class StatusLineCommandTests
{
    private const string Session = "f482925e-cf59-4219-b3f1-6f2dcdf1e30e";

    private static string Recorded(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "recorded", name));

    private static Task<CommandRun> StatusLine(RunningServer server, string json, params string[] more) =>
        CommandRun.WithStdin(server.DataDir, json, ["statusline", "--urls", server.Url, "--token", ServerClient.TestToken, .. more]);

    // The line does not wait for what it tells to be stored.
    private static async Task<JsonNode> Soon(Func<Task<JsonNode?>> look)
    {
        for (int i = 0; i < 200; i++)
        {
            if (await look() is { } found)
            {
                return found;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException("it did not come");
    }

    [Fact]
    public async Task It_prints_one_line_and_what_it_read_is_there()
    {
        await using RunningServer server = await RunningServer.Start();
        (await server.Post("/v1/logs", Exports.Request(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Session))).Dispose();
        CommandRun run = await StatusLine(server, Recorded("statusline/limits.json"));
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.EndsWith("\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("$0.02 session", Assert.Single(run.Out.TrimEnd().Split('\n')), StringComparison.Ordinal);

        JsonNode session = await Soon(async () => (await server.Get($"/api/sessions/{Session}"))["session"] is { } told && told["folder"] is not null ? told : null);
        Assert.Equal(("demo-app", "example-org/demo-app", "/home/dev/work/demo-app"), ((string)session["project"]!, (string)session["repository"]!, (string)session["folder"]!));
        JsonNode reading = await Soon(async () => (await server.Get("/api/scrapes"))["scrapes"]!.AsArray().SingleOrDefault());
        Assert.Equal(28.1, (double)reading["limits"]!["fiveHour"]!["usedPercent"]!);
        Assert.StartsWith("Claude Code's status line on ", (string)reading["source"]!, StringComparison.Ordinal);
        Assert.Equal("scrape", (string)(await server.Get("/api/summary?since=scrape"))["since"]!);
    }

    [Fact]
    public async Task Without_a_server_and_without_the_token_the_line_is_there_all_the_same()
    {
        await using RunningServer server = await RunningServer.Start();
        CommandRun run = await CommandRun.WithStdin(server.DataDir, Recorded("statusline/api-key.json"), "statusline", "--urls", server.Url, "--token", "another");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("session", run.Out, StringComparison.Ordinal);
        Assert.Empty((await server.Get("/api/scrapes"))["scrapes"]!.AsArray());
        string url = server.Url;
        await server.Stop();
        run = await CommandRun.WithStdin(server.DataDir, Recorded("statusline/limits.json"), "statusline", "--urls", url);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("$0.02 session", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_line_that_was_there_before_is_shown_above_and_reads_the_same()
    {
        await using RunningServer server = await RunningServer.Start();
        string json = Recorded("statusline/limits.json");
        CommandRun run = await StatusLine(server, json, "--then", "printf 'mine: '; cat");
        Assert.Equal($"mine: {json.TrimEnd()}", run.Out.Split('\n')[0]);
        Assert.Contains("$0.02 session", run.Out.TrimEnd().Split('\n')[1], StringComparison.Ordinal);

        // One that reads nothing and fails is no reason to show nothing.
        run = await StatusLine(server, json, "--then", "exit 3");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("$0.02 session", Assert.Single(run.Out.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_before_that_does_not_end_is_ended()
    {
        Assert.True(Limits.FormerStatusLineWait > TimeSpan.FromSeconds(15.6), "as long as Claude Code was seen to wait");
        using FormerCommand former = FormerCommand.Start("echo begun; sleep 1000", [])!;
        var clock = Stopwatch.StartNew();
        Assert.Equal("", former.Output(TimeSpan.FromMilliseconds(200)));
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(190), TimeSpan.FromSeconds(100));
    }

    [Fact]
    public void A_server_that_does_not_answer_is_not_waited_for_and_has_all_that_was_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new ListenUrl("127.0.0.1", [IPAddress.Loopback], ((IPEndPoint)listener.LocalEndpoint).Port);
        byte[] json = "{\"folder\":\"/f\"}"u8.ToArray();
        // Of the 20 ms that a status line has, and of a start of Claude Code, a part.
        Assert.True(Limits.StatusLineWait < TimeSpan.FromMilliseconds(20) && Limits.HandoverWait < TimeSpan.FromMilliseconds(300) && Limits.HandoverTimeout < Limits.AnswerTimeout);
        using (PendingAnswer pending = ServerAnswer.Post(url, "/api/sessions/a", "t", json)!)
        {
            Assert.Null(pending.Wait(Limits.StatusLineWait));
            Assert.Null(pending.Wait(Limits.HandoverWait));
        }

        using Socket sent = listener.AcceptSocket();
        using var stream = new NetworkStream(sent);
        Assert.EndsWith("\r\n\r\n{\"folder\":\"/f\"}", new StreamReader(stream).ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_document_is_said_and_a_name_that_is_not_known_is_corrected()
    {
        await using RunningServer server = await RunningServer.Start();
        CommandRun run = await StatusLine(server, "hello");
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.Contains("not the JSON", run.Line, StringComparison.Ordinal);
        run = await StatusLine(server, new string(' ', Limits.ToldBytesMax) + "{\"session_id\":\"a\"}");
        Assert.Equal(1, run.Exit);
        run = await StatusLine(server, "{}", "--format", "{modle}");
        Assert.Equal(2, run.Exit);
        Assert.Contains("did you mean model?", run.Line, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Ended_at_any_moment_it_ends_what_it_started()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-ended-").FullName;
        string file = Path.Combine(folder, "pid");
        int started = 0;
        for (int wait = 20; started < 6; wait += 4)
        {
            Assert.True(wait < 10_000, "it was not started");
            File.Delete(file);
            using Process line = CommandRun.Start(folder, "statusline", "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--then", $"echo $$ > '{file}'; exec sleep 1000");
            await line.StandardInput.WriteAsync(Recorded("statusline/limits.json"));
            line.StandardInput.Close();
            await Task.Delay(wait);
            using Process kill = Process.Start("kill", [$"-TERM", $"{line.Id}"]);
            await line.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(143, line.ExitCode);
            if (File.Exists(file) && int.TryParse(await File.ReadAllTextAsync(file), out int pid))
            {
                started++;
                for (int i = 0; i < 200 && await IsAlive(pid); i++)
                {
                    await Task.Delay(50);
                }

                Assert.False(await IsAlive(pid));
            }
        }

        Directory.Delete(folder, recursive: true);

        static async Task<bool> IsAlive(int pid)
        {
            try
            {
                return !(await File.ReadAllTextAsync($"/proc/{pid}/stat")).Contains(") Z ", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task A_hook_tells_the_folder_prints_nothing_and_never_fails()
    {
        await using RunningServer server = await RunningServer.Start();
        string json = Recorded("hooks/startup.json");
        string id = (string)JsonNode.Parse(json)!["session_id"]!;
        Task<CommandRun> Hook(string stdin, string url) =>
            CommandRun.WithStdin(server.DataDir, stdin, "hook", "--urls", url, "--token", ServerClient.TestToken);
        Assert.Equal(new CommandRun(0, "", ""), await Hook(json, server.Url));
        Assert.Equal(new CommandRun(0, "", ""), await Hook(Recorded("hooks/compact.json"), server.Url));
        (await server.Post("/v1/logs", Exports.Request(session: id))).Dispose();
        Assert.Equal("/home/dev/work/demo-app", (string?)await Soon(async () =>
        {
            // On a busy machine it gives up, as it must, and comes again with the next session.
            await Hook(json, server.Url);
            return (await server.Get($"/api/sessions/{id}"))["session"]!["folder"];
        }));
        Assert.Equal(new CommandRun(0, "", ""), await Hook("no json", server.Url));
        Assert.Equal(new CommandRun(0, "", ""), await CommandRun.WithStdin(server.DataDir, json, "hook", "--no-such-flag"));
        using (Handover told = Handover.Of(new ToldSession("a"), () => throw new NotSupportedException()))
        {
            Assert.Null(told.Figures(Limits.AnswerTimeout));
        }

        string url = server.Url;
        await server.Stop();
        Assert.Equal(new CommandRun(0, "", ""), await Hook(json, url));
    }
}
