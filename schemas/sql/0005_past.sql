-- Why: a sink must notice that its journal was restored to an older point and went on
-- differently. time_ns: when the last command before `next` came, by the journal; 0 = an
-- older build wrote the row, or there is none.

ALTER TABLE cursors ADD COLUMN time_ns BIGINT NOT NULL DEFAULT 0;
