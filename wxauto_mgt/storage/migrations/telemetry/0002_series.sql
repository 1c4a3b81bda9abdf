-- Series of metrics in packed chunks; the plain samples before it are thrown away, as this database may be.
DROP TABLE sample;
DROP TABLE series;

CREATE TABLE run (
    id            INTEGER PRIMARY KEY,
    started_at_us INTEGER NOT NULL
) STRICT;

-- last_run, last_value: where a counter stood when its points were packed last.
CREATE TABLE series (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    labels         TEXT NOT NULL,
    type           TEXT NOT NULL,
    starts_at_zero INTEGER NOT NULL,
    last_run       INTEGER,
    last_value     REAL,
    UNIQUE (name, labels)
) STRICT;

-- What was sampled since the last packing: one row for each moment, all series in it (u4, i8 and f8 arrays).
CREATE TABLE head (
    id         INTEGER PRIMARY KEY,
    run_id     INTEGER NOT NULL REFERENCES run (id),
    hour       INTEGER NOT NULL,
    series_ids BLOB NOT NULL,
    instants   BLOB NOT NULL,
    readings   BLOB NOT NULL
) STRICT;

-- The instants of a packed hour, shared by all series that were sampled at the same moments.
CREATE TABLE axis (
    id         INTEGER PRIMARY KEY,
    start_us   INTEGER NOT NULL,
    end_us     INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    instants   BLOB NOT NULL
) STRICT;
CREATE INDEX axis_by_end ON axis (end_us);

-- With row ids although the key is the primary one: without them SQLite moves rows above 1 KB to pages of their own.
-- prior: of a counter, the total before the first one; null when nobody knows.
CREATE TABLE chunk (
    axis_id   INTEGER NOT NULL REFERENCES axis (id) ON DELETE CASCADE,
    series_id INTEGER NOT NULL REFERENCES series (id),
    prior     REAL,
    readings  BLOB NOT NULL,
    PRIMARY KEY (axis_id, series_id)
) STRICT;

-- Buckets of bucket_s seconds; a span is 240 of them, in frames that were appended one by one.
CREATE TABLE rollup (
    bucket_s  INTEGER NOT NULL,
    span      INTEGER NOT NULL,
    series_id INTEGER NOT NULL REFERENCES series (id),
    frames    BLOB NOT NULL,
    PRIMARY KEY (bucket_s, span, series_id)
) STRICT;
