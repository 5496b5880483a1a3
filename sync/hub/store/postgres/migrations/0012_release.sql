-- The release that a terminal which starts from a card has installed, and its board. sequence
-- is the order of that release.
ALTER TABLE terminal ADD COLUMN board TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE terminal ADD COLUMN installed BYTEA;
ALTER TABLE terminal ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;

-- Releases that the hub keeps, and who is to have them. Lists are JSON. assigned is 0 while
-- nobody is to have it.
CREATE TABLE release (
    id          BYTEA PRIMARY KEY,
    version    TEXT COLLATE "C" NOT NULL,
    sequence   BIGINT NOT NULL,
    boards     TEXT COLLATE "C" NOT NULL,
    size       BIGINT NOT NULL,
    pieces     BYTEA NOT NULL,
    added      BIGINT NOT NULL,
    assigned   BIGINT NOT NULL,
    percent    BIGINT NOT NULL,
    door_groups     TEXT COLLATE "C" NOT NULL,
    terminals  TEXT COLLATE "C" NOT NULL,
    stop_after BIGINT NOT NULL,
    paused     BIGINT NOT NULL,
    stopped    BIGINT NOT NULL
);

-- How far each terminal is with each release.
CREATE TABLE install (
    release  BYTEA NOT NULL REFERENCES release (id),
    terminal TEXT COLLATE "C" NOT NULL REFERENCES terminal (name),
    stage    TEXT COLLATE "C" NOT NULL,
    done     BIGINT NOT NULL,
    why      TEXT COLLATE "C" NOT NULL,
    since    BIGINT NOT NULL,
    retry    BIGINT NOT NULL,
    PRIMARY KEY (release, terminal)
);
CREATE INDEX install_under_way ON install (stage, terminal);
