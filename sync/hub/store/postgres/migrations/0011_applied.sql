-- Since when terminals have what: a row each time one said that it is further.
CREATE TABLE applied (
    terminal   TEXT COLLATE "C" NOT NULL,
    collection BIGINT NOT NULL,
    rev        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (terminal, collection, rev)
);
CREATE INDEX applied_at ON applied (at);
