-- The journal of repairs: every run of a service's ladder, every step of it, with what was seen before and after.
CREATE TABLE recovery_run (
    number        INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    service       TEXT    NOT NULL,
    trigger       TEXT    NOT NULL,      -- failures, manual, alert:RULE
    who           TEXT    NOT NULL,
    attempt       INTEGER NOT NULL,
    began_at_us   INTEGER NOT NULL,
    ended_at_us   INTEGER,
    outcome       TEXT,                  -- NULL: under way
    reason_code   TEXT,
    reason_params TEXT,
    before        TEXT,                  -- what the check found
    after         TEXT
) STRICT;

CREATE INDEX recovery_run_by_service ON recovery_run (service, number);
CREATE INDEX recovery_run_open ON recovery_run (number) WHERE outcome IS NULL;

-- A step is written before it acts, so that one that was cut off is known.
CREATE TABLE recovery_step (
    run_id      TEXT    NOT NULL REFERENCES recovery_run (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    began_at_us INTEGER NOT NULL,
    ended_at_us INTEGER,
    outcome     TEXT,                    -- NULL: acts, or was cut off
    reason_code TEXT    NOT NULL,
    params      TEXT    NOT NULL,
    evidence    TEXT    NOT NULL,
    proof       TEXT,                    -- what the check found afterwards
    undo        TEXT,                    -- what was taken back, and how that went
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

-- What is left of each service's budget, so that a restart of the console does not give it back.
CREATE TABLE recovery_budget (
    service         TEXT    NOT NULL PRIMARY KEY,
    attempts        INTEGER NOT NULL,
    restarted_at_us INTEGER,
    is_told         INTEGER NOT NULL     -- whether a person was told that it is not well
) STRICT, WITHOUT ROWID;
