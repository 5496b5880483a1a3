-- 16 zero bytes stand for no card, no claim and nobody.
CREATE TABLE enrolment (
    id         BLOB PRIMARY KEY,
    account    BLOB NOT NULL,
    actor_kind TEXT NOT NULL,
    actor      TEXT NOT NULL,
    via        TEXT NOT NULL,
    step       TEXT NOT NULL,
    replaces   BLOB NOT NULL,
    claim      BLOB NOT NULL,
    sealed     BLOB,
    started    INTEGER NOT NULL,
    closed     INTEGER NOT NULL,
    mails      INTEGER NOT NULL,
    done       INTEGER NOT NULL,
    card       BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX enrolment_open ON enrolment (account) WHERE done = 0;
CREATE INDEX enrolment_account ON enrolment (account, started, id);
CREATE INDEX enrolment_card ON enrolment (card, done, id) WHERE done > 0;

CREATE TABLE card_label (
    card    BLOB PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE,
    batch   TEXT NOT NULL,
    made    INTEGER NOT NULL,
    used_by BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX card_label_used ON card_label (used_by);

-- Notices that a person does not want by mail.
CREATE TABLE mail_muted (
    account BLOB NOT NULL,
    purpose TEXT NOT NULL,
    PRIMARY KEY (account, purpose)
) STRICT, WITHOUT ROWID;
