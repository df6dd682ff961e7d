//! `GET /api/v1/auction`, of our own: what a call auction would give if it ended now.

use schemas::instrument::SymbolState;
use schemas::units::{Price, Qty};
use serde_json::json;

use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::names::symbol_status;

/// Answers with zeros when nothing would trade, or when there is no auction.
pub async fn auction(call: &Call) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let grid = Grid::new(&call.directory, symbol);
    let found = symbol.indicative;
    let (bids, asks) = match found.map_or(0, |found| found.surplus) {
        surplus if surplus < 0 => (0, surplus.saturating_neg()),
        surplus => (surplus, 0),
    };
    Ok(Answer::json(&json!({
        "symbol": symbol.name.as_str(),
        "status": symbol_status(symbol.state, call.directory.venue),
        "auction": symbol.state == SymbolState::Auction,
        "indicativePrice": grid.price(found.map_or(Price::ZERO, |found| found.price)),
        "indicativeQty": grid.qty(found.map_or(Qty::ZERO, |found| found.qty)),
        "surplusBidQty": grid.qty(Qty(bids)),
        "surplusAskQty": grid.qty(Qty(asks)),
    })))
}
