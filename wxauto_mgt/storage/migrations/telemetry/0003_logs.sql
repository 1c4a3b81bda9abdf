-- What the search of the logs reads; the files hold the same records. text: everything of a record that can be
-- searched, case folded. The full-text table over it is made at run time, where this SQLite can.
CREATE TABLE log_record (
    id          INTEGER PRIMARY KEY,
    at_us       INTEGER NOT NULL,
    level       INTEGER NOT NULL,
    category    TEXT NOT NULL,
    instance_id TEXT,
    document    TEXT NOT NULL,
    text        TEXT NOT NULL
) STRICT;
CREATE INDEX log_record_by_time ON log_record (at_us);
CREATE INDEX log_record_by_level ON log_record (level);
CREATE INDEX log_record_by_category ON log_record (category);
CREATE INDEX log_record_by_instance ON log_record (instance_id) WHERE instance_id IS NOT NULL;

-- How many records came in an hour (since the epoch).
CREATE TABLE log_hour (
    hour     INTEGER NOT NULL,
    level    INTEGER NOT NULL,
    category TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, level, category)
) STRICT, WITHOUT ROWID;
