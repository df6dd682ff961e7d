//! `GET /api/v3/ticker/price`: the price of the last trade.

use schemas::report::SymbolReport;
use schemas::units::Price;

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::market::PriceAnswer;
use crate::wire::symbol_query::{Chosen, choose};

/// Answers one price, or a list of them; zero without a trade.
pub async fn ticker_price(call: &Call) -> Outcome {
    call.parameters
        .only(&["symbol", "symbols", "symbolStatus"])?;
    let price = |symbol: &SymbolReport| {
        call.queries()
            .last_price(symbol.symbol)
            .unwrap_or(Price::ZERO)
    };
    match choose(&call.parameters, &call.directory)? {
        Chosen::One(symbol) => {
            let grid = Grid::new(&call.directory, symbol);
            let price = grid.price(price(&symbol));
            Ok(Answer::json(&PriceAnswer {
                symbol: grid.name(),
                price,
            }))
        }
        Chosen::Many(symbols) => {
            let rows: Vec<PriceAnswer> = symbols
                .iter()
                .map(|symbol| {
                    let grid = Grid::new(&call.directory, *symbol);
                    let price = grid.price(price(symbol));
                    PriceAnswer {
                        symbol: symbol.name.as_str(),
                        price,
                    }
                })
                .collect();
            Ok(Answer::json(&rows))
        }
    }
}
