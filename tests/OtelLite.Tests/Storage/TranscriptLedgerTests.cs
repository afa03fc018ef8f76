using OtelLite.Query;
using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>A transcript is the weakest teller of a request: it counts where nobody else told of it, and never beside the export.</summary>
public sealed class TranscriptLedgerTests
{
    private const ulong Second = 1_000_000_000;

    private const string Sums = """
        SELECT group_concat(told, ', ') FROM (SELECT session_id || ' ' || api_requests || ' ' || input || ' ' || coalesce(requests, '-') AS told
            FROM usage_session LEFT JOIN usage_capture ON session = id ORDER BY 1)
        """;

    private static readonly string[] Same = [Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Int("input_tokens", 120), Export.Int("cache_read_tokens", 9)];

    private static readonly string Event = Export.Logs(Export.Event(
        "api_request", Export.Time, [.. Same, Export.Text("request_id", "r"), Export.Int("output_tokens", 40), Export.Attribute("cost_usd", """{"doubleValue":0.25}""")]));

    private static readonly string EventWithoutId = Event.Replace(Export.Text("request_id", "r"), Export.Text("x", "r"), StringComparison.Ordinal);

    private static readonly string Span = Export.LlmSpan(
        1, Export.Time + 5, failed: false, [.. Same, Export.Text("request_id", "r"), Export.Int("output_tokens", 40), Export.Int("ttft_ms", 7)]);

    private static readonly string Transcript = Told(Export.Time - (2 * Second), 1);

    [Fact]
    public void The_event_s_word_stands_whichever_comes_first()
    {
        const string expected = "1 120 40 250000000 0 | r told by 1 of 1, 0 low, cost 0";
        AssertLedger(expected, Event, Transcript);
        AssertLedger(expected, Transcript, Event);
        AssertLedger(expected, Transcript, Event, Transcript + " ", Event + " ");
        AssertLedger(expected, Transcript, Span, Event);
        AssertLedger(expected, Span, Event, Transcript);
    }

    [Fact]
    public void An_event_without_an_id_is_the_request_of_the_same_numbers_at_that_time_whichever_comes_first()
    {
        const string expected = "1 120 40 250000000 0 | r told by 1 of 1, 0 low, cost 0";
        AssertLedger(expected, EventWithoutId, Transcript);
        AssertLedger(expected, Transcript, EventWithoutId);
        AssertLedger(expected, Transcript, EventWithoutId, Transcript + " ", EventWithoutId + " ");
    }

