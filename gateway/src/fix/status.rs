//! Questions about orders (H), and the report of a mass cancel (r).

use ironfix_core::message::MsgType;
use ironfix_engine::OutboundMessage;
use schemas::command::OrderRef;
use schemas::ids::{ClientOrderId, OrderId};
use schemas::report::{OrderReport, SymbolReport};

use crate::error::ApiError;
use crate::fix::execution::{order_fields, status_code, timestamp};
use crate::fix::order_entry::Desk;
use crate::fix::refusal::{copy, tell};
use crate::fix::request::Request;
use crate::wire::grid::Grid;
use crate::wire::new_order::find_symbol;

/// ExecType I: the order as it stands, or that there is none.
pub async fn answer(desk: &Desk, request: &Request) -> OutboundMessage {
    let mut message = OutboundMessage::new(MsgType::ExecutionReport);
    message.push_str(17, "0").push_char(150, 'I');
    match find(desk, request).await {
        Ok((symbol, order)) => {
            let directory = desk.app.parts.queries.directory();
            let grid = Grid::new(&directory, symbol);
            message.push_str(11, order.client_order.as_str());
            let is_over = !order.status.is_open();
            order_fields(&mut message, &grid, &order, (status_code(&order), is_over));
            message.push_raw(60, timestamp(order.updated));
        }
        Err(error) => {
            copy(request, &mut message, &[11, 55]);
            message
                .push_str(37, request.get(37).unwrap_or("NONE"))
                .push_char(39, '8')
                .push_str(54, request.get(54).unwrap_or("1"))
                .push_uint(14, 0)
                .push_uint(151, 0)
                .push_uint(6, 0);
            tell(&mut message, &error);
        }
    }
    message
}

async fn find(desk: &Desk, request: &Request) -> Result<(SymbolReport, OrderReport), ApiError> {
    let queries = &desk.app.parts.queries;
    let name = request.get(55).unwrap_or_default();
    let symbol = find_symbol(&queries.directory(), name)?;
    let missing = || ApiError::new(-2013, "Order does not exist.");
    let order = match request.get(37) {
        None | Some("NONE") => OrderId(0),
        Some(text) => OrderId(text.parse().map_err(|_| missing())?),
    };
    // A cancel's question carries a name of its own beside the order's number.
    let client_order = match (order, request.get(11)) {
        (OrderId(0), Some(text)) => ClientOrderId::new(text).ok_or_else(missing)?,
        _ => ClientOrderId::EMPTY,
    };
    let target = OrderRef {
        order,
        client_order,
    };
    let found = queries.order(desk.account, symbol.symbol, target).await?;
    found.map(|order| (symbol, order)).ok_or_else(missing)
}

/// OrderMassCancelReport (r); the cancelled orders have their own reports.
pub fn mass_cancel_report(
    request: &Request,
    cancels: usize,
    refused: Option<&ApiError>,
) -> OutboundMessage {
    const OTHER: u64 = 99;
    let mut message = OutboundMessage::new(MsgType::OrderMassCancelReport);
    copy(request, &mut message, &[11, 55, 530]);
    message
        .push_str(37, request.get(11).unwrap_or("NONE"))
        .push_uint(533, cancels as u64);
    match refused.filter(|_| cancels == 0) {
        None => {
            message.push_str(531, request.get(530).unwrap_or("7"));
        }
        Some(error) => {
            let reason = if error.code == -1121 { 1 } else { OTHER };
            message.push_char(531, '0').push_uint(532, reason);
            tell(&mut message, error);
        }
    }
    message
}
