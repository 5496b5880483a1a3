-- When the hub was last heard. Until now the floor stood for it; but the floor goes on while
-- the hub is away, and is taken back when a time was believed by mistake.
ALTER TABLE meta ADD COLUMN heard INTEGER NOT NULL DEFAULT 0; -- Unix milliseconds
UPDATE meta SET heard = floor;
