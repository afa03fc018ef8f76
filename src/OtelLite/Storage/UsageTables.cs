using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>Writes what a batch adds to what is counted, in the transaction of its raw rows, and weighs the two witnesses.</summary>
internal sealed class UsageTables : IDisposable
{
    // No row of otel_events: only a span has told of the request.
    private const long NoEvent = 0;

    /// <summary>Where usage_request has what events say of a kind.</summary>
    public static readonly IReadOnlyDictionary<BilledKind, string> ColumnOf = new Dictionary<BilledKind, string>
    {
        [BilledKind.Input] = "input",
        [BilledKind.Output] = "output",
        [BilledKind.CacheRead] = "cache_read",
        [BilledKind.CacheCreation] = "cache_creation",
        [BilledKind.Cost] = "cost_nano_usd",
    };

    private readonly Statement _findSession;
    private readonly Statement _addSession;
    private readonly Statement _seeSession;
    private readonly Statement _addName;
    private readonly Statement _findName;
    private readonly Statement _request;
    private readonly Statement _takeOutSpan;
    private readonly Statement _tally;
    private readonly Statement _tool;
    private readonly Statement _accepted;
    private readonly Statement _resulted;
    private readonly Statement _prompt;
    private readonly SequenceTable _sequences;
    private readonly QuarterTable _quarters;
    private readonly WitnessTables _witnesses;

    private readonly IdCache _sessions = new();
    private readonly IdCache _names = new();
    private readonly UsageFacts _facts = new();

