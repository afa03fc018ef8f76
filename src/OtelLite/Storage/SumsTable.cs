namespace OtelLite.Storage;

/// <summary>A table of sums over all sessions, and the rows that it is the sums of.</summary>
/// <param name="Table">By step, quarter and <paramref name="Keys"/>.</param>
/// <param name="Rows">The table of the rows, each with a time.</param>
/// <param name="Keys">The table's column, and what it is of a row.</param>
/// <param name="Columns">The sums, and what a row adds to each; in the order in which QuarterTable.cs, SessionTable.cs and DetailSums.cs write them.</param>
internal sealed record SumsTable(string Table, string Rows, IReadOnlyDictionary<string, string> Keys, IReadOnlyDictionary<string, string> Columns)
{
    /// <summary>What is added up of everything (<see cref="FigureColumns"/>).</summary>
    public static readonly SumsTable Figures = new("usage_sum", "usage_amount",
        new Dictionary<string, string> { ["model"] = "model" },
        FigureColumns.Figures.ToDictionary(FigureColumns.Of, figure => $"iif(figure = {(int)figure}, value, 0)"));

    /// <summary>The same of all models.</summary>
    public static readonly SumsTable AllModels = Figures with { Table = "usage_sum_all", Keys = new Dictionary<string, string>() };

    /// <summary>Of the sessions with figures, by when they began; kept by SessionTable.cs.</summary>
    public static readonly SumsTable Sessions = new("usage_sum_session",
        "(SELECT first_unix_nano AS time_unix_nano, is_named, verdict, missing_events, open_calls FROM usage_session WHERE has_figures)",
        new Dictionary<string, string> { ["is_named"] = "is_named", ["verdict"] = "verdict" },
        new Dictionary<string, string> { ["sessions"] = "1", ["missing_events"] = "missing_events", ["open_calls"] = "open_calls" });

    public static readonly SumsTable Sources = new("usage_sum_source", "usage_request",
        new Dictionary<string, string> { ["model"] = "model", ["source"] = "query_source", ["origin"] = "origin" },
        new Dictionary<string, string>
        {
            ["requests"] = "1",
            ["input"] = "input",
            ["output"] = "output",
            ["cache_read"] = "cache_read",
            ["cache_creation"] = "cache_creation",
            ["cost"] = "cost_nano_usd",
            ["duration_ms"] = "coalesce(duration_ms, 0)",
            ["ttft_ms"] = "coalesce(ttft_ms, 0)",
            ["ttft_requests"] = "(ttft_ms IS NOT NULL)",
            ["timed_requests"] = "(duration_ms IS NOT NULL)",
            ["timed_output"] = "iif(duration_ms IS NOT NULL, output, 0)",
        });

    public static readonly SumsTable Tools = new("usage_sum_tool", "usage_tool",
        new Dictionary<string, string> { ["tool"] = "tool", ["model"] = "model" },
        new Dictionary<string, string>
        {
            ["calls"] = "1",
            ["failures"] = "(1 - succeeded)",
            ["input_bytes"] = "coalesce(input_bytes, 0)",
            ["result_bytes"] = "coalesce(result_bytes, 0)",
            ["results"] = "(result_bytes IS NOT NULL)",
        });

    public static readonly SumsTable Decisions = new("usage_sum_decision", "usage_decision",
        new Dictionary<string, string> { ["tool"] = "tool", ["model"] = "model", ["accepted"] = "accepted", ["source"] = "source" },
        new Dictionary<string, string> { ["decisions"] = "1" });

    public static readonly IReadOnlyList<SumsTable> All = [Figures, AllModels, Sessions, Sources, Tools, Decisions];

    /// <summary>The columns of the primary key.</summary>
    public string[] PrimaryKey => ["step", "quarter", .. Keys.Keys];

    public string[] Sums => [.. Columns.Keys];

    /// <summary>A SELECT of all that must stand in it, from its rows.</summary>
    public string Made
    {
        get
        {
            // Those of usage_amount are added up for each session already.
            string rows = Rows == Figures.Rows ? $"(SELECT quarter * {QuarterTable.QuarterNano} AS time_unix_nano, model, figure, value FROM usage_quarter)" : Rows;
            return $"""
                SELECT steps.column1 AS step, time_unix_nano / {QuarterTable.QuarterNano} / steps.column1 * steps.column1 AS quarter,
                       {string.Join(", ", Keys.Select(k => $"{k.Value} AS {k.Key}").Concat(Columns.Select(c => $"sum({c.Value}) AS {c.Key}")))}
                FROM {rows}, (VALUES {string.Join(", ", SumTable.Steps.Select(step => $"({step})"))}) steps
                GROUP BY 1, 2{string.Concat(Keys.Keys.Select((_, i) => $", {i + 3}"))}
                HAVING {string.Join(" OR ", Columns.Select(c => $"sum({c.Value}) <> 0"))}
                """;
        }
    }

    /// <summary>A SELECT of what stands in it; a row of zeros is none.</summary>
    public string Kept => $"SELECT {string.Join(", ", PrimaryKey.Concat(Sums))} FROM {Table} WHERE {string.Join(" OR ", Sums.Select(c => $"{c} <> 0"))}";
}
