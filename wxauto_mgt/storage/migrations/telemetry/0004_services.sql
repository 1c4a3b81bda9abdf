-- The newest checks of each service: a ring. number counts up for ever, slot is where it stands in the ring.
CREATE TABLE service_check (
    service     TEXT NOT NULL,
    slot        INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at_us       INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    params      TEXT NOT NULL,
    response_ms REAL,
    PRIMARY KEY (service, slot)
) STRICT, WITHOUT ROWID;

-- How many checks measured something, and how many of those found the service working.
CREATE TABLE service_hour (
    service  TEXT NOT NULL,
    start_us INTEGER NOT NULL,
    well     INTEGER NOT NULL,
    measured INTEGER NOT NULL,
    PRIMARY KEY (service, start_us)
) STRICT, WITHOUT ROWID;

-- day: as the machine's calendar had it then, `2026-03-29`.
CREATE TABLE service_day (
    service  TEXT NOT NULL,
    day      TEXT NOT NULL,
    well     INTEGER NOT NULL,
    measured INTEGER NOT NULL,
    PRIMARY KEY (service, day)
) STRICT, WITHOUT ROWID;

-- Requests of each service over all runs, and the newest outcome that another program pushed.
CREATE TABLE service_figure (
    service              TEXT PRIMARY KEY,
    changed_at_us        INTEGER NOT NULL,
    successful_requests  INTEGER NOT NULL,
    failed_requests      INTEGER NOT NULL,
    consecutive_failures INTEGER NOT NULL,
    timed_requests       INTEGER NOT NULL,
    total_time_s         REAL NOT NULL,
    last_success_us      INTEGER,
    last_failure_us      INTEGER,
    error_types          TEXT NOT NULL,
    pushed_at_us         INTEGER,
    pushed_ok            INTEGER,
    pushed_ms            REAL,
    pushed_error         TEXT
) STRICT, WITHOUT ROWID;
