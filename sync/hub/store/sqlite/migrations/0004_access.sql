CREATE TABLE card (
    id        BLOB PRIMARY KEY,
    account   BLOB NOT NULL,
    state     TEXT NOT NULL,
    assurance TEXT NOT NULL,
    expires   INTEGER NOT NULL,
    since     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX card_account ON card (account, id);
CREATE INDEX card_state ON card (state, id);
CREATE INDEX card_temporary ON card (id) WHERE expires > 0;

CREATE TABLE conflict (
    id       INTEGER PRIMARY KEY,
    card     BLOB NOT NULL,
    account  BLOB NOT NULL,
    other    BLOB NOT NULL,
    terminal TEXT NOT NULL,
    why      TEXT NOT NULL,
    at       INTEGER NOT NULL,
    resolved INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX conflict_open ON conflict (card, other, why) WHERE resolved = 0;
CREATE INDEX conflict_queue ON conflict (id) WHERE resolved = 0;
CREATE INDEX conflict_terminal ON conflict (terminal) WHERE resolved = 0;

CREATE TABLE claim (
    id      BLOB PRIMARY KEY,
    account BLOB NOT NULL,
    mac     BLOB NOT NULL,
    code    BLOB NOT NULL,
    doors   TEXT NOT NULL,
    issued  INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    state   TEXT NOT NULL,
    over    INTEGER NOT NULL,
    card    BLOB NOT NULL,
    shown   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_live ON claim (ends) WHERE state = 'live';
CREATE INDEX claim_code ON claim (code, ends) WHERE state = 'live';
CREATE INDEX claim_shown ON claim (ends) WHERE shown = 1;
CREATE INDEX claim_account ON claim (account, issued, id, ends);
CREATE INDEX claim_issued ON claim (issued, id, ends);

CREATE TABLE door (
    name         TEXT PRIMARY KEY,
    grp          TEXT NOT NULL,
    anonymous    INTEGER NOT NULL,
    unknown_time TEXT NOT NULL,
    fresh_for    INTEGER NOT NULL,
    stale        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- account is 16 zero bytes where grp counts, door is '' where door_group does.
CREATE TABLE access_grant (
    id         BLOB PRIMARY KEY,
    account    BLOB NOT NULL,
    grp        INTEGER NOT NULL,
    door       TEXT NOT NULL,
    door_group TEXT NOT NULL,
    schedule   INTEGER NOT NULL,
    from_at    INTEGER NOT NULL,
    to_at      INTEGER NOT NULL,
    deny       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX access_grant_same
    ON access_grant (account, grp, door, door_group, schedule, from_at, to_at, deny);
CREATE INDEX access_grant_account ON access_grant (account, id);
CREATE INDEX access_grant_door ON access_grant (door, id) WHERE door <> '';
CREATE INDEX access_grant_group ON access_grant (grp, id) WHERE grp > 0;
CREATE INDEX access_grant_door_group ON access_grant (door_group, id) WHERE door_group <> '';
CREATE INDEX access_grant_schedule ON access_grant (schedule, id) WHERE schedule > 0;
-- Who has a right to a door.
CREATE INDEX access_grant_holder ON access_grant (door, account, grp) WHERE door <> '' AND deny = 0;
CREATE INDEX access_grant_group_holder ON access_grant (door_group, account, grp) WHERE door_group <> '' AND deny = 0;

CREATE TABLE schedule (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    windows  TEXT NOT NULL
) STRICT;

CREATE TABLE holiday (
    day  TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pin (
    mac     BLOB PRIMARY KEY,
    account BLOB NOT NULL UNIQUE,
    made    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
