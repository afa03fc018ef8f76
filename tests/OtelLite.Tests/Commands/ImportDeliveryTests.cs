using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OtelLite.Commands;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>An import meets servers that are busy, silent or somebody else's, and goes on while more is written.</summary>
public sealed class ImportDeliveryTests
{
    private static readonly byte[] Body = Encoding.UTF8.GetBytes(Exports.Request(id: "told"));

    [Fact]
    public async Task A_busy_server_is_asked_again_and_what_it_then_takes_is_delivered()
    {
        int asked = 0;
        using var server = new Answering(path => path.StartsWith("POST", StringComparison.Ordinal) && ++asked < 3 ? "503 Busy" : "200 OK");
        using var delivery = new ImportDelivery(At(server.Port), _ => { });
        await Task.Run(() => delivery.Deliver(Body, default));
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_asked_for_so_long_and_one_that_is_silent_is_waited_for_so_long()
    {
        using var busy = new Answering(path => path.StartsWith("POST", StringComparison.Ordinal) ? "503 Busy" : "200 OK");
        using var silent = new Answering(path => path.StartsWith("POST", StringComparison.Ordinal) ? null : "200 OK");
        Task<TimeSpan> gaveUp = Task.Run(() =>
        {
            var watch = Stopwatch.StartNew();
            using var delivery = new ImportDelivery(At(busy.Port), _ => { });
            ImportException e = Assert.Throws<ImportException>(() => delivery.Deliver(Body, default));
            Assert.Contains("import again for the rest", e.Message, StringComparison.Ordinal);
            return watch.Elapsed;
        });
        Task<TimeSpan> waited = Task.Run(() =>
        {
            var watch = Stopwatch.StartNew();
            using var delivery = new ImportDelivery(At(silent.Port), _ => { });
            Assert.Throws<ImportException>(() => delivery.Deliver(Body, default));
            return watch.Elapsed;
        });

        // The last try may begin just before patience ends and wait for its answer.
        Assert.InRange(await gaveUp, Limits.ImportPatience, Limits.ImportPatience + Limits.ImportAnswerTimeout + TimeSpan.FromSeconds(5));

        // Twice: after the first time there is patience left.
        Assert.InRange(await waited, 2 * Limits.ImportAnswerTimeout, (2 * Limits.ImportAnswerTimeout) + TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_server_that_has_the_folder_is_found_wherever_it_is_and_redacts_by_its_own_settings()
    {
        await using RunningServer server = await RunningServer.Start(null, "--redact", "hash:session.id");
        using (var delivery = new ImportDelivery(
            Options.Read(["--data-dir", server.DataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--token", ServerClient.TestToken], _ => null), _ => { }))
        {
            await Task.Run(() => delivery.Deliver(Encoding.UTF8.GetBytes(Exports.Request(session: "plain-session", id: "plain-request")), default));
        }

        Assert.Equal(1, (int)(await server.Get("/api/ingest"))["bodies"]!["accepted"]!);
        Assert.Equal(0L, server.Sql("SELECT count(*) FROM usage_session WHERE session_id = 'plain-session'"));
    }

    [Fact]
    public void A_folder_that_is_held_and_whose_server_does_not_answer_is_not_written_to()
    {
        string dataDir = Directory.CreateTempSubdirectory("otellite-held-").FullName;
        using (FolderHold hold = FolderHold.Take(dataDir))
        {
            hold.Tell([$"http://127.0.0.1:{FreePort.Next()}"]);
            ImportException refused = Assert.Throws<ImportException>(() => new ImportDelivery(Options.Read(["--data-dir", dataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}"], _ => null), _ => { }));
            Assert.Contains("does not answer", refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(dataDir, Database.FileName)));
        }

        Directory.Delete(dataDir, recursive: true);
    }

    [Fact]
    public void Where_no_server_runs_what_is_redacted_does_not_reach_the_file_either()
    {
        string dataDir = Directory.CreateTempSubdirectory("otellite-redact-").FullName;
        using (var delivery = new ImportDelivery(Options.Read(["--data-dir", dataDir, "--urls", $"http://127.0.0.1:{FreePort.Next()}", "--redact", "hash:session.id,hash:request_id"], _ => null), _ => { }))
        {
            delivery.Deliver(Encoding.UTF8.GetBytes(Exports.Request(session: "plain-session", id: "plain-request")), default);
        }

        foreach (string file in Directory.GetFiles(dataDir))
        {
            string text = File.ReadAllText(file, Encoding.Latin1);
            Assert.DoesNotContain("plain-session", text, StringComparison.Ordinal);
            Assert.DoesNotContain("plain-request", text, StringComparison.Ordinal);
        }

        Assert.Contains(OtelLite.Privacy.Redaction.KeyFileName, Directory.GetFiles(dataDir).Select(Path.GetFileName));
        Directory.Delete(dataDir, recursive: true);
    }

    [Fact]
    public async Task A_server_with_another_token_is_not_written_to_and_neither_is_its_file()
    {
        await using RunningServer server = await RunningServer.Start();
        using var delivery = new ImportDelivery(Options.Read(["--data-dir", server.DataDir, "--urls", server.Url, "--token", "other"], _ => null), _ => { });
        ImportException e = Assert.Throws<ImportException>(() => delivery.Deliver(Body, default));
        Assert.Contains("another token", e.Message, StringComparison.Ordinal);
        Assert.Equal(0L, server.Sql("SELECT count(*) FROM otel_events"));
    }

    [Fact]
    public async Task The_command_says_in_words_and_in_json_what_it_did()
    {
        await using RunningServer server = await RunningServer.Start();
        string recorded = RecordedTranscripts.Projects("t32-resume-fork-continue");
        string[] at = ["--urls", server.Url, "--token", ServerClient.TestToken];
        CommandRun first = await CommandRun.Of(server.DataDir, ["import", recorded, .. at]);
        Assert.Equal(
            """
            2 transcripts read: 6 billed requests of 2 sessions.
              6 counted now: only the transcripts know them. They were made while telemetry was off, or nothing received it.
              6 of these at a cost that is derived from the totals in the transcripts, and marked so.
              3 copied lines in forked sessions left out: the session that they were copied from paid.

            """, first.Out);
        Assert.Equal((0, ""), (first.Exit, first.Error));
        CommandRun second = await CommandRun.Of(server.DataDir, ["import", recorded, "--json", .. at]);
        Assert.Equal(
            """
            {"dryRun":false,"files":2,"requests":6,"known":0,"new":0,"importedBefore":6,"completed":0,"sessions":2,"copiedLines":3,"furtherLines":0,"outputTooLow":0,"costDerived":0,"costUnknown":0,"onlyExport":0,"problems":[]}

            """, second.Out);
        CommandRun wrong = await CommandRun.Of(server.DataDir, ["import", "/nowhere", .. at]);
        Assert.Equal((2, "otellite: there is no file or folder /nowhere. See otellite --help."), (wrong.Exit, wrong.Line));
        CommandRun none = await CommandRun.Of(server.DataDir, ["import", .. at]);
        Assert.Equal(1, none.Exit);
        Assert.StartsWith($"otellite: there is no folder {Path.Combine(server.DataDir, "home", "projects")}: ", none.Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_can_not_be_read_is_said_once_and_everything_else_is_counted()
    {
        await using RunningServer server = await RunningServer.Start();
        string folder = Directory.CreateTempSubdirectory("otellite-").FullName, gone = Path.Combine(folder, "gone.jsonl");
        File.WriteAllText(Path.Combine(folder, "t.jsonl"), "{\"type\":\"assistant\",\n" + Line("a") + Line("b").Replace("2026-", "1969-", StringComparison.Ordinal));
        var run = new ImportRun(
            Options.Read(["--data-dir", server.DataDir, "--urls", server.Url, "--token", ServerClient.TestToken], _ => null), [gone, folder], isDryRun: false, new ProgressBar(TextWriter.Null, isShown: false));
        ImportReport report = run.Look(default);
        Assert.Equal((1L, 3, true), (report.New, report.Problems.Count, run.HasFailed));
        Assert.Contains(report.Problems, p => p.StartsWith($"{gone} can't be read and is left out: ", StringComparison.Ordinal));
        Assert.Contains($"1 line of {Path.Combine(folder, "t.jsonl")} is no JSON or broken, and is left out.", report.Problems);
        Assert.Contains($"1 line of {Path.Combine(folder, "t.jsonl")} has a time that can't be and is left out.", report.Problems);
        Assert.Empty(run.Look(default).Problems);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_proxy_that_numbers_requests_anew_in_each_session_costs_none_of_them()
    {
        await using RunningServer server = await RunningServer.Start();
        string folder = Directory.CreateTempSubdirectory("otellite-").FullName;
        Options options = Options.Read(["--data-dir", server.DataDir, "--urls", server.Url, "--token", ServerClient.TestToken], _ => null);
        foreach (string session in (string[])["s", "q"])
        {
            File.WriteAllText(
                Path.Combine(folder, session + ".jsonl"),
                Line(session).Replace("\"sessionId\":\"s\"", $"\"sessionId\":\"{session}\",\"requestId\":\"1\"", StringComparison.Ordinal)
                    .Replace("12:00:00", session == "s" ? "12:00:00" : "12:00:01", StringComparison.Ordinal));
            Assert.Equal(1, new ImportRun(options, [folder], isDryRun: false, new ProgressBar(TextWriter.Null, isShown: false)).Look(default).New);
        }

        Assert.Equal(2L, server.Sql("SELECT count(*) FROM usage_request"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Watching_it_counts_what_is_added_and_ends_when_it_is_told_to()
    {
        if (OperatingSystem.IsWindows())
        {
            // No other program can be sent a Ctrl-C there.
            return;
        }

        await using RunningServer server = await RunningServer.Start();
        string folder = Path.Combine(server.DataDir, "home", "projects", "p");
        Directory.CreateDirectory(folder);
        string transcript = Path.Combine(folder, "t.jsonl");
        File.WriteAllText(transcript, Line("a"));
        using Process watching = CommandRun.Start(server.DataDir, "import", "--watch", "--urls", server.Url, "--token", ServerClient.TestToken);
        Assert.Equal("1 transcript read: 1 billed request of 1 session.", await watching.StandardOutput.ReadLineAsync());
        while (server.Sql("SELECT count(*) FROM usage_request") is not 1L)
        {
            await Task.Delay(20);
        }

        // With a total, from which the price of what was counted follows.
        const string total = """{"type":"cost-state","modelUsage":{"m":{"inputTokens":1000,"outputTokens":0,"costUSD":0.003}}}""" + "\n";
        var watch = Stopwatch.StartNew();
        File.AppendAllText(transcript, Line("b") + Line("b") + total);
        for (string? line = ""; line != "2 requests of 1 session more: 1 new, 0 known from the export, 1 imported before."; line = await watching.StandardOutput.ReadLineAsync())
        {
            Assert.NotNull(line);
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Limits.ImportWatchInterval + TimeSpan.FromSeconds(5));
        Assert.Equal(2L, server.Sql("SELECT count(*) FROM usage_request"));
        Process.Start("kill", ["-INT", $"{watching.Id}"]).Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await watching.WaitForExitAsync(patience.Token);
        Assert.Equal((0, ""), (watching.ExitCode, await watching.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public void A_bar_is_drawn_over_itself_and_taken_away_and_not_drawn_where_nobody_looks()
    {
        using var shown = new StringWriter();
        var bar = new ProgressBar(shown, isShown: true);
        bar.Show("reading", 1, 3);
        bar.Clear();
        Assert.Equal("\rreading [##########....................] 33 %\r" + new string(' ', 45) + "\r", shown.ToString());
        using var unseen = new StringWriter();
        new ProgressBar(unseen, isShown: false).Show("reading", 1, 3);
        Assert.Equal("", unseen.ToString());
    }

    private static Options At(int port) => Options.Read(["--data-dir", Path.GetTempPath(), "--urls", $"http://127.0.0.1:{port}", "--token", "t"], _ => null);

    private static string Line(string id) =>
        $$$"""{"message":{"id":"{{{id}}}","model":"m","stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}},"type":"assistant","timestamp":"2026-01-15T12:00:00.000Z","sessionId":"s"}""" + "\n";

    /// <summary>Something that answers like a server as far as an import asks, or keeps silent.</summary>
    private sealed class Answering : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _clients = [];

        public Answering(Func<string, string?> answer)
        {
            _listener.Start();
            _ = Task.Run(async () =>
            {
                while (true)
                {
                    TcpClient client = await _listener.AcceptTcpClientAsync();
                    _clients.Add(client);
                    byte[] buffer = new byte[64 << 10];
                    int read = await client.GetStream().ReadAsync(buffer);
                    if (answer(Encoding.ASCII.GetString(buffer, 0, read)) is { } status)
                    {
                        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.0 {status}\r\n\r\n{{\"status\":\"ok\",\"version\":\"1\"}}"));
                        client.Dispose();
                    }
                }
            });
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose()
        {
            _listener.Dispose();
            _clients.ForEach(c => c.Dispose());
        }
    }
}
