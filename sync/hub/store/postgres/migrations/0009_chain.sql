-- The chain of the event at a watermark, NULL from before there were chains, and how far a
-- backup holds the stream. A retired database was copied or has a successor.
-- born is a random number from when the hub first heard of it.
ALTER TABLE watermark ADD COLUMN chain BYTEA;
ALTER TABLE watermark ADD COLUMN safe BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN retired BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN born BIGINT NOT NULL DEFAULT 0;

-- What somebody must look at. done is 0 until somebody acknowledged it.
CREATE TABLE alarm (
    id     BIGINT PRIMARY KEY,
    kind   TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    first  BIGINT NOT NULL,
    last   BIGINT NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    done   BIGINT NOT NULL,
    done_by TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX alarm_open ON alarm (kind, object) WHERE done = 0;

-- Who saw a number that is another's: a copied terminal had told it to both.
CREATE TABLE seen_number (
    n       BIGINT NOT NULL,
    account BYTEA NOT NULL,
    PRIMARY KEY (n, account)
);
