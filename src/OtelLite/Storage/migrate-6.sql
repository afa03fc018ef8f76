-- From schema 5: sums over six hours and eight days, of all models and of sessions, and which sessions were long. How numbers are spread is added up by Storage/SpreadTable.cs.

INSERT INTO usage_sum (step, quarter, model,
    input, output, cache_read, cache_creation, cost, input_rest, output_rest, cache_read_rest, cache_creation_rest, cost_rest, api_requests, prompts,
    api_errors, lines_added, lines_removed, commits, pull_requests, active_user, active_cli, edits_accepted, edits_rejected, commands,
    task_notifications, tool_calls, tool_failures, input_auxiliary, output_auxiliary, cache_read_auxiliary, cache_creation_auxiliary, cost_auxiliary)
  SELECT grown.column2, quarter / grown.column2 * grown.column2, model,
    sum(input), sum(output), sum(cache_read), sum(cache_creation), sum(cost), sum(input_rest), sum(output_rest), sum(cache_read_rest),
    sum(cache_creation_rest), sum(cost_rest), sum(api_requests), sum(prompts), sum(api_errors), sum(lines_added), sum(lines_removed), sum(commits),
    sum(pull_requests), sum(active_user), sum(active_cli), sum(edits_accepted), sum(edits_rejected), sum(commands), sum(task_notifications),
    sum(tool_calls), sum(tool_failures), sum(input_auxiliary), sum(output_auxiliary), sum(cache_read_auxiliary), sum(cache_creation_auxiliary),
    sum(cost_auxiliary)
  FROM (VALUES (4, 24), (96, 768)) grown CROSS JOIN usage_sum ON step = grown.column1 GROUP BY 1, 2, 3;

INSERT INTO usage_sum_source (step, quarter, model, source, origin,
    requests, input, output, cache_read, cache_creation, cost, duration_ms, ttft_ms, ttft_requests, timed_requests, timed_output)
  SELECT grown.column2, quarter / grown.column2 * grown.column2, model, source, origin,
    sum(requests), sum(input), sum(output), sum(cache_read), sum(cache_creation), sum(cost), sum(duration_ms), sum(ttft_ms), sum(ttft_requests),
    sum(timed_requests), sum(timed_output)
  FROM (VALUES (4, 24), (96, 768)) grown CROSS JOIN usage_sum_source ON step = grown.column1 GROUP BY 1, 2, 3, 4, 5;

INSERT INTO usage_sum_tool (step, quarter, tool, model,
    calls, failures, input_bytes, result_bytes, results)
  SELECT grown.column2, quarter / grown.column2 * grown.column2, tool, model,
    sum(calls), sum(failures), sum(input_bytes), sum(result_bytes), sum(results)
  FROM (VALUES (4, 24), (96, 768)) grown CROSS JOIN usage_sum_tool ON step = grown.column1 GROUP BY 1, 2, 3, 4;

INSERT INTO usage_sum_decision (step, quarter, tool, model, accepted, source,
    decisions)
  SELECT grown.column2, quarter / grown.column2 * grown.column2, tool, model, accepted, source,
    sum(decisions)
  FROM (VALUES (4, 24), (96, 768)) grown CROSS JOIN usage_sum_decision ON step = grown.column1 GROUP BY 1, 2, 3, 4, 5, 6;

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

INSERT INTO usage_sum_all (step, quarter,
    input, output, cache_read, cache_creation, cost, input_rest, output_rest, cache_read_rest, cache_creation_rest, cost_rest, api_requests, prompts,
    api_errors, lines_added, lines_removed, commits, pull_requests, active_user, active_cli, edits_accepted, edits_rejected, commands,
    task_notifications, tool_calls, tool_failures, input_auxiliary, output_auxiliary, cache_read_auxiliary, cache_creation_auxiliary, cost_auxiliary)
  SELECT step, quarter,
    sum(input), sum(output), sum(cache_read), sum(cache_creation), sum(cost), sum(input_rest), sum(output_rest), sum(cache_read_rest),
    sum(cache_creation_rest), sum(cost_rest), sum(api_requests), sum(prompts), sum(api_errors), sum(lines_added), sum(lines_removed), sum(commits),
    sum(pull_requests), sum(active_user), sum(active_cli), sum(edits_accepted), sum(edits_rejected), sum(commands), sum(task_notifications),
    sum(tool_calls), sum(tool_failures), sum(input_auxiliary), sum(output_auxiliary), sum(cache_read_auxiliary), sum(cache_creation_auxiliary),
    sum(cost_auxiliary)
  FROM usage_sum GROUP BY 1, 2;

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

INSERT INTO usage_sum_session (step, quarter, is_named, verdict, sessions, missing_events, open_calls)
  SELECT steps.column1, first_unix_nano / 900000000000 / steps.column1 * steps.column1, is_named, verdict, count(*), sum(missing_events), sum(open_calls)
  FROM (VALUES (1), (4), (24), (96), (768)) steps CROSS JOIN usage_session WHERE has_figures GROUP BY 1, 2, 3, 4;

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

-- Those that went on for longer than a day, which are few: what else lies over a moment began within the day before it (Query/Scope.cs).
CREATE INDEX usage_session_long ON usage_session (first_unix_nano, last_unix_nano) WHERE last_unix_nano - first_unix_nano > 86400000000000;
