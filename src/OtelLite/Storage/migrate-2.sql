-- From schema 1: spans, and the shapes of distributions.
ALTER TABLE otel_metrics ADD COLUMN shape TEXT;
ALTER TABLE otel_metrics ADD COLUMN exemplars TEXT;
ALTER TABLE otel_series ADD COLUMN count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE otel_spans (
    id                       INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at              DATETIME DEFAULT CURRENT_TIMESTAMP,
    trace_id                 TEXT,
    span_id                  TEXT,
    parent_span_id           TEXT,
    name                     TEXT,
    kind                     INTEGER,
    status_code              INTEGER,
    status_message           TEXT,
    start_time_unix_nano     INTEGER,
    end_time_unix_nano       INTEGER,
    attributes               TEXT,
    events                   TEXT,
    links                    TEXT,
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
