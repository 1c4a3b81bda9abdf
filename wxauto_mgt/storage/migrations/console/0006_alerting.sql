-- Alerts. Instants are microseconds since the epoch (UTC); durations inside `progress` are seconds of running time.

-- Where each series of a rule stands; a series at rest has no row.
CREATE TABLE alert_series (
    id       TEXT NOT NULL PRIMARY KEY,  -- rule:label-hash
    rule     TEXT NOT NULL,
    labels   TEXT NOT NULL,
    progress TEXT NOT NULL,
    episode  TEXT                        -- the open alert, or the one whose end is still to be told
) STRICT, WITHOUT ROWID;

-- Every alert from its first firing until it was resolved.
CREATE TABLE alert (
    episode         TEXT    NOT NULL PRIMARY KEY,
    id              TEXT    NOT NULL,
    rule            TEXT    NOT NULL,
    labels          TEXT    NOT NULL,
    level           TEXT    NOT NULL,
    title           TEXT    NOT NULL,    -- a template, or a key of the catalogue
    message         TEXT    NOT NULL,
    metric_name     TEXT    NOT NULL,
    value           REAL,
    threshold       REAL    NOT NULL,
    state           TEXT    NOT NULL,
    started_at_us   INTEGER NOT NULL,
    resolved_at_us  INTEGER,
    owner           TEXT,
    note            TEXT,
    acknowledged_at_us INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_started ON alert (started_at_us);
CREATE INDEX alert_resolved ON alert (resolved_at_us);

CREATE TABLE alert_silence (
    id           INTEGER PRIMARY KEY,
    rule         TEXT    NOT NULL,       -- '*' = every rule
    labels       TEXT    NOT NULL,
    starts_at_us INTEGER NOT NULL,
    ends_at_us   INTEGER NOT NULL,
    who          TEXT    NOT NULL,
    note         TEXT    NOT NULL
) STRICT;
