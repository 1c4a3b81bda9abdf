-- Errors as episodes: one row per failed operation and cause, until it clears.
CREATE TABLE error_episode (
    id             INTEGER PRIMARY KEY,
    operation      TEXT NOT NULL,
    cause_code     TEXT NOT NULL,
    instance_id    TEXT,
    params         TEXT NOT NULL,
    first_at_us    INTEGER NOT NULL,
    last_at_us     INTEGER NOT NULL,
    cleared_at_us  INTEGER,
    occurrences    INTEGER NOT NULL
) STRICT;

-- The health score: a row at each change, and at least one every ten minutes while the console runs,
-- so that a longer gap means that nobody measured.
CREATE TABLE health_score (
    id          INTEGER PRIMARY KEY,
    at_us       INTEGER NOT NULL,
    score       REAL,
    status      TEXT NOT NULL,
    deductions  TEXT NOT NULL
) STRICT;

CREATE INDEX health_score_at ON health_score (at_us);
