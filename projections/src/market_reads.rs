//! What history answers about a market: trades of anyone, by id and by time.
//!
//! Trade ids are dense and rise with time, so a moment is found by halving the range.

use schemas::ids::{SymbolId, TradeId};
use schemas::report::TradeReport;
use schemas::units::TimeNs;
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use crate::error::SinkError;
use crate::rows;

/// Trades of a symbol from an id on, ascending.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn trades_from(
    pool: &SqlitePool,
    (symbol, from): (SymbolId, TradeId),
    limit: usize,
) -> Result<Vec<TradeReport>, SinkError> {
    let text = format!(
        "SELECT {} FROM trades WHERE symbol = ? AND id >= ? ORDER BY id LIMIT ?",
        rows::TRADE_COLUMNS
    );
    let found = sqlx::query(AssertSqlSafe(text))
        .bind(i64::from(symbol.0))
        .bind(i64::try_from(from.0).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    found.iter().map(rows::trade).collect()
}

/// The first trade of a symbol at a moment or later; `None` when there is none yet.
///
/// # Errors
/// [`SinkError`] when the database cannot be read.
pub async fn first_trade_at(
    pool: &SqlitePool,
    symbol: SymbolId,
    time: TimeNs,
) -> Result<Option<TradeId>, SinkError> {
    let time = i64::try_from(time.0).unwrap_or(i64::MAX);
    let last: Option<i64> = sqlx::query("SELECT MAX(id) AS last FROM trades WHERE symbol = ?")
        .bind(i64::from(symbol.0))
        .fetch_one(pool)
        .await?
        .try_get("last")?;
    let Some(last) = last else { return Ok(None) };
    let (mut low, mut high) = (1_i64, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let row = sqlx::query("SELECT time_ns FROM trades WHERE symbol = ? AND id = ?")
            .bind(i64::from(symbol.0))
            .bind(middle)
            .fetch_optional(pool)
            .await?;
        let at: Option<i64> = row.map(|row| row.try_get("time_ns")).transpose()?;
        if at.is_some_and(|at| time <= at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let found = u64::try_from(low).ok().filter(|_| low <= last);
    Ok(found.map(TradeId))
}
