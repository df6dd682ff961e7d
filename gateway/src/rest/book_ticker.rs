//! `GET /api/v3/ticker/bookTicker`: best bid and ask.

use schemas::report::SymbolReport;
use schemas::report::Top;

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::market::BookTickerAnswer;
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::{Chosen, choose};

/// What a ticker of one symbol, or of more, costs.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("symbol") { 2 } else { 4 }
}

/// Answers one ticker, or a list of them.
pub async fn book_ticker(call: &Call) -> Outcome {
    call.parameters
        .only(&["symbol", "symbols", "symbolStatus"])?;
    let top =
        |symbol: &SymbolReport| -> Top { call.queries().top(symbol.symbol).unwrap_or_default() };
    match choose(&call.parameters, &call.directory)? {
        Chosen::One(symbol) => {
            let grid = Grid::new(&call.directory, symbol);
            Ok(Answer::json(&BookTickerAnswer::new(&grid, &top(&symbol))))
        }
        Chosen::Many(symbols) => {
            let grids: Vec<Grid> = symbols
                .iter()
                .map(|symbol| Grid::new(&call.directory, *symbol))
                .collect();
            let rows: Vec<BookTickerAnswer> = grids
                .iter()
                .map(|grid| BookTickerAnswer::new(grid, &top(&grid.symbol)))
                .collect();
            Ok(Answer::json(&rows))
        }
    }
}
