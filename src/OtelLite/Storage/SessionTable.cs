using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>The sessions: when each was seen and what it named, and its totals, kept equal to what the other tables have of it; and the sums over all of them, kept equal to the rows.</summary>
internal sealed class SessionTable : IDisposable
{
    // Costs are sums of rounded numbers: they agree when they agree to the cent.
    private const long CostSlackNanoUsd = 5_000_000;

    private readonly Statement _find;
    private readonly Statement _add;
    private readonly Statement _update;
    private readonly Statement _counted;
    private readonly SumTable _sums;
    private readonly Statement _capture;
    private readonly Statement _forgetCapture;
    private readonly IdCache _ids = new();

    // The sessions of which the open transaction changed anything, with what batches say of each; null where they only changed its figures.
    private readonly Dictionary<long, Said?> _changed = [];

    public SessionTable(SqliteConnection connection)
    {
        _find = new(connection, "SELECT id FROM usage_session WHERE session_id = ?");
        _add = new(connection, """
            INSERT OR IGNORE INTO usage_session (session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something,
                folder, project, repository, branch, pull_request, session_name)
            SELECT ?1, ?2, ?3, ?4, 0, 0, folder, project, repository, branch, pull_request, session_name
            FROM (SELECT 1) LEFT JOIN session_place ON session_place.session_id = ?1
            """);
        _update = new(connection, $"UPDATE usage_session SET {Seen}, {AddedUp}, {Judged} WHERE id = ?1");
        _counted = new(connection, "SELECT first_unix_nano, is_named, verdict, missing_events, open_calls FROM usage_session WHERE id = ? AND has_figures");
        _sums = new(connection, SumsTable.Sessions);
        _forgetCapture = new(connection, "DELETE FROM usage_capture WHERE session = ?");
        _capture = new(connection, $"""
            INSERT INTO usage_capture (session, requests, captured, low_outputs, derived_costs, unknown_costs)
                SELECT ?1, count(*), sum(told_by <> {(int)Teller.Transcript}), sum(output_is_low), sum(cost_kind = {(int)CostKind.Derived}),
                    sum(cost_kind = {(int)CostKind.Unknown})
                FROM usage_request WHERE session = ?1 AND transcript_unix_nano IS NOT NULL HAVING count(*) > 0
            """);
    }

    // What its records say of it. Of a resource whose newest record is as old as another's, the greater text counts, so that the order of arrival does not matter.
    private static string Seen
    {
        get
        {
            const string textOf = "(SELECT attributes FROM otel_resource WHERE id =";
            return $"""
                first_unix_nano = min(first_unix_nano, ?2), last_unix_nano = max(last_unix_nano, ?3),
                received_unix_nano = max(received_unix_nano, ?4), did_something = max(did_something, ?5),
                project = iif(?6 IS NOT NULL AND (?7, ?6) > (project_unix_nano, coalesce(project, '')), ?6, project),
                project_unix_nano = iif(?6 IS NOT NULL, max(?7, project_unix_nano), project_unix_nano),
                machine = iif(?8 IS NOT NULL AND (?9, ?8) > (machine_unix_nano, coalesce(machine, '')), ?8, machine),
                machine_unix_nano = iif(?8 IS NOT NULL, max(?9, machine_unix_nano), machine_unix_nano),
                has_points = max(has_points, ?10), has_records = max(has_records, ?11),
                resource = CASE WHEN ?12 IS NULL THEN resource WHEN resource IS NULL OR ?13 > resource_unix_nano THEN ?12
                    WHEN ?13 < resource_unix_nano OR resource = ?12 THEN resource
                    WHEN {textOf} ?12) > {textOf} resource) THEN ?12 ELSE resource END,
                resource_unix_nano = max(resource_unix_nano, ?13)
                """;
        }
    }

    private static string AddedUp => $"""
        missing_events = {Missing},
        open_calls = (SELECT count(*) FROM usage_call WHERE session = ?1 AND accepted_unix_nano IS NOT NULL AND result_unix_nano IS NULL),
        (input, output, cache_read, cache_creation, tokens, cost_nano_usd, api_requests, api_errors, prompts, tool_calls, has_figures) = (
            SELECT coalesce(sum(input + input_rest), 0), coalesce(sum(output + output_rest), 0), coalesce(sum(cache_read + cache_read_rest), 0),
                coalesce(sum(cache_creation + cache_creation_rest), 0), coalesce(sum(input + input_rest + output + output_rest + cache_read
                    + cache_read_rest + cache_creation + cache_creation_rest), 0),
                coalesce(sum(cost + cost_rest), 0), coalesce(sum(api_requests), 0), coalesce(sum(api_errors), 0), coalesce(sum(prompts), 0),
                coalesce(sum(tool_calls), 0), coalesce(max({string.Join(" OR ", FigureColumns.All.Select(c => $"{c} <> 0"))}), 0)
            FROM usage_session_model WHERE session = ?1)
        """;

