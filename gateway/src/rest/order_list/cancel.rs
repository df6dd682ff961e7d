//! `DELETE /api/v3/orderList`: cancel every order of a list.

use schemas::command::Command;
use schemas::ids::{ClientOrderId, OrderId, OrderListId};
use schemas::order_command::CancelOrderListV1;
use schemas::page::ListRef;
use schemas::reject::RejectReason;
use schemas::report::{OrderListReport, OrderReport};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::error::{self, ApiError};
use crate::rest::order_list::query::members;
use crate::wire::client_id;
use crate::wire::grid::Grid;
use crate::wire::list_answer::ListAnswer;
use crate::wire::order_answer::CancelAnswer;
use crate::wire::order_events::cancel_refusal;
use crate::wire::order_list::LIST_CLIENT;

/// Cancels a list.
pub async fn cancel(call: &Call, caller: &Caller) -> Outcome {
    let parameters = &call.parameters;
    parameters.required("symbol")?;
    if !parameters.has("orderListId") && !parameters.has(LIST_CLIENT) {
        return Err(error::either("orderListId", LIST_CLIENT));
    }
    parameters.only(&["symbol", "orderListId", LIST_CLIENT, "newClientOrderId"])?;
    let number = parameters.integer("orderListId")?;
    let list_client = client_id::read(parameters, LIST_CLIENT)?.unwrap_or_default();
    let cancel_client = client_id::read(parameters, "newClientOrderId")?;
    let symbol = call.symbol()?;
    let cancel = CancelOrderListV1 {
        list: OrderListId(number.unwrap_or(0)),
        valid_until: caller.valid_until,
        account: caller.account,
        symbol: symbol.symbol,
        list_client,
        cancel_client: cancel_client.unwrap_or_else(client_id::generate),
    };
    let unknown = || ApiError::from(RejectReason::UnknownList);
    // Zero stands for "not given" in the command, and numbers start at 1.
    if number == Some(0) {
        return Err(unknown());
    }
    let named = ListRef {
        list: cancel.list,
        list_client,
    };
    let known = call.queries().order_list(caller.account, named);
    let receipt = call.submit(Command::CancelOrderList(cancel)).await?;
    if let Some(reason) = cancel_refusal(&receipt) {
        return Err(ApiError::from(reason).at(receipt.offset));
    }
    let Some(list) = known else {
        return Err(error::lost().at(receipt.offset));
    };
    let list = OrderListReport {
        done: true,
        created: receipt.time,
        ..list
    };
    let (reports, names) = ended(call, &list).await;
    let grid = Grid::new(&call.directory, symbol);
    let told = (&cancel.cancel_client, receipt.time);
    let rows = reports
        .iter()
        .map(|report| CancelAnswer::new(&grid, call.unit, report, told));
    let answer = ListAnswer::new(&grid, call.unit, &list, (&names, Some(rows.collect())));
    Ok(Answer::json(&answer).at(receipt.offset))
}

/// The orders of a list as they ended.
async fn ended(
    call: &Call,
    list: &OrderListReport,
) -> (Vec<OrderReport>, Vec<(OrderId, ClientOrderId)>) {
    let reports = members(call, list).await.unwrap_or_default();
    let names = reports
        .iter()
        .map(|report| (report.order, report.client_order))
        .collect();
    (reports, names)
}
