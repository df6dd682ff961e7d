//! The walk through the opposite side: best price first, then first come.

use schemas::event::{Event, Trade, TradePrevented};
use schemas::ids::TradeId;
use schemas::instrument::{OrderStatus, Side, SymbolKind};
use schemas::units::{Amount, Price, Qty};

use crate::apply::Engine;
use crate::book::order::Order;
use crate::matching::cancel::Ending;
use crate::matching::parts::Parts;
use crate::matching::taker::{Step, Taker};
use crate::trace::{Note, Trace};

/// Events that one maker costs at most: the trade or its prevention, the maker's end,
/// two balances.
const EVENTS_PER_MAKER: usize = 4;

impl<T: Trace> Engine<T> {
    /// Walks and changes nothing: gives the taker as it would be afterwards, or `None`
    /// when the makers would cost more than `events_max` events.
    pub(crate) fn simulate(&self, mut taker: Taker, events_max: usize) -> Option<Taker> {
        let books = &self.state.books;
        let mut events = 0;
        let mut next = books.best(taker.market.symbol, taker.side.opposite());
        let mut parts = Parts::new();
        while let Some(handle) = parts.before(books, next).or(next) {
            let part = parts.take(books, handle, &mut next);
            let maker = part
                .as_ref()
                .map_or(books.orders.get(handle), |part| &part.shown);
            let step = self.step(&mut taker, maker);
            let quote_of = |qty| {
                let market = &taker.market;
                market
                    .notional(maker.price, qty)
                    .expect("a resting order was priced")
            };
            match step {
                Step::Stop | Step::ExpireTaker | Step::ExpireBoth => break,
                Step::Fill(qty) => taker.filled(qty, quote_of(qty)),
                Step::ExpireMaker => {}
                Step::Decrement(qty) => taker.prevented(qty, quote_of(qty)),
                Step::Transfer(qty) => taker.transferred(qty, quote_of(qty)),
            }
            events += EVENTS_PER_MAKER;
            // Two accounts are told, and the balances of both move.
            events += EVENTS_PER_MAKER * usize::from(taker.group != 0);
            if let Some(part) = part {
                events += EVENTS_PER_MAKER;
                parts.put_back(books, handle, (part, step));
            }
            if events > events_max {
                return None;
            }
        }
        Some(taker)
    }

    /// Walks until the taker stops; `false` when the command has no events left.
    #[inline]
    pub(crate) fn walk(&mut self, taker: &mut Taker) -> bool {
        let opposite = taker.side.opposite();
        while let Some(handle) = self.state.books.best(taker.market.symbol, opposite) {
            let step = self.step(taker, self.state.books.orders.get(handle));
            if step == Step::Stop {
                break;
            }
            if self.is_full() {
                return false;
            }
            self.steps += 1;
            match step {
                Step::Stop => unreachable!("handled above"),
                Step::Fill(qty) => {
                    let price = self.state.books.orders.get(handle).price;
                    self.fill(taker, handle, (price, qty));
                }
                prevented => {
                    self.prevent(taker, handle, prevented);
                    if taker.expired_in_match {
                        break;
                    }
                }
            }
        }
        true
    }

    /// One trade: money, numbers, the maker's rest.
    #[inline]
    pub(crate) fn fill(&mut self, taker: &mut Taker, handle: u32, (price, qty): (Price, Qty)) {
        let maker = *self.state.books.orders.get(handle);
        let market = taker.market;
        let quote = market
            .notional(price, qty)
            .expect("a resting order was priced");
        self.trace.note(Note::Met {
            symbol: market.symbol,
            price,
            qty,
        });
        let (taker_fee, maker_fee) = self.settle(taker, &maker, (qty, quote));
        let symbol = self.state.symbols.change(market.symbol);
        let trade = TradeId(symbol.next_trade);
        symbol.next_trade += 1;
        symbol.last_trade = Some(price);
        let kept = symbol.percent.minutes;
        let window = &mut self.state.windows[market.symbol.0 as usize];
        window.add(self.state.now, (price, qty), kept);
        // An order is given back once, at its first fill.
        if !maker.made {
            let account = &mut self.state.accounts[maker.account.0 as usize];
            account.counts.give_back(&self.windows);
        }
        taker.filled(qty, quote);
        if !self.state.purses.is_empty() {
            let (order, fee) = match taker.side {
                Side::Buy => (taker.order, taker_fee),
                Side::Sell => (maker.id, maker_fee),
            };
            self.fill_purse(taker, order, (qty, fee));
        }
        let maker_open = Qty(maker.open.0 - qty.0);
        let hidden = match maker.special {
            true => self.state.books.orders.total_open(handle).0 - maker.open.0,
            false => 0,
        };
        self.out.push(Event::Trade(Trade {
            symbol: market.symbol,
            trade,
            price,
            qty,
            quote,
            taker_side: taker.side,
            taker_order: taker.order,
            taker_account: taker.account,
            taker_fee,
            maker_order: maker.id,
            maker_account: maker.account,
            maker_fee,
            maker_open: Qty(maker_open.0 + hidden),
        }));
        if maker.special {
            self.special_filled(handle, (qty, quote));
        } else if maker_open == Qty::ZERO {
            self.close(handle);
        } else {
            self.shrink_resting(handle, qty);
            self.state.books.orders.get_mut(handle).made = true;
            self.state.books.orders.details_mut(handle).quote.0 += quote.0;
        }
    }