    private static string Judged => $"verdict = (SELECT {Verdict} FROM usage_witness WHERE session = ?1)";

    private const string Missing = "(SELECT coalesce(sum(missing), 0) FROM usage_hole WHERE session = ?1)";

    // What one batch says of a session, or several together.
    private struct Said(Utf8Text text, in SessionSeen seen, long resource, long receivedUnixNano)
    {
        public SessionSeen Seen = seen;
        public long Resource = resource;
        public long ReceivedUnixNano = receivedUnixNano;
        private Utf8Text _projectText = text;
        private Utf8Text _machineText = text;

        public readonly ReadOnlySpan<byte> Project => _projectText[Seen.Project];

        public readonly ReadOnlySpan<byte> Machine => _machineText[Seen.Machine];

        // As the statement would, one after the other. False where it takes a look into the file to tell which of two resources counts.
        public bool TryJoin(in Said other)
        {
            if (Resource != other.Resource && Resource != 0 && other.Resource != 0 && Seen.ResourceUnixNano == other.Seen.ResourceUnixNano)
            {
                return false;
            }

            if (Resource == 0 || (other.Resource != 0 && other.Seen.ResourceUnixNano > Seen.ResourceUnixNano))
            {
                Resource = other.Resource;
            }

            Seen.ResourceUnixNano = Math.Max(Seen.ResourceUnixNano, other.Seen.ResourceUnixNano);
            if (IsLater(other.Seen.ProjectUnixNano, other.Project, Seen.ProjectUnixNano, Project))
            {
                (Seen.Project, Seen.ProjectUnixNano, _projectText) = (other.Seen.Project, other.Seen.ProjectUnixNano, other._projectText);
            }

            if (IsLater(other.Seen.MachineUnixNano, other.Machine, Seen.MachineUnixNano, Machine))
            {
                (Seen.Machine, Seen.MachineUnixNano, _machineText) = (other.Seen.Machine, other.Seen.MachineUnixNano, other._machineText);
            }

            Seen.FirstUnixNano = Math.Min(Seen.FirstUnixNano, other.Seen.FirstUnixNano);
            Seen.LastUnixNano = Math.Max(Seen.LastUnixNano, other.Seen.LastUnixNano);
            Seen.DidSomething |= other.Seen.DidSomething;
            Seen.HasPoints |= other.Seen.HasPoints;
            Seen.HasRecords |= other.Seen.HasRecords;
            ReceivedUnixNano = Math.Max(ReceivedUnixNano, other.ReceivedUnixNano);
            return true;
        }

        private static bool IsLater(long time, ReadOnlySpan<byte> name, long thanTime, ReadOnlySpan<byte> thanName) =>
            name.Length > 0 && (thanName.Length == 0 || time > thanTime || (time == thanTime && name.SequenceCompareTo(thanName) > 0));
    }

    // Several processes under one session id are one session; what is compared is all that is stored of it.
    private static string Verdict
    {
        get
        {
            string slack = $"iif(kind = {(int)BilledKind.Cost}, {CostSlackNanoUsd}, 0)";
            // What transcripts alone tell of is nothing that the export is at odds about.
            const string exported = "(events - transcripts)";
            // A statement sees the row as it was before.
            const string hasPoints = "max(has_points, ?10)", hasRecords = "max(has_records, ?11)";
            string eventsMore = $"max({exported} > metrics + {slack})";
            return $"""
                CASE WHEN coalesce(sum(metrics), 0) <= 0 AND coalesce(sum(events), 0) <= 0 THEN {(int)SessionVerdict.Nothing}
                    WHEN NOT {hasPoints} AND NOT {hasRecords} AND max(transcripts) > 0 THEN {(int)SessionVerdict.TranscriptOnly}
                    WHEN NOT max(metrics > {exported} + {slack}) AND NOT {eventsMore} THEN {(int)SessionVerdict.Agree}
                    WHEN NOT {hasPoints} THEN {(int)SessionVerdict.EventsOnly}
                    WHEN {eventsMore} THEN {(int)SessionVerdict.MetricsIncomplete}
                    WHEN NOT {hasRecords} THEN {(int)SessionVerdict.MetricsOnly}
                    WHEN max(metrics > {exported} + max(auxiliary, 0) + {slack}) OR {Missing} > 0 THEN {(int)SessionVerdict.EventsIncomplete}
                    ELSE {(int)SessionVerdict.Auxiliary} END
                """;
        }
    }

