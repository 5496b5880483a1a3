-- email_key and name_key are canonical forms. Accounts that are merged or erased have no email_key.
-- Accounts without a name sort last: their name_key begins with U+FFFF.
CREATE TABLE account (
    id            BLOB PRIMARY KEY,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    first         TEXT NOT NULL,
    last          TEXT NOT NULL,
    name_key      TEXT NOT NULL,
    name_attested INTEGER NOT NULL,
    email         TEXT NOT NULL,
    email_key     TEXT,
    verified      INTEGER NOT NULL,
    typed_email   TEXT NOT NULL,
    lang          TEXT NOT NULL,
    number        INTEGER NOT NULL,
    role          TEXT NOT NULL,
    source        TEXT NOT NULL,
    external      TEXT NOT NULL,
    expires       INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    merged_to     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_email ON account (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX account_name ON account (name_key, id);
CREATE INDEX account_created ON account (created, id);
CREATE INDEX account_number ON account (number, id) WHERE number <> 0;
CREATE INDEX account_expires ON account (expires) WHERE expires > 0;
CREATE INDEX account_state ON account (state, name_key, id) WHERE state <> 'active';
CREATE INDEX account_kind ON account (kind, name_key, id) WHERE kind <> 'person';
CREATE INDEX account_external ON account (external) WHERE external <> '';
CREATE INDEX account_role ON account (id) WHERE role = 'admin';
CREATE INDEX account_merged ON account (merged_to) WHERE state = 'merged';

-- Every word of a name, and the e-mail, for search.
CREATE TABLE word (
    word    TEXT NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (word, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX word_account ON word (account, word);

-- anonymN: each number has one owner for ever; goes_to is the account that goes by it now.
CREATE TABLE number (
    n       INTEGER PRIMARY KEY,
    account BLOB NOT NULL,
    goes_to BLOB NOT NULL
) STRICT;
CREATE INDEX number_account ON number (account);
CREATE INDEX number_goes_to ON number (goes_to);

CREATE TABLE grp (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE
) STRICT;

-- name_key is that of the account, so that a page of a group needs no sorting.
CREATE TABLE member (
    grp      INTEGER NOT NULL,
    account  BLOB NOT NULL,
    name_key TEXT NOT NULL,
    PRIMARY KEY (grp, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_name ON member (grp, name_key, account);
CREATE INDEX member_account ON member (account, grp);

CREATE TABLE edit (
    id       INTEGER PRIMARY KEY,
    account  BLOB NOT NULL,
    terminal TEXT NOT NULL,
    ord      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    before   TEXT NOT NULL,
    after    TEXT NOT NULL
) STRICT;
CREATE INDEX edit_account ON edit (account);

CREATE TABLE merge_request (
    account  BLOB NOT NULL,
    into_id  BLOB NOT NULL,
    terminal TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (account, into_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX merge_request_into ON merge_request (into_id, at, account);
CREATE INDEX merge_request_at ON merge_request (at, account, into_id);

-- What became of lists of people, and of each of their lines that changed something.
CREATE TABLE import (
    id      BLOB PRIMARY KEY,
    name    TEXT NOT NULL,
    sum     BLOB NOT NULL,
    state   TEXT NOT NULL,
    lines   INTEGER NOT NULL,
    done    INTEGER NOT NULL,
    made    INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    same    INTEGER NOT NULL,
    wrong   INTEGER NOT NULL,
    started INTEGER NOT NULL,
    undo    TEXT NOT NULL,
    undone  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX import_sum ON import (sum, started);
CREATE INDEX import_started ON import (started, id);

CREATE TABLE import_line (
    import  BLOB NOT NULL,
    line    INTEGER NOT NULL,
    result  TEXT NOT NULL,
    account BLOB NOT NULL,
    code    TEXT NOT NULL,
    PRIMARY KEY (import, line)
) STRICT, WITHOUT ROWID;
