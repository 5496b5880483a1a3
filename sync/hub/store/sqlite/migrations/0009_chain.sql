-- The chain of the event at a watermark, NULL from before there were chains, and how far a
-- backup holds the stream. A retired database was copied or has a successor.
-- born is a random number from when the hub first heard of it.
ALTER TABLE watermark ADD COLUMN chain BLOB;
ALTER TABLE watermark ADD COLUMN safe INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN born INTEGER NOT NULL DEFAULT 0;

-- What somebody must look at. done is 0 until somebody acknowledged it.
CREATE TABLE alarm (
    id     INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    object TEXT NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    detail TEXT NOT NULL,
    done   INTEGER NOT NULL,
    done_by TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (kind, object) WHERE done = 0;

-- Who saw a number that is another's: a copied terminal had told it to both.
CREATE TABLE seen_number (
    n       INTEGER NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (n, account)
) STRICT, WITHOUT ROWID;
