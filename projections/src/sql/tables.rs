//! The tables of the read models, and rows on their way into one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::SinkError;
use crate::sql::database::{Statement, Transaction, Value};
use crate::sql::dialect::Dialect;
use crate::sql::perpetual_tables as perpetual;

/// Rows written by one statement: the largest size that fits is used again and again, so
/// that few texts serve all.
const SIZES: [usize; 4] = [512, 64, 8, 1];
/// No statement has more values; SQLite takes 32,766 and MySQL 65,535.
const VALUES_MAX: usize = 32_000;

/// One table: its columns in the order of its rows.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// Its primary key.
    pub key: &'static [&'static str],
    pub columns: &'static [&'static str],
    /// Whether a row is written again when it changes; else a second one is an error.
    pub changes: bool,
}

/// Every table but `cursors`.
pub const TABLES: [&Table; 29] = [
    &ASSETS,
    &SYMBOLS,
    &ACCOUNTS,
    &ORDERS,
    &ORDER_EVENTS,
    &TRADES,
    &LEDGER,
    &BALANCES,
    &TRANSFERS,
    &PREVENTED,
    &AMENDMENTS,
    &CANDLES,
    &SUMMARY,
    &ORDER_LISTS,
    &perpetual::PERPETUAL_ORDERS,
    &perpetual::TRADE_PROFITS,
    &perpetual::ORDER_MODIFICATIONS,
    &perpetual::INCOME,
    &perpetual::POSITIONS,
    &perpetual::WALLETS,
    &perpetual::MARGIN_CHANGES,
    &perpetual::FUNDING_SLOTS,
    &perpetual::FUNDING_PAYMENTS,
    &perpetual::LIQUIDATIONS,
    &perpetual::FORCED_ORDERS,
    &perpetual::TAKEOVERS,
    &perpetual::INSURANCE,
    &perpetual::OPEN_INTEREST,
    &perpetual::PRICE_CANDLES,
];

pub const ASSETS: Table = Table {
    name: "assets",
    key: &["asset"],
    columns: &["asset", "code", "scale"],
    changes: true,
};
pub const SYMBOLS: Table = Table {
    name: "symbols",
    key: &["symbol"],
    columns: &[
        "symbol",
        "name",
        "kind",
        "base",
        "quote",
        "price_scale",
        "qty_scale",
        "state",
        "maker_fee",
        "taker_fee",
    ],
    changes: true,
};
pub const ACCOUNTS: Table = Table {
    name: "accounts",
    key: &["account"],
    columns: &[
        "account",
        "business",
        "state",
        "tier",
        "orders_per_10s",
        "orders_per_day",
        "created_ns",
        "updated_ns",
    ],
    changes: true,
};
pub const ORDERS: Table = Table {
    name: "orders",
    key: &["symbol", "id"],
    columns: &[
        "symbol",
        "id",
        "account",
        "client_order",
        "side",
        "type",
        "time_in_force",
        "self_trade",
        "status",
        "price",
        "qty",
        "quote_qty",
        "executed",
        "quote",
        "prevented",
        "created_ns",
        "updated_ns",
        "list",
        "extras",
    ],
    changes: true,
};
pub const ORDER_LISTS: Table = Table {
    name: "order_lists",
    key: &["symbol", "id"],
    columns: &[
        "symbol",
        "id",
        "account",
        "client_list",
        "contingency",
        "order_1",
        "order_2",
        "order_3",
        "done",
        "created_ns",
        "updated_ns",
    ],
    changes: true,
};
pub const ORDER_EVENTS: Table = Table {
    name: "order_events",
    key: &["symbol", "id", "event"],
    columns: &[
        "symbol", "id", "event", "account", "time_ns", "kind", "price", "qty", "trade",
    ],
    changes: false,
};
pub const TRADES: Table = Table {
    name: "trades",
    key: &["symbol", "id"],
    columns: &[
        "symbol",
        "id",
        "price",
        "qty",
        "quote",
        "time_ns",
        "taker_side",
        "taker_order",
        "taker_account",
        "taker_fee",
        "maker_order",
        "maker_account",
        "maker_fee",
    ],
    changes: false,
};
pub const LEDGER: Table = Table {
    name: "ledger",
    key: &["event", "line"],
    columns: &[
        "event", "line", "account", "asset", "delta", "kind", "business", "time_ns",
    ],
    changes: false,
};
pub const BALANCES: Table = Table {
    name: "balances",
    key: &["account", "asset"],
    columns: &["account", "asset", "free", "held"],
    changes: true,
};
pub const TRANSFERS: Table = Table {
    name: "transfers",
    key: &["event"],
    columns: &[
        "event",
        "from_account",
        "to_account",
        "asset",
        "amount",
        "kind",
        "business",
        "time_ns",
    ],
    changes: false,
};
pub const PREVENTED: Table = Table {
    name: "prevented_matches",
    key: &["event"],
    columns: &[
        "event",
        "symbol",
        "account",
        "taker_order",
        "maker_order",
        "maker_side",
        "price",
        "taker_prevented",
        "maker_prevented",
        "mode",
        "time_ns",
    ],
    changes: false,
};
pub const AMENDMENTS: Table = Table {
    name: "amendments",
    key: &["event"],
    columns: &[
        "event",
        "symbol",
        "id",
        "account",
        "old_client",
        "new_client",
        "old_qty",
        "new_qty",
        "time_ns",
    ],
    changes: false,
};
pub const CANDLES: Table = Table {
    name: "candles",
    key: &["symbol", "span", "open_ns"],
    columns: &[
        "symbol",
        "span",
        "open_ns",
        "open",
        "high",
        "low",
        "close",
        "qty",
        "quote",
        "trades",
        "taker_buy_qty",
        "taker_buy_quote",
        "first_trade",
        "last_trade",
    ],
    changes: true,
};
pub const SUMMARY: Table = Table {
    name: "trade_summary",
    key: &["symbol", "span", "open_ns", "account"],
    columns: &[
        "symbol",
        "span",
        "open_ns",
        "account",
        "trades",
        "bought_qty",
        "bought_quote",
        "sold_qty",
        "sold_quote",
    ],
    changes: true,
};