    [Fact]
    public void An_event_without_an_id_is_another_request_when_it_is_further_away_or_had_less_output()
    {
        ulong match = (ulong)(Limits.TranscriptMatch.Ticks * TimeSpan.NanosecondsPerTick);
        AssertLedger("1 120 40 250000000 0 | r told by 1 of 1, 0 low, cost 0", EventWithoutId, Told(Export.Time + match, 1));
        foreach (string other in (string[])[Told(Export.Time + match + 1, 1), Told(Export.Time, 41)])
        {
            AssertLedger($"2 240 {(other.Contains("\"41\"", StringComparison.Ordinal) ? 81 : 41)} 350000000 100000000 | ", EventWithoutId, other);
            AssertLedger($"2 240 {(other.Contains("\"41\"", StringComparison.Ordinal) ? 81 : 41)} 350000000 100000000 | ", other, EventWithoutId);
        }
    }

    [Fact]
    public void Of_two_requests_with_the_same_numbers_each_finds_its_own()
    {
        string second = Told(Export.Time + Second - 1, 1).Replace("\"r\"", "\"q\"", StringComparison.Ordinal);
        string secondEvent = EventWithoutId.Replace($"{Export.Time}", $"{Export.Time + Second}", StringComparison.Ordinal);
        AssertLedger("2 240 80 500000000 0 | ", EventWithoutId, secondEvent, second, Transcript);
        AssertLedger("2 240 80 500000000 0 | ", Transcript, second, secondEvent, EventWithoutId);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("z")]
    public void A_fork_s_copy_of_a_request_is_the_one_that_its_parent_s_export_tells_of_whichever_comes_first_and_is_counted_anew_first(string fork)
    {
        const string expected = "1 120 40 250000000 0 | r told by 1 of 1, 0 low, cost 0";
        string copy = Of(fork, Transcript), later = Of(fork, EventWithoutId).Replace($"{Export.Time}", $"{Export.Time + (60 * Second)}", StringComparison.Ordinal);
        foreach (string told in (string[])[Event, EventWithoutId])
        {
            AssertLedger(expected, told, copy);
            AssertLedger(expected, copy, told);
            AssertLedger(expected, copy, told, copy + " ", told + " ");
            AssertLedger(expected, Transcript, told, copy);
            AssertLedger(expected, copy, Transcript, told);

            // What the fork exports of its own begins later.
            AssertLedger("2 240 80 500000000 0 | ", told, later, copy);
            AssertLedger("2 240 80 500000000 0 | ", copy, later, told);
        }

        AssertLedger("1 120 1 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", Transcript, copy);
        AssertLedger("1 120 1 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", copy, Transcript);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("z")]
    public void What_a_transcript_tells_behind_its_own_session_s_first_export_is_no_copy(string other)
    {
        string prompt = Of(other, Export.Logs(Export.Event("user_prompt", Export.Time - (3 * Second), Export.Text("session.id", "s"))));
        string request = Of(other, EventWithoutId).Replace($"{Export.Time}", $"{Export.Time - (9 * Second)}", StringComparison.Ordinal);
        AssertLedger("2 240 41 350000000 100000000 | ", prompt, EventWithoutId, Of(other, Transcript));
        AssertLedger("2 240 41 350000000 100000000 | ", prompt, Of(other, Transcript), EventWithoutId);
        AssertLedger("3 360 81 600000000 100000000 | ", request, EventWithoutId, Of(other, Transcript));
        AssertLedger("3 360 81 600000000 100000000 | ", request, Of(other, Transcript), EventWithoutId);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("z")]
    public async Task A_transcript_s_request_moves_to_the_session_that_is_known_to_have_paid_and_to_no_other(string fork)
    {
        using var open = new OpenWriter();
        string settled = Transcript.Replace(Export.Text("model", "m"), Export.Text("model", "m") + "," + Export.Attribute("session_settled", """{"boolValue":true}"""), StringComparison.Ordinal);
        await open.Write(Of(fork, Transcript));
        await open.Write(settled);
        await open.Write(Of(fork, Transcript) + " ");
        await open.Write(Of("q", Transcript));
        string expected = string.Join(", ", ((string[])[$"{fork} 0 0 -", "q 0 0 -", "s 1 120 1"]).Order(StringComparer.Ordinal));
        Assert.Equal(expected, open.Sql(Sums));
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal(expected, open.Sql(Sums));

        // Where two know it, the later one.
        await open.Write(Of(fork, settled));
        expected = string.Join(", ", ((string[])[$"{fork} 1 120 1", "q 0 0 -", "s 0 0 -"]).Order(StringComparer.Ordinal));
        Assert.Equal(expected, open.Sql(Sums));
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal(expected, open.Sql(Sums));

        // What an export tells of is its session's, whoever knows otherwise.
        await open.Write(Event);
        await open.Write(Of(fork, settled) + " ");
        expected = string.Join(", ", ((string[])[$"{fork} 0 0 -", "q 0 0 -", "s 1 120 1"]).Order(StringComparer.Ordinal));
        Assert.Equal(expected, open.Sql(Sums));
    }

    [Fact]
    public void A_copy_that_is_told_again_at_another_time_is_the_one_that_it_was()
    {
        const string expected = "1 120 40 250000000 0 | r told by 1 of 1, 0 low, cost 0";
        AssertLedger(expected, Event, Of("a", Transcript), Of("a", Told(Export.Time + Second, 2)));
        AssertLedger(expected, Of("a", Transcript), Event, Of("a", Told(Export.Time + Second, 2)));
        AssertLedger(expected, EventWithoutId, Of("a", Transcript), Of("a", Told(Export.Time + Second, 2)), Of("b", Told(Export.Time + Second, 2)));
    }

    [Fact]
    public async Task What_was_told_as_another_session_s_copy_is_known_to_the_next_import()
    {
        using var open = new OpenWriter();
        foreach (string body in (string[])[Told(Export.Time, 1), Told(Export.Time + (2 * Second), 2), Of("t", Told(Export.Time + Second, 1)).Replace("\"120\"", "\"121\"", StringComparison.Ordinal)])
        {
            await open.Write(body);
        }

        Assert.Equal("s 1 120 1, t 0 0 -", open.Sql(Sums));
        using var known = new KnownRequests(open.Connection);
        Assert.False(known.Imported("t", "r", DateTimeOffset.UnixEpoch.AddTicks((long)((Export.Time + Second) / 100)), 121, 9, 0)!.Value.IsOfSession);
        Assert.Null(known.Imported("u", "r", DateTimeOffset.UnixEpoch.AddTicks((long)((Export.Time + Second) / 100)), 121, 9, 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_export_of_a_request_is_found_by_any_of_the_copies_that_may_be_of_it(bool hasId)
    {
        // The first fork exported something before; what its transcript tells of is its own, unless another's tells the same.
        string before = Of("a", Export.Logs(Export.Event("user_prompt", Export.Time - (9 * Second), Export.Text("session.id", "s"))));
        string export = hasId ? Event : EventWithoutId;
        const string expected = "1 120 40 250000000 0 | r told by 1 of 1, 0 low, cost 0";
        AssertLedger(expected, before, Of("a", Transcript), Of("b", Transcript), export);
        AssertLedger(expected, before, export, Of("a", Transcript), Of("b", Transcript));
        AssertLedger(expected, before, Of("b", Transcript), export, Of("a", Transcript));
    }

    [Fact]
    public async Task Of_an_id_that_a_proxy_gives_in_each_session_those_of_one_time_are_compared()
    {
        int sessions = Limits.TellingsOfRequestMax + 100;
        using var open = new OpenWriter();
        await open.Write(Export.Logs([.. Enumerable.Range(0, sessions).Select(i => Told($"s{i:0000}", Export.Time + ((ulong)i * Second)))]));
        await open.Write(Export.Logs(Told("t", Export.Time + ((ulong)(sessions - 1) * Second))));
        Assert.Equal((long)sessions, open.Sql("SELECT count(*) FROM usage_request"));
    }

    [Fact]
    public async Task A_request_that_more_sessions_have_than_are_compared_is_counted_once()
    {
        string sessions = Export.Logs([.. Enumerable.Range(0, Limits.TellingsOfRequestMax + 2).Select(i => Told($"s{i:0000}", Export.Time))]);
        using var open = new OpenWriter();
        await open.Write(sessions);
        Assert.Equal("1 s0000", open.Sql("SELECT count(*) || ' ' || max(session_id) FROM usage_request JOIN usage_session ON usage_session.id = session"));
    }

    [Fact]
    public async Task Sums_by_session_follow_a_request_to_the_session_whose_it_is()
    {
        using var open = new OpenWriter();
        await open.Write(Of("a", Transcript));
        Assert.Equal("a 1 120 1", open.Sql(Sums));
        await open.Write(EventWithoutId);
        Assert.Equal("a 0 0 -, s 1 120 1", open.Sql(Sums));
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal("a 0 0 -, s 1 120 1", open.Sql(Sums));
    }

    [Fact]
    public void A_transcript_alone_counts_and_what_is_told_again_with_more_output_takes_its_place()
    {
        AssertLedger("1 120 1 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", Transcript, Transcript + " ");
        AssertLedger("1 120 40 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", Transcript, Told(Export.Time, 40));
        AssertLedger("1 120 40 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", Told(Export.Time, 40), Transcript);
    }

    [Fact]
    public void A_span_knows_the_output_and_a_transcript_what_it_cost()
    {
        AssertLedger("1 120 40 100000000 0 | r told by 2 of 1, 0 low, cost 1", Transcript, Span);
        AssertLedger("1 120 40 100000000 0 | r told by 2 of 1, 0 low, cost 1", Span, Transcript);
        AssertLedger("1 120 40 0 0 | r told by 2 of 0, 0 low, cost 2", Span);
    }

    [Fact]
    public void Where_a_provider_names_no_request_the_answer_s_own_id_has_to_do()
    {
        string unnamed = Transcript.Replace("\"key\":\"request_id\"", "\"key\":\"message.id\"", StringComparison.Ordinal);
        AssertLedger("1 120 1 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", unnamed, unnamed + " ");
    }

    [Fact]
    public void What_metrics_say_more_than_the_transcript_is_the_rest_and_what_they_say_less_is_not_taken_off()
    {
        string Point(double value) => Export.Metrics(Export.Sum("claude_code.token.usage", [Export.Point(
            value, Export.Time, Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Text("type", "input"), Export.Text("query_source", "main"))]));
        AssertLedger("1 130 1 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", Transcript, Point(130));
        AssertLedger("1 120 1 100000000 100000000 | r told by 3 of 1, 1 low, cost 1", Point(110), Transcript);
    }

    [Fact]
    public async Task A_session_that_only_a_transcript_tells_of_is_neither_active_nor_at_odds_with_an_export()
    {
        using var open = new OpenWriter();
        await open.Write(Transcript);
        Assert.Equal($"7 0 0 {Export.Time - (2 * Second)}", open.Sql("SELECT verdict || ' ' || has_points || ' ' || has_records || ' ' || received_unix_nano FROM usage_session"));
        await open.Write(Event);
        Assert.Equal("6 1", open.Sql("SELECT verdict || ' ' || has_records FROM usage_session"));
    }

    [Fact]
    public async Task What_only_a_transcript_tells_of_is_not_held_against_metrics_and_events_that_agree()
    {
        using var open = new OpenWriter();
        await open.Write(Event);
        await open.Write(Export.Metrics(
            Export.Sum("claude_code.token.usage", [Point("input", 120), Point("output", 40), Point("cacheRead", 9)]), Export.Sum("claude_code.cost.usage", [Point("", 0.25)])));
        Assert.Equal(1L, open.Sql("SELECT verdict FROM usage_session"));
        await open.Write(Told(Export.Time + Second, 40).Replace("\"r\"", "\"q\"", StringComparison.Ordinal));
        static string Point(string type, double value) => Export.Point(
            value, Export.Time, Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Text("type", type), Export.Text("query_source", "main"));
        Assert.Equal("1 240 1 0", open.Sql("SELECT verdict || ' ' || input || ' ' || requests || ' ' || captured FROM usage_session JOIN usage_capture ON session = id"));
    }

    [Fact]
    public async Task What_a_transcript_tells_of_took_no_time_that_is_known_and_so_is_in_no_duration_and_no_speed()
    {
        using var open = new OpenWriter();
        await open.Write(Event.Replace(Export.Text("request_id", "r"), Export.Text("request_id", "q") + "," + Export.Int("duration_ms", 2000), StringComparison.Ordinal));
        await open.Write(Told(Export.Time + Second, 40));
        Assert.Equal("1", open.Sql("SELECT group_concat(duration_ms IS NULL) FROM usage_request WHERE request_id = 'r'"));
        ModelFacts model = Assert.Single(ModelsQuery.Read(open.Connection, new Scope()));
        Assert.Equal((2L, 2000d, 20d), (model.ApiRequests, (double)model.P50Ms!, model.OutputTokensPerSecond));
        model = Assert.Single(ModelsQuery.Read(open.Connection, new Scope { Sessions = ["s"] }));
        Assert.Equal((2L, 2000d, 20d), (model.ApiRequests, (double)model.P50Ms!, model.OutputTokensPerSecond));
    }

    private static string Of(string session, string body) => body.Replace("\"s\"", $"\"{session}\"", StringComparison.Ordinal);

    private static string Told(ulong time, long output) => Export.Logs(Told("s", time, output));

    private static string Told(string session, ulong time, long output = 1) => Export.Event(
        "transcript_request", time,
        [Export.Text("session.id", session), .. Same[1..], Export.Text("request_id", "r"), Export.Int("output_tokens", output), Export.Attribute("cost_usd", """{"doubleValue":0.1}"""),
        Export.Attribute("cost_usd_derived", """{"boolValue":true}"""), Export.Attribute("output_tokens_too_low", """{"boolValue":true}""")]);

    // Requests, input, output, cost and that of transcripts alone; who told of the only one. As counted and as counted anew.
    private static void AssertLedger(string expected, params string[] bodies)
    {
        using var open = new OpenWriter();
        foreach (string body in bodies)
        {
            open.Write(body).GetAwaiter().GetResult();
        }

        const string sql = """
            SELECT (SELECT count(*) FROM usage_request) || ' ' || coalesce(sum(iif(figure IN (1, 11), value, 0)), 0) || ' '
                || coalesce(sum(iif(figure = 2, value, 0)), 0) || ' ' || coalesce(sum(iif(figure = 5, value, 0)), 0) || ' '
                || (SELECT coalesce(sum(transcripts), 0) FROM usage_witness WHERE kind = 5) || ' | '
                || iif((SELECT count(*) FROM usage_request) > 1, '', (SELECT request_id || ' told by ' || told_by || ' of ' || (transcript_unix_nano IS NOT NULL)
                    || ', ' || output_is_low || ' low, cost ' || cost_kind FROM usage_request))
            FROM usage_quarter
            """;
        Assert.Equal(expected, open.Sql(sql));
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal(expected, open.Sql(sql));
    }
}
