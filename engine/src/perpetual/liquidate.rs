//! Liquidation, step by step, a bounded number of steps in a frame.
//!
//! ```text
//! due? ─ no ─▶ out of the queue, into the index
//!  └ yes ─▶ told ─▶ its orders cancelled, one a step ─▶ largest maintenance margin first:
//!           IOC at the bankruptcy price ─▶ fee ─▶ rest to insurance, else deleveraging
//! ```

use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, SymbolId};
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::margin;
use schemas::perpetual::{PerpetualTerms, PositionSide, TakeoverCause};
use schemas::perpetual_event::{
    LiquidationFee, LiquidationOrdered, LiquidationStarted, PerpetualAccepted, PositionTakenOver,
};
use schemas::units::{Amount, Price, Qty, RATE_ONE, Rate};

use super::deleverage::Deleverage;
use super::walk::Walker;
use super::wallet::Fill;
use super::{Due, Pool};
use crate::apply::Engine;
use crate::matching::cancel::Ending;
use crate::matching::taker::Taker;
use crate::risk::filters::step_of;
use crate::trace::{Note, Trace};

/// Steps in one frame at most, so that other symbols trade meanwhile.
const STEPS_PER_FRAME: usize = 64;

/// A part of a position that has to go, at the price at which its pool is worth nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Surrender {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub qty: Qty,
    pub price: Price,
}

impl<T: Trace> Engine<T> {
    /// Goes on with the pools that are due, in turn.
    #[cold]
    #[inline(never)]
    pub(crate) fn liquidate(&mut self) {
        for _ in 0..STEPS_PER_FRAME {
            if !self.state.work.is_empty() || self.is_full() {
                return;
            }
            let Some(due) = self.state.perpetuals.due.pop_front() else {
                return;
            };
            self.steps += 1;
            self.liquidation_step(due);
            self.look_at_pools();
        }
    }

    fn liquidation_step(&mut self, due: Due) {
        let pool = due.pool;
        let sums = self.pool(pool);
        if !sums.is_due() || sums.is_starved {
            return self.look_at(pool);
        }
        if !due.started {
            self.tell_start(pool, &sums);
        }
        // It stays first in the queue until it is over.
        self.state.perpetuals.due.push_front(Due {
            pool,
            started: true,
        });
        if self.cancel_one_of(pool) {
            return;
        }
        let Some(surrender) = self.next_surrender(pool) else {
            // Numbers out of range: it is looked at again when the mark moves.
            self.state.perpetuals.due.pop_front();
            return;
        };
        self.order_surrender(&surrender);
    }

    fn tell_start(&mut self, pool: Pool, sums: &super::pool::Sums) {
        let (position, asset) = match pool {
            Pool::Cross(_, asset) => (None, asset),
            Pool::Isolated(_, symbol, _) => {
                let market = &self.state.symbols[symbol.0 as usize].market;
                (Some(symbol), market.quote)
            }
        };
        self.out.push(Event::LiquidationStarted(LiquidationStarted {
            account: pool.account(),
            position,
            asset,
            balance: Amount(sums.balance()),
            maintenance: Amount(sums.maintenance),
        }));
    }

    /// Cancels the pool's first open order; false when there is none.
    fn cancel_one_of(&mut self, pool: Pool) -> bool {
        let account = pool.account();
        let symbols = match pool {
            Pool::Isolated(_, symbol, _) => vec![symbol],
            Pool::Cross(_, asset) => {
                let trader = self.state.perpetuals.trader(account);
                let symbols = trader.map_or(Vec::new(), |it| it.symbols.clone());
                let is_paid =
                    |symbol: &SymbolId| self.state.symbols[symbol.0 as usize].market.quote == asset;
                symbols.into_iter().filter(is_paid).collect()
            }
        };
        for symbol in symbols {
            let seats = &self.state.seats;
            let Some(seat) = seats.with_orders(&self.state.tags, account, symbol) else {
                continue;
            };
            let first = self.state.seats.get(seat).head;
            self.end_resting(first, Ending::of(OrderStatus::Canceled));
            return true;
        }
        false
    }

