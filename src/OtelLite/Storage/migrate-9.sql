-- From schema 8: raw rows of a session that stand one after the other are one row of usage_raw, and the sessions of a sender have a table in place of an index of all numbers by sender and time.

ALTER TABLE usage_raw RENAME TO usage_raw_8;

CREATE TABLE usage_raw (
    session  INTEGER NOT NULL,  -- of usage_session; 0 for rows without a session_id
    signal   INTEGER NOT NULL,  -- 0 otel_metrics, 1 otel_events, 2 otel_spans
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (session, signal, first_id)
) WITHOUT ROWID;

-- In one of these numbers less their place among those of the session are the same.
INSERT INTO usage_raw SELECT session, signal, min(id), max(id)
    FROM (SELECT session, signal, id, id - row_number() OVER (PARTITION BY session, signal ORDER BY id) AS run FROM usage_raw_8)
    GROUP BY session, signal, run;

DROP TABLE usage_raw_8;

CREATE TABLE usage_sender (
    sender  INTEGER NOT NULL,
    session INTEGER NOT NULL REFERENCES usage_session (id),
    PRIMARY KEY (sender, session)
) WITHOUT ROWID;

INSERT INTO usage_sender SELECT DISTINCT sender, session FROM usage_sequence;

DROP INDEX IF EXISTS usage_sequence_time;
