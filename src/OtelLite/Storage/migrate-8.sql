-- From schema 7: which raw rows are of a session stands in a table that is written when they are counted, in place of three indexes that were written with each transaction.

CREATE TABLE usage_raw (
    session INTEGER NOT NULL,  -- of usage_session; 0 for rows without a session_id
    signal  INTEGER NOT NULL,  -- 0 otel_metrics, 1 otel_events, 2 otel_spans
    id      INTEGER NOT NULL,
    PRIMARY KEY (session, signal, id)
) WITHOUT ROWID;

-- Those that are not counted yet are added when they are. A session that nobody knows gets its row from a recount, and these rows with it.
INSERT INTO usage_raw SELECT coalesce(s.id, 0), 0, row.id FROM otel_metrics row LEFT JOIN usage_session s ON s.session_id = row.session_id
    WHERE NOT EXISTS (SELECT 1 FROM otel_uncounted WHERE row.id BETWEEN first_metric AND last_metric) ORDER BY row.session_id, row.id;
INSERT INTO usage_raw SELECT coalesce(s.id, 0), 1, row.id FROM otel_events row LEFT JOIN usage_session s ON s.session_id = row.session_id
    WHERE NOT EXISTS (SELECT 1 FROM otel_uncounted WHERE row.id BETWEEN first_event AND last_event) ORDER BY row.session_id, row.id;
INSERT INTO usage_raw SELECT coalesce(s.id, 0), 2, row.id FROM otel_spans row LEFT JOIN usage_session s ON s.session_id = row.session_id
    WHERE NOT EXISTS (SELECT 1 FROM otel_uncounted WHERE row.id BETWEEN first_span AND last_span) ORDER BY row.session_id, row.id;

DROP INDEX IF EXISTS otel_metrics_session;
DROP INDEX IF EXISTS otel_events_session;
DROP INDEX IF EXISTS otel_spans_session;
