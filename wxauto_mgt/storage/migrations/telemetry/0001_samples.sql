-- Raw samples of metrics. This database may be thrown away: nothing but drawings depends on it.
CREATE TABLE series (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sample (
    series_id INTEGER NOT NULL REFERENCES series (id),
    at_us     INTEGER NOT NULL,
    value     REAL NOT NULL,
    PRIMARY KEY (series_id, at_us)
) STRICT, WITHOUT ROWID;
