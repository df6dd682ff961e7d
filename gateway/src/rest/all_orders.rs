//! `GET /api/v3/allOrders`: open and closed orders, a page at a time.

use schemas::ids::OrderId;
use schemas::page::OrderPage;
use schemas::report::OrderReport;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::ApiError;
use crate::wire::grid::Grid;
use crate::wire::order_answer::OrderAnswer;
use crate::wire::page::Page;

/// Answers a page of orders, by number.
pub async fn all_orders(call: &Call, caller: &Caller) -> Outcome {
    let (grid, reports) = page(call, caller, "orderId").await?;
    let rows: Vec<OrderAnswer> = reports
        .iter()
        .map(|report| OrderAnswer::new(&grid, call.unit, report))
        .collect();
    Ok(Answer::json(&rows))
}

/// A page of orders that begins at the number in that parameter, and how they print.
///
/// # Errors
/// For parameters that mean nothing, and when nobody can look.
pub async fn page(
    call: &Call,
    caller: &Caller,
    number: &'static str,
) -> Result<(Grid, Vec<OrderReport>), ApiError> {
    call.parameters.required("symbol")?;
    call.parameters
        .only(&["symbol", number, "startTime", "endTime", "limit"])?;
    let from = call.parameters.integer(number)?.map(OrderId);
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
    Ok((Grid::new(&call.directory, symbol), reports))
}
