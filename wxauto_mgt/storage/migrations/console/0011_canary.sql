-- The newest canary of each instance: a text that we wrote to see whether it comes back. A row before it is
-- sent, so that neither a restart nor a second check sends another one too soon.
CREATE TABLE canary (
    instance_id      TEXT    NOT NULL PRIMARY KEY,
    token            TEXT    NOT NULL,
    chat             TEXT    NOT NULL,
    sent_at_us       INTEGER NOT NULL,
    after_message_id INTEGER NOT NULL,
    answer           TEXT    CHECK (answer IN ('accepted', 'unknown'))
) STRICT;
