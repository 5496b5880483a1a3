-- The words by which a search finds what has a name: doors, groups, schedules, holidays,
-- imports and terminals. item is what stands in a row of that list.
CREATE TABLE name_word (
    list TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    item TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (list, word, item)
);
CREATE INDEX name_word_item ON name_word (list, item, word);

-- What is there already is found by the words between spaces, dashes and dots.
INSERT INTO name_word (list, word, item)
SELECT DISTINCT list, word, item FROM (
    SELECT 'door' AS list, name AS item, name FROM door
    UNION ALL SELECT 'group', name_key, name_key FROM grp
    UNION ALL SELECT 'schedule', name_key, name_key FROM schedule
    UNION ALL SELECT 'holiday', day, lower(name) FROM holiday
    UNION ALL SELECT 'import', encode(id, 'hex'), lower(name) FROM import
    UNION ALL SELECT 'terminal', name, name FROM terminal
) had, LATERAL unnest(string_to_array(translate(name, '-.', '  '), ' ')) AS word
WHERE word <> '';

CREATE INDEX import_name ON import (name, id);
CREATE INDEX door_group ON door (grp, name);
