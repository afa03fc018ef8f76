-- What schema.sql counts, added up, and kept in the transaction that writes its rows. First usage_amount by quarters of an hour. Every time zone's hours and days are
-- whole quarters. quarter counts from 1970 UTC.
CREATE TABLE usage_quarter (
    session INTEGER NOT NULL REFERENCES usage_session (id),
    quarter INTEGER NOT NULL,
    model   INTEGER NOT NULL REFERENCES usage_name (id),
    figure  INTEGER NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY (session, quarter, model, figure)
) WITHOUT ROWID;

-- The same of a whole session, a column for each figure: what lies wholly within a range or a bucket needs no look at its quarters.
CREATE TABLE usage_session_model (
    session                  INTEGER NOT NULL REFERENCES usage_session (id),
    model                    INTEGER NOT NULL REFERENCES usage_name (id),
    input                    INTEGER NOT NULL,
    output                   INTEGER NOT NULL,
    cache_read               INTEGER NOT NULL,
    cache_creation           INTEGER NOT NULL,
    cost                     INTEGER NOT NULL,
    input_rest               INTEGER NOT NULL,
    output_rest              INTEGER NOT NULL,
    cache_read_rest          INTEGER NOT NULL,
    cache_creation_rest      INTEGER NOT NULL,
    cost_rest                INTEGER NOT NULL,
    api_requests             INTEGER NOT NULL,
    prompts                  INTEGER NOT NULL,
    api_errors               INTEGER NOT NULL,
    lines_added              INTEGER NOT NULL,
    lines_removed            INTEGER NOT NULL,
    commits                  INTEGER NOT NULL,
    pull_requests            INTEGER NOT NULL,
    active_user              INTEGER NOT NULL,
    active_cli               INTEGER NOT NULL,
    edits_accepted           INTEGER NOT NULL,
    edits_rejected           INTEGER NOT NULL,
    commands                 INTEGER NOT NULL,
    task_notifications       INTEGER NOT NULL,
    tool_calls               INTEGER NOT NULL,
    tool_failures            INTEGER NOT NULL,
    input_auxiliary          INTEGER NOT NULL,
    output_auxiliary         INTEGER NOT NULL,
    cache_read_auxiliary     INTEGER NOT NULL,
    cache_creation_auxiliary INTEGER NOT NULL,
    cost_auxiliary           INTEGER NOT NULL,
    PRIMARY KEY (session, model)
) WITHOUT ROWID;

CREATE INDEX usage_session_model_name ON usage_session_model (model, session);

-- The same of all sessions together, by quarters (step 1), hours (step 4), six hours (step 24), days in UTC (step 96) and eight days (step 768), counted from 1970;
-- quarter is the first one of the step.
CREATE TABLE usage_sum (
    step                     INTEGER NOT NULL,
    quarter                  INTEGER NOT NULL,
    model                    INTEGER NOT NULL REFERENCES usage_name (id),
    input                    INTEGER NOT NULL,
    output                   INTEGER NOT NULL,
    cache_read               INTEGER NOT NULL,
    cache_creation           INTEGER NOT NULL,
    cost                     INTEGER NOT NULL,
    input_rest               INTEGER NOT NULL,
    output_rest              INTEGER NOT NULL,
    cache_read_rest          INTEGER NOT NULL,
    cache_creation_rest      INTEGER NOT NULL,
    cost_rest                INTEGER NOT NULL,
    api_requests             INTEGER NOT NULL,
    prompts                  INTEGER NOT NULL,
    api_errors               INTEGER NOT NULL,
    lines_added              INTEGER NOT NULL,
    lines_removed            INTEGER NOT NULL,
    commits                  INTEGER NOT NULL,
    pull_requests            INTEGER NOT NULL,
    active_user              INTEGER NOT NULL,
    active_cli               INTEGER NOT NULL,
    edits_accepted           INTEGER NOT NULL,
    edits_rejected           INTEGER NOT NULL,
    commands                 INTEGER NOT NULL,
    task_notifications       INTEGER NOT NULL,
    tool_calls               INTEGER NOT NULL,
    tool_failures            INTEGER NOT NULL,
    input_auxiliary          INTEGER NOT NULL,
    output_auxiliary         INTEGER NOT NULL,
    cache_read_auxiliary     INTEGER NOT NULL,
    cache_creation_auxiliary INTEGER NOT NULL,
    cost_auxiliary           INTEGER NOT NULL,
    PRIMARY KEY (step, quarter, model)
) WITHOUT ROWID;

