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
    private readonly CopiedRequests _copies;
    private readonly XxHash128 _hash = new();
    private readonly Statement _add;
    private readonly Statement _takeOut;
    private readonly Statement _find;
    private readonly Statement _findWithoutId;
    private readonly Statement _findTold;
    private readonly Statement _keyOf;
    private readonly Statement _link;
    private readonly Statement _setTold;
    private readonly Statement _setCost;

    public RequestTable(
        SqliteConnection connection, NameTable names, SessionTable sessions, QuarterTable quarters, DetailSums sums, WitnessTables witnesses, ToolTables tools)
    {
        (_names, _sessions, _quarters, _sums, _witnesses, _tools) = (names, sessions, quarters, sums, witnesses, tools);
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
        _find = new(connection, $"SELECT id, told_by, {Numbers} FROM usage_request WHERE session = ? AND request_id = ?");

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
        _setTold = new(connection, "UPDATE usage_request SET event_id = max(event_id, ?2) WHERE id = ?1");
        _setCost = new(connection, "UPDATE usage_request SET cost_nano_usd = ?, cost_kind = ? WHERE id = ?");
    }

    // A request as it was taken out, with what is kept of it when a stronger teller's word takes its place.
    private readonly record struct TakenOut(Teller Teller, long? TranscriptUnixNano, long CostNanoUsd, CostKind CostKind, byte[]? RequestId, byte[]? PromptId);

    /// <summary>A transcript told of another session's request since this was set to false: its copy.</summary>
    public bool HasCopies { get; set; }

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

        UInt128 key = KeyOf(text, request);
        long eventId = request.LogRecord == BilledRequest.NoLogRecord ? NoEvent : eventIds[request.LogRecord];
        if (Add(text, key, request, session, model, eventId, null))
        {
            if (request.RequestId.Length <= 0 && Find(_findTold, request, session, model, request.Output) is { } told)
            {
                Carry(TakeOut(told, session), Id(key));
            }
            else if (_copies.Told(text, request, session, model) is { } copy)
            {
                Carry(TakeOut(copy.Id, copy.Session), Id(key));
                _sessions.Change(copy.Session);
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
        _copies.Dispose();
        foreach (Statement statement in (Statement[])[_add, _takeOut, _find, _findWithoutId, _findTold, _keyOf, _link, _setTold, _setCost])
        {
            statement.Dispose();
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

        _find.Begin().Bind(session).Bind(text[request.RequestId]);
        if (!_find.Step())
        {
            if (Find(_findWithoutId, request, session, model, request.Output) is { } exported)
            {
                Link(text, exported, request);
            }
            else if (_copies.Known(text, request, session, model) is { } copied)
            {
                WriteCopied(text, request, session, model, eventId, copied);
            }
            else
            {
                Add(text, KeyOf(text, request), request, session, model, eventId, request.TimeUnixNano);
            }

            return;
        }

        long id = _find.Int64(0);
        var teller = (Teller)_find.Int64(1);
        (long knownModel, long source, BilledRequest known) = Read(_find, 2);
        _find.Reset();
        known.Teller = teller;
        switch (known.Word.NewsOf(request.Word))
        {
            case TranscriptNews.All:
                TakenOut before = TakeOut(id, session);
                UInt128 key = KeyOf(text, request);
                Add(text, key, request, session, model, eventId, request.TimeUnixNano);
                Carry(before, Id(key));
                return;
            case TranscriptNews.Cost:
                Count(session, knownModel, source, known, -1);
                known.CostNanoUsd = request.CostNanoUsd;
                Count(session, knownModel, source, known, 1);
                _setCost.Begin().Bind(request.CostNanoUsd).Bind((int)request.CostKind).Bind(id).Run();
                break;
            case TranscriptNews.Nothing when teller == Teller.Transcript && request.SessionIsSettled:
                // That it is this session's was told here last.
                _setTold.Begin().Bind(id).Bind(eventId).Run();
                break;
        }

        Link(text, id, request);
    }

    // It stays with the session that is known to have it, unless only that one's transcript told of it, and whoever tells now knows better. Of two who do, the
    // later one, so that counting anew, in whichever order, gives the same.
    private void WriteCopied(Utf8Text text, in BilledRequest request, long session, long model, long eventId, in CopiedRequest known)
    {
        _sessions.Change(known.Session);
        if (request.SessionIsSettled && known.Teller == Teller.Transcript && eventId > known.EventId)
        {
            TakenOut before = TakeOut(known.Id, known.Session);
            UInt128 key = KeyOf(text, request);
            Add(text, key, request, session, model, eventId, request.TimeUnixNano);
            Carry(before, Id(key));
            return;
        }

        Link(text, known.Id, request);
        HasCopies = true;
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
            _tools.SetModel(text, session, request.RequestId, model);
        }

        return true;
    }

    private TakenOut TakeOut(long id, long session)
    {
        _takeOut.Begin().Bind(id).Step();
        (long model, long source, BilledRequest request) = Read(_takeOut, 0);
        request.Teller = (Teller)_takeOut.Int64(11);
        byte[]? Text(int column) => _takeOut.IsNull(column) ? null : _takeOut.Utf8(column).ToArray();
        var taken = new TakenOut(
            request.Teller, _takeOut.IsNull(12) ? null : _takeOut.Int64(12), request.CostNanoUsd, (CostKind)_takeOut.Int64(13), Text(14), Text(15));
        _takeOut.Reset();
        Count(session, model, source, request, -1);
        return taken;
    }

    // That a transcript told of it too stays known, and what it knows beside the numbers.
    private void Carry(in TakenOut before, long id)
    {
        if (before.TranscriptUnixNano is { } told)
        {
            _link.Begin().Bind(id).Bind(told);
            BindText(_link, before.RequestId);
            BindText(_link, before.PromptId);
            _link.Run();
        }
    }

    private void Link(Utf8Text text, long id, in BilledRequest request)
    {
        _link.Begin().Bind(id).Bind(request.TimeUnixNano);
        _link.Bind(text, request.RequestId);
        _link.Bind(text, request.PromptId);
        _link.Run();
    }

    private long Id(UInt128 key) => _keyOf.Begin().BindHash(key).Bind(0).Scalar()!.Value;

    private long? Weaker(UInt128 key, Teller than) => _keyOf.Begin().BindHash(key).Bind((int)than).Scalar();

    private static long? Find(Statement statement, in BilledRequest request, long session, long model, long output) => statement.Begin()
        .Bind(session).Bind(model).Bind(request.TimeUnixNano).Bind(request.Input).Bind(request.CacheRead).Bind(request.CacheCreation).Bind(output)
        .Bind(Limits.TranscriptMatch.Ticks * TimeSpan.NanosecondsPerTick).Scalar();

    // The columns of Numbers, from one on.
    private static (long Model, long Source, BilledRequest Request) Read(Statement row, int from) => (row.Int64(from), row.Int64(from + 8), new BilledRequest
    {
        TimeUnixNano = row.Int64(from + 1),
        Input = row.Int64(from + 2),
        Output = row.Int64(from + 3),
        CacheRead = row.Int64(from + 4),
        CacheCreation = row.Int64(from + 5),
        CostNanoUsd = row.Int64(from + 6),
        Origin = (QueryOrigin)row.Int64(from + 7),
        DurationMs = row.Int64(from + 9),
        TtftMs = row.Int64(from + 10),
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

    // A request belongs to one session; its id is unique there even where it comes from a proxy that numbers its own. Clients
    // before 2.1 send none: session, time (milliseconds) and all the numbers do not collide in any recording. Where an event has a number of its
    // own in its process, that tells two requests of one millisecond apart.
    private UInt128 KeyOf(Utf8Text text, in BilledRequest request)
    {
        XxHash128 hash = _hash;
        hash.Reset();
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

    private static void BindText(Statement statement, byte[]? text) => _ = text is null ? statement.BindNull() : statement.Bind(text);

    private void BindCount(long count) => _ = count < 0 ? _add.BindNull() : _add.Bind(count);
}
