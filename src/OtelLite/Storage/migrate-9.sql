-- From schema 8: raw rows of a session that stand one after the other are one row of usage_raw, and the sessions of a sender have a table in place of an index of all numbers by sender and time.

-- Not renamed meanwhile, for which SQLite would read all views of the file, and change those that name it. In a run the ids less their place among those of the session are the same.
CREATE TEMP TABLE usage_raw_runs AS SELECT session, signal, min(id) AS first_id, max(id) AS last_id
    FROM (SELECT session, signal, id, id - row_number() OVER (PARTITION BY session, signal ORDER BY id) AS run FROM usage_raw)
    GROUP BY session, signal, run;

DROP TABLE usage_raw;

CREATE TABLE usage_raw (
    session  INTEGER NOT NULL,  -- of usage_session; 0 for rows without a session_id
    signal   INTEGER NOT NULL,  -- 0 otel_metrics, 1 otel_events, 2 otel_spans
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (session, signal, first_id)
) WITHOUT ROWID;

INSERT INTO usage_raw SELECT session, signal, first_id, last_id FROM usage_raw_runs;

DROP TABLE usage_raw_runs;

CREATE TABLE usage_sender (
    sender          INTEGER NOT NULL,
    begun_unix_nano INTEGER NOT NULL,
    session         INTEGER NOT NULL REFERENCES usage_session (id),
    PRIMARY KEY (sender, begun_unix_nano, session)
) WITHOUT ROWID;

-- But for numbers of a session that is gone, which a damaged file may have.
INSERT INTO usage_sender SELECT sender, min(time_unix_nano), session FROM usage_sequence WHERE session IN (SELECT id FROM usage_session) GROUP BY sender, session;

DROP INDEX IF EXISTS usage_sequence_time;