    /// Takes a quantity off a resting order that stays; its money is the caller's matter.
    #[inline]
    pub(crate) fn shrink_resting(&mut self, handle: u32, by: Qty) {
        let order = self.state.books.orders.get_mut(handle);
        order.open.0 -= by.0;
        if order.side == Side::Buy {
            self.state.seats.shrink_bids(order.seat, by);
        }
    }

    /// Self-trade prevention (RULES, Spot).
    #[cold]
    #[inline(never)]
    pub(crate) fn prevent(&mut self, taker: &mut Taker, handle: u32, step: Step) {
        let maker = *self.state.books.orders.get(handle);
        let taken = match step {
            Step::Decrement(qty) | Step::Transfer(qty) => qty,
            _ => Qty::ZERO,
        };
        let met = TradePrevented {
            symbol: maker.symbol,
            account: taker.account,
            taker_order: taker.order,
            maker_order: maker.id,
            maker_side: maker.side,
            price: maker.price,
            taker_prevented: taken,
            maker_prevented: taken,
            mode: Self::mode_of(taker, &maker, step),
        };
        self.tell_prevented(met, maker.account);
        if matches!(step, Step::ExpireMaker | Step::ExpireBoth) {
            self.end_resting(handle, Ending::of(OrderStatus::ExpiredInMatch));
        }
        if matches!(step, Step::ExpireTaker | Step::ExpireBoth) {
            taker.expired_in_match = true;
        }
        if taken != Qty::ZERO {
            let quote = taker
                .market
                .notional(maker.price, taken)
                .expect("a resting order was priced");
            match step {
                Step::Transfer(_) => {
                    taker.transferred(taken, quote);
                    self.tell_transferred(taker, &maker, (taken, quote));
                    self.decrement_resting(handle, taken);
                    self.transfer_prevented(taker, &maker, (taken, quote));
                }
                _ => {
                    taker.prevented(taken, quote);
                    self.decrement_resting(handle, taken);
                }
            }
        }
    }

    /// Takes a quantity off a resting order without a trade; one with nothing left ends.
    pub(crate) fn decrement_resting(&mut self, handle: u32, qty: Qty) {
        let order = *self.state.books.orders.get(handle);
        self.release(&order, qty);
        self.state.books.orders.details_mut(handle).prevented.0 += qty.0;
        self.shrink_resting(handle, qty);
        let is_over = match order.special {
            true => self.special_decremented(handle),
            false => order.open == qty,
        };
        if is_over {
            self.end_resting(handle, Ending::of(OrderStatus::ExpiredInMatch));
        }
    }

    /// Gives the hold of a part of a resting order back to its owner.
    #[inline]
    pub(crate) fn release(&mut self, order: &Order, qty: Qty) {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        if symbol.kind == SymbolKind::Perpetual {
            return self.uncount_open(order, qty);
        }
        let market = symbol.market;
        let (asset, amount) = match order.side {
            Side::Buy => {
                let held = market.notional(order.price, qty);
                (market.quote, held.expect("a resting order was priced"))
            }
            Side::Sell => (market.base, market.base_atoms(qty)),
        };
        self.move_hold((order.account, asset), Amount(-amount.0));
    }
}
