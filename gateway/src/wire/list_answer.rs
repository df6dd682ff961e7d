//! Order lists on their way out.

use schemas::ids::{ClientOrderId, OrderId};
use schemas::report::OrderListReport;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::grid::Grid;
use crate::wire::names::contingency;

/// A list with its orders; `R` tells each of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListAnswer<'a, R: Serialize> {
    order_list_id: u64,
    contingency_type: &'static str,
    list_status_type: &'static str,
    list_order_status: &'static str,
    list_client_order_id: &'a str,
    transaction_time: u64,
    symbol: &'a str,
    orders: Vec<Member<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_reports: Option<Vec<R>>,
}

/// One order of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Member<'a> {
    symbol: &'a str,
    order_id: u64,
    client_order_id: &'a str,
}

impl<'a, R: Serialize> ListAnswer<'a, R> {
    /// A list whose orders the client calls so.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        list: &'a OrderListReport,
        (members, reports): (&'a [(OrderId, ClientOrderId)], Option<Vec<R>>),
    ) -> ListAnswer<'a, R> {
        let (status_type, order_status) = if list.done {
            ("ALL_DONE", "ALL_DONE")
        } else {
            ("EXEC_STARTED", "EXECUTING")
        };
        ListAnswer {
            order_list_id: list.list.0,
            contingency_type: contingency(list.contingency),
            list_status_type: status_type,
            list_order_status: order_status,
            list_client_order_id: list.list_client.as_str(),
            transaction_time: unit.print(list.created),
            symbol: grid.name(),
            orders: members
                .iter()
                .map(|(order, client)| Member {
                    symbol: grid.name(),
                    order_id: order.0,
                    client_order_id: client.as_str(),
                })
                .collect(),
            order_reports: reports,
        }
    }
}
