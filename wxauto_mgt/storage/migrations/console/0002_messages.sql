-- Messages from commit to settled reply. Instants are microseconds since the epoch (UTC).

CREATE TABLE chat (
    id                 INTEGER PRIMARY KEY,
    instance_id        TEXT    NOT NULL,
    name               TEXT    NOT NULL,
    kind               TEXT    NOT NULL DEFAULT 'unknown' CHECK (kind IN ('group', 'friend', 'unknown')),
    message_count      INTEGER NOT NULL DEFAULT 0,
    last_message_at_us INTEGER,
    UNIQUE (instance_id, name)
) STRICT;

-- AUTOINCREMENT: an id must never be given twice, also after old rows were deleted (reply.after_message_id).
CREATE TABLE message (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id            INTEGER NOT NULL REFERENCES chat (id),
    instance_id        TEXT    NOT NULL,
    run_id             TEXT    NOT NULL,
    channel            TEXT    NOT NULL CHECK (channel IN ('main', 'window')),
    origin             TEXT    NOT NULL
        CHECK (origin IN ('other', 'own', 'system', 'time_mark', 'divider', 'unknown')),
    sender             TEXT    NOT NULL,
    sender_remark      TEXT,
    kind               TEXT    NOT NULL,
    content            TEXT    NOT NULL,
    upstream_id        TEXT    NOT NULL,
    raw                TEXT    NOT NULL,
    received_at_us     INTEGER NOT NULL,
    verdict            TEXT    NOT NULL CHECK (verdict IN ('new', 'suspect', 'replay')),
    paired             INTEGER NOT NULL DEFAULT 0 CHECK (paired IN (0, 1)),
    before_id          INTEGER,
    state              TEXT    NOT NULL
        CHECK (state IN ('queued', 'delivering', 'done', 'filtered', 'unmatched', 'held', 'dead')),
    reason             TEXT,
    claimed_by         TEXT,
    attempts           INTEGER NOT NULL DEFAULT 0,
    first_attempt_at_us INTEGER,
    next_attempt_at_us INTEGER,
    rule_id            TEXT,
    rule_revision      INTEGER,
    platform_id        TEXT,
    matched            INTEGER NOT NULL DEFAULT 0 CHECK (matched IN (0, 1)),
    answered           INTEGER NOT NULL DEFAULT 0 CHECK (answered IN (0, 1)),
    echo_open          INTEGER NOT NULL DEFAULT 0 CHECK (echo_open IN (0, 1)),
    is_discarded       INTEGER NOT NULL DEFAULT 0 CHECK (is_discarded IN (0, 1))
) STRICT;

CREATE INDEX message_by_chat ON message (chat_id, id);
CREATE INDEX message_by_instance ON message (instance_id, id);
CREATE INDEX message_by_state ON message (state, id);
CREATE INDEX message_tail ON message (chat_id, id) WHERE origin IN ('other', 'own') AND verdict <> 'replay';
CREATE INDEX message_queued ON message (chat_id, id) WHERE state = 'queued';
CREATE INDEX message_delivering ON message (chat_id, id) WHERE state = 'delivering' AND answered = 0;
CREATE INDEX message_unpaired_main ON message (chat_id, received_at_us)
    WHERE channel = 'main' AND paired = 0 AND origin IN ('other', 'own') AND verdict <> 'replay';
CREATE INDEX message_echo_open ON message (id) WHERE echo_open = 1;
CREATE INDEX message_open_dead ON message (id) WHERE state = 'dead' AND is_discarded = 0;
CREATE INDEX message_ended ON message (received_at_us)
    WHERE state IN ('done', 'filtered', 'unmatched', 'dead');

-- One call of a platform. A call that must not be repeated stands here before it is made.
CREATE TABLE platform_attempt (
    id             INTEGER PRIMARY KEY,
    message_id     INTEGER NOT NULL REFERENCES message (id),
    platform_id    TEXT    NOT NULL,
    is_repeatable  INTEGER NOT NULL CHECK (is_repeatable IN (0, 1)),
    started_at_us  INTEGER NOT NULL,
    ended_at_us    INTEGER,
    outcome        TEXT    CHECK (outcome IN ('answered', 'transient', 'permanent', 'unknown')),
    reason         TEXT
) STRICT;

CREATE INDEX platform_attempt_by_message ON platform_attempt (message_id);

CREATE TABLE reply (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id          INTEGER NOT NULL REFERENCES message (id),
    chat_id             INTEGER NOT NULL REFERENCES chat (id),
    instance_id         TEXT    NOT NULL,
    text                TEXT    NOT NULL,
    echo_text           TEXT    NOT NULL,
    at_name             TEXT,
    state               TEXT    NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'confirmed', 'unconfirmed', 'failed', 'unknown')),
    reason              TEXT,
    created_at_us       INTEGER NOT NULL,
    due_at_us           INTEGER NOT NULL,
    attempts            INTEGER NOT NULL DEFAULT 0,
    first_attempt_at_us INTEGER,
    route               TEXT    CHECK (route IN ('main', 'window')),
    after_message_id    INTEGER,
    sending_at_us       INTEGER,
    accepted_at_us      INTEGER,
    echo_message_id     INTEGER UNIQUE REFERENCES message (id),
    settled_at_us       INTEGER,
    settled_by          TEXT
) STRICT;

