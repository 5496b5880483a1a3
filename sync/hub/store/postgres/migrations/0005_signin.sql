-- What people prove with who they are. data is that of the kind: of a password, a PHC string.
CREATE TABLE credential (
    id      BYTEA PRIMARY KEY,
    account BYTEA NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    data    BYTEA NOT NULL,
    made    BIGINT NOT NULL,
    used    BIGINT NOT NULL
);
CREATE INDEX credential_account ON credential (account, made, id);

-- Links that are sent to people. hash is that of the token, which nothing keeps.
CREATE TABLE link (
    hash        BYTEA PRIMARY KEY,
    purpose     TEXT COLLATE "C" NOT NULL,
    account     BYTEA NOT NULL,
    address     TEXT COLLATE "C" NOT NULL,
    about       BYTEA NOT NULL,
    made        BIGINT NOT NULL,
    ends        BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    replaced    BIGINT NOT NULL,
    replaced_by BYTEA NOT NULL,
    by_kind     TEXT COLLATE "C" NOT NULL,
    by_id       TEXT COLLATE "C" NOT NULL,
    by_via      TEXT COLLATE "C" NOT NULL,
    sealed      BYTEA
);
CREATE INDEX link_account ON link (account, made);
CREATE INDEX link_ends ON link (ends);

CREATE TABLE session (
    hash    BYTEA PRIMARY KEY,
    account BYTEA NOT NULL,
    made    BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    reauth  BIGINT NOT NULL,
    ip      TEXT COLLATE "C" NOT NULL,
    agent   TEXT COLLATE "C" NOT NULL,
    role    TEXT COLLATE "C" NOT NULL,
    sealed  BYTEA
);
CREATE INDEX session_account ON session (account, seen);
CREATE INDEX session_ends ON session (ends);

-- How often something was tried. key is a hash: it names addresses.
CREATE TABLE throttle (
    key    BYTEA PRIMARY KEY,
    count  BIGINT NOT NULL,
    until  BIGINT NOT NULL
);
CREATE INDEX throttle_until ON throttle (until);
