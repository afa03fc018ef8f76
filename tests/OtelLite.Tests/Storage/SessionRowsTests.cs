using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>Which raw rows are of a session is written when they are counted, and stays right whatever happens to rows and sessions.</summary>
public sealed class SessionRowsTests : IDisposable
{
    private const string Rows = """
        SELECT group_concat(coalesce(s.session_id, '-') || ' ' || signal || ' ' || first_id || iif(last_id > first_id, '..' || last_id, ''), ', ' ORDER BY s.session_id, signal, first_id)
        FROM usage_raw raw LEFT JOIN usage_session s ON s.id = raw.session
        """;

    private const string All = "- 1 2, s 0 1, s 1 1, s 1 3, s 2 1, t 2 2";

    private readonly OpenWriter _writer = new();

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task Points_records_and_spans_are_found_by_their_session_and_a_span_that_came_twice_once()
    {
        await Fill();
        Assert.Equal(All, _writer.Sql(Rows));
        Assert.True(SessionRows.IsAsMade(_writer.Connection));
        await _writer.Write(Span(1, "s") + " ");
        Assert.Equal(All, _writer.Sql(Rows));
    }

    [Theory]
    [InlineData("DELETE FROM usage_raw WHERE signal = 2")]
    [InlineData("DELETE FROM usage_raw")]
    [InlineData("INSERT INTO usage_raw VALUES (1, 1, 99, 99)")]
    [InlineData("INSERT INTO usage_raw VALUES (1, 1, 2, 2)")]
    [InlineData("UPDATE usage_raw SET session = 0 WHERE signal = 2 AND first_id = 2; DELETE FROM usage_session WHERE session_id = 't'")]
    [InlineData("UPDATE usage_raw SET session = session + 1 WHERE session <> 0")]
    [InlineData("UPDATE usage_raw SET last_id = 2 WHERE signal = 1 AND first_id = 1")]
    [InlineData("UPDATE usage_raw SET last_id = 4 WHERE signal = 1 AND first_id = 3")]
    [InlineData("INSERT INTO usage_raw VALUES (0, 3, 1, 1)")]
    public async Task A_recount_makes_anew_what_is_not_as_the_rows_are(string spoil)
    {
        await Fill();
        Database.Execute(_writer.Connection, spoil);
        Assert.False(SessionRows.IsAsMade(_writer.Connection));
        Recount.Run(_writer.Connection);
        Assert.Equal(All, _writer.Sql(Rows));
        Assert.True(SessionRows.IsAsMade(_writer.Connection));
        Assert.Equal(2L, _writer.Sql("SELECT sum(api_requests) FROM usage_session"));
    }

    [Fact]
    public async Task What_is_removed_is_none_of_its_session_any_more()
    {
        await Fill();
        await _writer.Write(Exports.Request(Exports.Noon + 1000, "s", id: "new"));
        Prune.Run(_writer.Connection, (Exports.Noon + 500) * 1_000_000_000);
        Assert.Equal("s 1 4", _writer.Sql(Rows));
        Assert.True(SessionRows.IsAsMade(_writer.Connection));
    }

    [Fact]
    public async Task A_run_of_rows_of_which_some_are_removed_is_there_until_the_last_is()
    {
        const long second = 1_000_000_000;
        string[] records = [.. ((int[])[0, 1000, 10, 0, 20]).Select((at, i) => Export.Event("plugin_loaded", (ulong)((Exports.Noon + at) * second), Export.Text("session.id", i == 3 ? "t" : "s")))];
        await _writer.Write(Export.Logs(records));
        Assert.Equal("s 1 1..3, s 1 5, t 1 4", _writer.Sql(Rows));
        Prune.Run(_writer.Connection, (Exports.Noon + 500) * second);
        Assert.Equal("2", _writer.Sql("SELECT group_concat(id) FROM otel_events"));
        Assert.Equal("s 1 1..3", _writer.Sql(Rows));
        Assert.True(SessionRows.IsAsMade(_writer.Connection));
        Prune.Run(_writer.Connection, (Exports.Noon + 2000) * second);
        Assert.Equal(0L, _writer.Sql("SELECT count(*) FROM usage_raw"));
        Assert.True(SessionRows.IsAsMade(_writer.Connection));
    }

    [Fact]
    public async Task Rows_that_another_program_gave_no_session_or_an_empty_one_are_of_none()
    {
        await Fill();
        Database.Execute(_writer.Connection, "INSERT INTO otel_events (session_id, time_unix_nano) VALUES ('', 5), (NULL, 5)");
        Recount.Run(_writer.Connection);
        Assert.Equal("- 1 2, - 1 4..5, s 0 1, s 1 1, s 1 3, s 2 1, t 2 2", _writer.Sql(Rows));
        Assert.Equal(0L, _writer.Sql("SELECT count(*) FROM usage_session WHERE session_id = ''"));
        Assert.True(SessionRows.IsAsMade(_writer.Connection));
    }

    [Fact]
    public async Task The_readme_tells_how_to_ask_for_the_rows_of_a_session()
    {
        await Fill();
        string readme = File.ReadAllText(Path.Combine(Recorded.Repository, "README.md")).ReplaceLineEndings(" ");
        int from = readme.IndexOf("select otel_events.* from usage_session s", StringComparison.Ordinal);
        string sql = readme[from..readme.IndexOf('`', from)].Replace("...", "s", StringComparison.Ordinal);
        Assert.Equal("1,3", _writer.Sql($"SELECT group_concat(id ORDER BY id) FROM ({sql})"));
    }

    private async Task Fill()
    {
        await _writer.Write(Exports.Commit(session: "s"));
        await _writer.Write(Exports.Request(session: "s", id: "r1"));
        await _writer.Write(Export.Logs(Export.Record($"\"timeUnixNano\":\"{Exports.Noon}000000000\",\"severityText\":\"without a session\"")));
        await _writer.Write(Exports.Request(session: "s", id: "r3"));
        await _writer.Write(Span(1, "s"));
        await _writer.Write(Span(2, "t"));
    }

    private static string Span(int number, string session) => Export.LlmSpan(number, (ulong)Exports.Noon * 1_000_000_000, failed: true, Export.Text("session.id", session));
}
