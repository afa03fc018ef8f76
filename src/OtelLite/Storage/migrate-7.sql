-- From schema 6: which sessions' transcripts tell of a request, and two indexes that are written in few places. Of those that another one's was a copy of, only that one is known; a recount tells the rest.

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

-- Which of them were known to be their session's, nobody knows any more: each stays with the session that has it until a later one is known to be another's, or a
-- recount, which may find that of two sessions of which neither is known to have paid it is the other one that counts it.
INSERT INTO usage_telling (request_id, session, first_unix_nano, last_unix_nano, settled_event_id, cost_nano_usd, cost_kind, prompt_id)
    SELECT request_id, session, min(min(transcript_unix_nano, time_unix_nano)), max(max(transcript_unix_nano, time_unix_nano)),
        max(iif(told_by = 3, event_id, 0)), max(cost_nano_usd), cost_kind, prompt_id
    FROM usage_request WHERE transcript_unix_nano IS NOT NULL AND request_id IS NOT NULL GROUP BY 1, 2;

DROP INDEX usage_sequence_number;
CREATE INDEX usage_sequence_time ON usage_sequence (sender, time_unix_nano, sequence);

UPDATE usage_request SET key = unhex(printf('%08x', session) || substr(hex(key), 9)) WHERE length(key) = 16;
