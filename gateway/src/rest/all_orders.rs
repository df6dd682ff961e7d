//! `GET /api/v3/allOrders`: open and closed orders, a page at a time.

use schemas::ids::OrderId;
use schemas::page::OrderPage;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::grid::Grid;
use crate::wire::order_answer::OrderAnswer;
use crate::wire::page::Page;

/// Answers a page of orders, by number.
pub async fn all_orders(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.required("symbol")?;
    call.parameters
        .only(&["symbol", "orderId", "startTime", "endTime", "limit"])?;
    let from = call.parameters.integer("orderId")?.map(OrderId);
    let Page { start, end, limit } = Page::read(&call.parameters)?;
    let symbol = call.symbol()?;
    let page = OrderPage {
        account: caller.account,
        symbol: symbol.symbol,
        from,
        start,
        end,
        limit,
    };
    let reports = call.queries().orders(page).await?;
    let grid = Grid::new(&call.directory, symbol);
    let rows: Vec<OrderAnswer> = reports
        .iter()
        .map(|report| OrderAnswer::new(&grid, call.unit, report))
        .collect();
    Ok(Answer::json(&rows))
}
