-- The configuration: one row per object, settings groups included. Secrets inside `document` are sealed.
CREATE TABLE config_object (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,           -- order in exports; never reused within the table
    document TEXT NOT NULL CHECK (json_valid(document)),
    revision INTEGER NOT NULL,           -- the change that wrote this row
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Who changed what and when. History is append-only; a rollback is one more revision.
CREATE TABLE config_revision (
    number INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL
) STRICT;

CREATE TABLE config_change (
    revision INTEGER NOT NULL REFERENCES config_revision (number),
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    before TEXT CHECK (before IS NULL OR json_valid(before)),   -- NULL: was not there
    after TEXT CHECK (after IS NULL OR json_valid(after)),      -- NULL: is no longer there
    PRIMARY KEY (revision, kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX config_change_by_object ON config_change (kind, id, revision);

-- What people and programs did: edits, restarts, repairs, silences, replays, test sends, refused tokens.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    params TEXT NOT NULL CHECK (json_valid(params))
) STRICT;

CREATE TRIGGER config_revision_keeps BEFORE UPDATE ON config_revision
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER config_revision_stays BEFORE DELETE ON config_revision
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER config_change_keeps BEFORE UPDATE ON config_change
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER config_change_stays BEFORE DELETE ON config_change
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
