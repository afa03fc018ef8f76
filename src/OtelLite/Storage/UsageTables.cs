using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>Writes what a batch adds to what is counted, in the transaction of its raw rows, and weighs the two witnesses.</summary>
internal sealed class UsageTables : IDisposable
{
    /// <summary>Where usage_request has what events say of a kind.</summary>
    public static readonly IReadOnlyDictionary<BilledKind, string> ColumnOf = new Dictionary<BilledKind, string>
    {
        [BilledKind.Input] = "input",
        [BilledKind.Output] = "output",
        [BilledKind.CacheRead] = "cache_read",
        [BilledKind.CacheCreation] = "cache_creation",
        [BilledKind.Cost] = "cost_nano_usd",
    };

    private readonly Statement _tally;
    private readonly Statement _prompt;
    private readonly NameTable _names;
    private readonly SessionTable _sessions;
    private readonly SequenceTable _sequences;
    private readonly QuarterTable _quarters;
    private readonly DetailSums _sums;
    private readonly WitnessTables _witnesses;
    private readonly ToolTables _tools;
    private readonly RequestTable _requests;
    private readonly SessionPlaceTable _places;
    private readonly SessionRows _rows;
    private readonly UsageFacts _facts = new();

    public UsageTables(SqliteConnection connection)
    {
        _tally = new(connection, "INSERT INTO usage_tally (time_unix_nano, session, model, figure, value) VALUES (?, ?, ?, ?, ?)");
        _prompt = new(connection, "INSERT INTO usage_prompt (session, time_unix_nano, prompt_id, kind, command) VALUES (?, ?, ?, ?, ?)");
        _names = new(connection);
        _sessions = new(connection);
        _sequences = new(connection, _sessions);
        _quarters = new(connection);
        _sums = new(connection);
        _witnesses = new(connection, _quarters);
        _tools = new(connection, _names, _sessions, _quarters, _sums);
        _places = new(connection);
        _rows = new(connection, _sessions);
        _requests = new(connection, _names, _sessions, _quarters, _sums, _witnesses, _tools);
    }

    /// <inheritdoc cref="RequestTable.HasCopies"/>
    public bool HasCopies
    {
        get => _requests.HasCopies;
        set => _requests.HasCopies = value;
    }

    /// <summary>The same as <see cref="Add"/>, and the sums of it at once.</summary>
    public void Write(TelemetryBatch batch, ReadOnlySpan<long> eventIds, ReadOnlySpan<long> resourceIds, long nowUnixNano)
    {
        Add(batch, eventIds, resourceIds, nowUnixNano);
        Write();
    }

    /// <summary>Writes what the batch adds; the sums of it, of several batches together, with <see cref="Write()"/>. Its raw rows are written already;
    /// <paramref name="eventIds"/> are those of its log records, <paramref name="resourceIds"/> those of its resources. The batch stays until then.</summary>
    public void Add(TelemetryBatch batch, ReadOnlySpan<long> eventIds, ReadOnlySpan<long> resourceIds, long nowUnixNano)
    {
        UsageReader.Read(batch, _facts, nowUnixNano);
        Utf8Text text = batch.Text;
        foreach (ref readonly SessionSeen seen in _facts.Sessions.Rows)
        {
            _sessions.See(text, seen, resourceIds[seen.Resource], nowUnixNano);
        }

        // Before the requests: a prompt tells which of a transcript's requests are its session's own.
        foreach (ref readonly Prompt prompt in _facts.Prompts.Rows)
        {
            _prompt.Begin().Bind(_sessions.Of(text, prompt.Session)).Bind(prompt.TimeUnixNano);
            _prompt.Bind(text, prompt.Id);
            _prompt.Bind((int)prompt.Kind);
            _names.Bind(_prompt, text, prompt.Command);
            _prompt.Run();
        }

        if (_facts.Requests.Count > 0)
        {
            _requests.Look();
        }

        foreach (ref readonly BilledRequest request in _facts.Requests.Rows)
        {
            _requests.Write(text, request, eventIds);
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
        foreach (ref readonly PlaceSeen place in _facts.Places.Rows)
        {
            Write(text, place);
        }

        foreach (ref readonly EventSequence sequence in _facts.Sequences.Rows)
        {
            _sequences.Add(_sessions.Of(text, sequence.Session), sequence);
        }

        // What was made of a huge export takes as much memory as its rows.
        _facts.Clear();
    }

    /// <summary>The same of a batch that is counted for the first time, and which sessions its raw rows are of.</summary>
    /// <inheritdoc cref="Add"/>
    public void AddStored(TelemetryBatch batch, ReadOnlySpan<long> eventIds, ReadOnlySpan<long> resourceIds, long nowUnixNano)
    {
        Add(batch, eventIds, resourceIds, nowUnixNano);
        _rows.Add(batch);
    }

    /// <summary>Takes what is counted of a session out of the sums of all sessions; <see cref="PutBack"/> puts in again what is left by then.</summary>
    public void TakeOut(long session)
    {
        _quarters.TakeOut(session);
        _sums.AddAllOf(session, -1);
        _sessions.AddToSums(session, -1);
    }

    /// <summary>Puts what is counted of a session into the sums again, and its own, of which there must be none.</summary>
    public void PutBack(long session)
    {
        _quarters.PutBack(session);
        _sums.AddAllOf(session, 1);
        _sessions.AddToSums(session, 1);
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

    /// <summary>After a rollback, or when another program has written: what was remembered may not be in the file.</summary>
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
        foreach (Statement statement in (Statement[])[_tally, _prompt])
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
        _requests.Dispose();
        _places.Dispose();
        _rows.Dispose();
    }

    // A transcript tells of its session's beginning, and whatever is told otherwise goes before: so the later it was, the earlier it counts as told.
    private void Write(Utf8Text text, in PlaceSeen place) => _places.Write(new SessionPlace(Encoding.UTF8.GetString(text[place.Session]), -place.TimeUnixNano)
    {
        Folder = Encoding.UTF8.GetString(text[place.Folder]),
        Branch = place.Branch.Length > 0 ? Encoding.UTF8.GetString(text[place.Branch]) : null,
    });
}
