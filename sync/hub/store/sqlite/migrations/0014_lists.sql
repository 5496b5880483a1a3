-- The words by which a search finds what has a name: doors, groups, schedules, holidays,
-- imports and terminals. item is what stands in a row of that list.
CREATE TABLE name_word (
    list TEXT NOT NULL,
    word TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (list, word, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_word_item ON name_word (list, item, word);

-- What is there already is found by the words between spaces, dashes and dots.
WITH RECURSIVE had (list, item, name) AS (
    SELECT 'door', name, name FROM door
    UNION ALL SELECT 'group', name_key, name_key FROM grp
    UNION ALL SELECT 'schedule', name_key, name_key FROM schedule
    UNION ALL SELECT 'holiday', day, lower(name) FROM holiday
    UNION ALL SELECT 'import', lower(hex(id)), lower(name) FROM import
    UNION ALL SELECT 'terminal', name, name FROM terminal
), cut (list, item, word, rest) AS (
    SELECT list, item, '', replace(replace(name, '-', ' '), '.', ' ') || ' ' FROM had
    UNION ALL
    SELECT list, item, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM cut WHERE rest <> ''
)
INSERT OR IGNORE INTO name_word (list, word, item) SELECT list, word, item FROM cut WHERE word <> '';

CREATE INDEX import_name ON import (name, id);
CREATE INDEX door_group ON door (grp, name);
