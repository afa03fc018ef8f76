using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// The ledger of billed requests: each once, however many tell of it, with what the strongest of them says (<see cref="Teller"/>), whichever comes
/// first. Beside the numbers stands whether a transcript told of it too, which makes the capture rate.
/// </summary>
internal sealed class RequestTable : IDisposable
{
    // No row of otel_events: a span tells of the request.
    private const long NoEvent = 0;

    private const string Numbers = "model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, origin, query_source, coalesce(duration_ms, -1), coalesce(ttft_ms, -1)";

    private readonly NameTable _names;
    private readonly SessionTable _sessions;
    private readonly QuarterTable _quarters;
    private readonly DetailSums _sums;
    private readonly WitnessTables _witnesses;
    private readonly ToolTables _tools;
    private readonly TellingTable _tellings;
    private readonly CopiedRequests _copies;
    private readonly XxHash128 _hash = new();
    private readonly Statement _add;
    private readonly Statement _takeOut;
    private readonly Statement _find;
    private readonly Statement _findWithoutId;
    private readonly Statement _findTold;
    private readonly Statement _keyOf;
    private readonly Statement _link;
    private readonly Statement _move;
    private readonly Statement _setCost;
    private readonly Statement _nameOf;
    private readonly List<LedgerRow> _exported = [];
    private readonly List<LedgerRow> _told = [];