/// Rows for one table.
#[derive(Debug)]
pub struct Rows {
    pub table: &'static Table,
    values: Vec<Value>,
}

/// Texts of `INSERT` by table and number of rows, made once.
#[derive(Default, Debug)]
pub struct Texts {
    made: HashMap<(&'static str, usize), Arc<str>>,
}

impl Table {
    /// `a, b, c`.
    pub fn column_list(&self) -> String {
        self.columns.join(", ")
    }

    fn insert(&self, dialect: &Dialect, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(","));
        let tail = if self.changes {
            dialect.on_existing(self.key, self.columns)
        } else {
            String::new()
        };
        format!(
            "INSERT INTO {} ({}) VALUES {}{tail}",
            self.name,
            self.column_list(),
            vec![row; rows].join(",")
        )
    }
}

impl Rows {
    /// No row yet.
    pub fn of(table: &'static Table) -> Rows {
        Rows {
            table,
            values: Vec::new(),
        }
    }

    /// One more row; its values in the order of the table's columns.
    pub fn push<const COLUMNS: usize>(&mut self, row: [Value; COLUMNS]) {
        assert_eq!(COLUMNS, self.table.columns.len(), "{}", self.table.name);
        self.values.extend(row);
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.table.columns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Each row's values.
    pub fn iter(&self) -> impl Iterator<Item = &[Value]> {
        self.values.chunks(self.table.columns.len())
    }
}

impl Texts {
    /// Writes all rows, many at once.
    ///
    /// # Errors
    /// [`SinkError::Database`].
    pub async fn write(
        &mut self,
        transaction: &mut Transaction,
        dialect: &Dialect,
        rows: Rows,
    ) -> Result<(), SinkError> {
        let table = rows.table;
        let columns = table.columns.len();
        let mut left = rows.len();
        let mut values = rows.values.into_iter();
        while left > 0 {
            let fits = |size: &usize| *size <= left && size * columns <= VALUES_MAX;
            let size = SIZES.into_iter().find(fits).unwrap_or(1);
            let text = self.made.entry((table.name, size));
            let text = text.or_insert_with(|| table.insert(dialect, size).into());
            let piece = values.by_ref().take(size * columns).collect();
            let statement = Statement::values(text.clone(), piece);
            transaction.execute(statement).await?;
            left -= size;
        }
        Ok(())
    }
}
