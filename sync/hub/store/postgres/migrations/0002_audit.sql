-- Who did what. before, after and salt are NULL once they are erased; commit_hash keeps the chain.
-- prev is the hash of the line before.
CREATE TABLE audit (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor_kind  TEXT COLLATE "C" NOT NULL,
    actor_id    TEXT COLLATE "C" NOT NULL,
    via         TEXT COLLATE "C" NOT NULL,
    action      TEXT COLLATE "C" NOT NULL,
    object      TEXT COLLATE "C" NOT NULL,
    subject     BYTEA NOT NULL,
    before      BYTEA,
    after       BYTEA,
    salt        BYTEA,
    commit_hash BYTEA NOT NULL,
    prev        BYTEA NOT NULL,
    hash        BYTEA NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE INDEX audit_object ON audit (object, seq);
CREATE INDEX audit_action ON audit (action, seq);
