-- Since when terminals have what: a row each time one said that it is further.
CREATE TABLE applied (
    terminal   TEXT NOT NULL,
    collection INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (terminal, collection, rev)
) STRICT, WITHOUT ROWID;
CREATE INDEX applied_at ON applied (at);
