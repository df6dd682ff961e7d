//! `GET /fapi/v1/exchangeInfo`: contracts, filters, limits.

use crate::call::{Answer, Call, Outcome};
use crate::wire::futures::exchange_info::FuturesInfo;
use crate::wire::grid::Grid;
use crate::wire::symbol_query::listed_of;

/// Answers the rules of every perpetual.
pub async fn exchange_info(call: &Call) -> Outcome {
    call.parameters.only(&[])?;
    let grids: Vec<Grid> = listed_of(&call.directory, call.product)
        .map(|symbol| Grid::new(&call.directory, symbol))
        .collect();
    let now = call.unit.print(call.app.parts.submit.now());
    let per_second = call.queries().requests_per_second();
    let info = FuturesInfo::new(&call.directory, &grids, (now, per_second));
    Ok(Answer::json(&info))
}
