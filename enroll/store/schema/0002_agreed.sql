-- The newest version of the privacy notice that somebody agreed to here and that the hub does
-- not confirm yet.
CREATE TABLE agreed (
	account BLOB    PRIMARY KEY,
	version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
