//! What history answers about perpetual contracts: terms and profits of old orders and
//! trades, income, forced orders, modifications, margin changes, funding, candles of prices.

use schemas::ids::{AccountId, AssetId, EventId, OrderId, SymbolId, TradeId};
use schemas::market::ZoneShift;
use schemas::perpetual::{PerpetualTerms, PositionSide, PriceMatch, WorkingType};
use schemas::perpetual_report::{
    AccountPage, FundingPage, FundingReport, IncomeKind, IncomePage, IncomeReport, MarginChange,
    ModificationReport, PerpetualOrder, TradeProfit,
};
use schemas::price_candle::{PriceCandle, PriceCandlePage};
use schemas::report::OrderReport;
use schemas::units::{Price, Qty, Rate, TimeNs};

use crate::error::SinkError;
use crate::rows::{self, amount, number, whole};
use crate::sql::candles::span_name;
use crate::sql::database::{Database, Row, Statement};
use crate::sql::memory::marks;
use crate::sql::perpetual::price_candle;
use crate::sql::perpetual_tables as tables;
use crate::sql::tables::ORDERS;

/// Values asked for by one statement.
const ASKED: usize = 256;

/// What orders of one symbol have beside their reports, in no order; those that nobody
/// knows are left out.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn terms(
    database: &Database,
    symbol: SymbolId,
    orders: &[OrderId],
) -> Result<Vec<PerpetualOrder>, SinkError> {
    let mut found = Vec::with_capacity(orders.len());
    for piece in orders.chunks(ASKED) {
        let text = format!(
            "SELECT p.*, COALESCE((SELECT MIN(e.time_ns) FROM order_events e \
             WHERE e.symbol = p.symbol AND e.id = p.id AND e.kind = 'triggered'), 0) \
             AS triggered_ns FROM perpetual_orders p WHERE p.symbol = ? AND p.id IN ({})",
            marks(piece.len())
        );
        let mut statement = Statement::new(text).bind(symbol.0);
        for order in piece {
            statement = statement.bind(order.0);
        }
        for row in &database.rows(statement).await? {
            found.push(order(row)?);
        }
    }
    Ok(found)
}

/// What trades of one symbol realised for an account, in no order.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn profits(
    database: &Database,
    (account, symbol): (AccountId, SymbolId),
    trades: &[TradeId],
) -> Result<Vec<TradeProfit>, SinkError> {
    let columns = tables::TRADE_PROFITS.column_list();
    let mut found = Vec::with_capacity(trades.len());
    for piece in trades.chunks(ASKED) {
        let text = format!(
            "SELECT {columns} FROM trade_profits WHERE symbol = ? AND id IN ({})",
            marks(piece.len())
        );
        let mut statement = Statement::new(text).bind(symbol.0);
        for trade in piece {
            statement = statement.bind(trade.0);
        }
        for row in &database.rows(statement).await? {
            // A trade against oneself: what the taker's side realised, as views tell it.
            let is_taker = row.whole("taker_account")? == i64::from(account.0);
            let (realised, position) = match is_taker {
                true => ("taker_realised", "taker_position"),
                false => ("maker_realised", "maker_position"),
            };
            found.push(TradeProfit {
                trade: TradeId(whole(row, "id")?),
                realised: amount(row, realised)?,
                position: number(row, position, PositionSide::from_number)?,
            });
        }
    }
    Ok(found)
}

/// A page of an account's income, ascending by time.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn income(
    database: &Database,
    page: &IncomePage,
) -> Result<Vec<IncomeReport>, SinkError> {
    let mut conditions = String::new();
    if page.symbol.is_some() {
        conditions.push_str(" AND symbol = ?");
    }
    if page.kind.is_some() {
        conditions.push_str(" AND kind = ?");
    }
    let ascends = page.start.is_some();
    let direction = direction(ascends);
    let text = format!(
        "SELECT {} FROM income WHERE account = ? AND time_ns BETWEEN ? AND ?{conditions} \
         ORDER BY event {direction}, line {direction} LIMIT ?",
        tables::INCOME.column_list()
    );
    let mut statement = Statement::new(text)
        .bind(page.account.0)
        .bind(page.start.map_or(0, |start| start.0))
        .bind(page.end.map_or(u64::MAX, |end| end.0));
    if let Some(symbol) = page.symbol {
        statement = statement.bind(symbol.0);
    }
    if let Some(kind) = page.kind {
        statement = statement.bind(kind as i64);
    }
    let rows = database.rows(statement.bind(page.limit as u64)).await?;
    let entries = rows.iter().map(entry).collect();
    upward(entries, ascends)
}

/// A page of the orders by which an account was liquidated, ascending by time.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn forced_orders(
    database: &Database,
    page: &AccountPage,
) -> Result<Vec<OrderReport>, SinkError> {
    let columns: Vec<String> = ORDERS.columns.iter().map(|it| format!("o.{it}")).collect();
    let text = format!(
        "SELECT {} FROM forced_orders f JOIN orders o ON o.symbol = f.symbol AND o.id = f.id \
         WHERE f.account = ? AND f.time_ns BETWEEN ? AND ?",
        columns.join(", ")
    );
    let rows = paged(database, page, (text, "f.symbol", "f.time_ns")).await?;
    upward(rows.iter().map(rows::order).collect(), page.start.is_some())
}

