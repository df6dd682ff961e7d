//! `GET /api/v3/orderList`, `allOrderList` and `openOrderList`.

use schemas::command::OrderRef;
use schemas::ids::{ClientOrderId, OrderId, OrderListId};
use schemas::page::{ListPage, ListRef};
use schemas::report::{OrderListReport, OrderReport};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::wire::client_id;
use crate::wire::grid::Grid;
use crate::wire::list_answer::ListAnswer;
use crate::wire::page::Page;

/// Answers one list.
pub async fn query(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    if !parameters.has("orderListId") && !parameters.has("origClientOrderId") {
        return Err(error::either("origClientOrderId", "orderListId"));
    }
    parameters.only(&["orderListId", "origClientOrderId"])?;
    let number = parameters.integer("orderListId")?;
    let list_client = client_id::read(parameters, "origClientOrderId")?;
    let named = ListRef {
        list: OrderListId(number.unwrap_or(0)),
        list_client: list_client.unwrap_or_default(),
    };
    let found = match number {
        Some(0) => None,
        _ => call.queries().order_list(caller.account, named),
    };
    let list = found.ok_or_else(|| ApiError::new(-2013, "Order list does not exist."))?;
    Ok(Answer::text(row(call, &list).await?))
}

/// Answers a page of lists, by number.
pub async fn all(call: &Call, caller: &Caller) -> Outcome {
    call.parameters
        .only(&["fromId", "startTime", "endTime", "limit"])?;
    let from = call.parameters.integer("fromId")?.map(OrderListId);
    let Page { start, end, limit } = Page::read(&call.parameters)?;
    if from.is_some() && (start.is_some() || end.is_some()) {
        return Err(error::bad_combination());
    }
    let page = ListPage {
        account: caller.account,
        from,
        start,
        end,
        limit,
    };
    rows(call, call.queries().order_lists(&page)).await
}

/// Answers the open lists, by number.
pub async fn open(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    rows(call, call.queries().open_order_lists(caller.account)).await
}

async fn rows(call: &Call, lists: Vec<OrderListReport>) -> Outcome {
    let mut rows = Vec::with_capacity(lists.len());
    for list in &lists {
        rows.push(row(call, list).await?);
    }
    Ok(Answer::text(format!("[{}]", rows.join(","))))
}

/// One list as JSON.
async fn row(call: &Call, list: &OrderListReport) -> Result<String, ApiError> {
    let symbol = call.directory.symbols.get(list.symbol.0 as usize).copied();
    let grid = Grid::new(&call.directory, symbol.ok_or_else(error::invalid_symbol)?);
    let names: Vec<(OrderId, ClientOrderId)> = members(call, list)
        .await?
        .iter()
        .map(|report| (report.order, report.client_order))
        .collect();
    let answer = ListAnswer::<()>::new(&grid, call.unit, list, (&names, None));
    Ok(Answer::json(&answer).body)
}

/// The orders of a list as they stand.
///
/// # Errors
/// -1000 when history is needed and cannot be read.
pub async fn members(call: &Call, list: &OrderListReport) -> Result<Vec<OrderReport>, ApiError> {
    let mut found = Vec::with_capacity(list.orders.len());
    for order in list.orders.into_iter().filter(|order| *order != OrderId(0)) {
        let target = OrderRef {
            order,
            ..OrderRef::default()
        };
        let read = call.queries().order(list.account, list.symbol, target);
        found.extend(read.await?);
    }
    Ok(found)
}
