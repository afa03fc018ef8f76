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

    private readonly Statement _request;
    private readonly Statement _takeOutSpan;
    private readonly Statement _tally;
    private readonly Statement _prompt;
    private readonly NameTable _names;
    private readonly SessionTable _sessions;
    private readonly SequenceTable _sequences;
    private readonly QuarterTable _quarters;
    private readonly DetailSums _sums;
    private readonly WitnessTables _witnesses;
    private readonly ToolTables _tools;
    private readonly UsageFacts _facts = new();

    public UsageTables(SqliteConnection connection)
    {
        _request = new(connection, """
            INSERT OR IGNORE INTO usage_request (key, session, model, time_unix_nano, input, output, cache_read, cache_creation,
                cost_nano_usd, duration_ms, ttft_ms, query_source, origin, event_id, request_id, prompt_id, cache_creation_5m, cache_creation_1h,
                agent, skill, mcp_server, mcp_tool)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _takeOutSpan = new(connection, $"""
            DELETE FROM usage_request WHERE key = ? AND event_id = {NoEvent}
            RETURNING model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, origin, query_source, duration_ms, coalesce(ttft_ms, -1)
            """);
        _tally = new(connection, "INSERT INTO usage_tally (time_unix_nano, session, model, figure, value) VALUES (?, ?, ?, ?, ?)");
        _prompt = new(connection, "INSERT INTO usage_prompt (session, time_unix_nano, prompt_id, kind, command) VALUES (?, ?, ?, ?, ?)");
        _names = new(connection);
        _sessions = new(connection);
        _sequences = new(connection, _sessions);
        _quarters = new(connection);
        _sums = new(connection);
        _witnesses = new(connection, _quarters);
        _tools = new(connection, _names, _sessions, _quarters, _sums);
    }

    /// <summary>Writes what the batch adds. Its raw rows are written already; <paramref name="eventIds"/> are those of its log records,
    /// <paramref name="resourceIds"/> those of its resources.</summary>
    public void Write(TelemetryBatch batch, ReadOnlySpan<long> eventIds, ReadOnlySpan<long> resourceIds, long nowUnixNano)
    {
        UsageReader.Read(batch, _facts, nowUnixNano);
        Utf8Text text = batch.Text;
        foreach (ref readonly SessionSeen seen in _facts.Sessions.Rows)
        {
            _sessions.See(text, seen, resourceIds[seen.Resource], nowUnixNano);
        }

        foreach (ref readonly BilledRequest request in _facts.Requests.Rows)
        {
            Write(text, request, request.LogRecord == BilledRequest.NoLogRecord ? NoEvent : eventIds[request.LogRecord]);
        }

        foreach (ref readonly BilledPoint point in _facts.Points.Rows)
        {
            _witnesses.Point(_sessions.Of(text, point.Session), _names.Of(text, point.Model), point);
        }

        foreach (ref readonly Tally tally in _facts.Tallies.Rows)
        {
            long session = _sessions.Of(text, tally.Session);
            long model = _names.Of(text, tally.Model);
            _tally.Begin().Bind(tally.TimeUnixNano).Bind(session).Bind(model).Bind((int)tally.Figure).Bind(tally.Value).Run();
            _quarters.Add(tally.TimeUnixNano, session, model, tally.Figure, tally.Value);
        }

        _tools.Write(text, _facts);
        foreach (ref readonly Prompt prompt in _facts.Prompts.Rows)
        {
            _prompt.Begin().Bind(_sessions.Of(text, prompt.Session)).Bind(prompt.TimeUnixNano);
            BindText(_prompt, text, prompt.Id);
            _prompt.Bind((int)prompt.Kind);
            _names.Bind(_prompt, text, prompt.Command);
            _prompt.Run();
        }

        foreach (ref readonly EventSequence sequence in _facts.Sequences.Rows)
        {
            _sequences.Add(_sessions.Of(text, sequence.Session), sequence);
        }

        Write();
    }

    /// <summary>Takes what is counted of a session out of the sums of all sessions; <see cref="PutBack"/> puts in again what is left by then.</summary>
    public void TakeOut(long session)
    {
        _quarters.TakeOut(session);
        _sums.AddAllOf(session, -1);
    }

    /// <summary>Puts what is counted of a session into the sums again, and its own, of which there must be none.</summary>
    public void PutBack(long session)
    {
        _quarters.PutBack(session);
        _sums.AddAllOf(session, 1);
        _sessions.Change(session);
    }

    /// <summary>Writes the sums of all that was added or taken out.</summary>
    public void Write()
    {
        _witnesses.Weigh();
        _quarters.Write();
        _sums.Write();
        _sequences.Write();
        _sessions.Write();
    }

    /// <summary>After a rollback: what was remembered may not be in the file.</summary>
    public void Forget()
    {
        _sessions.Forget();
        _names.Forget();
        _witnesses.Forget();
        _quarters.Forget();
        _sums.Forget();
        _sequences.Forget();
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_request, _takeOutSpan, _tally, _prompt])
        {
            statement.Dispose();
        }

        _names.Dispose();
        _sessions.Dispose();
        _witnesses.Dispose();
        _quarters.Dispose();
        _sums.Dispose();
        _sequences.Dispose();
        _tools.Dispose();
    }

    private void Write(Utf8Text text, in BilledRequest request, long eventId)
    {
        long session = _sessions.Of(text, request.Session);
        long model = _names.Of(text, request.Model);
        long source = _names.Of(text, request.QuerySource);
        UInt128 key = KeyOf(text, request);
        _request.Begin().BindHash(key).Bind(session).Bind(model).Bind(request.TimeUnixNano)
            .Bind(request.Input).Bind(request.Output).Bind(request.CacheRead).Bind(request.CacheCreation)
            .Bind(request.CostNanoUsd).Bind(request.DurationMs);
        BindCount(request.TtftMs);
        _request.Bind(source).Bind((int)request.Origin).Bind(eventId);
        BindText(_request, text, request.RequestId);
        BindText(_request, text, request.PromptId);
        BindCount(request.CacheCreation5m);
        BindCount(request.CacheCreation1h);
        foreach (TextRange name in (ReadOnlySpan<TextRange>)[request.Agent, request.Skill, request.McpServer, request.McpTool])
        {
            _names.Bind(_request, text, name);
        }

        // The same request by its id is billed once, however often it is told. What its event says goes before what its span said, which
        // knows no cost; so the order in which the two arrive does not matter.
        if (_request.Run() == 0 && !(eventId != NoEvent && TakeOutSpan(key, session) && _request.Run(again: true) == 1))
        {
            return;
        }

        Count(session, model, source, request, 1);
        if (request.RequestId.Length > 0)
        {
            _tools.SetModel(text, session, request.RequestId, model);
        }
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
        long source = _takeOutSpan.Int64(8);
        var request = new BilledRequest
        {
            TimeUnixNano = _takeOutSpan.Int64(1),
            Input = _takeOutSpan.Int64(2),
            Output = _takeOutSpan.Int64(3),
            CacheRead = _takeOutSpan.Int64(4),
            CacheCreation = _takeOutSpan.Int64(5),
            CostNanoUsd = _takeOutSpan.Int64(6),
            Origin = (QueryOrigin)_takeOutSpan.Int64(7),
            DurationMs = _takeOutSpan.Int64(9),
            TtftMs = _takeOutSpan.Int64(10),
        };
        _takeOutSpan.Reset();
        Count(session, model, source, request, -1);
        return true;
    }

    private void Count(long session, long model, long source, in BilledRequest request, int times)
    {
        _sums.Request(model, source, request, times);
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

    private static void BindText(Statement statement, Utf8Text text, TextRange range) =>
        _ = range.Length <= 0 ? statement.BindNull() : statement.Bind(text[range]);

    private void BindCount(long count) => _ = count < 0 ? _request.BindNull() : _request.Bind(count);
}
