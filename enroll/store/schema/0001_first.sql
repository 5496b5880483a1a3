-- One row: where this database stands.
CREATE TABLE meta (
	id          INTEGER PRIMARY KEY CHECK (id = 1),
	incarnation BLOB    NOT NULL,           -- 16 random bytes; a new one when the hub asks for it
	floor       INTEGER NOT NULL DEFAULT 0, -- Unix milliseconds before which no true time lies
	ev_base     INTEGER NOT NULL DEFAULT 0, -- seq = pos - base, of the routine events
	ev_acked    INTEGER NOT NULL DEFAULT 0, -- pos up to which the hub has them
	ev_pruned   INTEGER NOT NULL DEFAULT 0, -- pos up to which they are deleted
	sec_base    INTEGER NOT NULL DEFAULT 0,
	sec_acked   INTEGER NOT NULL DEFAULT 0,
	sec_pruned  INTEGER NOT NULL DEFAULT 0,
	pruned_ord  INTEGER NOT NULL DEFAULT 0, -- order of the last deleted event
	former      BLOB,                       -- the incarnation before this one; NULL: none
	born        INTEGER NOT NULL DEFAULT 0, -- the hub's number for this incarnation; 0: it has not said
	ev_chain    BLOB    NOT NULL,           -- chain at ev_pruned
	sec_chain   BLOB    NOT NULL,
	ev_safe     INTEGER NOT NULL DEFAULT 0, -- pos up to which a backup of the hub holds them
	sec_safe    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The events, one table for each stream so that a commit writes to the end of one
-- tree and nowhere else. What the hub does not have yet is the outbox.
CREATE TABLE ev_event (
	pos   INTEGER PRIMARY KEY, -- place in the stream, from 1, without gaps
	ord   INTEGER NOT NULL,    -- place in the terminal's order, from 1, without gaps over both tables
	chain BLOB    NOT NULL,    -- wire.Chain up to it
	body  BLOB    NOT NULL     -- the encoded wire.Event
) STRICT;

CREATE TABLE sec_event (
	pos   INTEGER PRIMARY KEY,
	ord   INTEGER NOT NULL,
	chain BLOB    NOT NULL,
	body  BLOB    NOT NULL
) STRICT;

-- What the hub said, verbatim: rows of all collections, by wire.Collection.
CREATE TABLE hub_row (
	collection INTEGER NOT NULL,
	key        BLOB    NOT NULL,
	body       BLOB    NOT NULL,
	PRIMARY KEY (collection, key)
) STRICT, WITHOUT ROWID;

-- How far each collection is: the revision, and the set hash of its rows.
CREATE TABLE hub_collection (
	collection INTEGER PRIMARY KEY,
	rev        INTEGER NOT NULL,
	hash       BLOB    NOT NULL,
	folding    INTEGER NOT NULL -- 1: the rows in hub_stage count as if they were in hub_row
) STRICT;

-- Rows of a large change on their way into hub_row; see stage.go.
CREATE TABLE hub_stage (
	id         INTEGER PRIMARY KEY,
	collection INTEGER NOT NULL,
	changes    BLOB    NOT NULL
) STRICT;

-- What this terminal made of rows before the hub knows; see the package comment.
CREATE TABLE local_row (
	collection INTEGER NOT NULL,
	key        BLOB    NOT NULL,
	mark       INTEGER NOT NULL, -- pos of the security event that tells the hub
	body       BLOB    NOT NULL,
	base       BLOB,             -- the hub's row when it was made; NULL: none
	PRIMARY KEY (collection, key)
) STRICT, WITHOUT ROWID;

-- Numbers given away of each leased block. Rows stay for ever: a block that comes
-- again is not given away again.
CREATE TABLE lease (
	key  BLOB    PRIMARY KEY,
	next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
	name  TEXT    PRIMARY KEY,
	count INTEGER NOT NULL,
	since INTEGER NOT NULL -- Unix milliseconds; 0: never
) STRICT, WITHOUT ROWID;
