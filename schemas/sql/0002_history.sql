-- Why: everything that people and other systems ask of the past, in one set of tables for
-- SQLite and MySQL/MariaDB. The tables of 0001 are made anew from the event log.
--
-- AMOUNT is atoms of an asset as a whole number of up to 39 digits: decimal text in SQLite,
-- DECIMAL(39,0) in MySQL. Prices and quantities are units of their symbol (see symbols).
-- Times are nanoseconds since 1970 UTC. event = offset * 65536 + index in the command.
-- Absent on purpose: positions, funding, liquidations; they come with the next numbers.

DROP TABLE IF EXISTS cursors;
DROP TABLE IF EXISTS orders;
DROP TABLE IF EXISTS trades;
DROP TABLE IF EXISTS balances;
DROP TABLE IF EXISTS payments;

-- state 1: the rows are being thrown away; scope: whose rows these are.
CREATE TABLE cursors (
    name VARCHAR(64) NOT NULL,
    next BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    scope VARCHAR(64) NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID;

CREATE TABLE assets (
    asset INT NOT NULL,
    code VARCHAR(12) NOT NULL,
    scale SMALLINT NOT NULL,
    PRIMARY KEY (asset)
) WITHOUT ROWID;

CREATE TABLE symbols (
    symbol BIGINT NOT NULL,
    name VARCHAR(20) NOT NULL,
    kind SMALLINT NOT NULL,
    base INT NOT NULL,
    quote INT NOT NULL,
    price_scale SMALLINT NOT NULL,
    qty_scale SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    maker_fee BIGINT NOT NULL,
    taker_fee BIGINT NOT NULL,
    PRIMARY KEY (symbol)
) WITHOUT ROWID;

CREATE TABLE accounts (
    account BIGINT NOT NULL,
    business VARCHAR(64) NOT NULL,
    state SMALLINT NOT NULL,
    tier SMALLINT NOT NULL,
    orders_per_10s BIGINT NOT NULL,
    orders_per_day BIGINT NOT NULL,
    created_ns BIGINT NOT NULL,
    updated_ns BIGINT NOT NULL,
    PRIMARY KEY (account)
) WITHOUT ROWID;

-- list: the order list it belongs to, 0 for none. extras: empty for a plain order, else its
-- terms (trigger, iceberg, pegged price …) in the explicit encoding of schemas, as hex.
CREATE TABLE orders (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    client_order VARCHAR(36) NOT NULL,
    side SMALLINT NOT NULL,
    type SMALLINT NOT NULL,
    time_in_force SMALLINT NOT NULL,
    self_trade SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    price BIGINT NOT NULL,
    qty BIGINT NOT NULL,
    quote_qty AMOUNT NOT NULL,
    executed BIGINT NOT NULL,
    quote AMOUNT NOT NULL,
    prevented BIGINT NOT NULL,
    created_ns BIGINT NOT NULL,
    updated_ns BIGINT NOT NULL,
    list BIGINT NOT NULL,
    extras VARCHAR(512) NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE INDEX orders_of_account ON orders (account, symbol, id);
CREATE INDEX orders_by_client ON orders (account, symbol, client_order, id);

-- What happened to each order, in order: accepted, trade, amended, prevented, and its end.
CREATE TABLE order_events (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    event BIGINT NOT NULL,
    account BIGINT NOT NULL,
    time_ns BIGINT NOT NULL,
    kind VARCHAR(20) NOT NULL,
    price BIGINT NOT NULL,
    qty BIGINT NOT NULL,
    trade BIGINT NOT NULL,
    PRIMARY KEY (symbol, id, event)
) WITHOUT ROWID;

CREATE TABLE trades (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    price BIGINT NOT NULL,
    qty BIGINT NOT NULL,
    quote AMOUNT NOT NULL,
    time_ns BIGINT NOT NULL,
    taker_side SMALLINT NOT NULL,
    taker_order BIGINT NOT NULL,
    taker_account BIGINT NOT NULL,
    taker_fee AMOUNT NOT NULL,
    maker_order BIGINT NOT NULL,
    maker_account BIGINT NOT NULL,
    maker_fee AMOUNT NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE INDEX trades_of_taker ON trades (taker_account, symbol, id);
CREATE INDEX trades_of_maker ON trades (maker_account, symbol, id);
CREATE INDEX trades_by_time ON trades (symbol, time_ns);

-- Every change of what an account owns (free and held together), one line a posting. The
-- sum of an account's lines in an asset is its balance. business is the act that moved it:
-- the id of a deposit, withdrawal or transfer, or SYMBOL:TRADE; with line it is unique.
CREATE TABLE ledger (
    event BIGINT NOT NULL,
    line SMALLINT NOT NULL,
    account BIGINT NOT NULL,
    asset INT NOT NULL,
    delta AMOUNT NOT NULL,
    kind VARCHAR(20) NOT NULL,
    business VARCHAR(64) NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event, line)
) WITHOUT ROWID;

CREATE INDEX ledger_of_account ON ledger (account, asset, event, line);

CREATE TABLE balances (
    account BIGINT NOT NULL,
    asset INT NOT NULL,
    free AMOUNT NOT NULL,
    held AMOUNT NOT NULL,
    PRIMARY KEY (account, asset)
) WITHOUT ROWID;

-- Deposits come from account 0, the outside world, and withdrawals go there.
CREATE TABLE transfers (
    event BIGINT NOT NULL,
    from_account BIGINT NOT NULL,
    to_account BIGINT NOT NULL,
    asset INT NOT NULL,
    amount AMOUNT NOT NULL,
    kind VARCHAR(20) NOT NULL,
    business VARCHAR(64) NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX transfers_from ON transfers (from_account, event);
CREATE INDEX transfers_to ON transfers (to_account, event);

CREATE TABLE prevented_matches (
    event BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    account BIGINT NOT NULL,
    taker_order BIGINT NOT NULL,
    maker_order BIGINT NOT NULL,
    maker_side SMALLINT NOT NULL,
    price BIGINT NOT NULL,
    taker_prevented BIGINT NOT NULL,
    maker_prevented BIGINT NOT NULL,
    mode SMALLINT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX prevented_of_account ON prevented_matches (account, symbol, event);

-- span is the dialect's name: 1s, 1m … 1M. Only spans with trades have a row.
CREATE TABLE candles (
    symbol BIGINT NOT NULL,
    span VARCHAR(3) NOT NULL,
    open_ns BIGINT NOT NULL,
    open BIGINT NOT NULL,
    high BIGINT NOT NULL,
    low BIGINT NOT NULL,
    close BIGINT NOT NULL,
    qty AMOUNT NOT NULL,
    quote AMOUNT NOT NULL,
    trades BIGINT NOT NULL,
    taker_buy_qty AMOUNT NOT NULL,
    taker_buy_quote AMOUNT NOT NULL,
    first_trade BIGINT NOT NULL,
    last_trade BIGINT NOT NULL,
    PRIMARY KEY (symbol, span, open_ns)
) WITHOUT ROWID;

-- What an account traded on a symbol in one hour (1h) and one calendar day UTC (1d).
CREATE TABLE trade_summary (
    symbol BIGINT NOT NULL,
    span VARCHAR(3) NOT NULL,
    open_ns BIGINT NOT NULL,
    account BIGINT NOT NULL,
    trades BIGINT NOT NULL,
    bought_qty AMOUNT NOT NULL,
    bought_quote AMOUNT NOT NULL,
    sold_qty AMOUNT NOT NULL,
    sold_quote AMOUNT NOT NULL,
    PRIMARY KEY (symbol, span, open_ns, account)
) WITHOUT ROWID;

CREATE INDEX trade_summary_of_account ON trade_summary (account, symbol, span, open_ns);

CREATE TABLE order_lists (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    client_list VARCHAR(36) NOT NULL,
    contingency SMALLINT NOT NULL,
    order_1 BIGINT NOT NULL,
    order_2 BIGINT NOT NULL,
    order_3 BIGINT NOT NULL,
    done SMALLINT NOT NULL,
    created_ns BIGINT NOT NULL,
    updated_ns BIGINT NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE INDEX order_lists_of_account ON order_lists (account, id);
