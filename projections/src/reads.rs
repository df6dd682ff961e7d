//! What history answers: orders and trades that the views no longer hold.

use schemas::command::OrderRef;
use schemas::ids::{AccountId, OrderId, SymbolId, TradeId};
use schemas::report::{OrderReport, TradeReport};
use schemas::units::TimeNs;
use sqlx::{AssertSqlSafe, SqlitePool};

use crate::error::SinkError;
use crate::rows;

/// A page of rows of one account and symbol; the bounds are inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    pub account: AccountId,
    pub symbol: SymbolId,
    /// Only trades of this order.
    pub order: Option<OrderId>,
    /// From this id on.
    pub from: Option<u64>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

impl Page {
    /// Oldest first from a bound; without one the newest.
    fn ascends(&self) -> bool {
        self.from.is_some() || self.start.is_some()
    }

    fn bounds(&self) -> (i64, i64, i64, i64) {
        let time = |time: Option<TimeNs>, other| {
            time.map_or(other, |time| i64::try_from(time.0).unwrap_or(i64::MAX))
        };
        let from = i64::try_from(self.from.unwrap_or(0)).unwrap_or(i64::MAX);
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        (from, time(self.start, 0), time(self.end, i64::MAX), limit)
    }

    fn direction(&self) -> &'static str {
        if self.ascends() { "ASC" } else { "DESC" }
    }
}

/// One order of an account: by id, or the newest with a client order id; both must agree.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn order(
    pool: &SqlitePool,
    (account, symbol): (AccountId, SymbolId),
    target: OrderRef,
) -> Result<Option<OrderReport>, SinkError> {
    let columns = rows::ORDER_COLUMNS;
    let by = if target.order == OrderId(0) {
        "client_order = ?"
    } else {
        "id = ?"
    };
    let text = format!(
        "SELECT {columns} FROM orders WHERE account = ? AND symbol = ? AND {by} \
         ORDER BY id DESC LIMIT 1"
    );
    let query = sqlx::query(AssertSqlSafe(text))
        .bind(i64::from(account.0))
        .bind(i64::from(symbol.0));
    let query = if target.order == OrderId(0) {
        query.bind(target.client_order.to_string())
    } else {
        query.bind(target.order.0 as i64)
    };
    let row = query.fetch_optional(pool).await?;
    let found = row.as_ref().map(rows::order).transpose()?;
    let agrees = |order: &OrderReport| {
        target.client_order.is_empty() || order.client_order == target.client_order
    };
    Ok(found.filter(agrees))
}

/// A page of an account's orders, ascending by id.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn orders(pool: &SqlitePool, page: &Page) -> Result<Vec<OrderReport>, SinkError> {
    let (from, start, end, limit) = page.bounds();
    let text = format!(
        "SELECT {} FROM orders WHERE account = ? AND symbol = ? AND id >= ? \
         AND created_ns BETWEEN ? AND ? ORDER BY id {} LIMIT ?",
        rows::ORDER_COLUMNS,
        page.direction()
    );
    let found = sqlx::query(AssertSqlSafe(text))
        .bind(i64::from(page.account.0))
        .bind(i64::from(page.symbol.0))
        .bind(from)
        .bind(start)
        .bind(end)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let mut orders = found
        .iter()
        .map(rows::order)
        .collect::<Result<Vec<_>, _>>()?;
    orders.sort_unstable_by_key(|order| order.order);
    Ok(orders)
}

/// A page of an account's trades, ascending by id.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn trades(pool: &SqlitePool, page: &Page) -> Result<Vec<TradeReport>, SinkError> {
    let (from, start, end, limit) = page.bounds();
    let mut found = Vec::new();
    for side in ["taker", "maker"] {
        let of_order = if page.order.is_some() {
            format!("{side}_order = ?")
        } else {
            "? IS NULL".to_string()
        };
        let text = format!(
            "SELECT {} FROM trades WHERE {side}_account = ? AND symbol = ? AND id >= ? \
             AND time_ns BETWEEN ? AND ? AND {of_order} ORDER BY id {} LIMIT ?",
            rows::TRADE_COLUMNS,
            page.direction()
        );
        let rows = sqlx::query(AssertSqlSafe(text))
            .bind(i64::from(page.account.0))
            .bind(i64::from(page.symbol.0))
            .bind(from)
            .bind(start)
            .bind(end)
            .bind(page.order.map(|order| order.0 as i64))
            .bind(limit)
            .fetch_all(pool)
            .await?;
        for row in &rows {
            found.push(rows::trade(row)?);
        }
    }
    Ok(cut(found, page))
}

/// Both sides joined, each trade once, within the limit.
fn cut(mut trades: Vec<TradeReport>, page: &Page) -> Vec<TradeReport> {
    trades.sort_unstable_by_key(|trade| trade.trade);
    trades.dedup_by_key(|trade: &mut TradeReport| -> TradeId { trade.trade });
    if page.ascends() {
        trades.truncate(page.limit);
    } else if page.limit < trades.len() {
        trades.drain(..trades.len() - page.limit);
    }
    trades
}
