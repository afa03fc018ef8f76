-- What arrives, as the database is made with schema.sql.

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
CREATE INDEX otel_spans_session ON otel_spans (session_id);
CREATE INDEX otel_metrics_session ON otel_metrics (session_id);
CREATE INDEX otel_events_session ON otel_events (session_id);

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

-- Bodies of the last day: one that comes again is acknowledged and not stored twice.
CREATE TABLE otel_body (
    hash                BLOB PRIMARY KEY,
    received_unix_nano  INTEGER NOT NULL
) WITHOUT ROWID;

-- One row: raw rows of what happened before this moment may have been removed. What they added stays counted, and a recount leaves it alone.
CREATE TABLE otel_removed (
    before_unix_nano INTEGER NOT NULL,
    metrics          INTEGER NOT NULL DEFAULT 0,  -- rows of each raw table that were removed: with the last id they tell how many are left
    events           INTEGER NOT NULL DEFAULT 0,
    spans            INTEGER NOT NULL DEFAULT 0
);

INSERT INTO otel_removed (before_unix_nano) VALUES (0);

-- Where each cumulative series stands. count is that of a distribution, else 0.
CREATE TABLE otel_series (
    key            BLOB PRIMARY KEY,
    time_unix_nano INTEGER NOT NULL,
    value          REAL NOT NULL,
    count          INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
