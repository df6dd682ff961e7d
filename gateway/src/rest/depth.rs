//! `GET /api/v3/depth`: the book by level.

use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::grid::Grid;
use crate::wire::market::DepthAnswer;
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::{check_status, read_status};

const LEVELS: usize = 100;
const LEVELS_MAX: usize = 5_000;

/// What so many levels cost.
pub fn weight(parameters: &Parameters) -> u32 {
    match parameters.limit(LEVELS, LEVELS_MAX) {
        Ok(..=100) | Err(_) => 5,
        Ok(..=500) => 25,
        Ok(..=1_000) => 50,
        Ok(_) => 250,
    }
}

/// Answers the best levels of both sides.
pub async fn depth(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", "limit", "symbolStatus"])?;
    let limit = parameters.limit(LEVELS, LEVELS_MAX)?;
    let symbol = call.symbol()?;
    check_status(&call.directory, &symbol, read_status(parameters)?)?;
    let depth = call
        .queries()
        .depth(symbol.symbol, limit)
        .ok_or_else(error::invalid_symbol)?;
    Ok(Answer::json(&DepthAnswer::new(
        &Grid::new(&call.directory, symbol),
        &depth,
    )))
}
