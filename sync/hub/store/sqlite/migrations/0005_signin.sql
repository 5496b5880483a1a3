-- What people prove with who they are. data is that of the kind: of a password, a PHC string.
CREATE TABLE credential (
    id      BLOB PRIMARY KEY,
    account BLOB NOT NULL,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    data    BLOB NOT NULL,
    made    INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_account ON credential (account, made, id);

-- Links that are sent to people. hash is that of the token, which nothing keeps.
CREATE TABLE link (
    hash        BLOB PRIMARY KEY,
    purpose     TEXT NOT NULL,
    account     BLOB NOT NULL,
    address     TEXT NOT NULL,
    about       BLOB NOT NULL,
    made        INTEGER NOT NULL,
    ends        INTEGER NOT NULL,
    used        INTEGER NOT NULL,
    replaced    INTEGER NOT NULL,
    replaced_by BLOB NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       TEXT NOT NULL,
    by_via      TEXT NOT NULL,
    sealed      BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX link_account ON link (account, made);
CREATE INDEX link_ends ON link (ends);

CREATE TABLE session (
    hash    BLOB PRIMARY KEY,
    account BLOB NOT NULL,
    made    INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    reauth  INTEGER NOT NULL,
    ip      TEXT NOT NULL,
    agent   TEXT NOT NULL,
    role    TEXT NOT NULL,
    sealed  BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account, seen);
CREATE INDEX session_ends ON session (ends);

-- How often something was tried. key is a hash: it names addresses.
CREATE TABLE throttle (
    key    BLOB PRIMARY KEY,
    count  INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttle_until ON throttle (until);
