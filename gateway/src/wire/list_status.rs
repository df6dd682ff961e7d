//! What an account is told of its order lists: begun, and all done.

use schemas::event::Event;
use schemas::ids::{ClientOrderId, OrderId};
use schemas::report::{Directory, ListTold, UserUpdate};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::names::contingency;
use crate::wire::symbol_query::spot;

/// A list status; the dialect's one-letter names.
#[derive(Serialize)]
struct ListStatus<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    g: u64,
    c: &'static str,
    l: &'static str,
    #[serde(rename = "L")]
    order_status: &'static str,
    r: &'static str,
    #[serde(rename = "C")]
    list_client: &'a str,
    #[serde(rename = "T")]
    transaction_time: u64,
    #[serde(rename = "O")]
    orders: Vec<Member<'a>>,
    offset: u64,
}

/// One order of a list.
#[derive(Serialize)]
struct Member<'a> {
    s: &'a str,
    i: u64,
    c: &'a str,
}

/// The statuses of one update, in order, as JSON.
pub fn list_statuses<'a>(
    directory: &'a Directory,
    unit: TimeUnit,
    update: &'a UserUpdate,
) -> impl Iterator<Item = String> + 'a {
    update.events.iter().filter_map(move |told| {
        let list = told.list.as_deref()?;
        let status = status(directory, (unit, update), (&told.event, list))?;
        Some(serde_json::to_string(&status).expect("statuses have text keys only"))
    })
}

fn status<'a>(
    directory: &'a Directory,
    (unit, update): (TimeUnit, &'a UserUpdate),
    (event, list): (&Event, &'a ListTold),
) -> Option<ListStatus<'a>> {
    let report = &list.report;
    let symbol = directory.symbols.get(report.symbol.0 as usize)?;
    spot(directory, report.symbol)?;
    let (status_type, order_status) = match event {
        Event::OrderListDone(_) => ("ALL_DONE", "ALL_DONE"),
        _ => ("EXEC_STARTED", "EXECUTING"),
    };
    let time = unit.print(update.time);
    let name = symbol.name.as_str();
    let orders = report.orders.iter().zip(&list.names);
    let orders = orders.filter(|(order, _)| **order != OrderId(0));
    Some(ListStatus {
        e: "listStatus",
        event_time: time,
        s: name,
        g: report.list.0,
        c: contingency(report.contingency),
        l: status_type,
        order_status,
        r: "NONE",
        list_client: report.list_client.as_str(),
        transaction_time: time,
        orders: orders
            .map(|(order, known)| Member {
                s: name,
                i: order.0,
                c: called(update, *order, known),
            })
            .collect(),
        offset: update.offset.0,
    })
}

/// What an order of a list is called: a new list's orders are accepted behind it.
fn called<'a>(update: &'a UserUpdate, order: OrderId, known: &'a ClientOrderId) -> &'a str {
    if !known.is_empty() {
        return known.as_str();
    }
    let mut told = update.events.iter().filter_map(|told| told.order.as_ref());
    told.find(|report| report.order == order)
        .map_or("", |report| report.client_order.as_str())
}
