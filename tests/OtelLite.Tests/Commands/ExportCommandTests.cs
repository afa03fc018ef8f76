using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Commands;

/// <summary>What is stored, as CSV and JSON lines, beside a running server.</summary>
public sealed class ExportCommandTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Requests_come_as_csv_in_the_order_of_their_times_with_exact_dollars()
    {
        foreach (int second in (int[])[2, 0, 1])
        {
            (await _server.Post("/v1/logs", Exports.Request(Exports.Noon + second, "=a", id: $"r{second}"))).Dispose();
        }

        CommandRun run = await CommandRun.Of(_server.DataDir, "export", "requests", "--since", "2026-01-15T12:00:01Z", "--until", "2026-01-15T12:00:02Z");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(
            "time,session_id,model,input,output,cache_read,cache_creation,cost,duration_ms,ttft_ms,source,request_id,prompt_id,agent,skill,mcp_server,mcp_tool,told_by,cost_is,output_too_low\r\n"
            + "2026-01-15T12:00:01.000000000Z,'=a,opus,10,5,0,0,0.25,0,,\"\",r1,,,,,,event,reported,false\r\n",
            run.Out);
        run = await CommandRun.Of(_server.DataDir, "export", "requests", "--format", "jsonl");
        JsonNode[] lines = [.. run.Out.TrimEnd().Split('\n').Select(l => JsonNode.Parse(l)!)];
        Assert.Equal(["r0", "r1", "r2"], lines.Select(l => (string)l["request_id"]!));
        Assert.Equal("=a", (string)lines[0]["session_id"]!);
        Assert.Equal(0.25m, (decimal)lines[0]["cost"]!);
    }

    [Fact]
    public async Task Everything_that_real_clients_sent_comes_out_row_for_row_in_both_forms()
    {
        await _server.Replay(Recorded.Bodies("auto-mode"));
        await _server.Replay(Recorded.Bodies("traces"));
        (await _server.Post("/api/scrapes", """{"source":"test","limits":{"fiveHour":{"usedPercent":41.5}}}""")).Dispose();
        foreach (Exported what in Exported.All)
        {
            string file = Path.Combine(_server.DataDir, what.Name);
            CommandRun run = await CommandRun.Of(_server.DataDir, "export", what.Name, "--json", "--to", file);
            Assert.Equal((0, ""), (run.Exit, run.Out));
            long rows = (long)_server.Sql($"SELECT count(*) FROM {what.From}{(what.Name == "sessions" ? " WHERE did_something" : "")}")!;
            Assert.True(rows > 0 || what.Name is "decisions", $"the recordings have no {what.Name}");
            string[] lines = await File.ReadAllLinesAsync(file);
            Assert.Equal(rows, lines.Length);
            Assert.All(lines, line => Assert.Equal(what.Columns.Select(c => c.Name), JsonNode.Parse(line)!.AsObject().Select(p => p.Key)));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }

        JsonNode first = JsonNode.Parse((await File.ReadAllLinesAsync(Path.Combine(_server.DataDir, "events")))[0])!;
        Assert.IsType<JsonObject>(first["attributes"]);
        Assert.IsType<JsonObject>(first["resource"]);
        Assert.True(DateTimeOffset.TryParse((string)first["time"]!, CultureInfo.InvariantCulture, out _));
        JsonNode scrape = JsonNode.Parse((await File.ReadAllLinesAsync(Path.Combine(_server.DataDir, "scrapes")))[0])!;
        Assert.Equal(41.5, (double)scrape["limits"]!["fiveHour"]!["usedPercent"]!);
    }

    [Fact]
    public async Task A_file_that_is_there_is_replaced_only_when_told_so_and_what_is_wrong_is_one_sentence()
    {
        string file = Path.Combine(_server.DataDir, "out.csv");
        await File.WriteAllTextAsync(file, "mine");
        CommandRun run = await CommandRun.Of(_server.DataDir, "export", "events", "--to", file);
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.Contains("with --force", run.Line, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(file));
        Assert.Equal(0, (await CommandRun.Of(_server.DataDir, "export", "events", "--to", file, "--force")).Exit);
        Assert.StartsWith("id,time,", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Equal(["out.csv"], Directory.GetFiles(_server.DataDir, "out*").Select(Path.GetFileName));
        foreach ((string[] words, string says) in ((string[], string)[])
            [
                (["export", "evnts"], "there is no export evnts; did you mean events?"), (["export", "--formt", "csv"], "did you mean --format?"), (["export", "events", "--format", "xml"], "there is no --format xml"), (["export"], "export needs WHAT"), (["export", "events", "--since", "soon"], "'soon' is neither"),
                (["export", "events", "--since", "2026-01-02", "--until", "2026-01-01"], "--since must be before --until"),
            ])
        {
            run = await CommandRun.Of(_server.DataDir, words);
            Assert.Equal((2, ""), (run.Exit, run.Out));
            Assert.Contains(says, run.Line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_reader_who_has_enough_ends_it_without_a_word()
    {
        // More than all the buffers between the two hold.
        for (int i = 0; i < 20; i++)
        {
            string text = new('x', 1000);
            string[] records = [.. Enumerable.Range(0, 500).Select(n => Export.Event("other", Export.Time, Export.Text("text", $"{i} {n} {text}")))];
            (await _server.Post("/v1/logs", Export.Logs(records))).Dispose();
        }

        using Process process = CommandRun.Start(_server.DataDir, "export", "events");
        process.StandardInput.Close();
        await process.StandardOutput.ReadLineAsync();
        process.StandardOutput.Close();
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void No_export_gathers_its_rows_before_it_writes_the_first()
    {
        using SqliteConnection connection = StoredFile.Open(_server.DataDir);
        foreach (Exported what in Exported.All)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN " + what.Sql;
            command.Parameters.AddWithValue("$from", 0);
            command.Parameters.AddWithValue("$until", 1);
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
            {
                Assert.DoesNotContain("TEMP B-TREE", row.GetString(3), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("2026-01-15", "2026-01-15T00:00:00Z")]
    [InlineData("2026-01-15T12:00Z", "2026-01-15T12:00:00Z")]
    [InlineData("2026-01-15T12:00:00.5+01:00", "2026-01-15T11:00:00.5Z")]
    [InlineData("7d", "2026-01-24T00:00:00Z")]
    [InlineData("90m", "2026-01-30T22:30:00Z")]
    [InlineData("36600d", "1925-11-17T00:00:00Z")]
    public void A_moment_is_a_time_or_a_duration_back_from_now(string text, string moment)
    {
        var now = new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture), GivenValues.Moment("--since", text, now));
        Assert.All((string[])["", "d", "0d", "-1d", "36601d", "1w", "1.5h", "15.1.2026", "2026-13-01"], wrong => Assert.Throws<UsageException>(() => GivenValues.Moment("--since", wrong, now)));
    }
}
