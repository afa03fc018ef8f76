-- From schema 3: where a session is at work, as Claude Code's status line and hook tell it.
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

ALTER TABLE usage_session ADD COLUMN folder TEXT;
ALTER TABLE usage_session ADD COLUMN repository TEXT;
ALTER TABLE usage_session ADD COLUMN branch TEXT;
ALTER TABLE usage_session ADD COLUMN pull_request TEXT;
ALTER TABLE usage_session ADD COLUMN session_name TEXT;

CREATE INDEX usage_session_repository ON usage_session (repository, first_unix_nano, last_unix_nano) WHERE repository IS NOT NULL;
CREATE INDEX usage_session_branch ON usage_session (branch, first_unix_nano, last_unix_nano) WHERE branch IS NOT NULL;

-- Transcripts: a further teller of a request. A renamed table would keep its quoted name, so tables that change are made anew, and what was
-- counted of removed raw rows is kept.
DROP VIEW IF EXISTS usage_amount;
ALTER TABLE usage_request RENAME TO usage_request_3;

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

INSERT INTO usage_request (id, key, session, model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, duration_ms,
    ttft_ms, query_source, origin, event_id, request_id, prompt_id, cache_creation_5m, cache_creation_1h, agent, skill, mcp_server,
    mcp_tool, told_by, cost_kind)
    SELECT id, key, session, model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, duration_ms, ttft_ms,
    query_source, origin, event_id, request_id, prompt_id, cache_creation_5m, cache_creation_1h, agent, skill, mcp_server, mcp_tool,
    iif(event_id = 0, 2, 1), iif(event_id = 0, 2, 0) FROM usage_request_3;
DROP TABLE usage_request_3;
CREATE INDEX usage_request_time ON usage_request (time_unix_nano);
CREATE INDEX usage_request_session ON usage_request (session, model, time_unix_nano);
CREATE INDEX usage_request_id ON usage_request (session, request_id, model);
CREATE INDEX usage_request_duration ON usage_request (model, duration_ms, time_unix_nano);
CREATE INDEX usage_request_ttft ON usage_request (model, ttft_ms, time_unix_nano) WHERE ttft_ms IS NOT NULL;
CREATE INDEX usage_request_transcript ON usage_request (session, told_by, output_is_low, cost_kind) WHERE transcript_unix_nano IS NOT NULL;
CREATE INDEX usage_request_imported ON usage_request (request_id) WHERE transcript_unix_nano IS NOT NULL;

ALTER TABLE usage_witness RENAME TO usage_witness_3;

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

INSERT INTO usage_witness (session, model, kind, metrics, auxiliary, events, rest) SELECT session, model, kind, metrics, auxiliary, events, rest FROM usage_witness_3;
DROP TABLE usage_witness_3;

ALTER TABLE usage_sum_source RENAME TO usage_sum_source_3;

CREATE TABLE usage_sum_source (
    step          INTEGER NOT NULL,
    quarter       INTEGER NOT NULL,
    model         INTEGER NOT NULL REFERENCES usage_name (id),
    source        INTEGER NOT NULL REFERENCES usage_name (id),
    origin        INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    input         INTEGER NOT NULL,
    output        INTEGER NOT NULL,
    cache_read    INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    ttft_ms       INTEGER NOT NULL,
    ttft_requests INTEGER NOT NULL,
    timed_requests INTEGER NOT NULL,
    timed_output  INTEGER NOT NULL,
    PRIMARY KEY (step, quarter, model, source, origin)
) WITHOUT ROWID;

INSERT INTO usage_sum_source (step, quarter, model, source, origin, requests, input, output, cache_read, cache_creation, cost, duration_ms, ttft_ms, ttft_requests,
        timed_requests, timed_output)
    SELECT step, quarter, model, source, origin, requests, input, output, cache_read, cache_creation, cost, duration_ms, ttft_ms, ttft_requests,
        requests, output FROM usage_sum_source_3;
DROP TABLE usage_sum_source_3;

CREATE TABLE usage_capture (
    session       INTEGER PRIMARY KEY REFERENCES usage_session (id),
    requests      INTEGER NOT NULL,
    captured      INTEGER NOT NULL,
    low_outputs   INTEGER NOT NULL,
    derived_costs INTEGER NOT NULL,
    unknown_costs INTEGER NOT NULL
);

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
