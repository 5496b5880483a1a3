-- The newest terminals first.
CREATE INDEX terminal_added ON terminal (added, name);
