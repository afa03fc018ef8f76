using System.Net;

namespace OtelLite.Tests.Conformance;

/// <summary>The examples that opentelemetry-proto publishes for its JSON mapping, field by field.</summary>
public sealed class JsonExamplesTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string From = """
        (SELECT attributes FROM otel_resource WHERE id = resource_id), (SELECT name || ' ' || version || ' ' || attributes FROM otel_scope WHERE id = scope_id)
        """;

    private const string Envelope = """{"service.name":"my.service"} | my.library 1.0.0 {"my.scope.attribute":"some scope attribute"}""";

    private async Task Accepted(string path, string body)
    {
        using HttpResponseMessage answer = await shared.Server.Post(path, body);
        Assert.Equal((HttpStatusCode.OK, "{}"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task J_26_The_published_trace_is_read_in_every_field()
    {
        await Accepted("/v1/traces", ProtoExamples.Trace);
        Assert.Equal(
            "5b8efff798038103d269b633813fc60c | eee19b7ec3c1b174 | eee19b7ec3c1b173 | I'm a server span | 1544712660000000000 | 1544712661000000000 | 2 | "
            + $$$$"""{"my.span.attr":"some value"} | {{{{Envelope}}}}""" + "\n",
            shared.Server.Rows($"SELECT trace_id, span_id, parent_span_id, name, start_time_unix_nano, end_time_unix_nano, kind, attributes, {From} FROM otel_spans"));
    }

    [Fact]
    public async Task J_26_The_published_metrics_are_read_in_every_field()
    {
        await Accepted("/v1/metrics", ProtoExamples.Metrics);
        const string time = "1544712660300000000";
        Assert.Equal(
            $$$$"""
            my.counter | 1 | sum | 1 | 1 | {{{{time}}}} | {{{{time}}}} | 5 | real | NULL | {"my.counter.attr":"some value"} | {{{{Envelope}}}}
            my.gauge | 1 | gauge | 0 | 0 | 0 | {{{{time}}}} | 10 | real | NULL | {"my.gauge.attr":"some value"} | {{{{Envelope}}}}
            my.histogram | 1 | histogram | 1 | 1 | {{{{time}}}} | {{{{time}}}} | 2 | real | {"count":2,"sum":2.0,"min":0.0,"max":2.0,"bucketCounts":[1,1],"explicitBounds":[1.0]} | {"my.histogram.attr":"some value"} | {{{{Envelope}}}}
            my.exponential.histogram | 1 | exponential_histogram | 1 | 1 | {{{{time}}}} | {{{{time}}}} | 10 | real | {"count":3,"sum":10.0,"min":0.0,"max":5.0,"scale":0,"zeroCount":1,"zeroThreshold":0.0,"positive":{"offset":1,"bucketCounts":[0,2]},"negative":{"offset":0,"bucketCounts":[]}} | {"my.exponential.histogram.attr":"some value"} | {{{{Envelope}}}}

            """,
            shared.Server.Rows($"""
                SELECT metric_name, unit, kind, temporality, is_monotonic, start_time_unix_nano, time_unix_nano, sent_value, typeof(sent_value), shape, attributes, {From}
                FROM otel_metrics ORDER BY id
                """));
    }

    [Fact]
    public async Task J_26_The_published_log_is_read_in_every_field()
    {
        await Accepted("/v1/logs", ProtoExamples.Logs);
        Assert.Equal(
            "1544712660300000000 | 1544712660300000000 | 10 | Information | 5b8efff798038103d269b633813fc60c | eee19b7ec3c1b174 | \"Example log record\" | "
            + """{"string.attribute":"some string","boolean.attribute":true,"int.attribute":10,"double.attribute":637.704,"array.attribute":["many","values"],"map.attribute":{"some.map.key":"some value"}}"""
            + $" | {Envelope}\n",
            shared.Server.Rows($"""
                SELECT time_unix_nano, observed_time_unix_nano, severity_number, severity_text, trace_id, span_id, body, attributes, {From}
                FROM otel_events WHERE severity_number = 10
                """));
    }

    [Fact]
    public async Task J_26_The_published_event_is_read_in_every_field()
    {
        await Accepted("/v1/logs", ProtoExamples.Events);
        Assert.Equal(
            "browser.page_view | 1544712660300000000 | 1544712660300000000 | 9 | "
            + """{"event.name":"browser.page_view"} | {"type":0,"url":"https://www.guidgenerator.com/online-guid-generator.aspx","referrer":"https://wwww.google.com","title":"Free Online GUID Generator"}"""
            + $" | {Envelope}\n",
            shared.Server.Rows($"""
                SELECT event_name, time_unix_nano, observed_time_unix_nano, severity_number, attributes, body, {From} FROM otel_events WHERE event_name = 'browser.page_view'
                """));
    }
}
