//! The end of an auction: everybody who reaches its price trades at it, best price first,
//! then first come.
//!
//! In an auction nobody takes, so both sides pay the maker's rate; in what is told the
//! buyer stands as the taker, and its mode of self-trade prevention decides. Should
//! prevention leave the book crossed, what is left uncrosses by the same rule.

use schemas::event::{Event, OrderDone, OrderRested, TradePrevented};
use schemas::ids::{ClientOrderId, SymbolId};
use schemas::instrument::{OrderStatus, SelfTradePrevention, Side, SymbolState};
use schemas::protection::{AuctionUncrossed, OrderCalled};
use schemas::units::{Amount, Price, Qty};

use crate::apply::Engine;
use crate::matching::cancel::Ending;
use crate::matching::carried::Work;
use crate::matching::taker::Taker;
use crate::risk::reference_price::PriceWindow;
use crate::trace::Trace;

/// An auction that is being uncrossed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uncross {
    pub symbol: SymbolId,
    /// The price of the first pairs, zero before them; what it traded so far.
    pub price: Price,
    pub qty: Qty,
}

/// Orders that have left their levels, by handle, and the price they stand at meanwhile.
#[derive(Default)]
struct Called {
    bid: Option<u32>,
    ask: Option<u32>,
}

impl<T: Trace> Engine<T> {
    /// Uncrosses the book and lets the symbol trade.
    pub(crate) fn uncross(&mut self, symbol: SymbolId) {
        self.go_on_uncrossing(Uncross {
            symbol,
            price: Price::ZERO,
            qty: Qty::ZERO,
        });
    }

    pub(crate) fn go_on_uncrossing(&mut self, mut work: Uncross) {
        let symbol = work.symbol;
        let from = self.out.len();
        while let Some(found) = self.indication(symbol) {
            if work.price == Price::ZERO {
                work.price = found.price;
                // What was traded before the auction says nothing any more.
                self.state.windows[symbol.0 as usize] = PriceWindow::default();
            }
            match self.pair_off(symbol, found.price) {
                Ok(qty) => work.qty.0 += qty.0,
                Err(qty) => {
                    work.qty.0 += qty.0;
                    self.state.work.push_front(Work::Uncross(work));
                    return self.watch_trades(symbol, from);
                }
            }
        }
        let price = match work.qty {
            Qty::ZERO => Price::ZERO,
            _ => work.price,
        };
        self.end_collecting(symbol);
        self.out.push(Event::AuctionUncrossed(AuctionUncrossed {
            symbol,
            price,
            qty: work.qty,
        }));
        self.change_symbol_state(symbol, SymbolState::Trading);
        self.watch_trades(symbol, from);
        self.wake_all();
    }

    /// Pairs off who reaches the price; what traded, as an error when the command has no
    /// events left.
    fn pair_off(&mut self, symbol: SymbolId, price: Price) -> Result<Qty, Qty> {
        let mut called = Called::default();
        let mut traded = Qty::ZERO;
        loop {
            let books = &self.state.books;
            let bid = books.best(symbol, Side::Buy);
            let ask = books.best(symbol, Side::Sell);
            let bid = bid.filter(|handle| books.orders.get(*handle).price >= price);
            let ask = ask.filter(|handle| books.orders.get(*handle).price <= price);
            let pair = bid.zip(ask);
            if called.bid != pair.map(|pair| pair.0) {
                self.send_back(called.bid.take(), price);
            }
            if called.ask != pair.map(|pair| pair.1) {
                self.send_back(called.ask.take(), price);
            }
            let Some((bid, ask)) = pair else {
                return Ok(traded);
            };
            if self.is_full() {
                self.send_back(called.bid.take(), price);
                self.send_back(called.ask.take(), price);
                return Err(traded);
            }
            self.steps += 1;
            let orders = &self.state.books.orders;
            let mode = orders.get(bid).self_trade;
            let (buyer, seller) = (orders.get(bid).account, orders.get(ask).account);
            let is_own = self.are_related(buyer, seller);
            if is_own && mode != SelfTradePrevention::None {
                self.send_back(called.bid.take(), price);
                self.send_back(called.ask.take(), price);
                self.prevent_pair((bid, ask), mode);
                continue;
            }
            let qty = self.trade_pair((bid, ask), price, &mut called);
            traded.0 += qty.0;
        }
    }

    /// An order leaves its level; an ask stands at the auction's price meanwhile, where the
    /// trade takes it from.
    fn call(&mut self, handle: u32, price: Price) {
        let order = *self.state.books.orders.get(handle);
        if order.side == Side::Sell && order.price == price {
            return;
        }
        self.out.push(Event::OrderCalled(OrderCalled {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            open: order.open,
        }));
        if order.side == Side::Sell {
            self.tell_rest(handle, price);
        }
    }

    /// What is left of a called order rests at its own price again, where it stood.
    fn send_back(&mut self, handle: Option<u32>, price: Price) {
        let Some(handle) = handle else {
            return;
        };
        let order = *self.state.books.orders.get(handle);
        match order.side {
            Side::Sell if order.price == price => return,
            Side::Sell => self.out.push(Event::OrderCalled(OrderCalled {
                symbol: order.symbol,
                order: order.id,
                account: order.account,
                side: order.side,
                price,
                open: order.open,
            })),
            Side::Buy => (),
        }
        self.tell_rest(handle, order.price);
    }

