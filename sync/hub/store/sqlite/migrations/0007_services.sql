-- What an account that is no administrator may manage: names of rights with a space between.
ALTER TABLE account ADD COLUMN rights TEXT NOT NULL DEFAULT '';
CREATE INDEX account_rights ON account (id) WHERE rights <> '';

-- What the organisation offers its people.
CREATE TABLE offer (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    fr       TEXT NOT NULL,
    en       TEXT NOT NULL,
    link     TEXT NOT NULL,
    everyone INTEGER NOT NULL
) STRICT;

-- account is 16 zero bytes where grp counts.
CREATE TABLE assignment (
    offer   INTEGER NOT NULL,
    account BLOB NOT NULL,
    grp     INTEGER NOT NULL,
    PRIMARY KEY (offer, account, grp)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_to ON assignment (account, grp, offer);

CREATE TABLE notice (
    version  INTEGER PRIMARY KEY,
    since    INTEGER NOT NULL,
    fr       TEXT NOT NULL,
    en       TEXT NOT NULL,
    short_fr TEXT NOT NULL,
    short_en TEXT NOT NULL,
    link     TEXT NOT NULL
) STRICT;

CREATE TABLE acknowledgement (
    account  BLOB NOT NULL,
    version  INTEGER NOT NULL,
    answer   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    channel  TEXT NOT NULL,
    terminal TEXT NOT NULL,
    PRIMARY KEY (account, version, answer)
) STRICT, WITHOUT ROWID;
