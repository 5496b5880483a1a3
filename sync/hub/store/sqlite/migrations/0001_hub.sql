-- The site, of which there is one. seq is the number of the last event.
CREATE TABLE site (
    id  TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT;

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
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
    vector     BLOB NOT NULL,
    doors      TEXT NOT NULL
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
    id       INTEGER PRIMARY KEY,
    source   INTEGER NOT NULL,
    stream   INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    ord      INTEGER NOT NULL,
    received INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_place ON event (source, stream, seq);

CREATE TABLE block (
    first   INTEGER PRIMARY KEY,
    last    INTEGER NOT NULL,
    scope   TEXT NOT NULL,
    used    INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    spent   INTEGER NOT NULL
) STRICT;
CREATE INDEX block_scope ON block (scope, first);

INSERT INTO site VALUES ('', 0);
