using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>A span of a model's answer is the third witness of a request: it counts where no event told of the same one, and never beside it.</summary>
public sealed class SpanLedgerTests
{
    private static readonly string[] Request =
    [
        Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Text("request_id", "r"), Export.Int("input_tokens", 120), Export.Int("output_tokens", 40),
        Export.Int("ttft_ms", 7),
    ];

    private static readonly string Event = Export.Logs(Export.Event(
        "api_request", Export.Time, [.. Request, Export.Text("query_source", "sdk"), Export.Attribute("cost_usd", """{"doubleValue":0.25}""")]));

    private static readonly string Span = Export.LlmSpan(1, Export.Time + 5_000_000, failed: false, [.. Request, Export.Text("query_source_safe", "sdk")]);

    private static readonly string Point = Export.Metrics(Export.Sum("claude_code.token.usage", [Export.Point(
        120, Export.Time + 9_000_000, Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Text("type", "input"), Export.Text("query_source", "main"))]));

    [Fact]
    public void An_event_and_its_span_are_one_request_in_either_order_and_the_event_s_word_stands()
    {
        const string expected = "1 120 40 250000000 0 @0";
        AssertLedger(expected, Event, Span);
        AssertLedger(expected, Span, Event);
        AssertLedger(expected, Span, Event, Span + " ", Event + " ", Point);
        AssertLedger(expected, Point, Span, Point.Replace("120", "0", StringComparison.Ordinal), Event);
    }

    [Fact]
    public void A_span_alone_is_a_request_of_which_no_cost_is_known() => AssertLedger("1 120 40 0 1 @5000000", Span, Span + " ");

    [Fact]
    public void A_span_explains_what_metrics_say() => AssertLedger("1 120 40 0 1 @5000000", Point, Span);

    [Fact]
    public void What_metrics_say_without_an_event_or_a_span_is_unexplained() => AssertLedger("0 120 0 0 0 ", Point);

    [Fact]
    public void A_failed_span_and_one_without_an_id_are_no_requests()
    {
        string[] failed = [Export.Text("session.id", "s"), Export.Text("model", "m"), Export.Text("request_id", "r"), Export.Attribute("success", """{"boolValue":false}""")];
        AssertLedger("0 0 0 0 0 ", Export.LlmSpan(1, Export.Time, failed: true, failed));
        AssertLedger("0 0 0 0 0 ", Export.LlmSpan(1, Export.Time, failed: false, [.. Request.Where(a => !a.Contains("request_id", StringComparison.Ordinal))]));
        AssertLedger("1 120 40 250000000 0 @0", Export.LlmSpan(1, Export.Time, failed: true, failed), Event);
    }

    // Requests, input, output, cost, spans alone and their time, as they are counted and as they are counted anew.
    private static void AssertLedger(string expected, params string[] bodies)
    {
        using var open = new OpenWriter();
        foreach (string body in bodies)
        {
            open.Write(body).GetAwaiter().GetResult();
        }

        string sql = $"""
            SELECT (SELECT count(*) FROM usage_request) || ' ' || coalesce(sum(iif(figure IN (1, 11), value, 0)), 0) || ' '
                || coalesce(sum(iif(figure = 2, value, 0)), 0) || ' ' || coalesce(sum(iif(figure = 5, value, 0)), 0) || ' '
                || (SELECT count(*) FROM usage_request WHERE event_id = 0) || ' '
                || coalesce((SELECT '@' || (time_unix_nano - {Export.Time}) FROM usage_request), '')
            FROM usage_quarter
            """;
        Assert.Equal(expected, open.Sql(sql));
        open.Reopen();
        Recount.Run(open.Connection);
        Assert.Equal(expected, open.Sql(sql));
    }
}