    /// The position with the largest maintenance margin (tie: symbol, then side), down to
    /// the cap of the next lower bracket, or all of it.
    fn next_surrender(&self, pool: Pool) -> Option<Surrender> {
        let account = pool.account();
        let mut largest: Option<(i128, SymbolId, PositionSide)> = None;
        for (symbol, side) in self.positions_of(pool) {
            let contract = &self.state.perpetuals.contracts[&symbol];
            let market = &self.state.symbols[symbol.0 as usize].market;
            let leg = contract.leg(account, side);
            let maintenance = contract.maintenance(&leg, market);
            if largest.is_none_or(|(most, _, _)| maintenance > most) {
                largest = Some((maintenance, symbol, side));
            }
        }
        let (_, symbol, side) = largest?;
        let listed = &self.state.symbols[symbol.0 as usize];
        let unit = listed.market.quote_per_tick_lot;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let (mark, table) = (contract.mark?, contract.table.as_ref()?);
        let holding = contract.leg(account, side).holding;
        let size = holding.size.0.abs();
        let notional = margin::notional(holding.size, mark, unit)?;
        let qty = match table.cap_below(notional) {
            None => size,
            Some(cap) => {
                let kept = cap.0 / (i128::from(mark.0) * i128::from(unit));
                let kept = i64::try_from(kept).unwrap_or(0).min(size);
                let step = step_of(listed);
                // Rounded up to a whole step, at least one.
                let gone = (size - kept).max(1);
                let gone = gone
                    .checked_add((step - gone % step) % step)
                    .unwrap_or(size);
                gone.min(size)
            }
        };
        let price = self.bankruptcy_price(pool, (symbol, side))?;
        Some(Surrender {
            account,
            symbol,
            side,
            qty: Qty(qty),
            price,
        })
    }

    /// Where the position leaves its pool with nothing: the worse tick, so that the pool ends
    /// at zero or above.
    pub(crate) fn bankruptcy_price(
        &self,
        pool: Pool,
        (symbol, side): (SymbolId, PositionSide),
    ) -> Option<Price> {
        let listed = &self.state.symbols[symbol.0 as usize];
        let unit = listed.market.quote_per_tick_lot;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let holding = contract.leg(pool.account(), side).holding;
        let sums = self.pool(pool);
        let profit = margin::unrealised(&holding, contract.mark?, unit)?;
        let behind = Amount(sums.balance() - profit.0);
        let exact = margin::price_of_loss(&holding, behind, (Rate(0), 0), unit)?;
        let tick = listed.price.tick.0.max(1);
        let price = match exact.rounded(holding.size.0 > 0) {
            None => 0,
            Some(price) if holding.size.0 > 0 => {
                price.0.checked_add((tick - price.0 % tick) % tick)?
            }
            Some(price) => price.0 - price.0 % tick,
        };
        Some(Price(price.max(tick)))
    }

    /// How the price of a forced order came about, for who hears it.
    fn note_bankruptcy(&mut self, it: &Surrender) {
        let pool = self.pool_of(it.account, it.symbol, it.side);
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let holding = contract.leg(it.account, it.side).holding;
        let unit = self.state.symbols[it.symbol.0 as usize]
            .market
            .quote_per_tick_lot;
        let mark = contract.mark.unwrap_or_default();
        let Some(profit) = margin::unrealised(&holding, mark, unit) else {
            return;
        };
        let behind = Amount(self.pool(pool).balance() - profit.0);
        self.trace.note(Note::Bankruptcy {
            account: it.account,
            symbol: it.symbol,
            size: holding.size,
            cost: holding.cost,
            behind,
            quote_per_tick_lot: unit,
            price: it.price,
        });
    }

