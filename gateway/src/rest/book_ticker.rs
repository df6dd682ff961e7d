//! `GET /api/v3/ticker/bookTicker` and that of futures: best bid and ask.

use schemas::report::Top;

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::market::BookTickerAnswer;
use crate::wire::parameters::Parameters;

/// What a ticker of one symbol, or of more, costs.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("symbol") { 2 } else { 4 }
}

/// Answers one ticker, or a list of them.
pub async fn book_ticker(call: &Call) -> Outcome {
    call.parameters
        .only(&["symbol", "symbols", "symbolStatus"])?;
    let (is_one, grids) = call.chosen()?;
    let rows = grids.iter().map(|grid| row(call, grid));
    Ok(Answer::one_or_all(is_one, rows))
}

fn row<'a>(call: &Call, grid: &'a Grid) -> BookTickerAnswer<'a> {
    let top: Top = call.queries().top(grid.symbol.symbol).unwrap_or_default();
    let answer = BookTickerAnswer::new(grid, &top);
    if grid.is_spot() {
        return answer;
    }
    answer.read_at(&top, call.unit.print(call.app.parts.submit.now()))
}
