//! What history answers: orders and trades that the views no longer hold.

use std::collections::BTreeMap;

use schemas::command::OrderRef;
use schemas::ids::{AccountId, OrderId, OrderListId, SymbolId, TradeId};
use schemas::market::{Interval, ZoneShift};
use schemas::report::{OrderListReport, OrderReport, TradeReport};
use schemas::units::TimeNs;

use crate::error::SinkError;
use crate::rows;
use crate::sql::candles::{Summary, opened, span_name};
use crate::sql::database::{Database, Statement};
use crate::sql::shard::Shard;
use crate::sql::tables::{ORDER_LISTS, ORDERS, SUMMARY, TRADES};

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
    database: &Database,
    (account, symbol): (AccountId, SymbolId),
    target: OrderRef,
) -> Result<Option<OrderReport>, SinkError> {
    let columns = ORDERS.column_list();
    let by = if target.order == OrderId(0) {
        "client_order = ?"
    } else {
        "id = ?"
    };
    let text = format!(
        "SELECT {columns} FROM orders WHERE account = ? AND symbol = ? AND {by} \
         ORDER BY id DESC LIMIT 1"
    );
    let statement = Statement::new(text).bind(account.0).bind(symbol.0);
    let statement = if target.order == OrderId(0) {
        statement.bind(target.client_order.to_string())
    } else {
        statement.bind(target.order.0)
    };
    let found = database.rows(statement).await?;
    let found = found.first().map(rows::order).transpose()?;
    let agrees = |order: &OrderReport| {
        target.client_order.is_empty() || order.client_order == target.client_order
    };
    Ok(found.filter(agrees))
}

/// A page of an account's orders, ascending by id.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn orders(database: &Database, page: &Page) -> Result<Vec<OrderReport>, SinkError> {
    let (from, start, end, limit) = page.bounds();
    let text = format!(
        "SELECT {} FROM orders WHERE account = ? AND symbol = ? AND id >= ? \
         AND created_ns BETWEEN ? AND ? ORDER BY id {} LIMIT ?",
        ORDERS.column_list(),
        page.direction()
    );
    let statement = Statement::new(text)
        .bind(page.account.0)
        .bind(page.symbol.0)
        .bind(from)
        .bind(start)
        .bind(end)
        .bind(limit);
    let found = database.rows(statement).await?;
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
pub async fn trades(database: &Database, page: &Page) -> Result<Vec<TradeReport>, SinkError> {
    let (from, start, end, limit) = page.bounds();
    let mut found = Vec::new();
    for side in ["taker", "maker"] {
        let of_order = match page.order {
            Some(_) => format!("AND {side}_order = ?"),
            None => String::new(),
        };
        let text = format!(
            "SELECT {} FROM trades WHERE {side}_account = ? AND symbol = ? AND id >= ? \
             AND time_ns BETWEEN ? AND ? {of_order} ORDER BY id {} LIMIT ?",
            TRADES.column_list(),
            page.direction()
        );
        let mut statement = Statement::new(text)
            .bind(page.account.0)
            .bind(page.symbol.0)
            .bind(from)
            .bind(start)
            .bind(end);
        if let Some(order) = page.order {
            statement = statement.bind(order.0);
        }
        let rows = database.rows(statement.bind(limit)).await?;
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

/// The order lists of an account from `from` on, ascending by id.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn order_lists(
    database: &Database,
    (account, from): (AccountId, OrderListId),
    limit: usize,
) -> Result<Vec<OrderListReport>, SinkError> {
    let text = format!(
        "SELECT {} FROM order_lists WHERE account = ? AND id >= ? ORDER BY id LIMIT ?",
        ORDER_LISTS.column_list()
    );
    let statement = Statement::new(text)
        .bind(account.0)
        .bind(from.0)
        .bind(limit as u64);
    let found = database.rows(statement).await?;
    found.iter().map(rows::list).collect()
}

/// What an account traded on a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranked {
    pub account: AccountId,
    pub summary: Summary,
}

/// Who of a shard traded most on a symbol since a moment, by bought and sold quote together.
/// Exact: whole hours come from the summaries, the hour that the moment cuts from its trades.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn ranking(
    database: &Database,
    shard: Shard,
    symbol: SymbolId,
    since: TimeNs,
) -> Result<Vec<Ranked>, SinkError> {
    let mut totals: BTreeMap<AccountId, Summary> = BTreeMap::new();
    let hour = opened(Interval::Hour, since);
    let whole_from = if hour == since {
        since
    } else {
        Interval::Hour.next(since, ZoneShift::UTC)
    };
    let text = format!(
        "SELECT {} FROM trade_summary WHERE symbol = ? AND span = ? AND open_ns >= ?",
        SUMMARY.column_list()
    );
    let statement = Statement::new(text)
        .bind(symbol.0)
        .bind(span_name(Interval::Hour))
        .bind(whole_from.0);
    for row in &database.rows(statement).await? {
        let account = AccountId(rows::whole(row, "account")?);
        totals
            .entry(account)
            .or_default()
            .join(&Summary::read(row)?);
    }
    let text = format!(
        "SELECT {} FROM trades WHERE symbol = ? AND time_ns >= ? AND time_ns < ?",
        TRADES.column_list()
    );
    let statement = Statement::new(text)
        .bind(symbol.0)
        .bind(since.0)
        .bind(whole_from.0);
    for row in &database.rows(statement).await? {
        let trade = rows::trade(row)?;
        for (account, side) in trade
            .sides()
            .into_iter()
            .filter(|(account, _)| shard.has(*account))
        {
            totals.entry(account).or_default().add(&trade, side);
        }
    }
    let ranked = totals.into_iter();
    let mut ranked: Vec<_> = ranked
        .map(|(account, summary)| Ranked { account, summary })
        .collect();
    ranked.sort_by_key(|it| (std::cmp::Reverse(it.summary.turnover()), it.account));
    Ok(ranked)
}
