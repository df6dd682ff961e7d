//! Events folded into order rows: what a batch changes of each order it touches.

use std::collections::BTreeMap;

use schemas::event::{Event, OrderAmended, OrderDone, Trade, TradePrevented};
use schemas::ids::{AccountId, Offset, OrderId, SymbolId};
use schemas::instrument::OrderStatus;
use schemas::report::OrderReport;
use schemas::units::{Amount, Qty, TimeNs};

use crate::error::SinkError;
use crate::sql::shard::Shard;

/// Names one order.
pub type OrderKey = (SymbolId, OrderId);

/// The orders that a batch touches, as they will be after it.
#[derive(Default)]
pub struct Orders {
    touched: BTreeMap<OrderKey, OrderReport>,
    shard: Shard,
}

/// When an event happened.
#[derive(Clone, Copy)]
pub struct When {
    pub offset: Offset,
    pub time: TimeNs,
}

/// The orders that an event names, besides one it creates, and whose they are.
pub fn named(event: &Event) -> [Option<(OrderKey, AccountId)>; 2] {
    match event {
        Event::Trade(trade) => [
            Some(((trade.symbol, trade.taker_order), trade.taker_account)),
            Some(((trade.symbol, trade.maker_order), trade.maker_account)),
        ],
        Event::OrderDone(done) => [Some(((done.symbol, done.order), done.account)), None],
        Event::OrderAmended(amended) => [
            Some(((amended.symbol, amended.order), amended.account)),
            None,
        ],
        Event::OrderModified(modified) => [
            Some(((modified.symbol, modified.order), modified.account)),
            None,
        ],
        Event::TradePrevented(prevented) => [
            Some(((prevented.symbol, prevented.taker_order), prevented.account)),
            Some(((prevented.symbol, prevented.maker_order), prevented.account)),
        ],
        step => [step_of(step).map(|(key, account, _)| (key, account)), None],
    }
}

/// A step in the life of an order with terms: which order, whose, and its word in
/// `order_events`.
pub fn step_of(event: &Event) -> Option<(OrderKey, AccountId, &'static str)> {
    let (account, word) = match event {
        Event::OrderTermsAccepted(it) => (it.account, "terms"),
        Event::TrailingStarted(it) => (it.account, "trailing"),
        Event::OrderActivated(it) => (it.account, "activated"),
        Event::OrderTriggered(it) => (it.account, "triggered"),
        Event::IcebergRefilled(it) => (it.account, "refilled"),
        Event::OrderExpiring(it) => (it.account, "expiring"),
        Event::OrderPegged(it) => (it.account, "pegged"),
        Event::OrderSized(it) => (it.account, "sized"),
        _ => return None,
    };
    let key = schemas::order_event::step_of(event)?;
    Some((key, account, word))
}

impl Orders {
    /// Only orders of accounts in the shard are followed; events of others pass.
    pub fn of(shard: Shard) -> Orders {
        Orders {
            touched: BTreeMap::new(),
            shard,
        }
    }

    /// Whether the order is at hand and that account's.
    pub fn is_of(&self, key: OrderKey, account: AccountId) -> bool {
        let order = self.touched.get(&key);
        order.is_some_and(|order| order.account == account)
    }

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
            Event::OrderAccepted(accepted) if self.shard.has(accepted.account) => {
                self.bring(OrderReport::accepted(accepted, when.time))
            }
            Event::Trade(trade) => self.trade(when, trade)?,
            Event::OrderDone(done) if self.shard.has(done.account) => self.done(when, done)?,
            Event::OrderAmended(amended) if self.shard.has(amended.account) => {
                self.amended(when, amended)?;
            }
            Event::OrderModified(modified) if self.shard.has(modified.account) => {
                let order = self.order((modified.symbol, modified.order), when)?;
                order.price = modified.new_price;
                order.qty = modified.new_qty;
            }
            Event::TradePrevented(prevented) if self.shard.has(prevented.account) => {
                self.prevented(when, prevented)?;
            }
            step => {
                if let Some((key, account, _)) = step_of(step)
                    && self.shard.has(account)
                {
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
        if self.shard.has(trade.maker_account) {
            let maker = self.order((trade.symbol, trade.maker_order), when)?;
            filled(maker, trade);
            maker.status = if trade.maker_open == Qty::ZERO {
                OrderStatus::Filled
            } else {
                OrderStatus::PartiallyFilled
            };
        }
        if self.shard.has(trade.taker_account) {
            let taker = self.order((trade.symbol, trade.taker_order), when)?;
            filled(taker, trade);
            taker.status = OrderStatus::PartiallyFilled;
        }
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

    /// What was taken off the orders of the account that is told; the other order of a match
    /// within a trade group is told to its own.
    fn prevented(&mut self, when: When, prevented: &TradePrevented) -> Result<(), SinkError> {
        for (id, qty) in [
            (prevented.taker_order, prevented.taker_prevented),
            (prevented.maker_order, prevented.maker_prevented),
        ] {
            let key = (prevented.symbol, id);
            let known = self.touched.get(&key);
            let is_own = match known {
                Some(order) => order.account == prevented.account,
                None => qty != Qty::ZERO,
            };
            if is_own {
                let order = self.order(key, when)?;
                order.prevented = Qty(order.prevented.0 + qty.0);
            }
        }
        Ok(())
    }
}

fn filled(order: &mut OrderReport, trade: &Trade) {
    order.executed = Qty(order.executed.0 + trade.qty.0);
    order.quote = Amount(order.quote.0 + trade.quote.0);
}
