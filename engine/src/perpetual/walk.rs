//! The walk of an order on a perpetual: the same steps, another settlement.

use schemas::event::{Event, Trade};
use schemas::ids::{AccountId, SymbolId, TradeId};
use schemas::instrument::{OrderStatus, Side};
use schemas::margin;
use schemas::perpetual::PositionSide;
use schemas::perpetual_event::TradeSettled;
use schemas::units::{Amount, Price, Qty, Rate};

use super::place::must_close;
use super::wallet::Fill;
use crate::apply::Engine;
use crate::book::order::Order;
use crate::clearing::fees::fee_rounded_up_to_exchange;
use crate::matching::cancel::Ending;
use crate::matching::taker::{Step, Taker};
use crate::trace::{Note, Trace};

/// An order on its walk, and the position that it moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walker {
    pub taker: Taker,
    pub position: PositionSide,
    /// It only ever closes.
    pub reducing: bool,
    /// It liquidates; what does not fill is taken over.
    pub is_forced: bool,
    /// The next fill would leave its owner's margin balance below zero.
    pub is_broke: bool,
}

/// One side of a trade before it happens.
struct Party {
    account: AccountId,
    position: PositionSide,
    /// Positive: buys.
    qty: Qty,
    rate: Rate,
}

impl<T: Trace> Engine<T> {
    /// Walks until the taker stops; `false` when the frame has no events left.
    pub(crate) fn walk_perpetual(&mut self, walker: &mut Walker) -> bool {
        let symbol = walker.taker.market.symbol;
        walker.taker.group = self.trade_group(walker.taker.account);
        let opposite = walker.taker.side.opposite();
        while let Some(handle) = self.state.books.best(symbol, opposite) {
            let maker = *self.state.books.orders.get(handle);
            let step = self.step(&mut walker.taker, &maker);
            if step == Step::Stop {
                break;
            }
            if self.is_full() {
                return false;
            }
            self.steps += 1;
            let Step::Fill(qty) = step else {
                self.prevent(&mut walker.taker, handle, step);
                if walker.taker.expired_in_match {
                    break;
                }
                continue;
            };
            let closable = match must_close(&maker) {
                true => self.closable(&maker),
                false => qty,
            };
            let maker_can = closable > Qty::ZERO && {
                let party = self.maker_of(&maker, qty.min(closable));
                self.can_fill(&party, (symbol, maker.price))
            };
            if !maker_can {
                self.end_resting(handle, Ending::of(OrderStatus::Expired));
                continue;
            }
            let qty = qty.min(closable);
            let party = taker_of(walker, qty);
            if !walker.is_forced && !self.can_fill(&party, (symbol, maker.price)) {
                walker.is_broke = true;
                break;
            }
            self.fill_perpetual(walker, handle, qty);
        }
        true
    }

    /// Lots that a closing order can still close.
    fn closable(&self, order: &Order) -> Qty {
        let contract = &self.state.perpetuals.contracts[&order.symbol];
        let size = contract.leg(order.account, order.position).holding.size.0;
        match order.side {
            Side::Buy => Qty(-size),
            Side::Sell => Qty(size),
        }
    }

    fn maker_of(&self, maker: &Order, qty: Qty) -> Party {
        let symbol = &self.state.symbols[maker.symbol.0 as usize];
        Party {
            account: maker.account,
            position: maker.position,
            qty: signed(maker.side, qty),
            rate: self.rates_of(maker.account, symbol).maker,
        }
    }

    /// Whether a fill leaves the margin balance of its pool at zero or above, at mark. An
    /// isolated position that opens also needs its margin and fee in the wallet.
    fn can_fill(&self, party: &Party, (symbol, price): (SymbolId, Price)) -> bool {
        let market = &self.state.symbols[symbol.0 as usize].market;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let (unit, mark) = (market.quote_per_tick_lot, contract.mark);
        let Some(mark) = mark else {
            return false;
        };
        let value = |price| margin::value(party.qty.0.into(), price, unit);
        let (Some(worth), Some(paid)) = (value(mark), value(price)) else {
            return false;
        };
        let fee = fee_rounded_up_to_exchange(Amount(paid.0.abs()), party.rate).0;
        let change = worth.0 - paid.0 - fee;
        let leg = contract.leg(party.account, party.position);
        let is_isolated = contract.desk(party.account).is_some_and(|it| it.isolated);
        let pool = self.pool_of(party.account, symbol, party.position);
        let balance = self.pool(pool).balance();
        if !is_isolated {
            // Whoever owes more than he has waits for his liquidation, also with a fill that
            // would do him good: a loss that he settled from another position's profit may
            // not be there at any price later.
            return balance + change >= 0;
        }
        let opened = opened(leg.holding.size, party.qty);
        let Some(opened) = margin::notional(opened, price, unit) else {
            return false;
        };
        let margin = margin::margin_rounded_up(opened, contract.leverage(party.account)).0;
        let wallet = self
            .state
            .perpetuals
            .wallets
            .balance(party.account, market.quote);
        let pays = opened == Amount::ZERO || wallet.free.0 >= margin + fee.max(0);
        pays && balance + margin + change >= 0
    }

