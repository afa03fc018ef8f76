namespace OtelLite.Query;

/// <summary>Between the database's nanoseconds since 1970 and .NET's times, which know steps of 100 ns.</summary>
internal static class UnixNano
{
    public static long From(DateTimeOffset time) =>
        Math.Clamp(time.UtcTicks - DateTime.UnixEpoch.Ticks, 0, long.MaxValue / TimeSpan.NanosecondsPerTick) * TimeSpan.NanosecondsPerTick;

    public static DateTimeOffset ToTime(long unixNano) =>
        new(DateTime.UnixEpoch.AddTicks(unixNano / TimeSpan.NanosecondsPerTick));
}