    public UsageTables(SqliteConnection connection)
    {
        _findSession = new(connection, "SELECT id FROM usage_session WHERE session_id = ?");
        _addSession = new(connection, """
            INSERT OR IGNORE INTO usage_session (session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something)
            VALUES (?, ?, ?, ?, 0, 0)
            """);
        _seeSession = new(connection, """
            UPDATE usage_session SET first_unix_nano = min(first_unix_nano, ?2), last_unix_nano = max(last_unix_nano, ?3),
                received_unix_nano = max(received_unix_nano, ?4), did_something = max(did_something, ?5),
                project = iif(?6 IS NOT NULL AND (?7, ?6) > (project_unix_nano, coalesce(project, '')), ?6, project),
                project_unix_nano = iif(?6 IS NOT NULL, max(?7, project_unix_nano), project_unix_nano),
                machine = iif(?8 IS NOT NULL AND (?9, ?8) > (machine_unix_nano, coalesce(machine, '')), ?8, machine),
                machine_unix_nano = iif(?8 IS NOT NULL, max(?9, machine_unix_nano), machine_unix_nano),
                has_points = max(has_points, ?10), has_records = max(has_records, ?11)
            WHERE id = ?1
            """);
        _addName = new(connection, "INSERT OR IGNORE INTO usage_name (name) VALUES (?)");
        _findName = new(connection, "SELECT id FROM usage_name WHERE name = ?");
        _request = new(connection, """
            INSERT OR IGNORE INTO usage_request (key, session, model, time_unix_nano, input, output, cache_read, cache_creation,
                cost_nano_usd, duration_ms, ttft_ms, query_source, origin, event_id, request_id, prompt_id, cache_creation_5m, cache_creation_1h,
                agent, skill, mcp_server, mcp_tool)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _takeOutSpan = new(connection, $"""
            DELETE FROM usage_request WHERE key = ? AND event_id = {NoEvent}
            RETURNING model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, origin
            """);
        _tally = new(connection, "INSERT INTO usage_tally (time_unix_nano, session, model, figure, value) VALUES (?, ?, ?, ?, ?)");
        _tool = new(connection, """
            INSERT INTO usage_tool (time_unix_nano, session, tool, succeeded, duration_ms, request_id, prompt_id) VALUES (?, ?, ?, ?, ?, ?, ?)
            """);
        _accepted = new(connection, """
            INSERT INTO usage_call (session, tool_use_id, accepted_unix_nano) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET accepted_unix_nano = min(coalesce(accepted_unix_nano, excluded.accepted_unix_nano), excluded.accepted_unix_nano)
            """);
        _resulted = new(connection, """
            INSERT INTO usage_call (session, tool_use_id, result_unix_nano) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET result_unix_nano = min(coalesce(result_unix_nano, excluded.result_unix_nano), excluded.result_unix_nano)
            """);
        _prompt = new(connection, "INSERT INTO usage_prompt (session, time_unix_nano, prompt_id, kind, command) VALUES (?, ?, ?, ?, ?)");
        _sequences = new(connection);
        _quarters = new(connection);
        _witnesses = new(connection, _quarters);
    }

    /// <summary>Writes what the batch adds. Its raw rows are written already; <paramref name="eventIds"/> are those of its log records.</summary>
    public void Write(TelemetryBatch batch, ReadOnlySpan<long> eventIds, long nowUnixNano)
    {
        UsageReader.Read(batch, _facts, nowUnixNano);
        Utf8Text text = batch.Text;
        foreach (ref readonly SessionSeen seen in _facts.Sessions.Rows)
        {
            See(text, seen, nowUnixNano);
        }

        foreach (ref readonly BilledRequest request in _facts.Requests.Rows)
        {
            Write(text, request, request.LogRecord == BilledRequest.NoLogRecord ? NoEvent : eventIds[request.LogRecord]);
        }

        foreach (ref readonly BilledPoint point in _facts.Points.Rows)
        {
            _witnesses.Point(Session(text, point.Session), Name(text, point.Model), point);
        }

        foreach (ref readonly Tally tally in _facts.Tallies.Rows)
        {
            long session = Session(text, tally.Session);
            long model = Name(text, tally.Model);
            _tally.Begin().Bind(tally.TimeUnixNano).Bind(session).Bind(model).Bind((int)tally.Figure).Bind(tally.Value).Run();
            _quarters.Add(tally.TimeUnixNano, session, model, tally.Figure, tally.Value);
        }

        WriteTools(text);
        foreach (ref readonly Prompt prompt in _facts.Prompts.Rows)
        {
            _prompt.Begin().Bind(Session(text, prompt.Session)).Bind(prompt.TimeUnixNano);
            BindText(_prompt, text, prompt.Id);
            _prompt.Bind((int)prompt.Kind);
            BindName(_prompt, text, prompt.Command);
            _prompt.Run();
        }

        foreach (ref readonly EventSequence sequence in _facts.Sequences.Rows)
        {
            _sequences.Add(Session(text, sequence.Session), sequence);
        }

        _witnesses.Weigh();
        _quarters.Write();
        _sequences.Write();
    }

    /// <summary>After a rollback: what was remembered may not be in the file.</summary>
    public void Forget()
    {
        _sessions.Clear();
        _names.Clear();
        _witnesses.Forget();
        _quarters.Forget();
        _sequences.Forget();
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_findSession, _addSession, _seeSession, _addName, _findName, _request, _takeOutSpan, _tally,
            _tool, _accepted, _resulted, _prompt])
        {
            statement.Dispose();
        }

        _witnesses.Dispose();
        _quarters.Dispose();
        _sequences.Dispose();
    }

    private void WriteTools(Utf8Text text)
    {
        foreach (ref readonly ToolCall call in _facts.ToolCalls.Rows)
        {
            _tool.Begin().Bind(call.TimeUnixNano).Bind(Session(text, call.Session)).Bind(Name(text, call.Tool))
                .Bind(call.Succeeded ? 1 : 0).Bind(call.DurationMs);
            BindText(_tool, text, call.RequestId);
            BindText(_tool, text, call.PromptId);
            _tool.Run();
        }

        foreach (ref readonly ToolUse use in _facts.ToolUses.Rows)
        {
            (use.IsResult ? _resulted : _accepted).Begin().Bind(Session(text, use.Session)).Bind(text[use.Id]).Bind(use.TimeUnixNano).Run();
        }
    }

    private void Write(Utf8Text text, in BilledRequest request, long eventId)
    {
        long session = Session(text, request.Session);
        long model = Name(text, request.Model);
        UInt128 key = KeyOf(text, request);
        _request.Begin().BindHash(key).Bind(session).Bind(model).Bind(request.TimeUnixNano)
            .Bind(request.Input).Bind(request.Output).Bind(request.CacheRead).Bind(request.CacheCreation)
            .Bind(request.CostNanoUsd).Bind(request.DurationMs);
        BindCount(request.TtftMs);
        _request.Bind(Name(text, request.QuerySource)).Bind((int)request.Origin).Bind(eventId);
        BindText(_request, text, request.RequestId);
        BindText(_request, text, request.PromptId);
        BindCount(request.CacheCreation5m);
        BindCount(request.CacheCreation1h);
        foreach (TextRange name in (ReadOnlySpan<TextRange>)[request.Agent, request.Skill, request.McpServer, request.McpTool])
        {
            BindName(_request, text, name);
        }

        // The same request by its id is billed once, however often it is told. What its event says goes before what its span said, which
        // knows no cost; so the order in which the two arrive does not matter.
        if (_request.Run() == 0 && !(eventId != NoEvent && TakeOutSpan(key, session) && _request.Run(again: true) == 1))
        {
            return;
        }

        Count(session, model, request, 1);
    }

    // Takes out the request that only a span told of, if there is one.
    private bool TakeOutSpan(UInt128 key, long session)
    {
        _takeOutSpan.Begin().BindHash(key);
        if (!_takeOutSpan.Step())
        {
            return false;
        }

        long model = _takeOutSpan.Int64(0);
        var request = new BilledRequest
        {
            TimeUnixNano = _takeOutSpan.Int64(1),
            Input = _takeOutSpan.Int64(2),
            Output = _takeOutSpan.Int64(3),
            CacheRead = _takeOutSpan.Int64(4),
            CacheCreation = _takeOutSpan.Int64(5),
            CostNanoUsd = _takeOutSpan.Int64(6),
            Origin = (QueryOrigin)_takeOutSpan.Int64(7),
        };
        _takeOutSpan.Reset();
        Count(session, model, request, -1);
        return true;
    }

    private void Count(long session, long model, in BilledRequest request, int times)
    {
        _quarters.Add(request.TimeUnixNano, session, model, Figure.ApiRequests, times);
        foreach (BilledKind kind in BilledKinds.All)
        {
            long value = request.Of(kind) * times;
            if (value != 0)
            {
                _quarters.Add(request.TimeUnixNano, session, model, kind.ByEvents(), value);
                _witnesses.Event(session, model, kind, value, request.Origin == QueryOrigin.Auxiliary, request.TimeUnixNano);
            }
        }
    }

    // A request belongs to one session; its id is unique there even where it comes from a proxy that numbers its own. Clients
    // before 2.1 send none: session, time (milliseconds) and all the numbers do not collide in any recording. Where an event has a number of its
    // own in its process, that tells two requests of one millisecond apart.
    private static UInt128 KeyOf(Utf8Text text, in BilledRequest request)
    {
        var hash = new XxHash128();
        hash.Append(text[request.Session]);
        hash.Append("\0"u8);
        if (request.RequestId.Length > 0)
        {
            hash.Append(text[request.RequestId]);
            return hash.GetCurrentHashAsUInt128();
        }

        hash.Append(text[request.Model]);
        Span<byte> number = stackalloc byte[8];
        foreach (long value in (ReadOnlySpan<long>)[request.TimeUnixNano, request.Input, request.Output, request.CacheRead,
            request.CacheCreation, request.CostNanoUsd, request.DurationMs])
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
            hash.Append(number);
        }

        if (request.Sequence >= 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, request.Sequence);
            hash.Append(number);
        }

        return hash.GetCurrentHashAsUInt128();
    }

    private void See(Utf8Text text, in SessionSeen seen, long nowUnixNano)
    {
        ReadOnlySpan<byte> id = text[seen.Session];
        UInt128 hash = IdCache.Hash(id);
        if (!_sessions.TryGet(hash, out long session))
        {
            _addSession.Begin().Bind(id).Bind(seen.IsNamed ? 1 : 0).Bind(seen.FirstUnixNano).Bind(seen.LastUnixNano).Run();
            session = _sessions.Add(hash, _findSession.Begin().Bind(id).Scalar()!.Value);
        }

        _seeSession.Begin().Bind(session).Bind(seen.FirstUnixNano).Bind(seen.LastUnixNano).Bind(nowUnixNano).Bind(seen.DidSomething ? 1 : 0);
        BindText(_seeSession, text, seen.Project);
        _seeSession.Bind(seen.ProjectUnixNano);
        BindText(_seeSession, text, seen.Machine);
        _seeSession.Bind(seen.MachineUnixNano).Bind(seen.HasPoints ? 1 : 0).Bind(seen.HasRecords ? 1 : 0).Run();
    }

    private static void BindText(Statement statement, Utf8Text text, TextRange range) =>
        _ = range.Length <= 0 ? statement.BindNull() : statement.Bind(text[range]);

    // Looked up first: finding a name may run other statements, but never the one that is being bound.
    private void BindName(Statement statement, Utf8Text text, TextRange name) =>
        _ = name.Length <= 0 ? statement.BindNull() : statement.Bind(Name(text, name));

    private void BindCount(long count) => _ = count < 0 ? _request.BindNull() : _request.Bind(count);

    // Every fact's session was seen before.
    private long Session(Utf8Text text, TextRange id)
    {
        UInt128 hash = IdCache.Hash(text[id]);
        return _sessions.TryGet(hash, out long session)
            ? session
            : _sessions.Add(hash, _findSession.Begin().Bind(text[id]).Scalar()!.Value);
    }

    private long Name(Utf8Text text, TextRange name)
    {
        ReadOnlySpan<byte> utf8 = text[name];
        UInt128 hash = IdCache.Hash(utf8);
        if (_names.TryGet(hash, out long id))
        {
            return id;
        }

        _addName.Begin().Bind(utf8).Run();
        return _names.Add(hash, _findName.Begin().Bind(utf8).Scalar()!.Value);
    }
}