/// A page of an account's modifications, of one order or of all, ascending by time.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn modifications(
    database: &Database,
    page: &AccountPage,
    order: Option<OrderId>,
) -> Result<Vec<ModificationReport>, SinkError> {
    let of_order = order.map_or(String::new(), |order| format!(" AND m.id = {}", order.0));
    let text = format!(
        "SELECT m.*, o.client_order FROM order_modifications m \
         JOIN orders o ON o.symbol = m.symbol AND o.id = m.id \
         WHERE m.account = ? AND m.time_ns BETWEEN ? AND ?{of_order}"
    );
    let rows = paged(database, page, (text, "m.symbol", "m.event")).await?;
    upward(
        rows.iter().map(modification).collect(),
        page.start.is_some(),
    )
}

/// A page of what an account put beside isolated positions, ascending by time.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn margin_changes(
    database: &Database,
    page: &AccountPage,
    adds: Option<bool>,
) -> Result<Vec<MarginChange>, SinkError> {
    let sign = match adds {
        None => "",
        // Text in one dialect, a number in the other: the sign decides in both.
        Some(true) => " AND amount NOT LIKE '-%'",
        Some(false) => " AND amount LIKE '-%'",
    };
    let text = format!(
        "SELECT {} FROM margin_changes WHERE account = ? AND time_ns BETWEEN ? AND ?{sign}",
        tables::MARGIN_CHANGES.column_list()
    );
    let rows = paged(database, page, (text, "symbol", "event")).await?;
    let change = |row: &Row| {
        Ok(MarginChange {
            symbol: SymbolId(whole(row, "symbol")?),
            side: number(row, "side", PositionSide::from_number)?,
            amount: amount(row, "amount")?,
            time: TimeNs(whole(row, "time_ns")?),
        })
    };
    upward(rows.iter().map(change).collect(), page.start.is_some())
}

/// A page of funding slots, ascending by time and symbol.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn funding(
    database: &Database,
    page: &FundingPage,
) -> Result<Vec<FundingReport>, SinkError> {
    let ascends = page.start.is_some();
    let direction = direction(ascends);
    let of_symbol = match page.symbol {
        Some(symbol) => format!(" AND symbol = {}", symbol.0),
        None => String::new(),
    };
    let text = format!(
        "SELECT symbol, slot_ns, rate, mark FROM funding_slots \
         WHERE slot_ns BETWEEN ? AND ?{of_symbol} \
         ORDER BY slot_ns {direction}, symbol {direction} LIMIT ?"
    );
    let statement = Statement::new(text)
        .bind(page.start.map_or(0, |start| start.0))
        .bind(page.end.map_or(u64::MAX, |end| end.0))
        .bind(page.limit as u64);
    let rows = database.rows(statement).await?;
    let slot = |row: &Row| {
        Ok(FundingReport {
            symbol: SymbolId(whole(row, "symbol")?),
            time: TimeNs(whole(row, "slot_ns")?),
            rate: Rate(row.whole("rate")?),
            mark: Price(row.whole("mark")?),
        })
    };
    upward(rows.iter().map(slot).collect(), ascends)
}

/// A page of candles, ascending, spans without a change included; empty before the first
/// value.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn price_candles(
    database: &Database,
    page: &PriceCandlePage,
) -> Result<Vec<PriceCandle>, SinkError> {
    let Some(oldest) = edge(database, page, ("open_ns >= ?", TimeNs(0), "ASC")).await? else {
        return Ok(Vec::new());
    };
    let interval = page.interval;
    let newest = page.end.map_or(page.now, |end| end.min(page.now));
    let last = interval.start(newest, ZoneShift::UTC);
    let mut first = oldest.open_time;
    match page.start {
        Some(start) => {
            let opens = interval.start(start, ZoneShift::UTC);
            let bucket = match opens < start {
                true => interval.next(start, ZoneShift::UTC),
                false => opens,
            };
            first = first.max(bucket);
        }
        None => {
            let mut back = last;
            for _ in 1..page.limit {
                if back <= first {
                    break;
                }
                back = interval.previous(back, ZoneShift::UTC);
            }
            first = first.max(back);
        }
    }
    let before = edge(database, page, ("open_ns < ?", first, "DESC")).await?;
    let text = format!(
        "SELECT {} FROM price_candles WHERE symbol = ? AND span = ? AND series = ? \
         AND open_ns BETWEEN ? AND ? ORDER BY open_ns LIMIT ?",
        tables::PRICE_CANDLES.column_list()
    );
    let statement = of_page(text, page).bind(first.0).bind(last.0);
    let rows = database.rows(statement.bind(page.limit as u64)).await?;
    let mut known = Vec::with_capacity(rows.len());
    for row in &rows {
        known.push(price_candle(row)?);
    }
    let mut close = before.map(|candle| candle.close);
    let mut known = known.into_iter().peekable();
    let mut candles = Vec::new();
    let mut open_time = first;
    while open_time <= last && candles.len() < page.limit {
        let here = known.next_if(|candle| candle.open_time == open_time);
        let candle = here.or_else(|| close.map(|close| PriceCandle::flat(open_time, close)));
        close = candle.map(|candle| candle.close);
        candles.extend(candle);
        open_time = interval.next(open_time, ZoneShift::UTC);
    }
    Ok(candles)
}

