-- From schema 9: bodies stand by the time of their first record, which of those that are stored nobody knows any more.

-- Not renamed meanwhile, for which SQLite would read all views of the file, and change those that name it.
CREATE TEMP TABLE otel_body_before AS SELECT hash, received_unix_nano FROM otel_body;

DROP TABLE otel_body;

CREATE TABLE otel_body (
    time_unix_nano     INTEGER NOT NULL,
    hash               BLOB NOT NULL,
    received_unix_nano INTEGER NOT NULL,
    PRIMARY KEY (time_unix_nano, hash)
) WITHOUT ROWID;

INSERT INTO otel_body SELECT 0, hash, received_unix_nano FROM otel_body_before;

DROP TABLE otel_body_before;
