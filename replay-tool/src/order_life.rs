//! One order from its acceptance to its end, folded from events.
//!
//! The state forgets an order when it is closed; the journal does not.

use engine::apply::Stamp;
use schemas::event::{Event, OrderAccepted, OrderDone, Trade};
use schemas::ids::{OrderId, SymbolId};
use schemas::instrument::OrderStatus;
use schemas::report::OrderReport;
use schemas::units::{Amount, Qty, TimeNs};

/// Follows one order.
pub struct OrderLife {
    symbol: SymbolId,
    order: OrderId,
    report: Option<OrderReport>,
}

impl OrderLife {
    /// Nothing is known yet.
    pub fn new(symbol: SymbolId, order: OrderId) -> OrderLife {
        OrderLife {
            symbol,
            order,
            report: None,
        }
    }

    /// The order as far as it was followed; `None` before its acceptance.
    pub fn report(&self) -> Option<&OrderReport> {
        self.report.as_ref()
    }

    /// Takes in the events of one command.
    pub fn absorb(&mut self, at: Stamp, events: &[Event]) {
        for event in events {
            self.event(at.time, event);
        }
    }

    fn event(&mut self, time: TimeNs, event: &Event) {
        let (symbol, order) = (self.symbol, self.order);
        if let Event::OrderAccepted(event) = event
            && (event.symbol, event.order) == (symbol, order)
        {
            self.report = Some(accepted(time, event));
        }
        let Some(report) = &mut self.report else {
            return;
        };
        let touched = match event {
            Event::Trade(trade) if trade.symbol == symbol => traded(report, trade),
            Event::OrderDone(done) if (done.symbol, done.order) == (symbol, order) => {
                ended(report, done);
                true
            }
            Event::TradePrevented(event) if event.symbol == symbol => {
                let taken = match order {
                    order if order == event.taker_order => event.taker_prevented,
                    order if order == event.maker_order => event.maker_prevented,
                    _ => Qty::ZERO,
                };
                report.prevented.0 += taken.0;
                taken != Qty::ZERO
            }
            Event::OrderAmended(event) if (event.symbol, event.order) == (symbol, order) => {
                report.qty = event.new_qty;
                if !event.new_client.is_empty() {
                    report.client_order = event.new_client;
                }
                true
            }
            step => {
                let steps = schemas::order_event::step_of(step) == Some((symbol, order));
                if steps {
                    report.step(step, time);
                }
                steps
            }
        };
        if touched {
            report.updated = time;
        }
    }
}

fn accepted(time: TimeNs, event: &OrderAccepted) -> OrderReport {
    OrderReport {
        symbol: event.symbol,
        order: event.order,
        account: event.account,
        client_order: event.client_order,
        side: event.side,
        order_type: event.order_type,
        time_in_force: event.time_in_force,
        self_trade: event.self_trade,
        status: OrderStatus::New,
        price: event.price,
        qty: event.qty,
        quote_qty: event.quote_qty,
        executed: Qty::ZERO,
        quote: Amount::ZERO,
        prevented: Qty::ZERO,
        created: time,
        updated: time,
        extras: None,
    }
}

/// True when the order took part.
fn traded(report: &mut OrderReport, trade: &Trade) -> bool {
    let taker = trade.taker_order == report.order;
    if !taker && trade.maker_order != report.order {
        return false;
    }
    report.executed.0 += trade.qty.0;
    report.quote.0 += trade.quote.0;
    let filled = !taker && trade.maker_open == Qty::ZERO;
    report.status = if filled {
        OrderStatus::Filled
    } else {
        OrderStatus::PartiallyFilled
    };
    true
}

fn ended(report: &mut OrderReport, done: &OrderDone) {
    report.prevented.0 += done.prevented.0;
    report.status = done.status;
    if report.quote_qty != Amount::ZERO {
        report.qty = Qty(report.executed.0 + report.prevented.0);
    }
}
