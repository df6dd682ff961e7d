//! `GET /api/v3/aggTrades`: trades of one taker order at one price, as one.

use schemas::market::AggregatePage;

use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::candle::AggregateRow;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::grid::Grid;

const ROWS: usize = 500;
const ROWS_MAX: usize = 1_000;

/// Answers a page of aggregate trades, by id.
pub async fn agg_trades(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", "fromId", "startTime", "endTime", "limit"])?;
    let from = parameters.integer("fromId")?;
    let start = parameters.integer("startTime")?.map(read_time);
    let end = parameters.integer("endTime")?.map(read_end_time);
    let limit = parameters.limit(ROWS, ROWS_MAX)?;
    if from.is_some() && (start.is_some() || end.is_some()) {
        return Err(error::bad_combination());
    }
    let symbol = call.symbol()?;
    let page = AggregatePage {
        symbol: symbol.symbol,
        from,
        start,
        end,
        limit,
    };
    let aggregates = call.queries().aggregates(page).await?;
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<AggregateRow> = aggregates
        .iter()
        .map(|aggregate| AggregateRow::new(&grid, call.unit, aggregate))
        .collect();
    Ok(Answer::json(&rows))
}
