-- The release that a terminal which starts from a card has installed, and its board. sequence
-- is the order of that release.
ALTER TABLE terminal ADD COLUMN board TEXT NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN installed BLOB;
ALTER TABLE terminal ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;

-- Releases that the hub keeps, and who is to have them. Lists are JSON. assigned is 0 while
-- nobody is to have it.
CREATE TABLE release (
    id          BLOB PRIMARY KEY,
    version    TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    boards     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    pieces     BLOB NOT NULL,
    added      INTEGER NOT NULL,
    assigned   INTEGER NOT NULL,
    percent    INTEGER NOT NULL,
    door_groups     TEXT NOT NULL,
    terminals  TEXT NOT NULL,
    stop_after INTEGER NOT NULL,
    paused     INTEGER NOT NULL,
    stopped    INTEGER NOT NULL
) STRICT;

-- How far each terminal is with each release.
CREATE TABLE install (
    release  BLOB NOT NULL REFERENCES release (id),
    terminal TEXT NOT NULL REFERENCES terminal (name),
    stage    TEXT NOT NULL,
    done     INTEGER NOT NULL,
    why      TEXT NOT NULL,
    since    INTEGER NOT NULL,
    retry    INTEGER NOT NULL,
    PRIMARY KEY (release, terminal)
) STRICT, WITHOUT ROWID;
CREATE INDEX install_under_way ON install (stage, terminal);
