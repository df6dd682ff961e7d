//! `GET /api/v3/openOrders`: what still works.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::order_answer::OrderAnswer;
use crate::wire::parameters::Parameters;

/// What the list of one symbol, or of all, costs.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("symbol") { 6 } else { 80 }
}

/// Answers the open orders, by symbol and number.
pub async fn open_orders(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&["symbol"])?;
    let symbol = match call.parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?.symbol),
    };
    let reports = call.queries().open_orders(caller.account, symbol);
    let grids: Vec<Grid> = call
        .directory
        .symbols
        .iter()
        .map(|symbol| Grid::new(&call.directory, *symbol))
        .collect();
    let rows: Vec<OrderAnswer> = reports
        .iter()
        .filter_map(|report| {
            let grid = grids.get(report.symbol.0 as usize)?;
            if grid.symbol.kind != call.product {
                return None;
            }
            Some(OrderAnswer::new(grid, call.unit, report))
        })
        .collect();
    Ok(Answer::json(&rows))
}
