-- Processes that this console started and that may live, so that a later run finds those which a killed one left.
CREATE TABLE managed_process (
    service       TEXT    NOT NULL PRIMARY KEY,
    marker        TEXT    NOT NULL,  -- inherited by all of its descendants in their environment
    fingerprint   TEXT    NOT NULL,  -- of command, folder and environment
    pid           INTEGER,           -- NULL = the console ended between this row and the start
    started_at_us INTEGER            -- the process's own start: ids are used again
) STRICT, WITHOUT ROWID;