    fn tell_rest(&mut self, handle: u32, price: Price) {
        let order = self.state.books.orders.get(handle);
        let rested = OrderRested {
            price,
            ..order.rested()
        };
        self.out.push(Event::OrderRested(rested));
    }

    /// One trade between two orders of the book.
    fn trade_pair(&mut self, (bid, ask): (u32, u32), price: Price, called: &mut Called) -> Qty {
        for (handle, known) in [(bid, &mut called.bid), (ask, &mut called.ask)] {
            if *known != Some(handle) {
                self.call(handle, price);
                *known = Some(handle);
            }
        }
        let buyer = *self.state.books.orders.get(bid);
        let seller = *self.state.books.orders.get(ask);
        let qty = buyer.open.min(seller.open);
        let bid_parts = self.state.books.orders.total_open(bid);
        let shown_bid = buyer.open == qty;
        if seller.open == qty {
            called.ask = None;
        }
        self.release(&buyer, qty);
        let asked = self.asked_again(bid);
        let symbol = &self.state.symbols[buyer.symbol.0 as usize];
        let mut taker = Taker::new(&asked, symbol);
        taker.order = buyer.id;
        taker.rate = self.rates_of(buyer.account, symbol).maker;
        let before = taker.quote;
        self.fill(&mut taker, ask, (price, qty));
        let quote = Amount(taker.quote.0 - before.0);
        if shown_bid {
            called.bid = None;
        }
        if bid_parts == qty {
            self.tell_filled(&buyer);
        }
        self.bid_filled(bid, (qty, quote));
        qty
    }

    fn tell_filled(&mut self, buyer: &crate::book::order::Order) {
        self.out.push(Event::OrderDone(OrderDone {
            symbol: buyer.symbol,
            order: buyer.id,
            account: buyer.account,
            side: buyer.side,
            status: OrderStatus::Filled,
            price: buyer.price,
            open: Qty::ZERO,
            prevented: Qty::ZERO,
            rested: false,
            cancel_client: ClientOrderId::EMPTY,
        }));
    }

    /// What is left of a bid that traded; its hold is settled already.
    fn bid_filled(&mut self, bid: u32, (qty, quote): (Qty, Amount)) {
        let order = *self.state.books.orders.get(bid);
        if !order.made {
            let account = &mut self.state.accounts[order.account.0 as usize];
            account.counts.give_back(&self.windows);
        }
        if order.special {
            self.special_filled(bid, (qty, quote));
        } else if order.open == qty {
            self.close(bid);
        } else {
            self.shrink_resting(bid, qty);
            self.state.books.orders.get_mut(bid).made = true;
            self.state.books.orders.details_mut(bid).quote.0 += quote.0;
        }
    }

    /// Self-trade prevention between two orders of the book, by the buyer's mode.
    fn prevent_pair(&mut self, (bid, ask): (u32, u32), mode: SelfTradePrevention) {
        let buyer = *self.state.books.orders.get(bid);
        let seller = *self.state.books.orders.get(ask);
        let taken = match mode {
            SelfTradePrevention::Decrement | SelfTradePrevention::Transfer => {
                buyer.open.min(seller.open)
            }
            _ => Qty::ZERO,
        };
        if taken != Qty::ZERO {
            // As a taker it stands in no level while something is taken off it.
            self.call(bid, Price::ZERO);
        }
        let met = TradePrevented {
            symbol: seller.symbol,
            account: buyer.account,
            taker_order: buyer.id,
            maker_order: seller.id,
            maker_side: seller.side,
            price: seller.price,
            taker_prevented: taken,
            maker_prevented: taken,
            mode: match (mode, buyer.account == seller.account) {
                // An auction has one price and no taker: nothing is moved.
                (SelfTradePrevention::Transfer, false) => SelfTradePrevention::Decrement,
                (mode, _) => mode,
            },
        };
        self.tell_prevented(met, seller.account);
        if taken != Qty::ZERO {
            self.decrement_resting(ask, taken);
            self.decrement_called(bid, taken);
            return;
        }
        let (ends_bid, ends_ask) = match mode {
            SelfTradePrevention::ExpireTaker => (true, false),
            SelfTradePrevention::ExpireMaker => (false, true),
            _ => (true, true),
        };
        if ends_ask {
            self.end_resting(ask, Ending::of(OrderStatus::ExpiredInMatch));
        }
        // One leg of a pair may have taken the other one with it.
        let is_there = self.state.books.find(buyer.symbol, buyer.id) == Some(bid);
        if ends_bid && is_there {
            self.end_resting(bid, Ending::of(OrderStatus::ExpiredInMatch));
        }
    }

    /// Takes a quantity off a bid that was called; what is left rests again.
    fn decrement_called(&mut self, bid: u32, taken: Qty) {
        let order = *self.state.books.orders.get(bid);
        let left = Qty(order.open.0 - taken.0);
        if left != Qty::ZERO {
            self.release(&order, taken);
            self.state.books.orders.details_mut(bid).prevented.0 += taken.0;
            self.shrink_resting(bid, taken);
            if order.special {
                self.special_decremented(bid);
            }
            return self.tell_rest(bid, order.price);
        }
        self.tell_empty(&order);
        self.decrement_resting(bid, taken);
    }

    /// It rests again with nothing, so that its end, or its next part, finds it there.
    fn tell_empty(&mut self, order: &crate::book::order::Order) {
        let rested = OrderRested {
            open: Qty::ZERO,
            ..order.rested()
        };
        self.out.push(Event::OrderRested(rested));
    }
}