    public RequestTable(
        SqliteConnection connection, NameTable names, SessionTable sessions, QuarterTable quarters, DetailSums sums, WitnessTables witnesses, ToolTables tools)
    {
        (_names, _sessions, _quarters, _sums, _witnesses, _tools) = (names, sessions, quarters, sums, witnesses, tools);
        _tellings = new(connection);
        _copies = new(connection);
        _add = new(connection, """
            INSERT OR IGNORE INTO usage_request (key, session, model, time_unix_nano, input, output, cache_read, cache_creation,
                cost_nano_usd, duration_ms, ttft_ms, query_source, origin, event_id, request_id, prompt_id, cache_creation_5m, cache_creation_1h,
                agent, skill, mcp_server, mcp_tool, told_by, transcript_unix_nano, output_is_low, cost_kind)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        _takeOut = new(connection, $"""
            DELETE FROM usage_request WHERE id = ? RETURNING {Numbers}, told_by, transcript_unix_nano, cost_kind, request_id, prompt_id
            """);
        _keyOf = new(connection, "SELECT id FROM usage_request WHERE key = ? AND told_by > ?");
        _find = new(connection, $"SELECT {Numbers}, id, told_by FROM usage_request WHERE session = ? AND request_id = ?");

        // Clients before 2.1 name no request in their events. What the transcript has of the output may be too low, and its last line comes
        // shortly before the event.
        _findWithoutId = new(connection, """
            SELECT id FROM usage_request
            WHERE session = ?1 AND model = ?2 AND time_unix_nano BETWEEN ?3 - ?8 AND ?3 + ?8 AND input = ?4 AND cache_read = ?5 AND cache_creation = ?6 AND output >= ?7
                AND request_id IS NULL AND transcript_unix_nano IS NULL
            ORDER BY abs(time_unix_nano - ?3), time_unix_nano, id LIMIT 1
            """);
        _findTold = new(connection, $"""
            SELECT id FROM usage_request
            WHERE session = ?1 AND model = ?2 AND time_unix_nano BETWEEN ?3 - ?8 AND ?3 + ?8 AND input = ?4 AND cache_read = ?5 AND cache_creation = ?6 AND output <= ?7
                AND told_by = {(int)Teller.Transcript}
            ORDER BY abs(time_unix_nano - ?3), time_unix_nano, id LIMIT 1
            """);
        _link = new(connection, """
            UPDATE usage_request SET transcript_unix_nano = min(coalesce(transcript_unix_nano, ?2), ?2), request_id = coalesce(request_id, ?3),
                prompt_id = coalesce(prompt_id, ?4) WHERE id = ?1
            """);
        _move = new(connection, $"UPDATE usage_request SET session = ?, key = ? WHERE id = ? RETURNING {Numbers}");
        _setCost = new(connection, "UPDATE usage_request SET cost_nano_usd = ?, cost_kind = ? WHERE id = ?");
        _nameOf = new(connection, "SELECT session_id FROM usage_session WHERE id = ?");
    }

    // A row of the ledger that is of a request of which transcripts tell.
    private readonly record struct LedgerRow(long Id, long Session, long Model, long Source, BilledRequest Request);

    // A request as it was taken out, with what is kept of it when a stronger teller's word takes its place.
    private readonly record struct TakenOut(Teller Teller, long? TranscriptUnixNano, long CostNanoUsd, CostKind CostKind, byte[]? RequestId, byte[]? PromptId);

    /// <summary>A transcript told of another session's request since this was set to false: its copy.</summary>
    public bool HasCopies { get; set; }

    /// <inheritdoc cref="TellingTable.Look"/>
    public void Look() => _tellings.Look();

    /// <summary>Writes what one teller says of a request, as far as it changes what is known.</summary>
    public void Write(Utf8Text text, in BilledRequest request, ReadOnlySpan<long> eventIds)
    {
        long session = _sessions.Of(text, request.Session);
        long model = _names.Of(text, request.Model);
        if (request.Teller == Teller.Transcript)
        {
            WriteTranscript(text, request, session, model, eventIds[request.LogRecord]);
            return;
        }

        UInt128 key = KeyOf(text, request, session);
        long eventId = request.LogRecord == BilledRequest.NoLogRecord ? NoEvent : eventIds[request.LogRecord];
        if (Add(text, key, request, session, model, eventId, null))
        {
            if (!_tellings.IsEmpty)
            {
                TakeTold(text, request, session, model, Id(key));
            }
        }
        else if (Weaker(key, request.Teller) is { } id)
        {
            // What its event says goes before what its span or its transcript said; so the order in which they arrive does not matter.
            TakenOut before = TakeOut(id, session);
            BilledRequest stronger = request;
            if (request.Teller == Teller.Span)
            {
                (stronger.CostNanoUsd, stronger.CostKind) = (before.CostNanoUsd, before.CostKind);
            }

            Add(text, key, stronger, session, model, eventId, null);
            Carry(before, Id(key));
        }
    }

    public void Dispose()
    {
        _tellings.Dispose();
        _copies.Dispose();
        foreach (Statement statement in (Statement[])[_add, _takeOut, _find, _findWithoutId, _findTold, _keyOf, _link, _move, _setCost, _nameOf])
        {
            statement.Dispose();
        }
    }

    // What transcripts told of a request that is exported now: by its session and id, or by its numbers and time where one of both is not known.
    private void TakeTold(Utf8Text text, in BilledRequest request, long session, long model, long id)
    {
        if (request.RequestId.Length > 0 && _tellings.Same(text[request.RequestId], session) is { Count: > 0 } same)
        {
            ReadRows(text[request.RequestId], same);
            Settle(text, text[request.RequestId], same);
        }
        else if (request.RequestId.Length <= 0 && Find(_findTold, request, session, model, request.Output) is { } told)
        {
            Carry(TakeOut(told, session), id);
        }
        else if (_copies.Told(text, request, session, model) is { } copy)
        {
            TakenOut before = TakeOut(copy.Id, copy.Session);
            Leave(text, before.RequestId, copy.Session);
            Carry(before, id);
            _tellings.SetPayer(before.RequestId, copy.Session, session);
            if (_tellings.Same(before.RequestId, copy.Session) is { Count: > 0 } others)
            {
                ReadRows(before.RequestId, others);
                Settle(text, before.RequestId, others);
            }
        }
    }

    // By its id it is known, or by its numbers and time where the client's events name none, in its session or as a copy of another one's; otherwise it
    // counts from here.
    private void WriteTranscript(Utf8Text text, in BilledRequest request, long session, long model, long eventId)
    {
        if (request.RequestId.Length <= 0)
        {
            return;
        }

        ReadOnlySpan<byte> requestId = text[request.RequestId];
        _tellings.Tell(text, request, session, eventId);
        List<Telling> same = _tellings.Same(requestId, session);
        ReadRows(requestId, same);
        if (_exported.Count == 0 && _told.TrueForAll(r => r.Session != session))
        {
            if (Find(_findWithoutId, request, session, model, request.Output) is { } exported)
            {
                Link(exported, request.TimeUnixNano, requestId, []);
                ReadRows(requestId, same);
            }
            else if (_copies.Exported(text, request, session, model) is { } copied)
            {
                Link(copied.Id, request.TimeUnixNano, requestId, []);
                _tellings.SetPayer(requestId, session, copied.Session);
                same = _tellings.Same(requestId, session);
                ReadRows(requestId, same);
            }
        }

        if (!Settle(text, requestId, same))
        {
            Tell(text, request, session, model, eventId, same[0].Session);
        }

        HasCopies |= _exported.Exists(r => r.Session != session) || (_exported.Count == 0 && same[0].Session != session);
    }

    // One row of all that are of the same request, which are read by now, and none where an export tells of it. False where there is no export.
    private bool Settle(Utf8Text text, ReadOnlySpan<byte> requestId, List<Telling> same)
    {
        if (_exported.Count == 0)
        {
            Join(text, requestId, same[0].Session);
            return false;
        }

        foreach (LedgerRow row in _told)
        {
            TakeOut(row.Id, row.Session);
            Leave(text, requestId, row.Session);
        }

        Telling dearest = same[0];
        long first = long.MaxValue;
        byte[]? promptId = null;
        foreach (Telling telling in same)
        {
            first = Math.Min(first, telling.FirstUnixNano);
            dearest = telling.CostNanoUsd > dearest.CostNanoUsd ? telling : dearest;
            promptId ??= telling.PromptId;
        }

        foreach (LedgerRow row in _exported)
        {
            if (row.Request.Word.NewsOf(new(Teller.Transcript, 0, dearest.CostNanoUsd, 0)) == TranscriptNews.Cost)
            {
                BilledRequest known = row.Request;
                Count(row.Session, row.Model, row.Source, known, -1);
                known.CostNanoUsd = dearest.CostNanoUsd;
                Count(row.Session, row.Model, row.Source, known, 1);
                _setCost.Begin().Bind(known.CostNanoUsd).Bind((int)dearest.CostKind).Bind(row.Id).Run();
            }

            Link(row.Id, first, requestId, promptId);
            _sessions.Change(row.Session);
        }

        return true;
    }

    // Of several rows that only transcripts tell of the one that says most stays, with the session that paid.
    private void Join(Utf8Text text, ReadOnlySpan<byte> requestId, long payer)
    {
        _told.Sort((a, b) => a.Request.Word.CompareTranscripts(b.Request.Word) is var more and not 0 ? -more : (a.Session != payer).CompareTo(b.Session != payer));
        foreach (LedgerRow row in _told.Skip(1))
        {
            Carry(TakeOut(row.Id, row.Session), _told[0].Id);
            Leave(text, requestId, row.Session);
        }

        if (_told is [var most, ..] && most.Session != payer)
        {
            _move.Begin().Bind(payer).BindHash(KeyOf(payer, requestId)).Bind(most.Id).Run();
            Count(most.Session, most.Model, most.Source, most.Request, -1);
            Count(payer, most.Model, most.Source, most.Request, 1);
            Leave(text, requestId, most.Session);
            _tools.SetModel(payer, requestId, most.Model);
            _sessions.Change(payer);
        }
    }

    // What a transcript says where it is the first, or says more than others did. Where it says as much, its session's own word goes before a copy's.
    private void Tell(Utf8Text text, in BilledRequest request, long session, long model, long eventId, long payer)
    {
        _sessions.Change(payer);
        TakenOut? before = null;
        if (_told is [var known, ..])
        {
            int more = request.Word.CompareTranscripts(known.Request.Word);
            if (more < 0 || (more == 0 && session != payer))
            {
                Link(known.Id, request.TimeUnixNano, text[request.RequestId], request.PromptId.Length > 0 ? text[request.PromptId] : []);
                return;
            }

            before = TakeOut(known.Id, payer);
        }

        UInt128 key = KeyOf(payer, text[request.RequestId]);
        Add(text, key, request, payer, model, eventId, request.TimeUnixNano);
        if (before is { } taken)
        {
            Carry(taken, Id(key));
        }
    }

    // The rows of a request, those of exports and those of transcripts alone.
    private void ReadRows(ReadOnlySpan<byte> requestId, List<Telling> same)
    {
        _exported.Clear();
        _told.Clear();
        foreach (Telling telling in same)
        {
            ReadRows(requestId, telling.Session);
            if (telling.Payer != 0)
            {
                ReadRows(requestId, telling.Payer);
            }
        }
    }

    private void ReadRows(ReadOnlySpan<byte> requestId, long session)
    {
        _find.Begin().Bind(session).Bind(requestId);
        while (_find.Step())
        {
            (long model, long source, BilledRequest request) = Read(_find);
            long id = _find.Int64(11);
            request.Teller = (Teller)_find.Int64(12);
            List<LedgerRow> rows = request.Teller == Teller.Transcript ? _told : _exported;
            if (!rows.Exists(r => r.Id == id))
            {
                rows.Add(new LedgerRow(id, session, model, source, request));
            }
        }
    }

    // A request is no longer this session's.
    private void Leave(Utf8Text text, ReadOnlySpan<byte> requestId, long session)
    {
        _tools.SetModel(session, requestId, _names.Of(text, TextRange.None));
        _sessions.Change(session);
    }

    // False when its key is there already.
    private bool Add(Utf8Text text, UInt128 key, in BilledRequest request, long session, long model, long eventId, long? transcriptUnixNano)
    {
        long source = _names.Of(text, request.QuerySource);
        _add.Begin().BindHash(key).Bind(session).Bind(model).Bind(request.TimeUnixNano)
            .Bind(request.Input).Bind(request.Output).Bind(request.CacheRead).Bind(request.CacheCreation)
            .Bind(request.CostNanoUsd);
        BindCount(request.DurationMs);
        BindCount(request.TtftMs);
        _add.Bind(source).Bind((int)request.Origin).Bind(eventId);
        _add.Bind(text, request.RequestId);
        _add.Bind(text, request.PromptId);
        BindCount(request.CacheCreation5m);
        BindCount(request.CacheCreation1h);
        foreach (TextRange name in (ReadOnlySpan<TextRange>)[request.Agent, request.Skill, request.McpServer, request.McpTool])
        {
            _names.Bind(_add, text, name);
        }

        _add.Bind((int)request.Teller);
        _ = transcriptUnixNano is { } told ? _add.Bind(told) : _add.BindNull();
        if (_add.Bind(request.OutputIsLow ? 1 : 0).Bind((int)request.CostKind).Run() == 0)
        {
            return false;
        }

        Count(session, model, source, request, 1);
        if (request.RequestId.Length > 0)
        {
            _tools.SetModel(session, text[request.RequestId], model);
        }

        return true;
    }

    private TakenOut TakeOut(long id, long session)
    {
        _takeOut.Begin().Bind(id).Step();
        (long model, long source, BilledRequest request) = Read(_takeOut);
        request.Teller = (Teller)_takeOut.Int64(11);
        var taken = new TakenOut(
            request.Teller, _takeOut.IsNull(12) ? null : _takeOut.Int64(12), request.CostNanoUsd, (CostKind)_takeOut.Int64(13), _takeOut.Text(14), _takeOut.Text(15));
        _takeOut.Reset();
        Count(session, model, source, request, -1);
        return taken;
    }

    // That a transcript told of it too stays known, and what it knows beside the numbers.
    private void Carry(in TakenOut before, long id)
    {
        if (before.TranscriptUnixNano is { } told)
        {
            Link(id, told, before.RequestId, before.PromptId);
        }
    }

    private void Link(long id, long toldUnixNano, ReadOnlySpan<byte> requestId, ReadOnlySpan<byte> promptId)
    {
        _link.Begin().Bind(id).Bind(toldUnixNano);
        _ = requestId.IsEmpty ? _link.BindNull() : _link.Bind(requestId);
        _ = promptId.IsEmpty ? _link.BindNull() : _link.Bind(promptId);
        _link.Run();
    }

    private long Id(UInt128 key) => _keyOf.Begin().BindHash(key).Bind(0).Scalar()!.Value;

    private long? Weaker(UInt128 key, Teller than) => _keyOf.Begin().BindHash(key).Bind((int)than).Scalar();

    private static long? Find(Statement statement, in BilledRequest request, long session, long model, long output) => statement.Begin()
        .Bind(session).Bind(model).Bind(request.TimeUnixNano).Bind(request.Input).Bind(request.CacheRead).Bind(request.CacheCreation).Bind(output)
        .Bind(Limits.TranscriptMatch.Ticks * TimeSpan.NanosecondsPerTick).Scalar();

    private static (long Model, long Source, BilledRequest Request) Read(Statement row) => (row.Int64(0), row.Int64(8), new BilledRequest
    {
        TimeUnixNano = row.Int64(1),
        Input = row.Int64(2),
        Output = row.Int64(3),
        CacheRead = row.Int64(4),
        CacheCreation = row.Int64(5),
        CostNanoUsd = row.Int64(6),
        Origin = (QueryOrigin)row.Int64(7),
        DurationMs = row.Int64(9),
        TtftMs = row.Int64(10),
    });

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
                _witnesses.Request(
                    session, model, kind, value, request.Origin == QueryOrigin.Auxiliary, request.Teller == Teller.Transcript, request.TimeUnixNano);
            }
        }
    }

    private UInt128 KeyOf(long session, ReadOnlySpan<byte> requestId)
    {
        _nameOf.Begin().Bind(session).Step();
        UInt128 key = KeyOf(session, _nameOf.Utf8(0), requestId);
        _nameOf.Reset();
        return key;
    }

    private UInt128 KeyOf(long session, ReadOnlySpan<byte> name, ReadOnlySpan<byte> requestId)
    {
        _hash.Reset();
        _hash.Append(name);
        _hash.Append("\0"u8);
        _hash.Append(requestId);
        return Beside(session, _hash.GetCurrentHashAsUInt128());
    }

    // The session goes before, so that the keys of what goes on at once are on few pages of the index: 37 of 740 in a log of events were written for keys that lay anywhere.
    private static UInt128 Beside(long session, UInt128 hash) => ((UInt128)(uint)session << 96) | (hash & (UInt128.MaxValue >> 32));

    // A request belongs to one session; its id is unique there even where it comes from a proxy that numbers its own. Clients
    // before 2.1 send none: session, time (milliseconds) and all the numbers do not collide in any recording. Where an event has a number of its
    // own in its process, that tells two requests of one millisecond apart.
    private UInt128 KeyOf(Utf8Text text, in BilledRequest request, long session)
    {
        if (request.RequestId.Length > 0)
        {
            return KeyOf(session, text[request.Session], text[request.RequestId]);
        }

        XxHash128 hash = _hash;
        hash.Reset();
        hash.Append(text[request.Session]);
        hash.Append("\0"u8);
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

        return Beside(session, hash.GetCurrentHashAsUInt128());
    }

    private void BindCount(long count) => _ = count < 0 ? _add.BindNull() : _add.Bind(count);
}