    /// <summary>Notes what a batch says of a session.</summary>
    /// <param name="resource">The row of its newest resource; 0 for none.</param>
    /// <param name="nowUnixNano">When it arrived. What an import brings of old sessions makes none of them active.</param>
    public void See(Utf8Text text, in SessionSeen seen, long resource, long nowUnixNano)
    {
        ReadOnlySpan<byte> id = text[seen.Session];
        UInt128 hash = IdCache.Hash(id);
        if (!_ids.TryGet(hash, out long session))
        {
            _add.Begin().Bind(id).Bind(seen.IsNamed ? 1 : 0).Bind(seen.FirstUnixNano).Bind(seen.LastUnixNano).Run();
            session = _ids.Add(hash, _find.Begin().Bind(id).Scalar()!.Value);
        }

        var said = new Said(text, seen, resource, seen.IsExported ? nowUnixNano : Math.Min(nowUnixNano, seen.LastUnixNano));
        if (_changed.GetValueOrDefault(session) is { } earlier && !said.TryJoin(earlier))
        {
            Update(session, earlier);
        }

        _changed[session] = said;
    }

    /// <summary>The row of a session that was seen before.</summary>
    public long Of(Utf8Text text, TextRange id)
    {
        UInt128 hash = IdCache.Hash(text[id]);
        return _ids.TryGet(hash, out long session) ? session : _ids.Add(hash, _find.Begin().Bind(text[id]).Scalar()!.Value);
    }

    /// <summary>Notes that something of a session changed of which its totals are made.</summary>
    public void Change(long session) => _changed.TryAdd(session, null);

    /// <summary>Adds up the totals of every session that changed. All else is written already.</summary>
    public void Write()
    {
        foreach ((long session, Said? said) in _changed)
        {
            Update(session, said);
            _forgetCapture.Begin().Bind(session).Run();
            _capture.Begin().Bind(session).Run();
        }

        _changed.Clear();
        _sums.Write();
    }

    /// <summary>Adds a session's row as it stands to the sums of all, or takes it out: around a change that is not made here.</summary>
    /// <param name="times">1, or -1 for what is taken out.</param>
    public void AddToSums(long session, int times)
    {
        if (_counted.Begin().Bind(session).Step())
        {
            long quarter = _counted.Int64(0) / QuarterTable.QuarterNano;
            foreach (long step in SumTable.Steps)
            {
                Span<long> sums = _sums.Of(new(step, quarter / step * step, _counted.Int64(1), _counted.Int64(2)));
                sums[0] += times;
                sums[1] += times * _counted.Int64(3);
                sums[2] += times * _counted.Int64(4);
            }
        }

        _counted.Reset();
    }

    /// <summary>After a rollback: what was remembered may not be in the file.</summary>
    public void Forget()
    {
        _ids.Clear();
        _changed.Clear();
        _sums.Forget();
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[_find, _add, _update, _counted, _capture, _forgetCapture])
        {
            statement.Dispose();
        }

        _sums.Dispose();
    }

    private void Update(long session, Said? said)
    {
        AddToSums(session, -1);
        Rewrite(session, said);
        AddToSums(session, 1);
    }

    // One statement for all: each would rewrite the row's nine indexes.
    private void Rewrite(long session, Said? said)
    {
        if (said is not { } told)
        {
            _update.Begin().Bind(session).Bind(long.MaxValue).Bind(0).Bind(0).Bind(0).BindNull().Bind(0).BindNull().Bind(0).Bind(0).Bind(0).BindNull().Bind(0).Run();
            return;
        }

        SessionSeen seen = told.Seen;
        _update.Begin().Bind(session).Bind(seen.FirstUnixNano).Bind(seen.LastUnixNano).Bind(told.ReceivedUnixNano).Bind(seen.DidSomething ? 1 : 0);
        BindName(told.Project, seen.ProjectUnixNano);
        BindName(told.Machine, seen.MachineUnixNano);
        _update.Bind(seen.HasPoints ? 1 : 0).Bind(seen.HasRecords ? 1 : 0);
        _ = told.Resource == 0 ? _update.BindNull() : _update.Bind(told.Resource);
        _update.Bind(seen.ResourceUnixNano).Run();

        void BindName(ReadOnlySpan<byte> name, long unixNano) => _ = name.IsEmpty ? _update.BindNull().Bind(unixNano) : _update.Bind(name).Bind(unixNano);
    }
}
