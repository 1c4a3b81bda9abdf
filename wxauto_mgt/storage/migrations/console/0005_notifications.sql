-- The outbox: what is to be told, and for each channel how far that got. Instants are microseconds since the
-- epoch (UTC).

CREATE TABLE notification (
    id             INTEGER PRIMARY KEY,
    key            TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('firing', 'resolved', 'test', 'report')),
    level          INTEGER NOT NULL,  -- rank, so that SQL can compare: 0 info .. 3 critical
    title          TEXT    NOT NULL,
    message        TEXT    NOT NULL,
    labels         TEXT    NOT NULL,
    params         TEXT    NOT NULL,
    at_us          INTEGER NOT NULL,
    enqueued_at_us INTEGER NOT NULL,
    routes         TEXT,              -- ids of channels; NULL = as the channels' own conditions say
    is_routed      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX notification_unrouted ON notification (id) WHERE is_routed = 0;
CREATE INDEX notification_enqueued ON notification (enqueued_at_us);

CREATE TABLE notification_delivery (
    id                 INTEGER PRIMARY KEY,
    notification_id    INTEGER NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
    channel_id         TEXT    NOT NULL,
    state              TEXT    NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
    reason             TEXT,
    facts              TEXT    NOT NULL DEFAULT '{}',
    attempts           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_us INTEGER NOT NULL,
    claimed_by         TEXT,
    ended_at_us        INTEGER,
    group_size         INTEGER NOT NULL DEFAULT 1,  -- how many went out in the same notice
    UNIQUE (notification_id, channel_id)
) STRICT;

CREATE INDEX notification_delivery_open ON notification_delivery (channel_id, next_attempt_at_us)
    WHERE state = 'pending';
CREATE INDEX notification_delivery_claimed ON notification_delivery (id) WHERE state = 'sending';

-- Figures of each channel, kept true by whoever ends a delivery, also when the history has expired.
CREATE TABLE channel_state (
    channel_id       TEXT    NOT NULL PRIMARY KEY,
    sent             INTEGER NOT NULL DEFAULT 0,
    failed           INTEGER NOT NULL DEFAULT 0,
    failures_in_row  INTEGER NOT NULL DEFAULT 0,
    last_sent_at_us  INTEGER,
    last_error_at_us INTEGER,
    last_error       TEXT,
    last_error_facts TEXT    NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;
