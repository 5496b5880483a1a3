-- An edit whose name waits for a word of its owner: 1.
ALTER TABLE edit ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;
