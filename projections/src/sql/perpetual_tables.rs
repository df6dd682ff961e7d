//! The tables of perpetual contracts.

use crate::sql::tables::Table;

pub const PERPETUAL_ORDERS: Table = Table {
    name: "perpetual_orders",
    key: &["symbol", "id"],
    columns: &[
        "symbol",
        "id",
        "account",
        "good_till_ns",
        "position_side",
        "working_type",
        "price_match",
        "reduce_only",
        "close_position",
        "price_protect",
        "stop_price",
        "callback",
        "waits",
    ],
    changes: false,
};
pub const TRADE_PROFITS: Table = Table {
    name: "trade_profits",
    key: &["symbol", "id"],
    columns: &[
        "symbol",
        "id",
        "taker_account",
        "taker_position",
        "taker_realised",
        "maker_account",
        "maker_position",
        "maker_realised",
    ],
    changes: false,
};
pub const ORDER_MODIFICATIONS: Table = Table {
    name: "order_modifications",
    key: &["event"],
    columns: &[
        "event",
        "symbol",
        "id",
        "account",
        "old_price",
        "new_price",
        "old_qty",
        "new_qty",
        "number",
        "time_ns",
    ],
    changes: false,
};
pub const INCOME: Table = Table {
    name: "income",
    key: &["event", "line"],
    columns: &[
        "event", "line", "account", "symbol", "kind", "asset", "amount", "trade", "time_ns",
    ],
    changes: false,
};
pub const POSITIONS: Table = Table {
    name: "positions",
    key: &["account", "symbol", "side"],
    columns: &[
        "account",
        "symbol",
        "side",
        "size",
        "cost",
        "isolated",
        "updated_ns",
    ],
    changes: true,
};
pub const WALLETS: Table = Table {
    name: "wallets",
    key: &["account", "asset"],
    columns: &[
        "account",
        "asset",
        "cross_balance",
        "isolated",
        "updated_ns",
    ],
    changes: true,
};
pub const MARGIN_CHANGES: Table = Table {
    name: "margin_changes",
    key: &["event"],
    columns: &["event", "account", "symbol", "side", "amount", "time_ns"],
    changes: false,
};
pub const FUNDING_SLOTS: Table = Table {
    name: "funding_slots",
    key: &["event"],
    columns: &["event", "symbol", "slot_ns", "rate", "mark", "premium"],
    changes: false,
};
pub const FUNDING_PAYMENTS: Table = Table {
    name: "funding_payments",
    key: &["event"],
    columns: &[
        "event", "account", "symbol", "side", "size", "amount", "time_ns",
    ],
    changes: false,
};
pub const LIQUIDATIONS: Table = Table {
    name: "liquidations",
    key: &["event"],
    columns: &[
        "event",
        "account",
        "symbol",
        "asset",
        "balance",
        "maintenance",
        "time_ns",
    ],
    changes: false,
};
pub const FORCED_ORDERS: Table = Table {
    name: "forced_orders",
    key: &["symbol", "id"],
    columns: &["symbol", "id", "account", "position_side", "time_ns"],
    changes: false,
};
pub const TAKEOVERS: Table = Table {
    name: "takeovers",
    key: &["event"],
    columns: &[
        "event",
        "symbol",
        "from_account",
        "from_side",
        "to_account",
        "to_side",
        "cause",
        "size",
        "price",
        "quote",
        "from_realised",
        "to_realised",
        "time_ns",
    ],
    changes: false,
};
pub const INSURANCE: Table = Table {
    name: "insurance",
    key: &["event"],
    columns: &["event", "asset", "balance", "time_ns"],
    changes: false,
};
pub const OPEN_INTEREST: Table = Table {
    name: "open_interest",
    key: &["symbol", "span", "open_ns"],
    columns: &["symbol", "span", "open_ns", "lots"],
    changes: true,
};
pub const PRICE_CANDLES: Table = Table {
    name: "price_candles",
    key: &["symbol", "span", "open_ns", "series"],
    columns: &[
        "symbol", "span", "open_ns", "series", "open", "high", "low", "close", "number",
    ],
    changes: true,
};
