//! `GET /api/v3/trades`: the newest public trades.

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::market::TradeAnswer;

const ROWS: usize = 500;
const ROWS_MAX: usize = 1_000;

/// Answers trades, oldest first.
pub async fn trades(call: &Call) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol", "limit"])?;
    let limit = call.parameters.limit(ROWS, ROWS_MAX)?;
    let symbol = call.symbol()?;
    let grid = Grid::new(&call.directory, symbol);
    let trades = call.queries().recent_trades(symbol.symbol, limit);
    let rows: Vec<TradeAnswer> = trades
        .iter()
        .map(|trade| TradeAnswer::new(&grid, call.unit, trade))
        .collect();
    Ok(Answer::json(&rows))
}
