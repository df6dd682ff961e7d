//! `GET /api/v3/myPreventedMatches`: trades with oneself that did not take place.

use schemas::ids::{EventId, OrderId};
use schemas::page::{PreventedOf, PreventedPage};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::wire::grid::Grid;
use crate::wire::order_change::PreventedAnswer;
use crate::wire::page::{ROWS, ROWS_MAX};
use crate::wire::parameters::Parameters;

const MATCH: &str = "preventedMatchId";
const FROM: &str = "fromPreventedMatchId";

/// What it costs: one match, or those of an order.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.has("orderId") { 20 } else { 2 }
}

/// Answers one match, or a page of those of an order, ascending.
pub async fn my_prevented_matches(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", MATCH, "orderId", FROM, "limit"])?;
    let of = which(parameters)?;
    let limit = parameters.limit(ROWS, ROWS_MAX)?;
    let symbol = call.symbol()?;
    let page = PreventedPage {
        account: caller.account,
        symbol: symbol.symbol,
        of,
        limit,
    };
    let found = call.queries().prevented(page).await?;
    let account = call.queries().account(caller.account);
    let group = account.map_or(0, |account| account.trade_group);
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<PreventedAnswer> = found
        .iter()
        .map(|met| PreventedAnswer::new(&grid, call.unit, (met, group)))
        .collect();
    Ok(Answer::json(&rows))
}

/// The three combinations that the dialect knows.
fn which(parameters: &Parameters) -> Result<PreventedOf, ApiError> {
    let one = parameters.integer(MATCH)?.map(EventId);
    let order = parameters.integer("orderId")?.map(OrderId);
    let from = parameters.integer(FROM)?.map(EventId);
    match (one, order, from) {
        (Some(one), None, None) => Ok(PreventedOf::Match(one)),
        (None, Some(order), from) => Ok(PreventedOf::Order(order, from.unwrap_or_default())),
        (None, None, _) => Err(error::either(MATCH, "orderId")),
        (Some(_), _, _) => Err(error::bad_combination()),
    }
}
