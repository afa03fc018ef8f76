-- From schema 3: where a session is at work, as Claude Code's status line and hook tell it.
CREATE TABLE session_place (
    session_id     TEXT PRIMARY KEY,
    folder         TEXT,              -- where it was started
    project        TEXT,              -- the name of the repository, or else of the folder
    repository     TEXT,              -- owner/name
    branch         TEXT,
    pull_request   TEXT,              -- its number
    session_name   TEXT,              -- what the session is called
    limits         TEXT,              -- the official limits as it told them last
    told_unix_nano INTEGER NOT NULL   -- when something of this was told last
) WITHOUT ROWID;

ALTER TABLE usage_session ADD COLUMN folder TEXT;
ALTER TABLE usage_session ADD COLUMN repository TEXT;
ALTER TABLE usage_session ADD COLUMN branch TEXT;
ALTER TABLE usage_session ADD COLUMN pull_request TEXT;
ALTER TABLE usage_session ADD COLUMN session_name TEXT;

CREATE INDEX usage_session_repository ON usage_session (repository, first_unix_nano, last_unix_nano) WHERE repository IS NOT NULL;
CREATE INDEX usage_session_branch ON usage_session (branch, first_unix_nano, last_unix_nano) WHERE branch IS NOT NULL;
