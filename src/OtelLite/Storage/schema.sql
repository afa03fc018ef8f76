-- The database as it is made. Times are nanoseconds since 1970 UTC as the client sent them, money is in nano-dollars, so
-- sums are exact integers. A change here raises user_version (Database.cs) and needs a migration.

-- What arrived, as it arrived. People open these two with sqlite3: their first columns, in this order, are promised.
CREATE TABLE otel_metrics (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at          DATETIME DEFAULT CURRENT_TIMESTAMP,
    metric_name          TEXT,
    value                REAL,     -- the increase, whatever the temporality; a gauge's value as it is
    unit                 TEXT,
    attributes           TEXT,     -- one flat JSON object
    session_id           TEXT,
    time_unix_nano       INTEGER,
    start_time_unix_nano INTEGER,
    sent_value,                    -- what the sender wrote: integer, real (of a distribution its sum), 'NaN', or null for none
    kind                 TEXT,     -- sum, gauge, histogram, exponential_histogram, summary
    temporality          INTEGER,  -- 0 unspecified, 1 delta, 2 cumulative
    is_monotonic         INTEGER,
    flags                INTEGER,
    resource_id          INTEGER REFERENCES otel_resource (id),
    scope_id             INTEGER REFERENCES otel_scope (id),
    shape                TEXT,     -- of a distribution: count, buckets, quantiles as JSON, as the sender wrote them
    exemplars            TEXT,     -- a JSON array
    dropped_attributes_count INTEGER   -- those past the limit of a record
);

CREATE TABLE otel_events (
    id                       INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at              DATETIME DEFAULT CURRENT_TIMESTAMP,
    event_name               TEXT,
    attributes               TEXT,  -- one flat JSON object
    session_id               TEXT,
    prompt_id                TEXT,
    time_unix_nano           INTEGER,
    observed_time_unix_nano  INTEGER,
    severity_number          INTEGER,
    severity_text            TEXT,
    body                     TEXT,  -- JSON of any kind
    trace_id                 TEXT,
    span_id                  TEXT,
    flags                    INTEGER,
    dropped_attributes_count INTEGER,
    resource_id              INTEGER REFERENCES otel_resource (id),
    scope_id                 INTEGER REFERENCES otel_scope (id)
);

-- A span that comes again, by its ids, is stored once.
CREATE TABLE otel_spans (
    id                       INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at              DATETIME DEFAULT CURRENT_TIMESTAMP,
    trace_id                 TEXT,  -- lower-case hex, as all ids
    span_id                  TEXT,
    parent_span_id           TEXT,  -- null for a root
    name                     TEXT,
    kind                     INTEGER,
    status_code              INTEGER,  -- 0 unset, 1 ok, 2 error
    status_message           TEXT,
    start_time_unix_nano     INTEGER,
    end_time_unix_nano       INTEGER,
    attributes               TEXT,  -- one flat JSON object
    events                   TEXT,  -- a JSON array
    links                    TEXT,  -- a JSON array
    session_id               TEXT,
    trace_state              TEXT,
    flags                    INTEGER,
    dropped_attributes_count INTEGER,
    dropped_events_count     INTEGER,
    dropped_links_count      INTEGER,
    resource_id              INTEGER REFERENCES otel_resource (id),
    scope_id                 INTEGER REFERENCES otel_scope (id)
);

CREATE UNIQUE INDEX otel_spans_id ON otel_spans (trace_id, span_id);

-- A resource or scope is the same for a whole process: it is stored once and referred to.
CREATE TABLE otel_resource (
    id                       INTEGER PRIMARY KEY,
    hash                     BLOB NOT NULL UNIQUE,
    attributes               TEXT NOT NULL,
    dropped_attributes_count INTEGER NOT NULL,
    schema_url               TEXT
);

CREATE TABLE otel_scope (
    id                       INTEGER PRIMARY KEY,
    hash                     BLOB NOT NULL UNIQUE,
    name                     TEXT,
    version                  TEXT,
    attributes               TEXT NOT NULL,
    dropped_attributes_count INTEGER NOT NULL,
    schema_url               TEXT
);