    /// An IOC order of the venue in the account's name, without commission.
    fn order_surrender(&mut self, surrender: &Surrender) {
        let (account, symbol) = (surrender.account, surrender.symbol);
        if T::HEARS {
            self.note_bankruptcy(surrender);
        }
        let contract = &self.state.perpetuals.contracts[&symbol];
        let size = contract.leg(account, surrender.side).holding.size.0;
        let id = self.state.symbols[symbol.0 as usize].next_order;
        let name = format!("autoclose-{id}");
        let client_order = ClientOrderId::new(&name).unwrap_or(ClientOrderId::EMPTY);
        self.out.push(Event::LiquidationOrdered(LiquidationOrdered {
            account,
            symbol,
            side: surrender.side,
            client_order,
            price: surrender.price,
            qty: surrender.qty,
        }));
        let order = schemas::command::PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: surrender.price,
            qty: surrender.qty,
            valid_until: schemas::units::TimeNs(0),
            account,
            symbol,
            request: schemas::command::RequestDigest::default(),
            client_order,
            side: if size > 0 { Side::Sell } else { Side::Buy },
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Ioc,
            self_trade: SelfTradePrevention::ExpireMaker,
        };
        let id = self.enter(&order);
        self.out.push(Event::PerpetualAccepted(PerpetualAccepted {
            symbol,
            order: id,
            account,
            terms: PerpetualTerms {
                position_side: surrender.side,
                ..PerpetualTerms::PLAIN
            },
            stop_price: Price::ZERO,
            callback: 0,
            waits: false,
        }));
        let mut taker = Taker::new(&order, &self.state.symbols[symbol.0 as usize]);
        taker.order = id;
        taker.rate = Rate(0);
        taker.created = self.state.now;
        let mut walker = Walker {
            taker,
            position: surrender.side,
            reducing: true,
            is_forced: true,
            is_broke: false,
        };
        self.run_walker(&mut walker);
    }

    /// The forced order is over: its fee, and its rest to somebody else.
    pub(crate) fn finish_forced(&mut self, walker: &Walker) {
        let taker = &walker.taker;
        let status = match taker.left {
            Qty::ZERO => OrderStatus::Filled,
            _ => OrderStatus::Expired,
        };
        self.end_taker(taker, status);
        self.take_liquidation_fee(walker);
        if taker.left != Qty::ZERO {
            self.surrender(&Surrender {
                account: taker.account,
                symbol: taker.market.symbol,
                side: walker.position,
                qty: taker.left,
                price: taker.limit,
            });
        }
    }

    /// Rate x filled notional, rounded up, never more than what is left; to insurance. What
    /// the unsold rest will lose at the bankruptcy price is not left.
    fn take_liquidation_fee(&mut self, walker: &Walker) {
        let taker = &walker.taker;
        let (account, symbol) = (taker.account, taker.market.symbol);
        let asset = taker.market.quote;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let contract_fee = contract.spec.liquidation_fee;
        let rate = i128::from(contract_fee.0);
        let full = margin::div_up(taker.quote.0 * rate, RATE_ONE);
        let key = (account, symbol, walker.position);
        let pool = self.pool_of(account, symbol, walker.position);
        let leg = contract.leg(account, walker.position);
        let sums = self.pool(pool);
        let at_hand = match pool {
            // What was left of a closed isolated position has gone to the wallet, beside
            // what never stood behind it: at the limit nothing would have been left.
            Pool::Isolated(..) if leg.holding.is_flat() => {
                let wallets = &self.state.perpetuals.wallets;
                let spent = taker.market.notional(taker.limit, taker.executed);
                let better = taker.quote.0 - spent.expect("it was priced").0;
                better.abs().min(wallets.balance(account, asset).free.0)
            }
            _ => {
                let lots = i128::from(taker.left.0) * i128::from(leg.holding.size.0.signum());
                let unit = taker.market.quote_per_tick_lot;
                let at = |price| margin::value(lots, price, unit).expect("it was priced").0;
                let mark = contract.mark.unwrap_or(Price::ZERO);
                let surrendered = at(taker.limit) - at(mark);
                sums.wallet.min(sums.balance() + surrendered.min(0))
            }
        };
        let fee = Amount(full.min(at_hand).max(0));
        self.trace.note(Note::Fee {
            account,
            received: taker.quote,
            rate: contract_fee,
            fee,
        });
        if fee == Amount::ZERO {
            return;
        }
        self.gain_from(key, asset, (AccountId::INSURANCE, Amount(-fee.0)));
        self.state.perpetuals.note_suffered(pool);
        self.out.push(Event::LiquidationFee(LiquidationFee {
            account,
            symbol,
            amount: fee,
        }));
    }

    /// To the insurance account while its equity stays at zero or above, else to the best
    /// ranked on the other side.
    pub(crate) fn surrender(&mut self, it: &Surrender) {
        if self.insurance_can_take(it) {
            return self.take_over(it, AccountId::INSURANCE, TakeoverCause::Insurance);
        }
        self.deleverage(Deleverage {
            account: it.account,
            symbol: it.symbol,
            side: it.side,
            qty: it.qty,
            price: it.price,
        });
    }

    fn insurance_can_take(&self, it: &Surrender) -> bool {
        let market = &self.state.symbols[it.symbol.0 as usize].market;
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let size = contract.leg(it.account, it.side).holding.size.0;
        let lots = i128::from(it.qty.0) * i128::from(size.signum());
        let unit = market.quote_per_tick_lot;
        let at = |price| margin::value(lots, price, unit);
        let (Some(mark), Some(paid)) = (contract.mark.and_then(at), at(it.price)) else {
            return false;
        };
        let sums = self.pool(Pool::Cross(AccountId::INSURANCE, market.quote));
        sums.balance() + mark.0 - paid.0 >= 0
    }

    /// A part of a position changes hands at a price, without fees.
    pub(crate) fn take_over(&mut self, it: &Surrender, to: AccountId, cause: TakeoverCause) {
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let size = contract.leg(it.account, it.side).holding.size.0;
        let to_side = self.receiving_side(to, size);
        self.hand_over(it, (to, to_side), cause);
    }

    /// The same, into a position that is named.
    pub(crate) fn hand_over(
        &mut self,
        it: &Surrender,
        (to, to_side): (AccountId, PositionSide),
        cause: TakeoverCause,
    ) {
        let market = self.state.symbols[it.symbol.0 as usize].market;
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        let size = contract.leg(it.account, it.side).holding.size.0;
        let quote = market.notional(it.price, it.qty).expect("it was priced");
        let part = Qty(it.qty.0 * size.signum());
        let gives = Fill {
            account: it.account,
            side: it.side,
            qty: Qty(-part.0),
            quote,
            fee: Amount::ZERO,
        };
        let from_realised = self.fill_position(&market, &gives);
        let takes = Fill {
            account: to,
            side: to_side,
            qty: part,
            quote,
            fee: Amount::ZERO,
        };
        let to_realised = self.fill_position(&market, &takes);
        self.out.push(Event::PositionTakenOver(PositionTakenOver {
            symbol: it.symbol,
            from: it.account,
            from_side: it.side,
            to,
            to_side,
            cause,
            size: part,
            price: it.price,
            quote,
            from_realised,
            to_realised,
        }));
        self.clip_reducing((it.account, it.symbol, it.side));
        self.clip_reducing((to, it.symbol, to_side));
    }

    /// Who takes a long position closes a short one, and the other way round.
    fn receiving_side(&self, to: AccountId, size: i64) -> PositionSide {
        let trader = self.state.perpetuals.trader(to);
        match (trader.is_some_and(|trader| trader.hedge), size > 0) {
            (false, _) => PositionSide::Both,
            (true, true) => PositionSide::Short,
            (true, false) => PositionSide::Long,
        }
    }
}
