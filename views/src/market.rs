//! One symbol: its book, orders and trades, moved by events.

use schemas::event::{Event, OrderAmended, OrderDone, Trade, TradePrevented};
use schemas::ids::{ClientOrderId, Offset, OrderId, SymbolId};
use schemas::instrument::{OrderStatus, Side};
use schemas::perpetual_event::OrderModified;
use schemas::report::{Level, MarketUpdate, OrderReport, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::aggregates::Aggregates;
use crate::book::Book;
use crate::candles::Candles;
use crate::order_changes::OrderChanges;
use crate::orders::Orders;
use crate::slot::Slot;
use crate::trades::Trades;

/// Which command an event belongs to, and what may be forgotten meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) offset: Offset,
    pub(crate) time: TimeNs,
    pub(crate) forgettable: Offset,
}

/// All of one symbol, under one lock.
#[derive(Default)]
pub(crate) struct Market {
    pub(crate) book: Book,
    pub(crate) orders: Orders,
    pub(crate) trades: Trades,
    pub(crate) candles: Candles,
    pub(crate) aggregates: Aggregates,
    pub(crate) order_changes: OrderChanges,
    changes: Changes,
}

/// What one command has changed so far, when someone listens.
#[derive(Default)]
struct Changes {
    listening: bool,
    first_update: u64,
    best: (Option<Level>, Option<Level>),
    bids: Vec<Price>,
    asks: Vec<Price>,
    trades: Vec<TradeReport>,
    /// The forced order that is accepted next, and those of the command.
    named: Option<ClientOrderId>,
    forced: Vec<OrderId>,
}

/// The symbol whose book or orders an event moves.
#[inline]
pub(crate) fn symbol_of(event: &Event) -> Option<SymbolId> {
    match event {
        Event::OrderAccepted(order) => Some(order.symbol),
        Event::OrderRested(order) => Some(order.symbol),
        Event::Trade(trade) => Some(trade.symbol),
        Event::OrderDone(order) => Some(order.symbol),
        Event::TradePrevented(prevented) => Some(prevented.symbol),
        Event::OrderAmended(order) => Some(order.symbol),
        Event::TradeSettled(settled) => Some(settled.symbol),
        Event::PerpetualAccepted(order) => Some(order.symbol),
        Event::OrderModified(order) => Some(order.symbol),
        Event::LiquidationOrdered(order) => Some(order.symbol),
        Event::OrderCalled(order) => Some(order.symbol),
        step => schemas::order_event::step_of(step).map(|(symbol, _)| symbol),
    }
}

/// Whether the views of perpetuals want to know of it, too.
#[inline]
pub(crate) fn is_perpetual(event: &Event) -> bool {
    matches!(
        event,
        Event::Trade(_)
            | Event::TradeSettled(_)
            | Event::PerpetualAccepted(_)
            | Event::OrderTriggered(_)
    )
}

impl Market {
    pub(crate) fn new() -> Market {
        Market::default()
    }

    /// Before the first event of a command.
    #[inline]
    pub(crate) fn begin(&mut self, listening: bool) {
        self.changes.listening = listening;
        if listening {
            self.changes.first_update = self.book.last_update() + 1;
            self.changes.best = (self.book.best_bid(), self.book.best_ask());
        }
    }

    /// After the last event of a command; `None` when nothing changed or nobody listens.
    pub(crate) fn finish(&mut self, symbol: SymbolId, time: TimeNs) -> Option<MarketUpdate> {
        let changes = &mut self.changes;
        let last_update = self.book.last_update();
        let is_changed = changes.first_update <= last_update
            || !changes.trades.is_empty()
            || !changes.forced.is_empty();
        if !changes.listening || !is_changed {
            return None;
        }
        let book = &self.book;
        let levels = |prices: &mut Vec<Price>, side| {
            prices.sort_unstable();
            prices.dedup();
            prices
                .drain(..)
                .map(|price| (price, book.at(side, price)))
                .collect()
        };
        let forced = changes.forced.drain(..);
        let forced = forced.filter_map(|order| self.orders.get(order).map(Slot::report));
        let forced: Vec<OrderReport> = forced.collect();
        let (best_bid, best_ask) = (book.best_bid(), book.best_ask());
        Some(MarketUpdate {
            symbol,
            time,
            first_update: changes.first_update,
            last_update,
            bids: levels(&mut changes.bids, Side::Buy),
            asks: levels(&mut changes.asks, Side::Sell),
            trades: std::mem::take(&mut changes.trades),
            forced,
            best_bid,
            best_ask,
            best_changed: changes.best != (best_bid, best_ask),
        })
    }

    #[inline]
    pub(crate) fn apply(&mut self, at: At, event: &Event) {
        match event {
            Event::OrderAccepted(order) => {
                if self.changes.named.take() == Some(order.client_order) {
                    self.changes.forced.push(order.order);
                }
                self.orders.open(&OrderReport::accepted(order, at.time));
            }
            Event::LiquidationOrdered(order) if self.changes.listening => {
                self.changes.named = Some(order.client_order);
            }
            Event::Trade(trade) => self.trade(at, trade),
            Event::OrderRested(order) => {
                self.change_order(order.order, at.time, |slot| {
                    slot.rested = true;
                    let hidden = Qty(slot.open().0 - order.open.0);
                    match &mut slot.extras {
                        Some(extras) => extras.hidden = hidden,
                        None => debug_assert_eq!(hidden, Qty::ZERO),
                    }
                });
                self.change_level(order.side, order.price, order.open);
            }
            Event::OrderCalled(order) => {
                self.change_order(order.order, at.time, |slot| slot.rested = false);
                self.change_level(order.side, order.price, Qty(-order.open.0));
            }
            Event::OrderDone(order) => self.done(at, order),
            Event::TradePrevented(prevented) => self.prevented(at, prevented),
            Event::OrderAmended(order) => self.amended(at, order),
            Event::OrderModified(order) => self.modified(at, order),
            Event::IcebergRefilled(part) => {
                self.change_level(part.side, part.price, part.shown);
                self.change_order(part.order, at.time, |slot| {
                    slot.rested = true;
                    slot.step(event, at.time);
                });
            }
            step => {
                if let Some((_, order)) = schemas::order_event::step_of(step) {
                    self.change_order(order, at.time, |slot| slot.step(step, at.time));
                }
            }
        }
    }

