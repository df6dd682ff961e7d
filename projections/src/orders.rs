//! Events folded into order rows: what a batch changes of each order it touches.

use std::collections::BTreeMap;

use schemas::event::{Event, OrderAmended, OrderDone, Trade, TradePrevented};
use schemas::ids::{Offset, OrderId, SymbolId};
use schemas::instrument::OrderStatus;
use schemas::report::OrderReport;
use schemas::units::{Amount, Qty, TimeNs};

use crate::error::SinkError;

/// Names one order.
pub type OrderKey = (SymbolId, OrderId);

/// The orders that a batch touches, as they will be after it.
#[derive(Default)]
pub struct Orders {
    touched: BTreeMap<OrderKey, OrderReport>,
}

/// When an event happened.
#[derive(Clone, Copy)]
pub struct When {
    pub offset: Offset,
    pub time: TimeNs,
}

/// The orders that an event names, besides one it creates.
pub fn named(event: &Event) -> [Option<OrderKey>; 2] {
    match event {
        Event::Trade(trade) => [
            Some((trade.symbol, trade.taker_order)),
            Some((trade.symbol, trade.maker_order)),
        ],
        Event::OrderDone(done) => [Some((done.symbol, done.order)), None],
        Event::OrderAmended(amended) => [Some((amended.symbol, amended.order)), None],
        Event::TradePrevented(prevented) => [
            Some((prevented.symbol, prevented.taker_order)),
            Some((prevented.symbol, prevented.maker_order)),
        ],
        step => [schemas::order_event::step_of(step), None],
    }
}

impl Orders {
    /// Whether the order is at hand.
    pub fn has(&self, key: OrderKey) -> bool {
        self.touched.contains_key(&key)
    }

    /// Brings an order from the sink.
    pub fn bring(&mut self, order: OrderReport) {
        self.touched.insert((order.symbol, order.order), order);
    }

    /// Every order touched, by key.
    pub fn touched(&self) -> impl Iterator<Item = &OrderReport> {
        self.touched.values()
    }

    /// Folds one event in.
    ///
    /// # Errors
    /// [`SinkError::UnknownOrder`] for an order that was neither accepted nor brought.
    pub fn apply(&mut self, when: When, event: &Event) -> Result<(), SinkError> {
        match event {
            Event::OrderAccepted(accepted) => {
                self.bring(OrderReport::accepted(accepted, when.time))
            }
            Event::Trade(trade) => self.trade(when, trade)?,
            Event::OrderDone(done) => self.done(when, done)?,
            Event::OrderAmended(amended) => self.amended(when, amended)?,
            Event::TradePrevented(prevented) => self.prevented(when, prevented)?,
            step => {
                if let Some(key) = schemas::order_event::step_of(step) {
                    self.order(key, when)?.step(step, when.time);
                }
            }
        }
        Ok(())
    }

    fn order(&mut self, key: OrderKey, when: When) -> Result<&mut OrderReport, SinkError> {
        let unknown = SinkError::UnknownOrder {
            symbol: key.0.0,
            order: key.1.0,
            offset: when.offset,
        };
        let order = self.touched.get_mut(&key).ok_or(unknown)?;
        order.updated = when.time;
        Ok(order)
    }

    fn trade(&mut self, when: When, trade: &Trade) -> Result<(), SinkError> {
        let maker = self.order((trade.symbol, trade.maker_order), when)?;
        filled(maker, trade);
        maker.status = if trade.maker_open == Qty::ZERO {
            OrderStatus::Filled
        } else {
            OrderStatus::PartiallyFilled
        };
        let taker = self.order((trade.symbol, trade.taker_order), when)?;
        filled(taker, trade);
        taker.status = OrderStatus::PartiallyFilled;
        Ok(())
    }

    fn done(&mut self, when: When, done: &OrderDone) -> Result<(), SinkError> {
        let order = self.order((done.symbol, done.order), when)?;
        order.status = done.status;
        order.prevented = Qty(order.prevented.0 + done.prevented.0);
        if order.quote_qty != Amount::ZERO {
            order.qty = Qty(order.executed.0 + order.prevented.0);
        }
        Ok(())
    }

    fn amended(&mut self, when: When, amended: &OrderAmended) -> Result<(), SinkError> {
        let order = self.order((amended.symbol, amended.order), when)?;
        order.qty = amended.new_qty;
        if !amended.new_client.is_empty() {
            order.client_order = amended.new_client;
        }
        Ok(())
    }

    fn prevented(&mut self, when: When, prevented: &TradePrevented) -> Result<(), SinkError> {
        let taker = self.order((prevented.symbol, prevented.taker_order), when)?;
        taker.prevented = Qty(taker.prevented.0 + prevented.taker_prevented.0);
        let maker = self.order((prevented.symbol, prevented.maker_order), when)?;
        maker.prevented = Qty(maker.prevented.0 + prevented.maker_prevented.0);
        Ok(())
    }
}

fn filled(order: &mut OrderReport, trade: &Trade) {
    order.executed = Qty(order.executed.0 + trade.qty.0);
    order.quote = Amount(order.quote.0 + trade.quote.0);
}
