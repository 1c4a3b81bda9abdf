-- Tokens of the local HTTP API. Instants are microseconds since the epoch (UTC).

CREATE TABLE api_token (
    name            TEXT    NOT NULL PRIMARY KEY,
    prefix          TEXT    NOT NULL,         -- by which a person recognises the value
    digest          BLOB    NOT NULL UNIQUE,  -- SHA-256 of the value, which is random enough to need no salt
    scope           TEXT    NOT NULL,         -- read | operate | admin
    created_at_us   INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    expires_at_us   INTEGER,                  -- NULL = never
    last_used_at_us INTEGER
) STRICT, WITHOUT ROWID;
