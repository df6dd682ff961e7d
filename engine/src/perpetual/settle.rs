//! The end of a contract: everything is cancelled, and every position is closed at the
//! final price against one of the other side.
//!
//! ```text
//! delisted ─ orders cancelled ─ index and mark are the final price ─ pools that owe give
//! their positions away (insurance, else deleveraging) ─ longs against shorts, by account
//! ```
//!
//! Who is due but owes nothing is settled like everybody else. After it nothing of the
//! contract stands in any wallet but money that can be taken out.

use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::{SymbolKind, SymbolState};
use schemas::perpetual::{PositionSide, TakeoverCause};
use schemas::perpetual_command::SettleContractV1;
use schemas::perpetual_event::{ContractSettled, IndexPriceSet, MarkPriceChanged};
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty};

use super::Timer;
use super::liquidate::Surrender;
use crate::admin::Verdict;
use crate::apply::Engine;
use crate::matching::carried::Work;
use crate::risk::filters::PRICE_MAX;
use crate::trace::Trace;

/// A contract on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settlement {
    pub price: Price,
    pub symbol: SymbolId,
    /// The first account not yet asked whether it owes.
    pub asked: AccountId,
    /// No account before it is long, and none before the other short.
    pub long: AccountId,
    pub short: AccountId,
}

/// Whose position it is, which one, and how many lots.
type Held = (AccountId, PositionSide, i64);

impl<T: Trace> Engine<T> {
    /// Ends a contract at a price; what one frame cannot hold goes on in the next ones.
    pub(crate) fn settle_contract(&mut self, command: &SettleContractV1) -> Verdict {
        let symbol = command.symbol;
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        let listed = self
            .state
            .symbol(symbol)
            .filter(|listed| listed.kind == SymbolKind::Perpetual)
            .ok_or(RejectReason::UnknownSymbol)?;
        if listed.state == SymbolState::Delisted {
            return Err(RejectReason::InvalidState);
        }
        let contract = self.state.perpetuals.contracts.get(&symbol);
        let contract = contract.ok_or(RejectReason::InvalidContract)?;
        let fits = command.price > Price::ZERO
            && command.price <= PRICE_MAX
            && self.price_fits(contract, symbol.0 as usize, command.price);
        if !fits {
            return Err(RejectReason::InvalidPrice);
        }
        self.record_done(&command.business, None);
        self.out.push(Event::ContractSettled(ContractSettled {
            symbol,
            price: command.price,
        }));
        self.change_symbol_state(symbol, SymbolState::Delisted);
        self.wake_all();
        self.stop_timers(symbol);
        self.state.work.push_back(Work::Settle(Settlement {
            price: command.price,
            symbol,
            asked: AccountId::FIRST_USER,
            long: AccountId(0),
            short: AccountId(0),
        }));
        self.cancel_symbol(symbol);
        self.run_carried();
        Ok(())
    }

    /// Nothing is sampled, funded or expired any more.
    fn stop_timers(&mut self, ended: SymbolId) {
        let is_other = |timer: &Timer| match timer {
            Timer::Sample(symbol) | Timer::Fund(symbol) | Timer::Expire(symbol, _) => {
                *symbol != ended
            }
        };
        let timers = &mut self.state.perpetuals.timers;
        timers.retain(|_, timer| is_other(timer));
    }

    /// The next part of a settlement; its orders are gone by now.
    pub(crate) fn go_on_settling(&mut self, mut it: Settlement) {
        self.fix_final_price(it);
        loop {
            if self.is_full() {
                return self.state.work.push_front(Work::Settle(it));
            }
            self.steps += 1;
            if let Some(surrender) = self.who_owes(it) {
                it.asked = surrender.account;
                // What deleveraging could not finish runs before this goes on.
                self.surrender(&surrender);
                if !self.state.work.is_empty() {
                    let at = self.state.work.len().min(1);
                    return self.state.work.insert(at, Work::Settle(it));
                }
                continue;
            }
            it.asked = AccountId(u32::MAX);
            let long = self.first_held((it.symbol, it.long), |size| size > 0);
            let short = self.first_held((it.symbol, it.short), |size| size < 0);
            let (Some(long), Some(short)) = (long, short) else {
                return;
            };
            (it.long, it.short) = (long.0, short.0);
            self.close_pair(it, (long, short));
        }
    }

    fn fix_final_price(&mut self, it: Settlement) {
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&it.symbol).expect("it was seen");
        let (symbol, price) = (it.symbol, it.price);
        if contract.index != Some(price) {
            contract.index = Some(price);
            self.out.push(Event::IndexPriceSet(IndexPriceSet {
                symbol,
                price,
                source: schemas::perpetual::PriceSource::Operator,
            }));
        }
        if contract.mark != Some(price) {
            contract.mark = Some(price);
            let changed = MarkPriceChanged {
                symbol,
                mark: price,
            };
            self.out.push(Event::MarkPriceChanged(changed));
        }
    }

    /// The first position whose pool is worth less than nothing at the final price.
    fn who_owes(&self, it: Settlement) -> Option<Surrender> {
        let contract = &self.state.perpetuals.contracts[&it.symbol];
        for (account, desk) in contract.desks_from(it.asked) {
            for side in PositionSide::ALL {
                let holding = desk.legs[*side as usize].holding;
                if holding.is_flat() {
                    continue;
                }
                let pool = self.pool_of(account, it.symbol, *side);
                if self.pool(pool).balance() >= 0 {
                    continue;
                }
                let price = self.bankruptcy_price(pool, (it.symbol, *side))?;
                return Some(Surrender {
                    account,
                    symbol: it.symbol,
                    side: *side,
                    qty: Qty(holding.size.0.abs()),
                    price,
                });
            }
        }
        None
    }

    fn first_held(
        &self,
        (symbol, from): (SymbolId, AccountId),
        wanted: impl Fn(i64) -> bool,
    ) -> Option<Held> {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let mut desks = contract.desks_from(from);
        desks.find_map(|(account, desk)| {
            let mut sides = PositionSide::ALL.iter();
            let side = sides.find(|side| wanted(desk.legs[**side as usize].holding.size.0))?;
            let size = desk.legs[*side as usize].holding.size.0;
            Some((account, *side, size.abs()))
        })
    }

    /// A long and a short close against each other at the final price.
    fn close_pair(&mut self, it: Settlement, (long, short): (Held, Held)) {
        let part = Surrender {
            account: long.0,
            symbol: it.symbol,
            side: long.1,
            qty: Qty(long.2.min(short.2)),
            price: it.price,
        };
        self.hand_over(&part, (short.0, short.1), TakeoverCause::Settlement);
    }
}
