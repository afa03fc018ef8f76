using System.Globalization;

namespace OtelLite;

/// <summary>Figures in sentences for a person.</summary>
internal static class ShownValues
{
    /// <summary>Such as 12.4 MB; a megabyte is a million bytes.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => Text($"{bytes} bytes"),
        < 1_000_000 => Text($"{bytes / 1e3:0.#} kB"),
        < 1_000_000_000 => Text($"{bytes / 1e6:0.0} MB"),
        _ => Text($"{bytes / 1e9:0.00} GB"),
    };

    /// <summary>Such as 1,234 spans, 1 span, no spans.</summary>
    public static string Count(long count, string one) => count switch
    {
        0 => $"no {one}s",
        1 => $"1 {one}",
        _ => Text($"{count:N0} {one}s"),
    };

    /// <summary>A length of time in its largest unit: 3 s, 17 min, 5 h, 12 days.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 120 } => Text($"{Math.Max(0, (long)time.TotalSeconds)} s"),
        { TotalMinutes: < 120 } => Text($"{(long)time.TotalMinutes} min"),
        { TotalHours: < 48 } => Text($"{(long)time.TotalHours} h"),
        _ => Text($"{(long)time.TotalDays} days"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
