-- From schema 4: what is stored and not counted yet.
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
