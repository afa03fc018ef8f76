using System.Globalization;
using System.Text;

namespace OtelLite.StatusLine;

/// <summary>What a running OtelLite answers, as <c>POST /api/sessions/{id}</c> does.</summary>
internal sealed record AnsweredFigures(double TodayUsd, double? SessionUsd, double TokensPerMinute, double LastHourUsd);

/// <summary>
/// The line that is shown. A format has parts between bars, in each of them names in braces; a part of which something is not known is left out, and
/// the others are shown with a dot between.
/// </summary>
internal static class StatusText
{
    public const string DefaultFormat = "{today} today|{session} session|{rate} tok/min|5h {5h} ({5h-left})|7d {7d} ({7d-left})";

    private const string Between = " · ";
    private const string Plain = "\e[0m";
    private const string Yellow = "\e[33m";
    private const string Red = "\e[31m";
    private const string Dim = "\e[2m";

    // A limit that is nearly used up is to be seen.
    private const double YellowPercent = 75;
    private const double RedPercent = 90;

    /// <summary>The names that a format may have, and what each is.</summary>
    public static readonly IReadOnlyList<(string Name, string Is)> Names =
    [
        ("today", "the cost of all sessions since midnight"),
        ("hour", "the cost of all sessions in the last hour"),
        ("session", "the cost of this session"),
        ("rate", "tokens per minute of all sessions"),
        ("5h", "how much of the five-hour limit is used"),
        ("5h-left", "how long until it starts anew"),
        ("7d", "how much of the weekly limit is used"),
        ("7d-left", "how long until it starts anew"),
        ("context", "how full the context window is"),
        ("model", "the model"),
        ("project", "the name of the folder"),
        ("branch", "git's branch"),
    ];

    /// <summary>The first name in a format that there is not, or null.</summary>
    public static string? UnknownIn(string format) => Pieces(format).Where(p => p.IsName).Select(p => p.Text).FirstOrDefault(name => Names.All(n => n.Name != name));

    /// <param name="figures">Null while OtelLite does not answer.</param>
    /// <param name="isColoured">False: no escapes.</param>
    public static string Line(string format, ToldSession told, AnsweredFigures? figures, DateTimeOffset now, bool isColoured)
    {
        IEnumerable<string?> parts = format.Split('|').Select(part => Part(part, told, figures, now, isColoured));
        return string.Join(isColoured ? $"{Dim}{Between}{Plain}" : Between, parts.Where(p => p is { Length: > 0 }));
    }

    private static string? Part(string part, ToldSession told, AnsweredFigures? figures, DateTimeOffset now, bool isColoured)
    {
        var text = new StringBuilder();
        foreach ((string piece, bool isName) in Pieces(part))
        {
            if (!isName)
            {
                text.Append(piece);
                continue;
            }

            if (Value(piece, told, figures, now) is not { } value)
            {
                return null;
            }

            string colour = isColoured ? Colour(piece, told) : "";
            text.Append(colour).Append(TerminalText.OneLine(value)).Append(colour.Length > 0 ? Plain : "");
        }

        return text.ToString();
    }

    private static string Colour(string name, ToldSession told) => (name == "5h" ? told.FiveHour : name == "7d" ? told.SevenDay : null)?.UsedPercent switch
    {
        >= RedPercent => Red,
        >= YellowPercent => Yellow,
        _ => "",
    };

    private static string? Value(string name, ToldSession told, AnsweredFigures? figures, DateTimeOffset now) => name switch
    {
        "today" => Usd(figures?.TodayUsd),
        "hour" => Usd(figures?.LastHourUsd),
        // Claude Code knows of the request that it has just made, of which no export has told yet.
        "session" => Usd(told.CostUsd ?? figures?.SessionUsd),
        "rate" => figures is null ? null : Compact(figures.TokensPerMinute),
        "5h" => Percent(Current(told.FiveHour, now)?.UsedPercent),
        "5h-left" => Left(Current(told.FiveHour, now), now),
        "7d" => Percent(Current(told.SevenDay, now)?.UsedPercent),
        "7d-left" => Left(Current(told.SevenDay, now), now),
        "context" => Percent(told.ContextPercent),
        "model" => told.Model,
        "project" => told.Folder?.TrimEnd('/', '\\') is { Length: > 0 } folder ? folder[(folder.AsSpan().LastIndexOfAny('/', '\\') + 1)..] : null,
        "branch" => told.Branch,
        _ => null,
    };

    // One that has started anew since is used by less, nobody knows how much.
    private static PlanLimit? Current(PlanLimit? limit, DateTimeOffset now) => limit?.ResetsAt <= now ? null : limit;

    // Text and names by turns; a brace that is not closed is text.
    private static IEnumerable<(string Text, bool IsName)> Pieces(string format)
    {
        int at = 0;
        while (format.IndexOf('{', at) is >= 0 and var open && format.IndexOf('}', open) is >= 0 and var close)
        {
            yield return (format[at..open], false);
            yield return (format[(open + 1)..close], true);
            at = close + 1;
        }

        yield return (format[at..], false);
    }

    private static string? Usd(double? usd) => usd is not { } value ? null : string.Create(CultureInfo.InvariantCulture, $"${value:0.00}");

    private static string? Percent(double? percent) => percent is not { } value ? null : string.Create(CultureInfo.InvariantCulture, $"{value:0}%");

    private static string? Left(PlanLimit? limit, DateTimeOffset now)
    {
        if (limit?.ResetsAt is not { } at)
        {
            return null;
        }

        TimeSpan left = at - now;
        return left.TotalDays >= 1 ? $"{(int)left.TotalDays}d{left.Hours}h" : left.TotalHours >= 1 ? $"{(int)left.TotalHours}h{left.Minutes:00}m" : $"{left.Minutes}m";
    }

    private static string Compact(double value) => value switch
    {
        >= 999_500 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.0}M"),
        >= 9_950 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0}k"),
        >= 1_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.0}k"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:0}"),
    };
}
