using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>SQL that a person types, beside a running server.</summary>
public sealed class QueryCommandTests : IAsyncLifetime
{
    private const string Endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

    private RunningServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await RunningServer.Start();
        for (int i = 0; i < 3; i++)
        {
            (await _server.Post("/v1/logs", Exports.Request(Exports.Noon + i, "a", id: $"r{i}"))).Dispose();
        }
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_table_is_aligned_and_shows_null_and_numbers_to_the_right()
    {
        CommandRun run = await CommandRun.Of(_server.DataDir, "query", "select event_name as name, count(*) as n, null as none from otel_events group by 1");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(
            ["name         n  none", "-----------  -  ----", "api_request  3  NULL"],
            run.Out.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Csv_and_json_come_whole_and_sql_may_come_from_stdin()
    {
        const string sql = "select '=1+1' as a, 'say \"hi\", you' as b, 2.5 as a, null, x'00ff' as d, char(27) as e -- done";
        CommandRun csv = await CommandRun.WithStdin(_server.DataDir, sql, "query", "-", "--format", "csv");
        Assert.Equal((0, ""), (csv.Exit, csv.Error));
        Assert.Equal("a,b,a,null,d,e\r\n'=1+1,\"say \"\"hi\"\", you\",2.5,,00FF,\u001b\r\n", csv.Out);
        CommandRun json = await CommandRun.WithStdin(_server.DataDir, sql, "query", "-", "--json");
        Assert.Equal("""[{"a":"=1+1","b":"say \"hi\", you","a_2":2.5,"null":null,"d":"00FF","e":"\u001B"}]""", JsonNode.Parse(json.Out)!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(2, (await CommandRun.WithStdin(_server.DataDir, new string(' ', Limits.SqlCharactersMax + 1), "query", "-")).Exit);
    }

    [Fact]
    public async Task More_rows_than_asked_for_are_told_of()
    {
        CommandRun run = await CommandRun.Of(_server.DataDir, "query", "select id from otel_events", "--limit", "2", "--json");
        Assert.Equal(2, JsonNode.Parse(run.Out)!.AsArray().Count);
        Assert.Contains("first 2 rows", run.Line, StringComparison.Ordinal);
        CommandRun all = await CommandRun.Of(_server.DataDir, "query", "select id from otel_events", "--limit", "3", "--json");
        Assert.Equal((3, ""), (JsonNode.Parse(all.Out)!.AsArray().Count, all.Error));
        string many = $"with recursive n(i) as (select 1 union all select i + 1 from n where i <= {Limits.QueryRows}) select i from n";
        CommandRun untold = await CommandRun.Of(_server.DataDir, "query", many, "--format", "csv");
        Assert.Equal(Limits.QueryRows + 1, untold.Out.TrimEnd().Split('\n').Length);
        Assert.Contains($"first {Limits.QueryRows} rows", untold.Line, StringComparison.Ordinal);
        CommandRun tooMany = await CommandRun.Of(_server.DataDir, "query", "select 1", "--limit", $"{Limits.QueryRowsMax + 1}");
        Assert.Equal((2, ""), (tooMany.Exit, tooMany.Out));
        Assert.Equal(2, (await CommandRun.Of(_server.DataDir, "query", "select 1", "--timeout", $"{Limits.QuerySecondsMax + 1}")).Exit);
    }

    [Fact]
    public async Task What_is_wrong_is_one_sentence_and_exit_1()
    {
        CommandRun run = await CommandRun.Of(_server.DataDir, "query", "select nonsense from otel_events");
        Assert.Equal((1, "", "otellite: no such column: nonsense."), (run.Exit, run.Out, run.Line));
        run = await CommandRun.Of(_server.DataDir, "query", Endless, "--timeout", "1");
        Assert.Equal((1, "", "otellite: this takes longer than 1 s; --timeout SECONDS gives it more."), (run.Exit, run.Out, run.Line));
        string empty = Directory.CreateTempSubdirectory("otellite-").FullName;
        run = await CommandRun.Of(empty, "query", "select 1");
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.Contains("there is no database", run.Line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(empty));
        Directory.Delete(empty);
    }

    [Theory]
    [InlineData("delete from otel_events", "only reading is")]
    [InlineData("insert into otel_removed values (1)", "only reading is")]
    [InlineData("create temp table t (a)", "only reading is")]
    [InlineData("drop table otel_events", "only reading is")]
    [InlineData("attach 'other.db' as other", "ATTACH is not allowed")]
    [InlineData("vacuum into 'copy.db'", "not allowed")]
    [InlineData("pragma journal_mode = delete", "PRAGMA journal_mode is not allowed")]
    [InlineData("pragma user_version = 7", "PRAGMA user_version is not allowed")]
    [InlineData("pragma query_only = 0", "PRAGMA query_only is not allowed")]
    [InlineData("pragma wal_checkpoint", "PRAGMA wal_checkpoint is not allowed")]
    [InlineData("select load_extension('x')", "not allowed")]
    [InlineData("begin immediate", "only reading is")]
    [InlineData("select 1; delete from otel_events", "only reading is")]
    [InlineData("select 1; select 2", "one statement at a time.")]
    [InlineData("  -- nothing", "there is no statement in it.")]
    [InlineData("select", "incomplete input")]
    public void Only_reading_is_allowed(string sql, string says)
    {
        Assert.Contains(says, Assert.Throws<AskedSqlException>(() => Ask(sql)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("3\n", _server.Rows("SELECT count(*) FROM otel_events"));
        Assert.Equal(Database.SchemaVersion, (long)_server.Sql("PRAGMA user_version")!);
    }

    [Theory]
    [InlineData("select count(*) from otel_events, json_each(attributes) where key = 'model'", 3)]
    [InlineData("select count(*) from pragma_table_info('otel_events') where name = 'event_name'", 1)]
    [InlineData("pragma user_version", Database.SchemaVersion)]
    [InlineData("explain select 1", 0)]
    [InlineData("select row_number() over (order by id) from otel_events limit 1", 1)]
    [InlineData("select sum(value) from usage_amount where figure = 20;", 3)]
    public void All_reading_is_allowed(string sql, long first) => Assert.Equal(first, Ask(sql)[0]);

    [Fact]
    public void Only_the_time_within_the_database_counts_and_what_takes_none_is_not_interrupted()
    {
        Assert.True(Limits.QueryTime > TimeSpan.FromSeconds(1));
        using SqliteConnection connection = StoredFile.Open(_server.DataDir);
        using var slowlyRead = new AskedSql(connection, "select id from otel_events", TimeSpan.FromMilliseconds(200), _ => { });
        object?[] cells = [null];
        Assert.True(slowlyRead.Next(cells));
        Thread.Sleep(500);
        Assert.True(slowlyRead.Next(cells));
        using SqliteConnection other = StoredFile.Open(_server.DataDir);
        using var endless = new AskedSql(other, Endless, TimeSpan.FromMilliseconds(200), _ => { });
        var watch = Stopwatch.StartNew();
        Assert.Contains("takes longer", Assert.Throws<AskedSqlException>(() => endless.Next([null])).Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));
    }

    [PublishedTheory]
    [InlineData("select instr(hex(zeroblob(30000000)), hex(zeroblob(15000000)) || '1')", "takes longer than 1 s", 1)]
    [InlineData("select length(hex(zeroblob(100000000)))", "too big", 30)]
    [InlineData("select replace(hex(zeroblob(1000000)), '00', hex(zeroblob(1000000)))", "too big", 30)]
    [InlineData("with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select max(length(b)) from (select randomblob(100000) as b from n order by b)", "", 1)]
    public async Task What_takes_all_time_or_memory_within_one_function_ends_all_the_same(string sql, string says, int timeout)
    {
        var watch = Stopwatch.StartNew();
        // What is too big is so at once; but on a busy machine not always within a second.
        Ran ran = await PublishedExe.Run("query", sql, "--timeout", $"{timeout}", "--data-dir", _server.DataDir);
        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.StartsWith("otellite: ", ran.Error, StringComparison.Ordinal);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1) + Limits.QueryGrace + TimeSpan.FromSeconds(10));
        Assert.InRange(Limits.QueryBytesMax, Limits.BatchTextBytesMax, 1L << 30);
    }

    [Fact]
    public void A_row_that_is_too_long_to_be_printed_is_refused_and_one_of_the_longest_value_is_not()
    {
        const int half = (int)(Limits.QueryRowBytesMax / 2);
        Assert.Equal(3, Ask($"select zeroblob({half}), zeroblob({Limits.QueryRowBytesMax - half}), 1").Length);
        Assert.Contains("MiB", Assert.Throws<AskedSqlException>(() => Ask($"select zeroblob({half}), zeroblob({Limits.QueryRowBytesMax - half + 1})")).Message, StringComparison.Ordinal);
        Assert.True(Limits.QueryRowBytesMax > 64 << 20);
        Assert.Equal(12L, Ask("select 12, 'x'")[0]);
    }

    [Fact]
    public void Rows_that_are_too_long_together_are_not_all_printed()
    {
        const int Row = 32 << 20, rows = (int)(Limits.QueryOutputBytesMax / Row);
        using SqliteConnection connection = StoredFile.Open(_server.DataDir);
        using var asked = new AskedSql(connection, $"with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) select zeroblob({Row}) from n", TimeSpan.FromMinutes(5), _ => { });
        object?[] cells = [null];
        for (int i = 0; i < rows; i++)
        {
            Assert.True(asked.Next(cells));
        }

        Assert.Contains("its rows have more than", Assert.Throws<AskedSqlException>(() => asked.Next(cells)).Message, StringComparison.Ordinal);
    }

    [PublishedFact]
    public async Task A_table_of_long_texts_keeps_no_more_of_them_than_it_shows()
    {
        // Eight megabytes a row as a table would have them: half a gigabyte, were they kept.
        Ran ran = await PublishedExe.Run(
            TimeSpan.FromMinutes(2), "query", "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60) select i, zeroblob(2000000) from n", "--data-dir", _server.DataDir, "--timeout", "60");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.InRange(ran.Output.Length, 60 * 100, 60 * 150);
    }

    private object?[] Ask(string sql)
    {
        using SqliteConnection connection = StoredFile.Open(_server.DataDir);
        using var asked = new AskedSql(connection, sql, TimeSpan.FromSeconds(10), _ => { });
        object?[] cells = new object?[asked.Columns.Count];
        Assert.True(asked.Next(cells));
        return cells;
    }
}
