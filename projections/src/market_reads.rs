//! What history answers about a market: trades of anyone, by id and by time.

use schemas::ids::{SymbolId, TradeId};
use schemas::report::TradeReport;
use schemas::units::TimeNs;

use crate::error::SinkError;
use crate::rows;
use crate::sql::database::{Database, Statement};
use crate::sql::tables::TRADES;

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