-- And of all models: what a series of everything is made of.
CREATE TABLE usage_sum_all (
    step                     INTEGER NOT NULL,
    quarter                  INTEGER NOT NULL,
    input                    INTEGER NOT NULL,
    output                   INTEGER NOT NULL,
    cache_read               INTEGER NOT NULL,
    cache_creation           INTEGER NOT NULL,
    cost                     INTEGER NOT NULL,
    input_rest               INTEGER NOT NULL,
    output_rest              INTEGER NOT NULL,
    cache_read_rest          INTEGER NOT NULL,
    cache_creation_rest      INTEGER NOT NULL,
    cost_rest                INTEGER NOT NULL,
    api_requests             INTEGER NOT NULL,
    prompts                  INTEGER NOT NULL,
    api_errors               INTEGER NOT NULL,
    lines_added              INTEGER NOT NULL,
    lines_removed            INTEGER NOT NULL,
    commits                  INTEGER NOT NULL,
    pull_requests            INTEGER NOT NULL,
    active_user              INTEGER NOT NULL,
    active_cli               INTEGER NOT NULL,
    edits_accepted           INTEGER NOT NULL,
    edits_rejected           INTEGER NOT NULL,
    commands                 INTEGER NOT NULL,
    task_notifications       INTEGER NOT NULL,
    tool_calls               INTEGER NOT NULL,
    tool_failures            INTEGER NOT NULL,
    input_auxiliary          INTEGER NOT NULL,
    output_auxiliary         INTEGER NOT NULL,
    cache_read_auxiliary     INTEGER NOT NULL,
    cache_creation_auxiliary INTEGER NOT NULL,
    cost_auxiliary           INTEGER NOT NULL,
    PRIMARY KEY (step, quarter)
) WITHOUT ROWID;

-- Of the requests, by what they were for; durations and bytes here and below are sums. ttft_requests is of how many ttft_ms is the sum,
-- timed_requests of how many duration_ms is, and timed_output is what came out in that time.
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

-- Of the tool results. results is how many said result_bytes.
CREATE TABLE usage_sum_tool (
    step         INTEGER NOT NULL,
    quarter      INTEGER NOT NULL,
    tool         INTEGER NOT NULL REFERENCES usage_name (id),
    model        INTEGER NOT NULL REFERENCES usage_name (id),
    calls        INTEGER NOT NULL,
    failures     INTEGER NOT NULL,
    input_bytes  INTEGER NOT NULL,
    result_bytes INTEGER NOT NULL,
    results      INTEGER NOT NULL,
    PRIMARY KEY (step, quarter, tool, model)
) WITHOUT ROWID;

-- Of the decisions.
CREATE TABLE usage_sum_decision (
    step      INTEGER NOT NULL,
    quarter   INTEGER NOT NULL,
    tool      INTEGER NOT NULL REFERENCES usage_name (id),
    model     INTEGER NOT NULL REFERENCES usage_name (id),
    accepted  INTEGER NOT NULL,
    source    INTEGER NOT NULL REFERENCES usage_name (id),
    decisions INTEGER NOT NULL,
    PRIMARY KEY (step, quarter, tool, model, accepted, source)
) WITHOUT ROWID;

-- Of the sessions of which any figure is not zero, by when they began.
CREATE TABLE usage_sum_session (
    step           INTEGER NOT NULL,
    quarter        INTEGER NOT NULL,
    is_named       INTEGER NOT NULL,
    verdict        INTEGER NOT NULL,
    sessions       INTEGER NOT NULL,
    missing_events INTEGER NOT NULL,
    open_calls     INTEGER NOT NULL,
    PRIMARY KEY (step, quarter, is_named, verdict)
) WITHOUT ROWID;

-- How durations and sizes are spread, by six hours (step 24), days (step 96) and eight days (step 768): how many numbers lie in each bucket, so that a percentile is looked for in one bucket and not among all.
-- counts has the buckets and the writing of Storage/SpreadBuckets.cs.
CREATE TABLE usage_spread (
    spread  INTEGER NOT NULL,  -- 1 duration of a tool, 2 size of its result, 3 duration of a request, 4 its time to the first token
    step    INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    key     INTEGER NOT NULL REFERENCES usage_name (id),  -- the tool, or the model
    counts  BLOB NOT NULL,
    PRIMARY KEY (spread, step, quarter, key)
) WITHOUT ROWID;
