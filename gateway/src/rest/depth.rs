//! `GET /api/v3/depth` and that of futures: the book by level.

use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::grid::Grid;
use crate::wire::market::DepthAnswer;
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::{check_status, read_status};

const LEVELS: usize = 100;
const LEVELS_MAX: usize = 5_000;
const FUTURES_LEVELS: usize = 500;
const FUTURES_LEVELS_MAX: usize = 1_000;

/// What so many levels cost.
pub fn weight(parameters: &Parameters) -> u32 {
    match parameters.limit(LEVELS, LEVELS_MAX) {
        Ok(..=100) | Err(_) => 5,
        Ok(..=500) => 25,
        Ok(..=1_000) => 50,
        Ok(_) => 250,
    }
}

/// What so many levels of futures cost.
pub fn futures_weight(parameters: &Parameters) -> u32 {
    match parameters.limit(FUTURES_LEVELS, FUTURES_LEVELS_MAX) {
        Ok(..=50) => 2,
        Ok(..=100) => 5,
        Ok(..=500) | Err(_) => 10,
        Ok(_) => 20,
    }
}

/// Answers the best levels of both sides.
pub async fn depth(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", "limit", "symbolStatus"])?;
    let (usual, most) = match call.is_futures() {
        true => (FUTURES_LEVELS, FUTURES_LEVELS_MAX),
        false => (LEVELS, LEVELS_MAX),
    };
    let limit = parameters.limit(usual, most)?;
    let symbol = call.symbol()?;
    check_status(&call.directory, &symbol, read_status(parameters)?)?;
    let depth = call
        .queries()
        .depth(symbol.symbol, limit)
        .ok_or_else(error::invalid_symbol)?;
    let mut answer = DepthAnswer::new(&Grid::new(&call.directory, symbol), &depth);
    if call.is_futures() {
        answer = answer.read_at(call.unit.print(call.app.parts.submit.now()));
    }
    Ok(Answer::json(&answer))
}
