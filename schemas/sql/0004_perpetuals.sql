-- Why: perpetual contracts have a past, too: terms and profits of old orders and trades,
-- income, funding, liquidations, the insurance fund, and candles of what nobody trades.
--
-- The rows of 0002 and 0003 stay as they are, but these begin at the first command: everything is
-- made anew from the event log. series: 0 mark, 1 index, 2 premium (its values are rates of
-- 1e-8). Sides of positions: 0 both, 1 long, 2 short; a short has negative size and cost.

UPDATE cursors SET state = 1;

-- What an order on a perpetual has beside its row in orders. When it was set off is in
-- order_events (kind triggered).
CREATE TABLE perpetual_orders (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    good_till_ns BIGINT NOT NULL,
    position_side SMALLINT NOT NULL,
    working_type SMALLINT NOT NULL,
    price_match SMALLINT NOT NULL,
    reduce_only SMALLINT NOT NULL,
    close_position SMALLINT NOT NULL,
    price_protect SMALLINT NOT NULL,
    stop_price BIGINT NOT NULL,
    callback BIGINT NOT NULL,
    waits SMALLINT NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

-- What a trade realised on each side, before commission.
CREATE TABLE trade_profits (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    taker_account BIGINT NOT NULL,
    taker_position SMALLINT NOT NULL,
    taker_realised AMOUNT NOT NULL,
    maker_account BIGINT NOT NULL,
    maker_position SMALLINT NOT NULL,
    maker_realised AMOUNT NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE TABLE order_modifications (
    event BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    old_price BIGINT NOT NULL,
    new_price BIGINT NOT NULL,
    old_qty BIGINT NOT NULL,
    new_qty BIGINT NOT NULL,
    number BIGINT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX order_modifications_of_account ON order_modifications (account, symbol, event);

-- symbol -1: of the wallet itself. trade 0: of no trade.
CREATE TABLE income (
    event BIGINT NOT NULL,
    line SMALLINT NOT NULL,
    account BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    asset INT NOT NULL,
    amount AMOUNT NOT NULL,
    trade BIGINT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event, line)
) WITHOUT ROWID;

CREATE INDEX income_of_account ON income (account, event, line);

CREATE TABLE positions (
    account BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    side SMALLINT NOT NULL,
    size BIGINT NOT NULL,
    cost AMOUNT NOT NULL,
    isolated AMOUNT NOT NULL,
    updated_ns BIGINT NOT NULL,
    PRIMARY KEY (account, symbol, side)
) WITHOUT ROWID;

CREATE TABLE wallets (
    account BIGINT NOT NULL,
    asset INT NOT NULL,
    cross_balance AMOUNT NOT NULL,
    isolated AMOUNT NOT NULL,
    updated_ns BIGINT NOT NULL,
    PRIMARY KEY (account, asset)
) WITHOUT ROWID;

CREATE TABLE margin_changes (
    event BIGINT NOT NULL,
    account BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    side SMALLINT NOT NULL,
    amount AMOUNT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX margin_changes_of_account ON margin_changes (account, event);

CREATE TABLE funding_slots (
    event BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    slot_ns BIGINT NOT NULL,
    rate BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    premium BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX funding_slots_by_time ON funding_slots (symbol, slot_ns);

CREATE TABLE funding_payments (
    event BIGINT NOT NULL,
    account BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    side SMALLINT NOT NULL,
    size BIGINT NOT NULL,
    amount AMOUNT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX funding_payments_of_account ON funding_payments (account, event);

-- A pool that was due. symbol -1: the cross pool of the asset.
CREATE TABLE liquidations (
    event BIGINT NOT NULL,
    account BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    asset INT NOT NULL,
    balance AMOUNT NOT NULL,
    maintenance AMOUNT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX liquidations_of_account ON liquidations (account, event);

-- The orders by which a liquidation sells; their rows are in orders.
CREATE TABLE forced_orders (
    symbol BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    position_side SMALLINT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (symbol, id)
) WITHOUT ROWID;

CREATE INDEX forced_orders_of_account ON forced_orders (account, time_ns);

-- cause: 0 insurance, 1 deleveraging, 2 settlement.
CREATE TABLE takeovers (
    event BIGINT NOT NULL,
    symbol BIGINT NOT NULL,
    from_account BIGINT NOT NULL,
    from_side SMALLINT NOT NULL,
    to_account BIGINT NOT NULL,
    to_side SMALLINT NOT NULL,
    cause SMALLINT NOT NULL,
    size BIGINT NOT NULL,
    price BIGINT NOT NULL,
    quote AMOUNT NOT NULL,
    from_realised AMOUNT NOT NULL,
    to_realised AMOUNT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

CREATE INDEX takeovers_from ON takeovers (from_account, event);
CREATE INDEX takeovers_to ON takeovers (to_account, event);

-- The insurance fund's wallet after each command that moved it.
CREATE TABLE insurance (
    event BIGINT NOT NULL,
    asset INT NOT NULL,
    balance AMOUNT NOT NULL,
    time_ns BIGINT NOT NULL,
    PRIMARY KEY (event)
) WITHOUT ROWID;

-- Lots held long by the accounts of this database at the end of a span (5m).
CREATE TABLE open_interest (
    symbol BIGINT NOT NULL,
    span VARCHAR(3) NOT NULL,
    open_ns BIGINT NOT NULL,
    lots AMOUNT NOT NULL,
    PRIMARY KEY (symbol, span, open_ns)
) WITHOUT ROWID;

-- Only spans in which a value came have a row.
CREATE TABLE price_candles (
    symbol BIGINT NOT NULL,
    span VARCHAR(3) NOT NULL,
    open_ns BIGINT NOT NULL,
    series SMALLINT NOT NULL,
    open BIGINT NOT NULL,
    high BIGINT NOT NULL,
    low BIGINT NOT NULL,
    close BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (symbol, span, open_ns, series)
) WITHOUT ROWID;