CREATE INDEX reply_by_message ON reply (message_id);
CREATE INDEX reply_pending ON reply (instance_id, chat_id, id) WHERE state = 'pending';
CREATE INDEX reply_sending ON reply (instance_id) WHERE state = 'sending';
CREATE INDEX reply_awaiting_echo ON reply (chat_id, id) WHERE state IN ('sending', 'unconfirmed', 'unknown');

CREATE TABLE timeline (
    id         INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES message (id),
    at_us      INTEGER NOT NULL,
    step       TEXT    NOT NULL,
    params     TEXT    NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX timeline_by_message ON timeline (message_id, id);

-- What a server sent and we could not read: kept whole.
CREATE TABLE unreadable_reply (
    id             INTEGER PRIMARY KEY,
    instance_id    TEXT    NOT NULL,
    channel        TEXT    NOT NULL CHECK (channel IN ('main', 'window')),
    run_id         TEXT    NOT NULL,
    received_at_us INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    body           BLOB    NOT NULL
) STRICT;

-- Figures that would otherwise be a COUNT over all messages, by run (`run:<run id>`); they live on when old rows
-- are deleted. `gone` counts the deleted rows of all runs. Sums over runs are made by the reader: each figure that
-- is kept here is paid for with every row. Only the triggers below write here.
CREATE TABLE counter (
    scope TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER message_inserted AFTER INSERT ON message
BEGIN
    INSERT INTO counter (scope, name, value) VALUES ('run:' || NEW.run_id, 'message.' || NEW.state, 1)
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
    INSERT INTO counter (scope, name, value)
    SELECT 'run:' || NEW.run_id, 'others', 1 WHERE NEW.origin = 'other' AND NEW.verdict <> 'replay'
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
    UPDATE chat SET
        message_count = message_count + iif(NEW.origin = 'other', 1, 0),
        last_message_at_us = max(coalesce(last_message_at_us, 0), NEW.received_at_us)
    WHERE id = NEW.chat_id AND NEW.origin IN ('other', 'own') AND NEW.verdict <> 'replay';
END;

CREATE TRIGGER message_state_changed AFTER UPDATE OF state ON message WHEN NEW.state <> OLD.state
BEGIN
    UPDATE counter SET value = value - 1 WHERE scope = 'run:' || NEW.run_id AND name = 'message.' || OLD.state;
    INSERT INTO counter (scope, name, value) VALUES ('run:' || NEW.run_id, 'message.' || NEW.state, 1)
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER message_matched AFTER UPDATE OF matched ON message WHEN NEW.matched > OLD.matched
BEGIN
    INSERT INTO counter (scope, name, value) VALUES ('run:' || NEW.run_id, 'matched', 1)
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER message_answered AFTER UPDATE OF answered ON message WHEN NEW.answered > OLD.answered
BEGIN
    INSERT INTO counter (scope, name, value) VALUES ('run:' || NEW.run_id, 'delivered', 1)
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER message_deleted AFTER DELETE ON message
BEGIN
    INSERT INTO counter (scope, name, value) VALUES ('gone', 'message.' || OLD.state, 1)
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER reply_inserted AFTER INSERT ON reply
BEGIN
    INSERT INTO counter (scope, name, value)
    SELECT 'run:' || run_id, 'reply.' || NEW.state, 1 FROM message WHERE id = NEW.message_id
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER reply_state_changed AFTER UPDATE OF state ON reply WHEN NEW.state <> OLD.state
BEGIN
    UPDATE counter SET value = value - 1
    WHERE scope = (SELECT 'run:' || run_id FROM message WHERE id = NEW.message_id)
      AND name = 'reply.' || OLD.state;
    INSERT INTO counter (scope, name, value)
    SELECT 'run:' || run_id, 'reply.' || NEW.state, 1 FROM message WHERE id = NEW.message_id
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER reply_deleted AFTER DELETE ON reply
BEGIN
    INSERT INTO counter (scope, name, value) VALUES ('gone', 'reply.' || OLD.state, 1)
    ON CONFLICT (scope, name) DO UPDATE SET value = value + 1;
END;

-- The life cycles, enforced where no caller can forget them; the tables in core/messages/model.py say why.
CREATE TRIGGER message_life_cycle BEFORE UPDATE OF state ON message
    WHEN NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'queued>delivering', 'queued>unmatched', 'queued>filtered',
        'delivering>queued', 'delivering>done', 'delivering>dead',
        'held>queued', 'held>filtered',
        'dead>queued', 'dead>delivering', 'dead>done',
        'done>dead'
    )
BEGIN
    SELECT RAISE (ABORT, 'message state change not allowed');
END;

CREATE TRIGGER reply_life_cycle BEFORE UPDATE OF state ON reply
    WHEN NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'pending>sending', 'pending>failed',
        'sending>pending', 'sending>confirmed', 'sending>unconfirmed', 'sending>unknown', 'sending>failed',
        'unconfirmed>confirmed', 'unconfirmed>failed',
        'unknown>confirmed', 'unknown>failed',
        'failed>pending'
    )
BEGIN
    SELECT RAISE (ABORT, 'reply state change not allowed');
END;

-- Once accepted, a reply went out: nothing may make it sendable again.
CREATE TRIGGER reply_accepted_stays BEFORE UPDATE OF state ON reply
    WHEN NEW.state = 'pending' AND OLD.state = 'sending' AND OLD.accepted_at_us IS NOT NULL
BEGIN
    SELECT RAISE (ABORT, 'an accepted reply cannot be sent again');
END;
