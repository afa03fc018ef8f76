-- From schema 4: what is stored and not counted yet.
CREATE TABLE otel_uncounted (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    first_metric INTEGER NOT NULL,
    last_metric  INTEGER NOT NULL,
    first_event  INTEGER NOT NULL,
    last_event   INTEGER NOT NULL,
    first_span   INTEGER NOT NULL,
    last_span    INTEGER NOT NULL
);
