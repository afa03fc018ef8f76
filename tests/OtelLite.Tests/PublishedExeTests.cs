using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace OtelLite.Tests;

/// <summary>
/// Black-box tests of the published executable, where trimming and ahead-of-time compilation may have broken what works in this process.
/// OTELLITE_EXE names the file.
/// </summary>
public sealed class PublishedExeTests
{
    private const int PageBytesMax = 120_000; // all that is loaded to show the page, over the wire

    [PublishedFact]
    public async Task Every_expected_sum_comes_out_of_its_tables_and_of_its_summary()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        await exe.Replay(Recorded.Bodies("json"));
        await exe.Replay(Recorded.Bodies("versions"));
        foreach (ExpectedTotals expected in Recorded.Expected("json", "versions"))
        {
            ExpectedSums.AssertTables(exe.Sql, expected);
            ExpectedSums.AssertSummary(await exe.Get($"/api/summary?session={expected.SessionId}"), expected);
        }
    }

    [PublishedFact]
    public async Task Every_answer_that_the_api_describes_is_given()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        await exe.Replay(Recorded.Bodies("auto-mode"));
        JsonNode openApi = await exe.Get("/openapi.json");
        foreach ((string path, JsonNode? operations) in openApi["paths"]!.AsObject().Where(p => p.Key != "/api/live"))
        {
            string session = (string)(await exe.Get("/api/sessions"))["sessions"]![0]!["id"]!;
            Assert.True(operations!["get"] is null || (await exe.Get(path.Replace("{id}", path.StartsWith("/api/events", StringComparison.Ordinal) ? "1" : session, StringComparison.Ordinal))) is not null);
        }

        using HttpResponseMessage stored = await exe.Post("/api/scrapes", """{"source":"test","limits":{"fiveHour":{"usedPercent":41.5}}}""");
        Assert.Equal(HttpStatusCode.Created, stored.StatusCode);
        Assert.Equal("scrape", (string)(await exe.Get("/api/summary?since=scrape"))["since"]!);
        using HttpResponseMessage wrong = await exe.Http.GetAsync(new Uri(exe.Url + "/api/summary?range=banana"));
        Assert.Equal("application/problem+json", wrong.Content.Headers.ContentType!.MediaType);
    }

    [PublishedFact]
    public async Task The_page_and_all_its_files_come_out_of_the_file()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        string page = await exe.Http.GetStringAsync(new Uri(exe.Url + "/"));
        string[] files = [.. System.Text.RegularExpressions.Regex.Matches(page, "\"/web/([^\"]+)\"").Select(m => m.Groups[1].Value).Distinct()];
        // Of the parts that these are made of nothing is left over.
        Assert.Equal(["app.js", "favicon.svg", "style.css"], files.Order(StringComparer.Ordinal));
        Assert.Equal(HttpStatusCode.NotFound, (await exe.Http.GetAsync(new Uri(exe.Url + "/web/address.js"))).StatusCode);
        long bytes = 0;
        foreach (string file in (string[])["/", .. files.Select(f => "/web/" + f)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(exe.Url + file));
            request.Headers.AcceptEncoding.ParseAdd("gzip");
            using HttpResponseMessage answer = await exe.Http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            Assert.Equal("gzip", Assert.Single(answer.Content.Headers.ContentEncoding));
            bytes += (await answer.Content.ReadAsByteArrayAsync()).Length;
        }

        Assert.InRange(bytes, 20_000, PageBytesMax);
    }

    [PublishedFact]
    public async Task The_live_stream_brings_the_new_figures()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        using Stream stream = await exe.Http.GetStreamAsync(new Uri(exe.Url + "/api/live"));
        using var lines = new StreamReader(stream);
        await NextSummary(lines);
        await exe.Replay(Recorded.Bodies("json", "s02").Where(b => b.Signal == "metrics"));
        JsonNode summary = await NextSummary(lines).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True((long)summary["tokens"]!["output"]! > 0);
    }

    [PublishedFact]
    public async Task Asked_to_stop_it_closes_the_file_and_ends_with_0()
    {
        foreach (string signal in (string[])["TERM", "INT"])
        {
            await using PublishedExe exe = await PublishedExe.Start();
            await exe.Replay(Recorded.Bodies("json", "s02"));
            // An open page must not hold it up.
            using Stream live = await exe.Http.GetStreamAsync(new Uri(exe.Url + "/api/live"));
            var clock = Stopwatch.StartNew();
            Assert.Equal(0, await exe.Signal(signal));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3), $"SIG{signal} took {clock.Elapsed}");
            Assert.False(File.Exists(Path.Combine(exe.DataDir, "otellite.db-wal")), "the log was left beside the file");
        }
    }

    [PublishedFact]
    public async Task The_first_start_says_where_and_how_and_keeps_its_token()
    {
        string dataDir = Directory.CreateTempSubdirectory("otellite-").FullName;
        int port = FreePort.Next();
        try
        {
            string said = await FirstWords(dataDir, port);
            string token = (await File.ReadAllTextAsync(Path.Combine(dataDir, "token"))).Trim();
            Assert.Contains($"http://127.0.0.1:{port}/?token={token}", said, StringComparison.Ordinal);
            Assert.Contains("export CLAUDE_CODE_ENABLE_TELEMETRY=1", said, StringComparison.Ordinal);
            Assert.Contains($"export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{port}\n", said, StringComparison.Ordinal);
            Assert.Contains($"export OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer {token}\"", said, StringComparison.Ordinal);
            string again = await FirstWords(dataDir, port);
            Assert.DoesNotContain(token, again, StringComparison.Ordinal);
            Assert.Equal(token, (await File.ReadAllTextAsync(Path.Combine(dataDir, "token"))).Trim());
        }
        finally
        {
            Directory.Delete(dataDir, recursive: true);
        }
    }

    [PublishedFact]
    public async Task What_keeps_it_from_starting_is_one_sentence_that_says_how_to_mend_it()
    {
        await using PublishedExe first = await PublishedExe.Start();
        string otherDir = Path.Combine(first.DataDir, "other");
        Ran taken = await PublishedExe.Run("--urls", first.Url, "--data-dir", otherDir, "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal(1, taken.ExitCode);
        Assert.Contains("in use", OneSentence(taken), StringComparison.Ordinal);
        Assert.Contains("--urls", taken.Error, StringComparison.Ordinal);

        // A file where the folder should be: even root can't write there.
        Ran unwritable = await PublishedExe.Run("--urls", "http://127.0.0.1:0", "--data-dir", Path.Combine(first.DataDir, "otellite.db", "x"), "--otlp-http-port", "0", "--otlp-grpc-port", "0");
        Assert.Equal(1, unwritable.ExitCode);
        Assert.Contains("--data-dir", OneSentence(unwritable), StringComparison.Ordinal);

        Ran unknown = await PublishedExe.Run("--port", "1234");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("--port", OneSentence(unknown), StringComparison.Ordinal);
    }

    [PublishedFact]
    public async Task A_reader_of_stderr_that_stalls_holds_up_no_export()
    {
        // PublishedExe reads stderr; this one is left alone after its first line.
        string dataDir = Directory.CreateTempSubdirectory("otellite-").FullName;
        int port = FreePort.Next();
        using Process process = Process.Start(new ProcessStartInfo(
            PublishedExe.Path, ["--data-dir", dataDir, "--urls", $"http://127.0.0.1:{port}", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", ServerClient.TestToken])
        {
            RedirectStandardError = true,
        })!;
        try
        {
            await process.StandardError.ReadLineAsync();
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
            http.DefaultRequestHeaders.Authorization = new("Bearer", ServerClient.TestToken);
            // A table that is gone is a defect to the writer, which tells each with a stack trace: far more than a pipe holds.
            using (var file = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(dataDir, "otellite.db")};Pooling=False"))
            {
                file.Open();
                using Microsoft.Data.Sqlite.SqliteCommand drop = file.CreateCommand();
                drop.CommandText = "DROP TABLE usage_tally";
                drop.ExecuteNonQuery();
            }

            for (int i = 0; i < 150; i++)
            {
                using HttpResponseMessage answer = await http.PostAsync(
                    new Uri($"http://127.0.0.1:{port}/v1/logs"), new StringContent(Exports.Prompt(Exports.Noon + i), System.Text.Encoding.UTF8, "application/json"));
                Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            Directory.Delete(dataDir, recursive: true);
        }
    }

    [PublishedFact]
    public async Task A_recount_beside_the_running_program_changes_no_figure()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        await exe.Replay(Recorded.Bodies("json"));
        await exe.Replay(Recorded.Bodies("auto-mode"));
        JsonNode before = await exe.Get("/api/summary?to=2099-01-01T00:00:00Z");
        Ran recount = await PublishedExe.Run("recount", "--data-dir", exe.DataDir);
        Assert.Equal((0, ""), (recount.ExitCode, recount.Error));
        Assert.Contains("counted anew", recount.Output, StringComparison.Ordinal);
        Assert.Equal(before.ToJsonString(), (await exe.Get("/api/summary?to=2099-01-01T00:00:00Z")).ToJsonString());
        Assert.NotEqual(0, (long)before["tokens"]!["output"]!);
    }

    [PublishedFact]
    public async Task Version_and_help_are_data_on_stdout()
    {
        Ran version = await PublishedExe.Run("--version");
        Assert.Equal((0, $"otellite {App.Version}", ""), (version.ExitCode, version.Output.Trim(), version.Error));
        Ran help = await PublishedExe.Run("serve", "--help");
        Assert.All(Setting.All, s => Assert.Contains(s.Flag, help.Output, StringComparison.Ordinal));
    }

    [PublishedFact]
    public async Task It_is_one_file_that_needs_libc_and_libm_and_nothing_else()
    {
        Assert.Equal([PublishedExe.Path], Directory.GetFiles(Path.GetDirectoryName(PublishedExe.Path)!));
        if (OperatingSystem.IsLinux())
        {
            using Process ldd = Process.Start(new ProcessStartInfo("ldd", [PublishedExe.Path]) { RedirectStandardOutput = true })!;
            string[] libraries = [.. (await ldd.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim().Split(' ')[0])];
            Assert.Empty(libraries.Where(l => !l.StartsWith("linux-vdso", StringComparison.Ordinal) && !l.Contains("ld-linux", StringComparison.Ordinal)).Except(["libc.so.6", "libm.so.6"]));
        }
    }

    [PublishedFact]
    public async Task Its_collector_of_garbage_has_no_threads_of_its_own()
    {
        // The SDK gives an AOT server the one for many cores, with a thread for each, unless it is told otherwise.
        await using PublishedExe exe = await PublishedExe.Start();
        if (exe.Threads() is { } threads)
        {
            Assert.Contains("writer", threads);
            Assert.DoesNotContain(threads, t => t.Contains("GC", StringComparison.Ordinal));
        }
    }

    // Of the 20 ms that a status line has, all but a few are the start of the process, on any machine: so the ratio tells whether it is in time. The quicker runs
    // tell: what else goes on here only adds to them, and not to all alike.
    [PublishedFact]
    public async Task A_status_line_takes_little_longer_than_the_start_of_the_program_with_a_server_and_without()
    {
        await using PublishedExe exe = await PublishedExe.Start();
        using Socket nobody = FreePort.Refusing(out int port);
        string json = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "recorded", "statusline", "limits.json"));
        string[] with = ["statusline", "--urls", exe.Url, "--token", ServerClient.TestToken], without = ["statusline", "--urls", $"http://127.0.0.1:{port}"];
        string[][] runs = [["--version"], with, without];
        List<double>[] times = [[], [], []];
        for (int i = 0; i < 45; i++)
        {
            var clock = Stopwatch.StartNew();
            using Process process = Process.Start(new ProcessStartInfo(PublishedExe.Path, runs[i % 3]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
            if (i % 3 > 0)
            {
                await process.StandardInput.WriteAsync(json);
            }

            process.StandardInput.Close();
            string line = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            times[i % 3].Add(clock.Elapsed.TotalMilliseconds);
            Assert.NotEqual("", line.Trim());
        }

        double Quick(int run) => times[run].Order().ElementAt(times[run].Count / 4);
        Assert.True(Quick(1) < 2 * Quick(0), $"with a server {Quick(1):0.0} ms, the start alone {Quick(0):0.0} ms");
        Assert.True(Quick(2) < 1.75 * Quick(0), $"without a server {Quick(2):0.0} ms, the start alone {Quick(0):0.0} ms");
    }

    private static string OneSentence(Ran ran) => Assert.Single(ran.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    private static async Task<string> FirstWords(string dataDir, int port)
    {
        using Process process = Process.Start(new ProcessStartInfo(PublishedExe.Path, ["--data-dir", dataDir, "--urls", $"http://127.0.0.1:{port}", "--otlp-http-port", "0", "--otlp-grpc-port", "0"])
        {
            RedirectStandardError = true,
        })!;
        using var http = new HttpClient();
        await Answers(http, new Uri($"http://127.0.0.1:{port}/healthz"));
        process.Kill();
        string said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return said;
    }

    private static async Task Answers(HttpClient http, Uri url)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                (await http.GetAsync(url)).Dispose();
                // What it says follows right after it listens.
                await Task.Delay(200);
                return;
            }
            catch (HttpRequestException) when (tries < 500)
            {
                await Task.Delay(10);
            }
        }
    }

    private static async Task<JsonNode> NextSummary(StreamReader lines)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonNode.Parse(line["data: ".Length..])!;
            }
        }

        throw new InvalidOperationException("the stream ended");
    }
}