    /// One trade: positions, wallets, numbers, the maker's rest.
    fn fill_perpetual(&mut self, walker: &mut Walker, handle: u32, qty: Qty) {
        let maker = *self.state.books.orders.get(handle);
        let market = walker.taker.market;
        let quote = market.notional(maker.price, qty);
        let quote = quote.expect("a resting order was priced");
        self.trace.note(Note::Met {
            symbol: market.symbol,
            price: maker.price,
            qty,
        });
        let (maker_party, taker_party) = (self.maker_of(&maker, qty), taker_of(walker, qty));
        let maker_fee = self.fee(maker.account, quote, maker_party.rate);
        let taker_fee = self.fee(walker.taker.account, quote, taker_party.rate);
        let maker_realised = self.fill_position(&market, &maker_party.fill(quote, maker_fee));
        let taker_realised = self.fill_position(&market, &taker_party.fill(quote, taker_fee));
        let trade = self.number_trade(&maker, qty);
        walker.taker.filled(qty, quote);
        let maker_open = Qty(maker.open.0 - qty.0);
        self.out.push(Event::Trade(Trade {
            symbol: market.symbol,
            trade,
            price: maker.price,
            qty,
            quote,
            taker_side: walker.taker.side,
            taker_order: walker.taker.order,
            taker_account: walker.taker.account,
            taker_fee,
            maker_order: maker.id,
            maker_account: maker.account,
            maker_fee,
            maker_open,
        }));
        self.out.push(Event::TradeSettled(TradeSettled {
            symbol: market.symbol,
            trade,
            taker_account: walker.taker.account,
            taker_position: walker.position,
            taker_realised,
            maker_account: maker.account,
            maker_position: maker.position,
            maker_realised,
        }));
        self.uncount_open(&maker, qty);
        if maker_open == Qty::ZERO {
            self.close(handle);
        } else {
            self.shrink_resting(handle, qty);
            self.state.books.orders.get_mut(handle).made = true;
            self.state.books.orders.details_mut(handle).quote.0 += quote.0;
        }
        self.clip_reducing((maker.account, market.symbol, maker.position));
        self.clip_reducing((walker.taker.account, market.symbol, walker.position));
    }

    /// The next trade's number; last price, mean and the maker's order count follow.
    fn number_trade(&mut self, maker: &Order, qty: Qty) -> TradeId {
        let symbol = self.state.symbols.change(maker.symbol);
        let trade = TradeId(symbol.next_trade);
        symbol.next_trade += 1;
        symbol.last_trade = Some(maker.price);
        let kept = symbol.percent.minutes;
        let window = &mut self.state.windows[maker.symbol.0 as usize];
        window.add(self.state.now, (maker.price, qty), kept);
        if !maker.made {
            let account = &mut self.state.accounts[maker.account.0 as usize];
            account.counts.give_back(&self.windows);
        }
        trade
    }
}

impl Party {
    fn fill(&self, quote: Amount, fee: Amount) -> Fill {
        Fill {
            account: self.account,
            side: self.position,
            qty: self.qty,
            quote,
            fee,
        }
    }
}

fn taker_of(walker: &Walker, qty: Qty) -> Party {
    Party {
        account: walker.taker.account,
        position: walker.position,
        qty: signed(walker.taker.side, qty),
        rate: walker.taker.rate,
    }
}

/// Positive when it is bought.
pub(crate) fn signed(side: Side, qty: Qty) -> Qty {
    match side {
        Side::Buy => qty,
        Side::Sell => Qty(-qty.0),
    }
}

/// Of a fill what opens, the rest closes.
fn opened(size: Qty, qty: Qty) -> Qty {
    let is_opening = size.0 == 0 || (size.0 > 0) == (qty.0 > 0);
    match is_opening {
        true => qty,
        false => Qty((qty.0.abs() - size.0.abs()).max(0)),
    }
}
