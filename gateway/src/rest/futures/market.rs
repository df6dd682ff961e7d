//! `/fapi/v1/premiumIndex`, `fundingRate`, `fundingInfo`, `openInterest`.

use schemas::perpetual_report::{FundingPage, MarkReport};
use schemas::report::SymbolReport;

use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::futures::market::{
    FundingInfoRow, FundingRateRow, OpenInterestAnswer, PremiumIndexAnswer,
};
use crate::wire::grid::Grid;
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::listed_of;

const ROWS: usize = 100;
const ROWS_MAX: usize = 1_000;

/// What premiumIndex costs.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("symbol") { 1 } else { 10 }
}

/// `premiumIndex`: mark, index and the coming funding of one perpetual, or of all.
pub async fn premium_index(call: &Call) -> Outcome {
    call.parameters.only(&["symbol"])?;
    let (is_one, grids) = call.chosen()?;
    let rows = grids
        .iter()
        .map(|grid| PremiumIndexAnswer::new(grid, call.unit, &mark(call, &grid.symbol)));
    Ok(Answer::one_or_all(is_one, rows))
}

/// `fundingRate`: slots of the past, the oldest first.
pub async fn funding_rate(call: &Call) -> Outcome {
    let parameters = &call.parameters;
    parameters.only(&["symbol", "startTime", "endTime", "limit"])?;
    let symbol = match parameters.optional("symbol")? {
        None => None,
        Some(_) => Some(call.symbol()?.symbol),
    };
    let page = FundingPage {
        symbol,
        start: parameters.integer("startTime")?.map(read_time),
        end: parameters.integer("endTime")?.map(read_end_time),
        limit: parameters.limit(ROWS, ROWS_MAX)?,
    };
    let grids = call.grids(call.directory.symbols.clone());
    let slots = call.queries().funding(page).await?;
    let rows: Vec<FundingRateRow> = slots
        .iter()
        .filter_map(|slot| {
            let grid = grids.get(slot.symbol.0 as usize)?;
            Some(FundingRateRow::new(grid, call.unit, slot))
        })
        .collect();
    Ok(Answer::json(&rows))
}

/// `fundingInfo`: how often, and how far at most.
pub async fn funding_info(call: &Call) -> Outcome {
    call.parameters.only(&[])?;
    let grids = call.grids(listed_of(&call.directory, call.product));
    let rows: Vec<FundingInfoRow> = grids
        .iter()
        .filter_map(|grid| {
            let contract = call.queries().contract(grid.symbol.symbol)?;
            FundingInfoRow::new(grid, &contract)
        })
        .collect();
    Ok(Answer::json(&rows))
}

/// `openInterest`: what all accounts hold.
pub async fn open_interest(call: &Call) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters.only(&["symbol"])?;
    let symbol = call.symbol()?;
    let mark = call.queries().mark(symbol.symbol);
    let mark = mark.ok_or_else(error::invalid_symbol)?;
    let now = call.unit.print(call.app.parts.submit.now());
    let grid = Grid::new(&call.directory, symbol);
    Ok(Answer::json(&OpenInterestAnswer::new(&grid, &mark, now)))
}

fn mark(call: &Call, symbol: &SymbolReport) -> MarkReport {
    call.queries().mark(symbol.symbol).unwrap_or_default()
}
