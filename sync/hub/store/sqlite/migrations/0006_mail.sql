-- Mails on their way out. sealed is NULL once it is wiped; unsure counts how often the server may
-- have taken a mail without the hub knowing.
CREATE TABLE mail_out (
    id      BLOB PRIMARY KEY,
    made    INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    to_addr TEXT NOT NULL,
    lang    TEXT NOT NULL,
    account BLOB NOT NULL,
    sealed  BLOB,
    state   TEXT NOT NULL,
    tries   INTEGER NOT NULL,
    unsure  INTEGER NOT NULL,
    next    INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    answer  TEXT NOT NULL,
    done    INTEGER NOT NULL,
    dedup   TEXT UNIQUE
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_out_due ON mail_out (state, next, made, id);
CREATE INDEX mail_out_ends ON mail_out (ends, id) WHERE sealed IS NOT NULL;
CREATE INDEX mail_out_made ON mail_out (made, id);
CREATE INDEX mail_out_state ON mail_out (state, made, id);
CREATE INDEX mail_out_account ON mail_out (account, made, id);

-- The templates that differ from the default.
CREATE TABLE mail_template (
    purpose TEXT NOT NULL,
    lang    TEXT NOT NULL,
    subject TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (purpose, lang)
) STRICT, WITHOUT ROWID;
