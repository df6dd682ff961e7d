//! `GET /api/v3/order/amendments`: how an order was amended, from the first time on.

use schemas::ids::{EventId, OrderId};
use schemas::page::AmendmentPage;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error;
use crate::wire::grid::Grid;
use crate::wire::order_change::AmendmentAnswer;
use crate::wire::page::{ROWS, ROWS_MAX};

/// Answers a page of amendments, ascending.
pub async fn order_amendments(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    parameters.only(&["symbol", "orderId", "fromExecutionId", "limit"])?;
    let order = parameters.integer("orderId")?;
    let order = order.ok_or_else(|| error::mandatory("orderId"))?;
    let from = parameters.integer("fromExecutionId")?.unwrap_or(0);
    let limit = parameters.limit(ROWS, ROWS_MAX)?;
    let symbol = call.symbol()?;
    let page = AmendmentPage {
        account: caller.account,
        symbol: symbol.symbol,
        order: OrderId(order),
        from: EventId(from),
        limit,
    };
    let amendments = call.queries().amendments(page).await?;
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<AmendmentAnswer> = amendments
        .iter()
        .map(|amendment| AmendmentAnswer::new(&grid, call.unit, amendment))
        .collect();
    Ok(Answer::json(&rows))
}
