-- 16 zero bytes stand for no card, no claim and nobody.
CREATE TABLE enrolment (
    id         BYTEA PRIMARY KEY,
    account    BYTEA NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor      TEXT COLLATE "C" NOT NULL,
    via        TEXT COLLATE "C" NOT NULL,
    step       TEXT COLLATE "C" NOT NULL,
    replaces   BYTEA NOT NULL,
    claim      BYTEA NOT NULL,
    sealed     BYTEA,
    started    BIGINT NOT NULL,
    closed     BIGINT NOT NULL,
    mails      BIGINT NOT NULL,
    done       BIGINT NOT NULL,
    card       BYTEA NOT NULL
);
CREATE UNIQUE INDEX enrolment_open ON enrolment (account) WHERE done = 0;
CREATE INDEX enrolment_account ON enrolment (account, started, id);
CREATE INDEX enrolment_card ON enrolment (card, done, id) WHERE done > 0;

CREATE TABLE card_label (
    card    BYTEA PRIMARY KEY,
    hash    BYTEA NOT NULL UNIQUE,
    batch   TEXT COLLATE "C" NOT NULL,
    made    BIGINT NOT NULL,
    used_by BYTEA NOT NULL
);
CREATE INDEX card_label_used ON card_label (used_by);

-- Notices that a person does not want by mail.
CREATE TABLE mail_muted (
    account BYTEA NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, purpose)
);
