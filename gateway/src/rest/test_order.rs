//! `POST /api/v3/order/test`: every check of a new order that needs no engine.

use serde_json::json;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::filters;
use crate::rest::new_order::{closed, on_grid};
use crate::wire::account::{TestAnswer, rates, untouched};
use crate::wire::new_order::{NewOrder, pegs_fit};
use crate::wire::parameters::Parameters;

const COMPUTE: &str = "computeCommissionRates";

/// What a test costs.
pub fn weight(parameters: &Parameters) -> u32 {
    if parameters.flag(COMPUTE).unwrap_or(false) {
        20
    } else {
        1
    }
}

/// Checks an order and places nothing.
pub async fn test_order(call: &Call, caller: &Caller) -> Outcome {
    let request = NewOrder::read(&call.parameters, &call.directory, &[COMPUTE])?;
    let compute = call.parameters.flag(COMPUTE)?;
    let order = on_grid(call, caller, &request)?;
    if let Some(refusal) = closed(call, caller, &request.symbol) {
        return Err(refusal);
    }
    pegs_fit(&request)?;
    filters::test(&request.symbol, &order.order)?;
    filters::test_terms(&request.symbol, &order)?;
    if !compute {
        return Ok(Answer::json(&json!({})));
    }
    let account = call.queries().account(caller.account);
    let tier = account.unwrap_or_else(|| untouched(caller.account)).tier;
    let (maker, taker) = rates(&call.directory, tier, Some(&request.symbol));
    Ok(Answer::json(&TestAnswer::new((maker, taker))))
}
