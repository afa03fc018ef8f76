namespace OtelLite.Usage;

/// <summary>What comparing the two witnesses of a session comes to, over all that is stored of it. The numbers are stored (schema.sql, usage_session).</summary>
internal enum SessionVerdict : byte
{
    /// <summary>Nothing was billed, so there is nothing to compare.</summary>
    Nothing = 0,

    /// <summary>To the token, and to the cent.</summary>
    Agree = 1,

    /// <summary>Metrics tell of more, no event is missing, and all of it may be requests of Claude Code's own that it tells no event of.</summary>
    Auxiliary = 2,

    /// <summary>Metrics tell of more than that: events are missing.</summary>
    EventsIncomplete = 3,

    /// <summary>Events tell of more: metrics were lost, the last ones nearly always.</summary>
    MetricsIncomplete = 4,

    /// <summary>Metrics tell of more, and no log record of it ever arrived.</summary>
    MetricsOnly = 5,

    /// <summary>They differ, and no data point of it ever arrived.</summary>
    EventsOnly = 6,

    /// <summary>The client exported nothing of it; its transcript was imported.</summary>
    TranscriptOnly = 7,
}
