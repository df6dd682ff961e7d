//! What history answers about a market: trades of anyone, by id and by time; candles.

use schemas::ids::{SymbolId, TradeId};
use schemas::market::{Candle, Interval};
use schemas::report::TradeReport;
use schemas::units::{Price, TimeNs};

use crate::error::SinkError;
use crate::rows;
use crate::sql::candles::{candle, span_name};
use crate::sql::database::{Database, Statement};
use crate::sql::tables::{CANDLES, TRADES};

/// Trades of a symbol from an id on, ascending.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn trades_from(
    database: &Database,
    (symbol, from): (SymbolId, TradeId),
    limit: usize,
) -> Result<Vec<TradeReport>, SinkError> {
    let text = format!(
        "SELECT {} FROM trades WHERE symbol = ? AND id >= ? ORDER BY id LIMIT ?",
        TRADES.column_list()
    );
    let statement = Statement::new(text)
        .bind(symbol.0)
        .bind(from.0)
        .bind(limit as u64);
    let found = database.rows(statement).await?;
    found.iter().map(rows::trade).collect()
}

/// The first trade of a symbol at a moment or later; `None` when there is none yet.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn first_trade_at(
    database: &Database,
    symbol: SymbolId,
    time: TimeNs,
) -> Result<Option<TradeId>, SinkError> {
    let text = "SELECT id FROM trades WHERE symbol = ? AND time_ns >= ? \
                ORDER BY time_ns, id LIMIT 1";
    let statement = Statement::new(text).bind(symbol.0).bind(time.0);
    let found = database.rows(statement).await?;
    let id = found.first().map(|row| rows::whole(row, "id"));
    Ok(id.transpose()?.map(TradeId))
}

/// When the first span of an interval with a trade opened, in UTC.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn oldest_span(
    database: &Database,
    (symbol, interval): (SymbolId, Interval),
) -> Result<Option<TimeNs>, SinkError> {
    let text = "SELECT open_ns FROM candles WHERE symbol = ? AND span = ? \
                ORDER BY open_ns LIMIT 1";
    let statement = Statement::new(text)
        .bind(symbol.0)
        .bind(span_name(interval));
    let found = database.rows(statement).await?;
    let opened = found.first().map(|row| rows::whole(row, "open_ns"));
    Ok(opened.transpose()?.map(TimeNs))
}

/// The price of the last trade before `from`, at which spans of the interval begin, and the
/// spans with trades that open from there on and before `until`, ascending.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn spans(
    database: &Database,
    (symbol, interval): (SymbolId, Interval),
    (from, until): (TimeNs, TimeNs),
) -> Result<(Option<Price>, Vec<Candle>), SinkError> {
    let span = span_name(interval);
    let text = "SELECT close FROM candles WHERE symbol = ? AND span = ? AND open_ns < ? \
                ORDER BY open_ns DESC LIMIT 1";
    let statement = Statement::new(text).bind(symbol.0).bind(span).bind(from.0);
    let before = database.rows(statement).await?;
    let before = before.first().map(|row| row.whole("close")).transpose()?;
    let text = format!(
        "SELECT {} FROM candles WHERE symbol = ? AND span = ? AND open_ns >= ? \
         AND open_ns < ? ORDER BY open_ns",
        CANDLES.column_list()
    );
    let statement = Statement::new(text).bind(symbol.0).bind(span);
    let found = database.rows(statement.bind(from.0).bind(until.0)).await?;
    let spans = found.iter().map(candle).collect::<Result<_, _>>()?;
    Ok((before.map(Price), spans))
}
