namespace OtelLite.Tests.Conformance;

/// <summary>
/// What Claude Code's own encoders wrote, JSON's and protobuf's, against the same in the other encoding: whichever is sent, the same rows are stored.
/// </summary>
public sealed class EncodingsTests
{
    // Everything that is stored, by what it says; ids of rows and times of arrival differ from file to file.
    private static readonly string[] Stored =
    [
        """
        SELECT metric_name, value, unit, otel_metrics.attributes, session_id, time_unix_nano, start_time_unix_nano, sent_value, typeof(sent_value), kind, temporality,
               is_monotonic, flags, shape, exemplars, resource.attributes, resource.dropped_attributes_count, resource.schema_url,
               scope.name, scope.version, scope.attributes, scope.schema_url
        FROM otel_metrics JOIN otel_resource resource ON resource.id = resource_id JOIN otel_scope scope ON scope.id = scope_id ORDER BY otel_metrics.id
        """,
        """
        SELECT event_name, otel_events.attributes, session_id, prompt_id, time_unix_nano, observed_time_unix_nano, severity_number, severity_text, body, trace_id,
               span_id, flags, otel_events.dropped_attributes_count, resource.attributes, resource.schema_url, scope.name, scope.version, scope.attributes
        FROM otel_events JOIN otel_resource resource ON resource.id = resource_id JOIN otel_scope scope ON scope.id = scope_id ORDER BY otel_events.id
        """,
        """
        SELECT trace_id, span_id, parent_span_id, otel_spans.name, kind, status_code, status_message, start_time_unix_nano, end_time_unix_nano, otel_spans.attributes, events,
               links, session_id, trace_state, flags, otel_spans.dropped_attributes_count, dropped_events_count, dropped_links_count, resource.attributes, scope.name
        FROM otel_spans JOIN otel_resource resource ON resource.id = resource_id JOIN otel_scope scope ON scope.id = scope_id ORDER BY otel_spans.id
        """,
    ];

    public static TheoryData<string, string> Sessions()
    {
        var data = new TheoryData<string, string>();
        foreach (string kind in (string[])["json", "versions", "cumulative", "auto-mode", "traces", "protobuf", "grpc"])
        {
            // Of auto-mode there is one capture, whose files have no name before their number.
            foreach (string capture in Recorded.Bodies(kind).Select(b => kind is "auto-mode" ? "" : b.Name[..b.Name.IndexOf('-', StringComparison.Ordinal)]).Distinct())
            {
                data.Add(kind, capture);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sessions))]
    public async Task B_01_A_recorded_session_leaves_the_same_rows_in_either_encoding(string kind, string capture)
    {
        IReadOnlyList<RecordedBody> bodies = Recorded.Bodies(kind, capture);
        await using RunningServer sent = await RunningServer.Start();
        await sent.Replay(bodies);
        await using RunningServer translated = await RunningServer.Start();
        await translated.Replay(bodies.Select(b => b.Translated()));
        foreach (string sql in Stored)
        {
            Assert.Equal(sent.Rows(sql), translated.Rows(sql));
        }

        Assert.NotEmpty(sent.Rows(Stored[0]) + sent.Rows(Stored[1]));
    }
}
