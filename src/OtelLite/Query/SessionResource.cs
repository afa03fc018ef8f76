namespace OtelLite.Query;

/// <summary>The resource of a session: what its newest record came from.</summary>
internal static class SessionResource
{
    /// <summary>Its row of otel_resource, as an expression over usage_session.</summary>
    public const string Column = """
        coalesce((SELECT resource_id FROM otel_events e WHERE e.session_id = usage_session.session_id ORDER BY id DESC LIMIT 1),
                 (SELECT resource_id FROM otel_metrics m WHERE m.session_id = usage_session.session_id ORDER BY id DESC LIMIT 1))
        """;
}
