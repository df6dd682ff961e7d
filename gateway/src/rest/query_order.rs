//! `GET /api/v3/order`: one order, open or closed.

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{ApiError, wrong_client_order};
use crate::wire::grid::Grid;
use crate::wire::order_answer::OrderAnswer;
use crate::wire::order_target::{ORDER, Target};

/// Answers the order.
pub async fn query_order(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    let target = Target::read(&call.parameters, ORDER)?;
    call.parameters
        .only(&["symbol", ORDER.order, ORDER.client])?;
    let symbol = call.symbol()?;
    let found = match target.known() {
        None => None,
        Some(known) => {
            call.queries()
                .order(caller.account, symbol.symbol, known)
                .await?
        }
    };
    let Some(report) = found else {
        return Err(match (target.order, target.client_order) {
            (Some(_), Some(_)) => wrong_client_order(),
            _ => ApiError::new(-2013, "Order does not exist."),
        });
    };
    let grid = Grid::new(&call.directory, symbol);
    Ok(Answer::json(&OrderAnswer::new(&grid, call.unit, &report)))
}