    #[inline]
    fn change_order(&mut self, order: OrderId, time: TimeNs, change: impl FnOnce(&mut Slot)) {
        match self.orders.get_mut(order) {
            Some(slot) => {
                change(slot);
                slot.updated = time;
            }
            None => debug_assert!(false, "an event of order {} before its start", order.0),
        }
    }

    #[inline]
    fn change_level(&mut self, side: Side, price: Price, change: Qty) {
        if change == Qty::ZERO {
            return;
        }
        self.book.change(side, price, change);
        if self.changes.listening {
            match side {
                Side::Buy => self.changes.bids.push(price),
                Side::Sell => self.changes.asks.push(price),
            }
        }
    }

    fn trade(&mut self, at: At, trade: &Trade) {
        let fill = |slot: &mut Slot| {
            slot.executed.0 += trade.qty.0;
            slot.quote.0 += trade.quote.0;
            slot.status = OrderStatus::PartiallyFilled;
        };
        self.change_order(trade.taker_order, at.time, fill);
        self.change_order(trade.maker_order, at.time, |slot| {
            fill(slot);
            debug_assert_eq!(slot.open(), trade.maker_open);
            if trade.maker_open == Qty::ZERO {
                slot.status = OrderStatus::Filled;
            }
        });
        self.change_level(trade.taker_side.opposite(), trade.price, Qty(-trade.qty.0));
        let report = TradeReport::new(trade, at.time);
        self.trades.push(at.offset, report, at.forgettable);
        let first = self.trades.first_id();
        self.candles.trade(&report);
        self.aggregates.trade(&report, first);
        self.orders
            .note_trade(trade.maker_order, trade.trade.0, first);
        self.orders
            .note_trade(trade.taker_order, trade.trade.0, first);
        if trade.maker_open == Qty::ZERO {
            self.orders
                .close(at.offset, trade.maker_order, at.forgettable);
        }
        if self.changes.listening {
            self.changes.trades.push(report);
        }
    }

    fn done(&mut self, at: At, done: &OrderDone) {
        let mut hidden = Qty::ZERO;
        self.change_order(done.order, at.time, |slot| {
            if let Some(extras) = &mut slot.extras {
                hidden = std::mem::take(&mut extras.hidden);
            }
            let by_quote = slot.quote_qty != Amount::ZERO;
            debug_assert!(by_quote || slot.open() == done.open);
            debug_assert_eq!(slot.rested, done.rested);
            slot.prevented.0 += done.prevented.0;
            slot.status = done.status;
            if by_quote {
                slot.qty = Qty(slot.executed.0 + slot.prevented.0);
            }
        });
        if done.rested {
            let shown = done.open.0 - hidden.0;
            self.change_level(done.side, done.price, Qty(-shown));
        }
        self.orders.close(at.offset, done.order, at.forgettable);
    }

    fn prevented(&mut self, at: At, prevented: &TradePrevented) {
        let take = |qty: Qty| move |slot: &mut Slot| slot.prevented.0 += qty.0;
        if prevented.taker_prevented != Qty::ZERO {
            let take = take(prevented.taker_prevented);
            self.change_order(prevented.taker_order, at.time, take);
        }
        if prevented.maker_prevented != Qty::ZERO {
            let take = take(prevented.maker_prevented);
            self.change_order(prevented.maker_order, at.time, take);
            let change = Qty(-prevented.maker_prevented.0);
            self.change_level(prevented.maker_side, prevented.price, change);
        }
    }

    fn modified(&mut self, at: At, modified: &OrderModified) {
        let mut rested = false;
        self.change_order(modified.order, at.time, |slot| {
            rested = std::mem::take(&mut slot.rested);
            slot.price = modified.new_price;
            slot.qty = modified.new_qty;
            debug_assert_eq!(slot.executed, modified.executed);
        });
        if rested {
            let gone = Qty(-modified.old_open.0);
            self.change_level(modified.side, modified.old_price, gone);
        }
    }

    fn amended(&mut self, at: At, amended: &OrderAmended) {
        let by = amended.old_qty.0 - amended.new_qty.0;
        let (mut hidden, mut rested) = (0, true);
        self.change_order(amended.order, at.time, |slot| {
            slot.qty = amended.new_qty;
            rested = slot.rested;
            if let Some(extras) = &mut slot.extras {
                // What is hidden of an iceberg goes first.
                hidden = by.min(extras.hidden.0);
                extras.hidden.0 -= hidden;
            }
            debug_assert_eq!(slot.executed, amended.executed);
            debug_assert_eq!(slot.open(), amended.open);
        });
        if amended.new_client != amended.old_client && !amended.new_client.is_empty() {
            self.orders.rename(amended.order, amended.new_client);
        }
        if rested {
            self.change_level(amended.side, amended.price, Qty(hidden - by));
        }
    }
}

/// What an order that is not over still wants.
#[inline]
pub(crate) fn open_of(report: &OrderReport) -> Qty {
    Qty(report.qty.0 - report.executed.0 - report.prevented.0)
}
