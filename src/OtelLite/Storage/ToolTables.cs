using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// Results of tools, decisions on them, and each use by its id. A result and a decision are of the model of the request that asked for the tool,
/// whichever of them comes first.
/// </summary>
internal sealed class ToolTables : IDisposable
{
    private readonly NameTable _names;
    private readonly SessionTable _sessions;
    private readonly QuarterTable _quarters;
    private readonly DetailSums _sums;
    private readonly Statement _tool;
    private readonly Statement _decision;
    private readonly Statement _accepted;
    private readonly Statement _resulted;
    private readonly Statement _modelOf;
    private readonly Statement _toolsOtherwise;
    private readonly Statement _setToolModel;
    private readonly Statement _decisionsOtherwise;
    private readonly Statement _setDecisionModel;

    public ToolTables(SqliteConnection connection, NameTable names, SessionTable sessions, QuarterTable quarters, DetailSums sums)
    {
        (_names, _sessions, _quarters, _sums) = (names, sessions, quarters, sums);
        _tool = new(connection, """
            INSERT INTO usage_tool (time_unix_nano, session, tool, succeeded, duration_ms, request_id, prompt_id, model, error_type, input_bytes, result_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _decision = new(connection, """
            INSERT INTO usage_decision (time_unix_nano, session, tool, accepted, source, request_id, model) VALUES (?, ?, ?, ?, ?, ?, ?)
            """);
        _accepted = new(connection, """
            INSERT INTO usage_call (session, tool_use_id, tool, accepted_unix_nano) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET tool = iif(excluded.accepted_unix_nano >= accepted_unix_nano, tool, excluded.tool),
                accepted_unix_nano = min(coalesce(accepted_unix_nano, excluded.accepted_unix_nano), excluded.accepted_unix_nano)
            """);
        _resulted = new(connection, """
            INSERT INTO usage_call (session, tool_use_id, tool, result_unix_nano) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET tool = iif(accepted_unix_nano IS NOT NULL OR excluded.result_unix_nano >= result_unix_nano, tool, excluded.tool),
                result_unix_nano = min(coalesce(result_unix_nano, excluded.result_unix_nano), excluded.result_unix_nano)
            """);
        _modelOf = new(connection, "SELECT model FROM usage_request WHERE session = ? AND request_id = ?");
        _toolsOtherwise = new(connection, """
            SELECT id, time_unix_nano, tool, model, succeeded, duration_ms, coalesce(input_bytes, -1), coalesce(result_bytes, -1) FROM usage_tool
            WHERE session = ? AND request_id = ? AND model <> ?
            """);
        _setToolModel = new(connection, "UPDATE usage_tool SET model = ? WHERE id = ?");
        _decisionsOtherwise = new(connection, """
            SELECT id, time_unix_nano, tool, model, accepted, source FROM usage_decision WHERE session = ? AND request_id = ? AND model <> ?
            """);
        _setDecisionModel = new(connection, "UPDATE usage_decision SET model = ? WHERE id = ?");
    }

    /// <summary>Writes what a batch tells of tools. Its requests are written already.</summary>
    public void Write(Utf8Text text, UsageFacts facts)
    {
        foreach (ref readonly ToolCall call in facts.ToolCalls.Rows)
        {
            Write(text, call);
        }

        foreach (ref readonly ToolDecision decision in facts.ToolDecisions.Rows)
        {
            Write(text, decision);
        }

        foreach (ref readonly ToolUse use in facts.ToolUses.Rows)
        {
            (use.IsResult ? _resulted : _accepted).Begin()
                .Bind(_sessions.Of(text, use.Session)).Bind(text[use.Id]).Bind(_names.Of(text, use.Tool)).Bind(use.TimeUnixNano).Run();
        }
    }

    /// <summary>A request became known, or is another session's: what it asked for is of its model, or of none.</summary>
    public void SetModel(long session, ReadOnlySpan<byte> requestId, long model)
    {
        List<(long Id, ToolResultRow Row)> calls = [];
        _toolsOtherwise.Begin().Bind(session).Bind(requestId).Bind(model);
        while (_toolsOtherwise.Step())
        {
            calls.Add((_toolsOtherwise.Int64(0), new(_toolsOtherwise.Int64(1), _toolsOtherwise.Int64(2), _toolsOtherwise.Int64(3),
                _toolsOtherwise.Int64(4) != 0, _toolsOtherwise.Int64(5), _toolsOtherwise.Int64(6), _toolsOtherwise.Int64(7))));
        }

        foreach ((long id, ToolResultRow row) in calls)
        {
            Count(session, row, -1);
            Count(session, row with { Model = model }, 1);
            _setToolModel.Begin().Bind(model).Bind(id).Run();
        }

        List<(long Id, long Time, long Tool, long Model, bool Accepted, long Source)> decisions = [];
        _decisionsOtherwise.Begin().Bind(session).Bind(requestId).Bind(model);
        while (_decisionsOtherwise.Step())
        {
            decisions.Add((_decisionsOtherwise.Int64(0), _decisionsOtherwise.Int64(1), _decisionsOtherwise.Int64(2), _decisionsOtherwise.Int64(3),
                _decisionsOtherwise.Int64(4) != 0, _decisionsOtherwise.Int64(5)));
        }

        foreach ((long id, long time, long tool, long before, bool accepted, long source) in decisions)
        {
            _sums.Decision(time, tool, before, accepted, source, -1);
            _sums.Decision(time, tool, model, accepted, source, 1);
            _setDecisionModel.Begin().Bind(model).Bind(id).Run();
        }
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_tool, _decision, _accepted, _resulted, _modelOf, _toolsOtherwise, _setToolModel,
            _decisionsOtherwise, _setDecisionModel])
        {
            statement.Dispose();
        }
    }

    private void Write(Utf8Text text, in ToolCall call)
    {
        long session = _sessions.Of(text, call.Session);
        var row = new ToolResultRow(
            call.TimeUnixNano, _names.Of(text, call.Tool), ModelOf(text, session, call.RequestId), call.Succeeded, call.DurationMs,
            call.InputBytes, call.ResultBytes);
        _tool.Begin().Bind(row.TimeUnixNano).Bind(session).Bind(row.Tool).Bind(row.Succeeded ? 1 : 0).Bind(row.DurationMs);
        _tool.Bind(text, call.RequestId);
        _tool.Bind(text, call.PromptId);
        _tool.Bind(row.Model);
        _names.Bind(_tool, text, call.ErrorType);
        _ = row.InputBytes < 0 ? _tool.BindNull() : _tool.Bind(row.InputBytes);
        _ = row.ResultBytes < 0 ? _tool.BindNull() : _tool.Bind(row.ResultBytes);
        _tool.Run();
        Count(session, row, 1);
    }

    private void Write(Utf8Text text, in ToolDecision decision)
    {
        long session = _sessions.Of(text, decision.Session);
        long tool = _names.Of(text, decision.Tool);
        long source = _names.Of(text, decision.Source);
        long model = ModelOf(text, session, decision.RequestId);
        _decision.Begin().Bind(decision.TimeUnixNano).Bind(session).Bind(tool).Bind(decision.Accepted ? 1 : 0).Bind(source);
        _decision.Bind(text, decision.RequestId);
        _decision.Bind(model).Run();
        _sums.Decision(decision.TimeUnixNano, tool, model, decision.Accepted, source, 1);
    }

    private void Count(long session, in ToolResultRow row, int times)
    {
        _quarters.Add(row.TimeUnixNano, session, row.Model, Figure.ToolCalls, times);
        _quarters.Add(row.TimeUnixNano, session, row.Model, Figure.ToolFailures, row.Succeeded ? 0 : times);
        _sums.Tool(row, times);
    }

    // Request ids are unique within a session only.
    private long ModelOf(Utf8Text text, long session, TextRange requestId) =>
        (requestId.Length <= 0 ? null : _modelOf.Begin().Bind(session).Bind(text[requestId]).Scalar()) ?? _names.Of(text, TextRange.None);
}