-- Bodies of the last day: one that comes again is acknowledged and not stored twice. The time is its first record's, so that what arrives stands together and not anywhere, as hashes do alone:
-- each body wrote a page of its own so, a sixth of all that a data point's wrote. 0 where it tells none, and in bodies of before schema 10.
CREATE TABLE otel_body (
    time_unix_nano     INTEGER NOT NULL,
    hash               BLOB NOT NULL,
    received_unix_nano INTEGER NOT NULL,
    PRIMARY KEY (time_unix_nano, hash)
) WITHOUT ROWID;

-- One row: raw rows of what happened before this moment may have been removed. What they added stays counted, and a recount leaves it alone.
CREATE TABLE otel_removed (
    before_unix_nano INTEGER NOT NULL,
    metrics          INTEGER NOT NULL DEFAULT 0,  -- rows of each raw table that were removed: with the last id they tell how many are left
    events           INTEGER NOT NULL DEFAULT 0,
    spans            INTEGER NOT NULL DEFAULT 0
);

INSERT INTO otel_removed (before_unix_nano) VALUES (0);

-- While much arrives, what a transaction stored is counted a moment later, together with what the next ones stored. Until then its rows stand here, a row for a
-- transaction, from the first to the last of each raw table (the last below the first where it stored none): a server that was killed counts them at its next start.
CREATE TABLE otel_uncounted (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    owner        INTEGER NOT NULL,  -- a number of the writer's own, which has the batches in memory
    first_metric INTEGER NOT NULL,
    last_metric  INTEGER NOT NULL,
    first_event  INTEGER NOT NULL,
    last_event   INTEGER NOT NULL,
    first_span   INTEGER NOT NULL,
    last_span    INTEGER NOT NULL
);

-- Which raw rows are of a session, written when they are counted (Storage/SessionRows.cs): those from first_id to last_id are, as far as they are there. What one export brought of a
-- session stands one after the other, so a row here is of many there. An index of each raw table by its session_id would be written with every transaction at the places of all sessions that are at work.
CREATE TABLE usage_raw (
    session  INTEGER NOT NULL,  -- of usage_session; 0 for rows without a session_id
    signal   INTEGER NOT NULL,  -- 0 otel_metrics, 1 otel_events, 2 otel_spans
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (session, signal, first_id)
) WITHOUT ROWID;

