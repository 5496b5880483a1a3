-- Bits of the hub's own: name of the site, counters.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What terminals copy. body is NULL for a tombstone; scope is '' for all terminals,
-- or one database of one terminal.
CREATE TABLE row (
    collection INTEGER NOT NULL,
    scope      TEXT NOT NULL,
    key        BLOB NOT NULL,
    rev        INTEGER NOT NULL,
    body       BLOB,
    PRIMARY KEY (collection, scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX row_rev ON row (collection, scope, rev);

CREATE TABLE collection (
    collection INTEGER NOT NULL,
    scope      TEXT NOT NULL,
    rev        INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    floor      INTEGER NOT NULL,
    PRIMARY KEY (collection, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE terminal (
    name       TEXT PRIMARY KEY,
    added      INTEGER NOT NULL,
    token      BLOB,
    token_ends INTEGER NOT NULL,
    public     BLOB,
    cert       BLOB,
    first      BLOB NOT NULL,
    last_seen  INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    vector     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX terminal_token ON terminal (token);

-- One database of a terminal, and how far each of its streams is here.
CREATE TABLE source (
    id          INTEGER PRIMARY KEY,
    terminal    TEXT NOT NULL REFERENCES terminal (name),
    incarnation BLOB NOT NULL,
    successor   INTEGER NOT NULL,
    UNIQUE (terminal, incarnation)
) STRICT;

CREATE TABLE watermark (
    source INTEGER NOT NULL REFERENCES source (id),
    stream INTEGER NOT NULL,
    upto   INTEGER NOT NULL,
    PRIMARY KEY (source, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   INTEGER NOT NULL,
    stream   INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    ord      INTEGER NOT NULL,
    received INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_place ON event (source, stream, seq);

-- anonymN: each number has one owner for ever.
CREATE TABLE number (
    n       INTEGER PRIMARY KEY,
    account BLOB NOT NULL
) STRICT;

CREATE TABLE block (
    first   INTEGER PRIMARY KEY,
    last    INTEGER NOT NULL,
    scope   TEXT NOT NULL,
    used    INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    spent   INTEGER NOT NULL
) STRICT;
CREATE INDEX block_scope ON block (scope, first);

CREATE TABLE claim (
    id      BLOB PRIMARY KEY,
    account BLOB NOT NULL,
    mac     BLOB NOT NULL,
    doors   TEXT NOT NULL,
    issued  INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    state   INTEGER NOT NULL,
    over    INTEGER NOT NULL,
    card    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_ends ON claim (ends);

CREATE TABLE edit (
    id       INTEGER PRIMARY KEY,
    account  BLOB NOT NULL,
    terminal TEXT NOT NULL,
    ord      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    before   BLOB NOT NULL,
    after    BLOB NOT NULL
) STRICT;
CREATE INDEX edit_account ON edit (account);

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
CREATE INDEX conflict_card ON conflict (card);
