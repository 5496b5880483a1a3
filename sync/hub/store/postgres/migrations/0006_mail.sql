-- Mails on their way out. sealed is NULL once it is wiped; unsure counts how often the server may
-- have taken a mail without the hub knowing.
CREATE TABLE mail_out (
    id      BYTEA PRIMARY KEY,
    made    BIGINT NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    to_addr TEXT COLLATE "C" NOT NULL,
    lang    TEXT COLLATE "C" NOT NULL,
    account BYTEA NOT NULL,
    sealed  BYTEA,
    state   TEXT COLLATE "C" NOT NULL,
    tries   BIGINT NOT NULL,
    unsure  BIGINT NOT NULL,
    next    BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    answer  TEXT COLLATE "C" NOT NULL,
    done    BIGINT NOT NULL,
    dedup   TEXT COLLATE "C" UNIQUE
);
CREATE INDEX mail_out_due ON mail_out (state, next, made, id);
CREATE INDEX mail_out_ends ON mail_out (ends, id) WHERE sealed IS NOT NULL;
CREATE INDEX mail_out_made ON mail_out (made, id);
CREATE INDEX mail_out_state ON mail_out (state, made, id);
CREATE INDEX mail_out_account ON mail_out (account, made, id);

-- The templates that differ from the default.
CREATE TABLE mail_template (
    purpose TEXT COLLATE "C" NOT NULL,
    lang    TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    body    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (purpose, lang)
);
