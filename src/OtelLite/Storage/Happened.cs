namespace OtelLite.Storage;

/// <summary>When a raw row happened, in nanoseconds since 1970, as SQL. What counts, removes and exports rows goes by the same moment.</summary>
internal static class Happened
{
    public const string Point = "time_unix_nano";

    /// <summary>When it was seen, or came, where the sender tells no time.</summary>
    public const string Event =
        "iif(time_unix_nano <> 0, time_unix_nano, iif(observed_time_unix_nano <> 0, observed_time_unix_nano, unixepoch(received_at) * 1000000000))";

    /// <summary>When it ended: then it is told of.</summary>
    public const string Span =
        "iif(end_time_unix_nano <> 0, end_time_unix_nano, iif(start_time_unix_nano <> 0, start_time_unix_nano, unixepoch(received_at) * 1000000000))";
}
