-- Why: amendments of orders and prevented matches are asked for after any restart. Rows of
-- prevented matches have a new meaning: the quantities that ended with an order are in them.
--
-- state 1 throws every row away and makes them again from the event log.

CREATE TABLE amendments (
    event BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    old_client VARCHAR(36) NOT NULL,
    new_client VARCHAR(36) NOT NULL,
    old_qty BIGINT NOT NULL,
    new_qty BIGINT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX amendments_of_order ON amendments (symbol, id, event);
CREATE INDEX prevented_of_taker ON prevented_matches (symbol, taker_order, event);
CREATE INDEX prevented_of_maker ON prevented_matches (symbol, maker_order, event);

UPDATE cursors SET state = 1;
