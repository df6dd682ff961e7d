//! Smart order routing, which needs several books of one pair: there is one.
//!
//! `GET /api/v3/myAllocations` is empty; `POST /api/v3/sor/order` and `sor/order/test` are
//! refused as Binance refuses them for a symbol that is not routed.

use schemas::ids::OrderId;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{ApiError, bad_combination};
use crate::wire::page::Page;

/// Answers no allocation.
pub async fn my_allocations(call: &Call, _: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&[
        "symbol",
        "startTime",
        "endTime",
        "fromAllocationId",
        "limit",
        "orderId",
    ])?;
    let from = parameters.integer("fromAllocationId")?;
    parameters.integer("orderId")?.map(OrderId);
    let page = Page::read(parameters)?;
    if from.is_some() && (page.start.is_some() || page.end.is_some()) {
        return Err(bad_combination());
    }
    call.symbol()?;
    Ok(Answer::json(&[(); 0]))
}

/// Refuses a routed order.
///
/// # Errors
/// -1102 for a missing parameter, -1121 for an unknown symbol, else -1013.
pub async fn routed_order(call: &Call, _: &Caller) -> Outcome {
    for name in ["symbol", "side", "type", "quantity"] {
        call.parameters.required(name)?;
    }
    call.symbol()?;
    Err(
        ApiError::new(-1013, "SOR is not supported for this symbol.")
            .hint("there is one book for each symbol; send the order to /api/v3/order"),
    )
}
