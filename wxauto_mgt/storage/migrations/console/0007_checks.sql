-- What the check of this database writes and reads back: one row, the instant of the newest try.
CREATE TABLE check_probe (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    at_us INTEGER NOT NULL
) STRICT;
