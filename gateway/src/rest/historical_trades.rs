//! `GET /api/v3/historicalTrades`: public trades from any id on.

use schemas::ids::TradeId;

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::market::TradeAnswer;

const ROWS: usize = 500;
const ROWS_MAX: usize = 1_000;

/// Answers trades by id; without `fromId` the newest.
pub async fn historical_trades(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", "fromId", "limit"])?;
    let from = parameters.integer("fromId")?.map(TradeId);
    let limit = parameters.limit(ROWS, ROWS_MAX)?;
    let symbol = call.symbol()?;
    let trades = match from {
        None => call.queries().recent_trades(symbol.symbol, limit),
        Some(from) => {
            call.queries()
                .trades_from(symbol.symbol, from, limit)
                .await?
        }
    };
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<TradeAnswer> = trades
        .iter()
        .map(|trade| TradeAnswer::new(&grid, call.unit, trade))
        .collect();
    Ok(Answer::json(&rows))
}
