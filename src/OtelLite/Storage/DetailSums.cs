using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>A tool's result as it is counted; bytes are -1 where the client does not tell.</summary>
internal readonly record struct ToolResultRow(long TimeUnixNano, long Tool, long Model, bool Succeeded, long DurationMs, long InputBytes, long ResultBytes);

/// <summary>
/// Keeps the sums over all sessions of requests by their source, of tool results and of decisions equal to the rows that they are the sums of, and how their durations and sizes are spread.
/// </summary>
internal sealed class DetailSums : IDisposable
{
    private readonly SumTable _sources;
    private readonly SumTable _tools;
    private readonly SumTable _decisions;
    private readonly SpreadTable _spreads;
    private readonly Statement _requestsOf;
    private readonly Statement _toolsOf;
    private readonly Statement _decisionsOf;

    public DetailSums(SqliteConnection connection)
    {
        _sources = new(connection, SumsTable.Sources);
        _tools = new(connection, SumsTable.Tools);
        _decisions = new(connection, SumsTable.Decisions);
        _spreads = new(connection);
        _requestsOf = new(connection, $"""
            SELECT model, query_source, time_unix_nano, origin, input, output, cache_read, cache_creation, cost_nano_usd, coalesce(duration_ms, {BilledRequest.NoDuration}),
                coalesce(ttft_ms, -1)
            FROM usage_request WHERE session = ?
            """);
        _toolsOf = new(connection, """
            SELECT time_unix_nano, tool, model, succeeded, duration_ms, coalesce(input_bytes, -1), coalesce(result_bytes, -1) FROM usage_tool WHERE session = ?
            """);
        _decisionsOf = new(connection, "SELECT time_unix_nano, tool, model, accepted, source FROM usage_decision WHERE session = ?");
    }

    /// <param name="times">1, or -1 for what is taken back.</param>
    public void Request(long model, long source, in BilledRequest request, int times)
    {
        bool hasTtft = request.TtftMs >= 0, hasDuration = request.DurationMs != BilledRequest.NoDuration;
        ReadOnlySpan<long> values =
        [
            1, request.Input, request.Output, request.CacheRead, request.CacheCreation, request.CostNanoUsd, hasDuration ? request.DurationMs : 0,
            hasTtft ? request.TtftMs : 0, hasTtft ? 1 : 0, hasDuration ? 1 : 0, hasDuration ? request.Output : 0,
        ];
        long quarter = request.TimeUnixNano / QuarterTable.QuarterNano;
        foreach (long step in SumTable.Steps)
        {
            Add(_sources.Of(new(step, quarter / step * step, model, source, (int)request.Origin)), values, times);
        }

        if (hasDuration)
        {
            _spreads.Add(SpreadOf.RequestDurations, model, request.TimeUnixNano, request.DurationMs, times);
        }

        if (hasTtft)
        {
            _spreads.Add(SpreadOf.RequestTtft, model, request.TimeUnixNano, request.TtftMs, times);
        }
    }

    /// <inheritdoc cref="Request"/>
    public void Tool(in ToolResultRow call, int times)
    {
        ReadOnlySpan<long> values =
            [1, call.Succeeded ? 0 : 1, Math.Max(0, call.InputBytes), Math.Max(0, call.ResultBytes), call.ResultBytes >= 0 ? 1 : 0];
        long quarter = call.TimeUnixNano / QuarterTable.QuarterNano;
        foreach (long step in SumTable.Steps)
        {
            Add(_tools.Of(new(step, quarter / step * step, call.Tool, call.Model)), values, times);
        }

        _spreads.Add(SpreadOf.ToolDurations, call.Tool, call.TimeUnixNano, call.DurationMs, times);
        if (call.ResultBytes >= 0)
        {
            _spreads.Add(SpreadOf.ToolResults, call.Tool, call.TimeUnixNano, call.ResultBytes, times);
        }
    }

    /// <inheritdoc cref="Request"/>
    public void Decision(long timeUnixNano, long tool, long model, bool accepted, long source, int times)
    {
        long quarter = timeUnixNano / QuarterTable.QuarterNano;
        foreach (long step in SumTable.Steps)
        {
            Add(_decisions.Of(new(step, quarter / step * step, tool, model, accepted ? 1 : 0, source)), [1], times);
        }
    }

    /// <summary>Adds all rows of a session, or takes them back.</summary>
    public void AddAllOf(long session, int times)
    {
        _requestsOf.Begin().Bind(session);
        while (_requestsOf.Step())
        {
            var request = new BilledRequest
            {
                TimeUnixNano = _requestsOf.Int64(2),
                Origin = (Telemetry.QueryOrigin)_requestsOf.Int64(3),
                Input = _requestsOf.Int64(4),
                Output = _requestsOf.Int64(5),
                CacheRead = _requestsOf.Int64(6),
                CacheCreation = _requestsOf.Int64(7),
                CostNanoUsd = _requestsOf.Int64(8),
                DurationMs = _requestsOf.Int64(9),
                TtftMs = _requestsOf.Int64(10),
            };
            Request(_requestsOf.Int64(0), _requestsOf.Int64(1), request, times);
        }

        _toolsOf.Begin().Bind(session);
        while (_toolsOf.Step())
        {
            Tool(new(_toolsOf.Int64(0), _toolsOf.Int64(1), _toolsOf.Int64(2), _toolsOf.Int64(3) != 0, _toolsOf.Int64(4), _toolsOf.Int64(5), _toolsOf.Int64(6)), times);
        }

        _decisionsOf.Begin().Bind(session);
        while (_decisionsOf.Step())
        {
            Decision(_decisionsOf.Int64(0), _decisionsOf.Int64(1), _decisionsOf.Int64(2), _decisionsOf.Int64(3) != 0, _decisionsOf.Int64(4), times);
        }
    }

    public void Write()
    {
        _sources.Write();
        _tools.Write();
        _decisions.Write();
        _spreads.Write();
    }

    public void Forget()
    {
        _sources.Forget();
        _tools.Forget();
        _decisions.Forget();
        _spreads.Forget();
    }

    public void Dispose()
    {
        _sources.Dispose();
        _tools.Dispose();
        _decisions.Dispose();
        _spreads.Dispose();
        _requestsOf.Dispose();
        _toolsOf.Dispose();
        _decisionsOf.Dispose();
    }

    private static void Add(Span<long> sums, ReadOnlySpan<long> values, int times)
    {
        for (int i = 0; i < values.Length; i++)
        {
            sums[i] += values[i] * times;
        }
    }
}
