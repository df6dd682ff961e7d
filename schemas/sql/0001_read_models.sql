-- Why: history outlives the views. Closed orders, trades and the ledger's lines are read
-- here after any restart; every row is made from the event log and can be made again.
-- Amounts (128 bits) are decimal text in atoms; prices and quantities are units.

CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
);

CREATE TABLE orders (
    symbol INTEGER NOT NULL,
    id INTEGER NOT NULL,
    account INTEGER NOT NULL,
    client_order TEXT NOT NULL,
    side INTEGER NOT NULL,
    type INTEGER NOT NULL,
    time_in_force INTEGER NOT NULL,
    self_trade INTEGER NOT NULL,
    status INTEGER NOT NULL,
    price INTEGER NOT NULL,
    qty INTEGER NOT NULL,
    quote_qty TEXT NOT NULL,
    executed INTEGER NOT NULL,
    quote TEXT NOT NULL,
    prevented INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE INDEX orders_of_account ON orders (account, symbol, id);
CREATE INDEX orders_by_client ON orders (account, symbol, client_order, id);

CREATE TABLE trades (
    symbol INTEGER NOT NULL,
    id INTEGER NOT NULL,
    price INTEGER NOT NULL,
    qty INTEGER NOT NULL,
    quote TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    taker_side INTEGER NOT NULL,
    taker_order INTEGER NOT NULL,
    taker_account INTEGER NOT NULL,
    taker_fee TEXT NOT NULL,
    maker_order INTEGER NOT NULL,
    maker_account INTEGER NOT NULL,
    maker_fee TEXT NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE INDEX trades_of_taker ON trades (taker_account, symbol, id);
CREATE INDEX trades_of_maker ON trades (maker_account, symbol, id);

CREATE TABLE balances (
    account INTEGER NOT NULL,
    asset INTEGER NOT NULL,
    free TEXT NOT NULL,
    held TEXT NOT NULL,
    PRIMARY KEY (account, asset)
) WITHOUT ROWID;

CREATE TABLE payments (
    event INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    asset INTEGER NOT NULL,
    delta TEXT NOT NULL,
    kind TEXT NOT NULL,
    business TEXT NOT NULL
);

CREATE INDEX payments_of_account ON payments (account, asset, event);