/// The first candle of a series on one side of a moment.
async fn edge(
    database: &Database,
    page: &PriceCandlePage,
    (condition, moment, direction): (&str, TimeNs, &str),
) -> Result<Option<PriceCandle>, SinkError> {
    let text = format!(
        "SELECT {} FROM price_candles WHERE symbol = ? AND span = ? AND series = ? \
         AND {condition} ORDER BY open_ns {direction} LIMIT 1",
        tables::PRICE_CANDLES.column_list()
    );
    let rows = database.rows(of_page(text, page).bind(moment.0)).await?;
    rows.first().map(price_candle).transpose()
}

fn of_page(text: String, page: &PriceCandlePage) -> Statement {
    Statement::new(text)
        .bind(page.symbol.0)
        .bind(span_name(page.interval))
        .bind(page.series as i64)
}

/// Rows of one account within a page's bounds, by the column that orders them.
async fn paged(
    database: &Database,
    page: &AccountPage,
    (mut text, symbol, by): (String, &str, &str),
) -> Result<Vec<Row>, SinkError> {
    if page.symbol.is_some() {
        text.push_str(&format!(" AND {symbol} = ?"));
    }
    let direction = direction(page.start.is_some());
    text.push_str(&format!(" ORDER BY {by} {direction} LIMIT ?"));
    let mut statement = Statement::new(text)
        .bind(page.account.0)
        .bind(page.start.map_or(0, |start| start.0))
        .bind(page.end.map_or(u64::MAX, |end| end.0));
    if let Some(symbol) = page.symbol {
        statement = statement.bind(symbol.0);
    }
    database.rows(statement.bind(page.limit as u64)).await
}

fn direction(ascends: bool) -> &'static str {
    if ascends { "ASC" } else { "DESC" }
}

/// Rows in ascending order, whichever way they were read.
fn upward<T>(rows: Result<Vec<T>, SinkError>, ascends: bool) -> Result<Vec<T>, SinkError> {
    let mut rows = rows?;
    if !ascends {
        rows.reverse();
    }
    Ok(rows)
}

fn order(row: &Row) -> Result<PerpetualOrder, SinkError> {
    let triggered: u64 = whole(row, "triggered_ns")?;
    let is_true = |column| row.whole(column).map(|value| value != 0);
    Ok(PerpetualOrder {
        symbol: SymbolId(whole(row, "symbol")?),
        order: OrderId(whole(row, "id")?),
        terms: PerpetualTerms {
            good_till: TimeNs(whole(row, "good_till_ns")?),
            position_side: number(row, "position_side", PositionSide::from_number)?,
            working_type: number(row, "working_type", WorkingType::from_number)?,
            price_match: number(row, "price_match", PriceMatch::from_number)?,
            reduce_only: is_true("reduce_only")?,
            close_position: is_true("close_position")?,
            price_protect: is_true("price_protect")?,
        },
        stop_price: Price(row.whole("stop_price")?),
        callback: whole(row, "callback")?,
        waits: is_true("waits")? && triggered == 0,
        triggered: TimeNs(triggered),
    })
}

fn entry(row: &Row) -> Result<IncomeReport, SinkError> {
    let symbol = row.whole("symbol")?;
    let trade: u64 = whole(row, "trade")?;
    Ok(IncomeReport {
        account: AccountId(whole(row, "account")?),
        symbol: u32::try_from(symbol).ok().map(SymbolId),
        kind: number(row, "kind", IncomeKind::from_number)?,
        asset: AssetId(whole(row, "asset")?),
        amount: amount(row, "amount")?,
        time: TimeNs(whole(row, "time_ns")?),
        id: EventId(whole(row, "event")?),
        trade: (trade != 0).then_some(TradeId(trade)),
    })
}

fn modification(row: &Row) -> Result<ModificationReport, SinkError> {
    Ok(ModificationReport {
        id: EventId(whole(row, "event")?),
        symbol: SymbolId(whole(row, "symbol")?),
        order: OrderId(whole(row, "id")?),
        client_order: rows::client(row, "client_order")?,
        time: TimeNs(whole(row, "time_ns")?),
        old_price: Price(row.whole("old_price")?),
        new_price: Price(row.whole("new_price")?),
        old_qty: Qty(row.whole("old_qty")?),
        new_qty: Qty(row.whole("new_qty")?),
        count: whole(row, "number")?,
    })
}
