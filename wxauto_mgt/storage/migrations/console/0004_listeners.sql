-- Listened chats as they were last known. Fixed and manual ones come from the configuration; their rows keep
-- what was learned about them. Instants are microseconds since the epoch (UTC).

CREATE TABLE listener_state (
    instance_id        TEXT    NOT NULL,
    who                TEXT    NOT NULL,
    kind               TEXT    NOT NULL CHECK (kind IN ('auto', 'manual', 'fixed')),
    title              TEXT,
    added_at_us        INTEGER NOT NULL,
    last_message_at_us INTEGER,
    last_check_at_us   INTEGER,
    message_count      INTEGER NOT NULL DEFAULT 0,
    error_count        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (instance_id, who)
) STRICT, WITHOUT ROWID;
