//! `POST /api/v3/orderList/oco`, `oto`, `otoco`, `opo`, `opoco`, and the old `order/oco`.

use schemas::command::Command;
use schemas::ids::{ClientOrderId, OrderId};
use schemas::instrument::ContingencyType;
use schemas::peg::{Peg, PlacePeggedListV1};
use schemas::report::OrderListReport;

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::rest::new_order::{off_grid, refusal};
use crate::wire::grid::Grid;
use crate::wire::list_answer::ListAnswer;
use crate::wire::order_answer::NewOrderAnswer;
use crate::wire::order_events::{Placed, all_placed, list_placed};
use crate::wire::order_list::NewOrderList;

/// One cancels the other.
pub async fn oco(call: &Call, caller: &Caller) -> Outcome {
    let list = NewOrderList::read(&call.parameters, &call.directory, ContingencyType::Oco)?;
    place(call, caller, &list).await
}

/// The same in its old form.
pub async fn old_oco(call: &Call, caller: &Caller) -> Outcome {
    let list = NewOrderList::read_old(&call.parameters, &call.directory)?;
    place(call, caller, &list).await
}

/// One triggers the other.
pub async fn oto(call: &Call, caller: &Caller) -> Outcome {
    let list = NewOrderList::read(&call.parameters, &call.directory, ContingencyType::Oto)?;
    place(call, caller, &list).await
}

/// One triggers a pair.
pub async fn otoco(call: &Call, caller: &Caller) -> Outcome {
    let list = NewOrderList::read(&call.parameters, &call.directory, ContingencyType::Otoco)?;
    place(call, caller, &list).await
}

/// One pays the other: the pending order sells what the working one buys.
pub async fn opo(call: &Call, caller: &Caller) -> Outcome {
    let read = NewOrderList::read_paying;
    let list = read(&call.parameters, &call.directory, ContingencyType::Oto)?;
    place(call, caller, &list).await
}

/// One pays a pair.
pub async fn opoco(call: &Call, caller: &Caller) -> Outcome {
    let read = NewOrderList::read_paying;
    let list = read(&call.parameters, &call.directory, ContingencyType::Otoco)?;
    place(call, caller, &list).await
}

async fn place(call: &Call, caller: &Caller, list: &NewOrderList) -> Outcome {
    let command = list
        .place(caller)
        .map_err(|error| off_grid(call, caller, &list.symbol, error))?;
    let pegs = list.pegs();
    let pegged = |list| Box::new(PlacePeggedListV1 { list, pegs });
    let command = match (list.pays, pegs == [Peg::NONE; 3]) {
        (true, _) => Command::PlacePayingList(pegged(command)),
        (false, true) => Command::PlaceOrderList(Box::new(command)),
        (false, false) => Command::PlacePeggedList(pegged(command)),
    };
    let receipt = call.submit(command).await?;
    let Some(accepted) = list_placed(&receipt) else {
        return Err(refusal(call, caller, &receipt));
    };
    let own = |placed: &Placed| accepted.orders.contains(&placed.accepted.order);
    let placed: Vec<Placed> = all_placed(&receipt, caller.account).filter(own).collect();
    let report = OrderListReport {
        symbol: accepted.symbol,
        list: accepted.list,
        account: accepted.account,
        list_client: accepted.list_client,
        contingency: accepted.contingency,
        orders: accepted.orders,
        done: false,
        created: receipt.time,
        updated: receipt.time,
    };
    let grid = Grid::new(&call.directory, list.symbol);
    let members: Vec<(OrderId, ClientOrderId)> = placed
        .iter()
        .map(|placed| (placed.report.order, placed.report.client_order))
        .collect();
    let rows: Vec<NewOrderAnswer> = placed
        .iter()
        .map(|placed| NewOrderAnswer::new(&grid, call.unit, list.detail, placed))
        .collect();
    let answer = ListAnswer::new(&grid, call.unit, &report, (&members, Some(rows)));
    let mut counts = (0, 0);
    if let Some(last) = placed.last() {
        counts = (last.accepted.orders_10s, last.accepted.orders_1d);
    }
    Ok(Answer::json(&answer)
        .at(receipt.offset)
        .order_counts(counts))
}
