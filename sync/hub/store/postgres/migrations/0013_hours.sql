-- The minutes of the day between which terminals may begin to install a release. Both 0: always.
ALTER TABLE release ADD COLUMN opens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE release ADD COLUMN closes BIGINT NOT NULL DEFAULT 0;
