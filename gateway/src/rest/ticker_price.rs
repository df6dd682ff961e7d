//! `GET /api/v3/ticker/price` and that of futures: the price of the last trade.

use schemas::report::SymbolReport;
use schemas::units::Price;

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::market::PriceAnswer;

/// Answers one price, or a list of them; zero without a trade.
pub async fn ticker_price(call: &Call) -> Outcome {
    call.parameters
        .only(&["symbol", "symbols", "symbolStatus"])?;
    let (is_one, grids) = call.chosen()?;
    let rows = grids.iter().map(|grid| row(call, grid));
    Ok(Answer::one_or_all(is_one, rows))
}

fn row<'a>(call: &Call, grid: &'a Grid) -> PriceAnswer<'a> {
    let SymbolReport { symbol, .. } = grid.symbol;
    let queries = call.queries();
    let price = queries.last_price(symbol).unwrap_or(Price::ZERO);
    let answer = PriceAnswer::new(grid, price);
    if grid.is_spot() {
        return answer;
    }
    let newest = queries.recent_trades(symbol, 1);
    let time = newest.last().map_or(0, |trade| call.unit.print(trade.time));
    answer.traded_at(time)
}