-- Where each cumulative series stands. count is that of a distribution, else 0.
CREATE TABLE otel_series (
    key            BLOB PRIMARY KEY,
    time_unix_nano INTEGER NOT NULL,
    value          REAL NOT NULL,
    count          INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- What is counted. Written in the transaction that writes the raw rows.
CREATE TABLE usage_session (
    id                 INTEGER PRIMARY KEY,
    session_id         TEXT NOT NULL UNIQUE,
    is_named           INTEGER NOT NULL,      -- 0: its client sends no ids; a group by user and resource
    first_unix_nano    INTEGER NOT NULL,
    last_unix_nano     INTEGER NOT NULL,
    received_unix_nano INTEGER NOT NULL,      -- when something of it arrived last
    did_something      INTEGER NOT NULL,      -- 0: only start-up records, no session
    project            TEXT,                  -- what it named last, and when
    project_unix_nano  INTEGER NOT NULL DEFAULT 0,
    machine            TEXT,
    machine_unix_nano  INTEGER NOT NULL DEFAULT 0,
    has_points         INTEGER NOT NULL DEFAULT 0,  -- a data point of it ever arrived, and a log record: what never sends one has lost none
    has_records        INTEGER NOT NULL DEFAULT 0,
    missing_events     INTEGER NOT NULL DEFAULT 0,  -- the sum over usage_hole
    resource           INTEGER REFERENCES otel_resource (id),  -- what its newest record came from, and when
    resource_unix_nano INTEGER NOT NULL DEFAULT 0,
    -- What follows is kept by Storage/SessionTable.cs. The sums over usage_session_model, of tokens and cost with what only metrics know.
    input              INTEGER NOT NULL DEFAULT 0,
    output             INTEGER NOT NULL DEFAULT 0,
    cache_read         INTEGER NOT NULL DEFAULT 0,
    cache_creation     INTEGER NOT NULL DEFAULT 0,
    tokens             INTEGER NOT NULL DEFAULT 0,  -- of all four kinds
    cost_nano_usd      INTEGER NOT NULL DEFAULT 0,
    api_requests       INTEGER NOT NULL DEFAULT 0,
    api_errors         INTEGER NOT NULL DEFAULT 0,
    prompts            INTEGER NOT NULL DEFAULT 0,
    tool_calls         INTEGER NOT NULL DEFAULT 0,
    has_figures        INTEGER NOT NULL DEFAULT 0,  -- a figure of it is not zero
    verdict            INTEGER NOT NULL DEFAULT 0,  -- what its witnesses say (SessionVerdict in Usage/SessionVerdict.cs)
    open_calls         INTEGER NOT NULL DEFAULT 0,  -- uses of tools that were accepted and have no result
    -- What session_place has of it. Its project is what the export names, or else what stands there; project_unix_nano is 0 then.
    folder             TEXT,
    repository         TEXT,
    branch             TEXT,
    pull_request       TEXT,
    session_name       TEXT
);

CREATE INDEX usage_session_first ON usage_session (first_unix_nano, last_unix_nano, has_figures);
CREATE INDEX usage_session_last ON usage_session (last_unix_nano, first_unix_nano);
CREATE INDEX usage_session_project ON usage_session (project, first_unix_nano, last_unix_nano);
CREATE INDEX usage_session_repository ON usage_session (repository, first_unix_nano, last_unix_nano) WHERE repository IS NOT NULL;
CREATE INDEX usage_session_branch ON usage_session (branch, first_unix_nano, last_unix_nano) WHERE branch IS NOT NULL;
CREATE INDEX usage_session_machine ON usage_session (machine, first_unix_nano, last_unix_nano);
CREATE INDEX usage_session_resource ON usage_session (resource, first_unix_nano, last_unix_nano);

-- All that the checks ask of many sessions, so that they need no look at the sessions themselves.
CREATE INDEX usage_session_verdict ON usage_session (is_named, verdict, has_figures, first_unix_nano, last_unix_nano, missing_events, open_calls, received_unix_nano);
CREATE INDEX usage_session_received ON usage_session (received_unix_nano);

-- Those that went on for longer than a day, which are few: what else lies over a moment began within the day before it (Query/Scope.cs).
CREATE INDEX usage_session_long ON usage_session (first_unix_nano, last_unix_nano) WHERE last_unix_nano - first_unix_nano > 86400000000000;

-- Models, tools, agents, ...: names that many rows share.
CREATE TABLE usage_name (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- The first witness, and the ledger: one row per billed request, from its api_request event, or from its span where no event told of it
-- (the third witness; it knows no cost), or from the client's transcript where neither did. key is the session and a hash of it and request_id, or of the
-- whole row where an old client sends none; a transcript names that request then. What was not sent is null.
CREATE TABLE usage_request (
    id             INTEGER PRIMARY KEY,
    key            BLOB NOT NULL UNIQUE,
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    model          INTEGER NOT NULL REFERENCES usage_name (id),
    time_unix_nano INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost_nano_usd  INTEGER NOT NULL,
    duration_ms    INTEGER,                   -- null where a transcript tells of it
    ttft_ms        INTEGER,
    query_source   INTEGER NOT NULL REFERENCES usage_name (id),
    origin         INTEGER NOT NULL,          -- what query_source comes to: 0 not told, 1 main, 2 subagent, 3 auxiliary
    event_id       INTEGER NOT NULL,          -- its row of otel_events; 0 where its span is what tells of it
    request_id     TEXT,
    prompt_id      TEXT,
    cache_creation_5m INTEGER,                -- the parts of cache_creation by how long they are kept
    cache_creation_1h INTEGER,
    agent          INTEGER REFERENCES usage_name (id),
    skill          INTEGER REFERENCES usage_name (id),
    mcp_server     INTEGER REFERENCES usage_name (id),
    mcp_tool       INTEGER REFERENCES usage_name (id),
    told_by        INTEGER NOT NULL DEFAULT 1,  -- whose numbers these are: 1 event, 2 span, 3 transcript
    transcript_unix_nano INTEGER,             -- when it was for a transcript, where one told of it, whoever else did
    output_is_low  INTEGER NOT NULL DEFAULT 0,  -- more came out than the transcript knows
    cost_kind      INTEGER NOT NULL DEFAULT 0   -- 0 as the client reports it, 1 derived from prices, 2 unknown and counted as nothing
);

CREATE INDEX usage_request_time ON usage_request (time_unix_nano);
CREATE INDEX usage_request_session ON usage_request (session, model, time_unix_nano);
CREATE INDEX usage_request_id ON usage_request (session, request_id, model);
CREATE INDEX usage_request_duration ON usage_request (model, duration_ms, time_unix_nano);
CREATE INDEX usage_request_ttft ON usage_request (model, ttft_ms, time_unix_nano) WHERE ttft_ms IS NOT NULL;
CREATE INDEX usage_request_transcript ON usage_request (session, told_by, output_is_low, cost_kind) WHERE transcript_unix_nano IS NOT NULL;
CREATE INDEX usage_request_imported ON usage_request (request_id) WHERE transcript_unix_nano IS NOT NULL;

-- What transcripts tell of requests, which sessions' and from when to when: a forked session's begins with copies of its parent's. Of sessions that tell
-- of the same one only one has it in the ledger (Storage/TellingTable.cs).
CREATE TABLE usage_telling (
    request_id       TEXT NOT NULL,
    session          INTEGER NOT NULL REFERENCES usage_session (id),
    first_unix_nano  INTEGER NOT NULL,
    last_unix_nano   INTEGER NOT NULL,
    settled_event_id INTEGER NOT NULL,        -- the last row of otel_events that knows that this session paid; 0 where none does
    cost_nano_usd    INTEGER NOT NULL,        -- 0 where it is not known
    cost_kind        INTEGER NOT NULL,
    prompt_id        TEXT,
    payer            INTEGER REFERENCES usage_session (id),  -- the other session whose export tells of it, as far as numbers and time tell
    PRIMARY KEY (request_id, session)
) WITHOUT ROWID;

CREATE INDEX usage_telling_session ON usage_telling (session, first_unix_nano);
CREATE INDEX usage_telling_time ON usage_telling (request_id, last_unix_nano, first_unix_nano);

-- Of a session whose transcript was imported: how many requests that one knows, how many of them the export brought too, and of the first how many
-- have too low an output, a cost that is derived, and none that is known. Kept by Storage/SessionTable.cs.
CREATE TABLE usage_capture (
    session       INTEGER PRIMARY KEY REFERENCES usage_session (id),
    requests      INTEGER NOT NULL,
    captured      INTEGER NOT NULL,
    low_outputs   INTEGER NOT NULL,
    derived_costs INTEGER NOT NULL,
    unknown_costs INTEGER NOT NULL
);

-- The second witness: the points of the token and cost metrics. rest is the share of value that no event explains; the total
-- of a figure is the sum over usage_request plus the sum of rest (Usage/Unexplained.cs). auxiliary is what of value may be of requests that
-- have no event: what the client calls auxiliary, and all that an older one sends, which does not tell.
CREATE TABLE usage_point (
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    model          INTEGER NOT NULL REFERENCES usage_name (id),
    kind           INTEGER NOT NULL,          -- 1 input, 2 output, 3 cache read, 4 cache creation, 5 cost
    time_unix_nano INTEGER NOT NULL,
    value          INTEGER NOT NULL,
    auxiliary      INTEGER NOT NULL,
    rest           INTEGER NOT NULL,
    PRIMARY KEY (session, model, kind, time_unix_nano)
) WITHOUT ROWID;

CREATE INDEX usage_point_rest ON usage_point (time_unix_nano) WHERE rest > 0;

-- What each witness says in all, and what is laid on points of the difference. auxiliary is that of the points less what events tell of
-- auxiliary requests: as much of the difference needs no lost event. events is of all requests; transcripts is the part of it that was not exported.
CREATE TABLE usage_witness (
    session   INTEGER NOT NULL REFERENCES usage_session (id),
    model     INTEGER NOT NULL REFERENCES usage_name (id),
    kind      INTEGER NOT NULL,
    metrics   INTEGER NOT NULL,
    auxiliary INTEGER NOT NULL,
    events    INTEGER NOT NULL,
    rest      INTEGER NOT NULL,
    transcripts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (session, model, kind)
) WITHOUT ROWID;

-- The figures that are simply counted (Figure in Usage/UsageFacts.cs); active time in microseconds.
CREATE TABLE usage_tally (
    id             INTEGER PRIMARY KEY,
    time_unix_nano INTEGER NOT NULL,
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    model          INTEGER NOT NULL REFERENCES usage_name (id),
    figure         INTEGER NOT NULL,
    value          INTEGER NOT NULL
);

CREATE INDEX usage_tally_time ON usage_tally (time_unix_nano);
CREATE INDEX usage_tally_session ON usage_tally (session, figure, time_unix_nano);

-- One row per result of a tool. model is that of the request which asked for it, and the empty name where none is known; it changes when
-- the request comes later.
CREATE TABLE usage_tool (
    id             INTEGER PRIMARY KEY,
    time_unix_nano INTEGER NOT NULL,
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    tool           INTEGER NOT NULL REFERENCES usage_name (id),
    succeeded      INTEGER NOT NULL,
    duration_ms    INTEGER NOT NULL,
    request_id     TEXT,
    prompt_id      TEXT,
    model          INTEGER NOT NULL REFERENCES usage_name (id),
    error_type     INTEGER REFERENCES usage_name (id),
    input_bytes    INTEGER,
    result_bytes   INTEGER
);

CREATE INDEX usage_tool_time ON usage_tool (time_unix_nano, tool, duration_ms, succeeded, model);
CREATE INDEX usage_tool_session ON usage_tool (session, time_unix_nano, tool, duration_ms, succeeded, model);
CREATE INDEX usage_tool_request ON usage_tool (session, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX usage_tool_duration ON usage_tool (tool, duration_ms, time_unix_nano);
CREATE INDEX usage_tool_result ON usage_tool (tool, result_bytes, time_unix_nano) WHERE result_bytes IS NOT NULL;
CREATE INDEX usage_tool_failure ON usage_tool (time_unix_nano, tool, error_type, model) WHERE NOT succeeded;

-- One row per decision on a use of a tool, accepted or not. model as in usage_tool.
CREATE TABLE usage_decision (
    id             INTEGER PRIMARY KEY,
    time_unix_nano INTEGER NOT NULL,
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    tool           INTEGER NOT NULL REFERENCES usage_name (id),
    accepted       INTEGER NOT NULL,
    source         INTEGER NOT NULL REFERENCES usage_name (id),  -- who decided: config, hook, user_temporary, ...
    request_id     TEXT,
    model          INTEGER NOT NULL REFERENCES usage_name (id)
);

CREATE INDEX usage_decision_time ON usage_decision (time_unix_nano, tool, accepted, source, model);
CREATE INDEX usage_decision_session ON usage_decision (session, time_unix_nano);
CREATE INDEX usage_decision_request ON usage_decision (session, request_id) WHERE request_id IS NOT NULL;

-- Each use of a tool by its id: when it was accepted, and when its result came. Accepted without a result, it runs still or the event was lost.
CREATE TABLE usage_call (
    session            INTEGER NOT NULL REFERENCES usage_session (id),
    tool_use_id        TEXT NOT NULL,
    accepted_unix_nano INTEGER,
    result_unix_nano   INTEGER,
    tool               INTEGER NOT NULL REFERENCES usage_name (id),  -- as the decision names it, or else the result
    PRIMARY KEY (session, tool_use_id)
) WITHOUT ROWID;

CREATE INDEX usage_call_open ON usage_call (session) WHERE accepted_unix_nano IS NOT NULL AND result_unix_nano IS NULL;

CREATE TABLE usage_prompt (
    id             INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    time_unix_nano INTEGER NOT NULL,
    prompt_id      TEXT,
    kind           INTEGER NOT NULL,          -- 1 human, 2 slash command, 3 a background agent's result
    command        INTEGER REFERENCES usage_name (id)
);

CREATE INDEX usage_prompt_session ON usage_prompt (session, time_unix_nano);

-- The numbers that a process gives its events. Where a session has the same number several times (several processes), level counts them by
-- time; sender is a hash of the user. Storage/SequenceTable.cs has the rule by which what is missing between them is told.
CREATE TABLE usage_sequence (
    session        INTEGER NOT NULL REFERENCES usage_session (id),
    level          INTEGER NOT NULL,
    sequence       INTEGER NOT NULL,
    time_unix_nano INTEGER NOT NULL,
    sender         INTEGER NOT NULL,
    PRIMARY KEY (session, level, sequence)
) WITHOUT ROWID;

-- In which sessions a sender ever gave one, and since when: there a number is looked for that another session lacks. An index of the numbers by sender and time was a seventh of all
-- pages that the events of many senders wrote. A session has a second row where an earlier number came later.
CREATE TABLE usage_sender (
    sender          INTEGER NOT NULL,
    begun_unix_nano INTEGER NOT NULL,
    session         INTEGER NOT NULL REFERENCES usage_session (id),
    PRIMARY KEY (sender, begun_unix_nano, session)
) WITHOUT ROWID;

-- Where numbers are missing before a number. missing is 0 where another session has them: the process was there meanwhile.
CREATE TABLE usage_hole (
    session         INTEGER NOT NULL REFERENCES usage_session (id),
    level           INTEGER NOT NULL,
    sequence        INTEGER NOT NULL,
    since_unix_nano INTEGER NOT NULL,         -- when the number before the hole was given, and the one behind it
    time_unix_nano  INTEGER NOT NULL,
    sender          INTEGER NOT NULL,
    missing         INTEGER NOT NULL,
    PRIMARY KEY (session, level, sequence)
) WITHOUT ROWID;

CREATE INDEX usage_hole_number ON usage_hole (sequence, sender);

-- Everything of the tables above that is added up, as one list.
CREATE VIEW usage_amount (time_unix_nano, session, model, figure, value) AS
    SELECT time_unix_nano, session, model, 1, input FROM usage_request WHERE input <> 0
    UNION ALL SELECT time_unix_nano, session, model, 2, output FROM usage_request WHERE output <> 0
    UNION ALL SELECT time_unix_nano, session, model, 3, cache_read FROM usage_request WHERE cache_read <> 0
    UNION ALL SELECT time_unix_nano, session, model, 4, cache_creation FROM usage_request WHERE cache_creation <> 0
    UNION ALL SELECT time_unix_nano, session, model, 5, cost_nano_usd FROM usage_request WHERE cost_nano_usd <> 0
    UNION ALL SELECT time_unix_nano, session, model, 20, 1 FROM usage_request
    UNION ALL SELECT time_unix_nano, session, model, 10 + kind, rest FROM usage_point WHERE rest > 0
    UNION ALL SELECT time_unix_nano, session, model, 40 + kind, min(rest, auxiliary) FROM usage_point WHERE rest > 0 AND auxiliary > 0
    UNION ALL SELECT time_unix_nano, session, model, figure, value FROM usage_tally
    UNION ALL SELECT time_unix_nano, session, model, 33, 1 FROM usage_tool
    UNION ALL SELECT time_unix_nano, session, model, 34, 1 FROM usage_tool WHERE NOT succeeded;

-- Where a session is at work, as Claude Code's status line and hook tell it: its export does not. Nothing else knows it, so it is never counted anew.
CREATE TABLE session_place (
    session_id     TEXT PRIMARY KEY,
    folder         TEXT,              -- where it was started
    project        TEXT,              -- the name of the repository, or else of the folder
    repository     TEXT,              -- owner/name
    branch         TEXT,
    pull_request   TEXT,              -- its number
    session_name   TEXT,              -- what the session is called
    told_unix_nano INTEGER NOT NULL   -- when something of this was told last
) WITHOUT ROWID;

-- Official usage readings.
CREATE TABLE scrape (
    id                   INTEGER PRIMARY KEY,
    scraped_at_unix_nano INTEGER NOT NULL,
    received_unix_nano   INTEGER NOT NULL,
    source               TEXT,
    limits               TEXT                 -- the JSON object that was posted
);

CREATE INDEX scrape_scraped_at ON scrape (scraped_at_unix_nano);
