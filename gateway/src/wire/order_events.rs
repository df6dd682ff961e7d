//! The events of one command → what became of the order that it placed or cancelled.
//!
//! An answer to a new order is built from its receipt alone, so it can be neither older
//! nor newer than the command.

use schemas::event::{Event, OrderAccepted, OrderDone, Trade};
use schemas::ids::{AccountId, Offset};
use schemas::instrument::OrderStatus;
use schemas::order_event::{OrderListAccepted, step_of};
use schemas::reject::RejectReason;
use schemas::report::OrderReport;
use schemas::units::{Amount, Qty, TimeNs};

use crate::submit::Receipt;

/// What one command did to the order that it placed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    pub accepted: OrderAccepted,
    /// The order right after the command.
    pub report: OrderReport,
    /// Its trades as the taker, in order.
    pub fills: Vec<Trade>,
    /// Which event first prevented a self-trade, if one did.
    pub prevented_match: Option<u64>,
}

/// The order of an account that the command placed; `None` when it was refused.
pub fn placed(receipt: &Receipt, account: AccountId) -> Option<Placed> {
    all_placed(receipt, account).next()
}

/// Every order of an account that the command placed, in order: those of a list.
pub fn all_placed(receipt: &Receipt, account: AccountId) -> impl Iterator<Item = Placed> {
    let accepted = receipt.events.iter().filter_map(|event| match event {
        Event::OrderAccepted(accepted) => Some(accepted),
        _ => None,
    });
    let own = accepted.filter(move |accepted| accepted.account == account);
    own.map(move |accepted| Placed::new(receipt, accepted))
}

/// The list that the command placed, and the order ids of its legs; `None` when refused.
pub fn list_placed(receipt: &Receipt) -> Option<&OrderListAccepted> {
    receipt.events.iter().find_map(|event| match event {
        Event::OrderListAccepted(list) => Some(list),
        _ => None,
    })
}

impl Placed {
    fn new(receipt: &Receipt, accepted: &OrderAccepted) -> Placed {
        let mut placed = Placed {
            accepted: *accepted,
            report: OrderReport::accepted(accepted, receipt.time),
            fills: Vec::new(),
            prevented_match: None,
        };
        for (index, event) in receipt.events.iter().enumerate() {
            let number = event_number(receipt.offset, index);
            placed.absorb(event, number, receipt.time);
        }
        let report = &mut placed.report;
        if accepted.quote_qty != Amount::ZERO {
            report.qty = sum(report.executed, report.prevented);
        }
        if report.status == OrderStatus::New && report.executed != Qty::ZERO {
            report.status = OrderStatus::PartiallyFilled;
        }
        placed
    }

    fn absorb(&mut self, event: &Event, number: u64, time: TimeNs) {
        let own = (self.accepted.symbol, self.accepted.order);
        let report = &mut self.report;
        let traded = |report: &mut OrderReport, trade: &Trade| {
            report.executed = sum(report.executed, trade.qty);
            let quote = report.quote.checked_add(trade.quote);
            report.quote = quote.unwrap_or(report.quote);
        };
        match event {
            Event::Trade(trade) if (trade.symbol, trade.taker_order) == own => {
                traded(report, trade);
                self.fills.push(*trade);
            }
            // An order that it set off met it in the same command.
            Event::Trade(trade) if (trade.symbol, trade.maker_order) == own => {
                traded(report, trade);
                if trade.maker_open == Qty::ZERO {
                    report.status = OrderStatus::Filled;
                }
            }
            Event::TradePrevented(met) if (met.symbol, met.taker_order) == own => {
                report.prevented = sum(report.prevented, met.taker_prevented);
                self.prevented_match.get_or_insert(number);
            }
            Event::OrderDone(done) if (done.symbol, done.order) == own => {
                report.prevented = sum(report.prevented, done.prevented);
                report.status = done.status;
            }
            step if step_of(step) == Some(own) => report.step(step, time),
            _ => (),
        }
    }
}

/// The number by which sinks know that event.
pub fn event_number(offset: Offset, index: usize) -> u64 {
    schemas::ids::EventId::new(offset, index as u16).0
}

/// Why the new order of a command was refused.
pub fn order_refusal(receipt: &Receipt) -> Option<RejectReason> {
    receipt.events.iter().find_map(|event| match event {
        Event::OrderRejected(rejected) => Some(rejected.reason),
        Event::OrderListRejected(rejected) => Some(rejected.reason),
        Event::CommandRejected { reason } => Some(*reason),
        _ => None,
    })
}

/// Why the cancel or the amendment of a command was refused.
pub fn cancel_refusal(receipt: &Receipt) -> Option<RejectReason> {
    receipt.events.iter().find_map(|event| match event {
        Event::CancelRejected(rejected) | Event::AmendRejected(rejected) => Some(rejected.reason),
        _ => None,
    })
}

/// The orders of an account that the command cancelled, in order.
pub fn cancelled(receipt: &Receipt, account: AccountId) -> impl Iterator<Item = &OrderDone> {
    receipt.events.iter().filter_map(move |event| match event {
        Event::OrderDone(done)
            if done.status == OrderStatus::Canceled && done.account == account =>
        {
            Some(done)
        }
        _ => None,
    })
}

/// What is certain of a cancelled order from its end alone, should its record be out of
/// reach: the open quantity stands for the whole.
pub fn from_done(done: &OrderDone, time: TimeNs) -> OrderReport {
    use schemas::instrument::{OrderType, SelfTradePrevention, TimeInForce};
    OrderReport {
        symbol: done.symbol,
        order: done.order,
        account: done.account,
        client_order: schemas::ids::ClientOrderId::EMPTY,
        side: done.side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::ExpireMaker,
        status: done.status,
        price: done.price,
        qty: done.open,
        quote_qty: Amount::ZERO,
        executed: Qty::ZERO,
        quote: Amount::ZERO,
        prevented: done.prevented,
        created: time,
        updated: time,
        extras: None,
    }
}

fn sum(left: Qty, right: Qty) -> Qty {
    Qty(left.0.saturating_add(right.0))
}
