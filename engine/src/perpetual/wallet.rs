//! Futures wallets: what moves in them, and how none of them falls below zero.

use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::margin;
use schemas::perpetual::{Holding, PositionSide};
use schemas::perpetual_event::{PositionChanged, WalletChanged};
use schemas::units::{Amount, Price, Qty};

use super::Pool;
use crate::apply::Engine;
use crate::clearing::ledger::Pot;
use crate::state::Market;
use crate::trace::{Note, Trace};

/// What a trade does to one side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub account: AccountId,
    pub side: PositionSide,
    /// Positive: bought.
    pub qty: Qty,
    /// What it is worth, in quote atoms; positive.
    pub quote: Amount,
    /// Paid to the venue; negative is a rebate.
    pub fee: Amount,
}

/// What happens to a holding, by exact arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub holding: Holding,
    pub realised: Amount,
    /// Lots of the old position that were closed, and what the rest opened was worth.
    pub closed: Qty,
    pub opened: Amount,
}

/// A holding after a fill. Cost is released in proportion, toward zero; what a close is
/// worth is exact, since price x lots is. `None` on overflow.
pub(crate) fn after_fill(holding: &Holding, qty: Qty, quote: Amount) -> Option<Outcome> {
    let (size, bought) = (holding.size.0, qty.0);
    let signed = Amount(quote.0 * i128::from(bought.signum()));
    let is_opening = size == 0 || (size > 0) == (bought > 0);
    if is_opening {
        let opened = Holding {
            size: Qty(size.checked_add(bought)?),
            cost: holding.cost.checked_add(signed)?,
            ..*holding
        };
        return Some(Outcome {
            holding: opened,
            realised: Amount::ZERO,
            closed: Qty::ZERO,
            opened: quote,
        });
    }
    // The part that closes has the position's sign and at most its size.
    let part = Qty(-bought.signum() * bought.abs().min(size.abs()));
    let worth = margin::share(signed, Qty(-part.0), qty)?;
    let released = margin::released_cost(holding, part)?;
    let realised = Amount(-worth.0 - released.0);
    let rest = Amount(signed.0 - worth.0);
    let size = Qty(size.checked_add(bought)?);
    let cost = holding.cost.checked_sub(released)?.checked_add(rest)?;
    Some(Outcome {
        holding: Holding {
            size,
            cost,
            ..*holding
        },
        realised,
        closed: part,
        opened: Amount(rest.0.abs()),
    })
}

impl<T: Trace> Engine<T> {
    /// One side of a trade: position, realised profit, fee. Gives what was realised.
    pub(crate) fn fill_position(&mut self, market: &Market, fill: &Fill) -> Amount {
        let key = (fill.account, market.symbol, fill.side);
        let perpetuals = &mut self.state.perpetuals;
        let before = perpetuals.leg_mut(key).holding;
        let after = after_fill(&before, fill.qty, fill.quote).expect("admission saw to it");
        #[cfg(feature = "planted-faults")]
        let after = self.plant_average(&before, after);
        let perpetuals = &mut self.state.perpetuals;
        perpetuals.leg_mut(key).holding = after.holding;
        let contract = perpetuals.contracts.get_mut(&market.symbol);
        let contract = contract.expect("a position has a contract");
        let long = |holding: &Holding| i128::from(holding.size.0.max(0));
        contract.longs += long(&after.holding) - long(&before);
        perpetuals.note_moved(key);
        self.trace.note(Note::Position {
            account: fill.account,
            symbol: market.symbol,
            size: after.holding.size,
            cost: after.holding.cost,
            realised: after.realised,
        });
        self.gain(key, market.quote, after.realised);
        self.move_margin(key, market, &after);
        self.gain_from(key, market.quote, (AccountId::FEES, Amount(-fill.fee.0)));
        self.note_pool(key, market.quote);
        after.realised
    }

    /// The fault that averages entry: the cost of what is left is rounded to whole prices.
    #[cfg(feature = "planted-faults")]
    fn plant_average(&self, before: &Holding, after: Outcome) -> Outcome {
        let is_averaging = self.planted == Some(crate::apply::PlantedFault::EntryAveraged);
        if !is_averaging || after.holding.size == Qty::ZERO || before.size == Qty::ZERO {
            return after;
        }
        let size = i128::from(after.holding.size.0);
        let mut after = after;
        after.holding.cost = Amount(after.holding.cost.0 / size * size);
        after
    }

    /// Profit (or, negative, a loss) against the counterparty of all positions.
    pub(crate) fn gain(
        &mut self,
        key: (AccountId, SymbolId, PositionSide),
        asset: AssetId,
        amount: Amount,
    ) {
        self.gain_from(key, asset, (AccountId::CLEARING, amount));
    }

    /// What a position earns, or (negative) costs. Earnings go to the cross wallet.
    pub(crate) fn gain_from(
        &mut self,
        key: (AccountId, SymbolId, PositionSide),
        asset: AssetId,
        (other, amount): (AccountId, Amount),
    ) {
        if amount.0 < 0 {
            return self.pay_owed(key, asset, (other, Amount(-amount.0)));
        }
        let wallets = &mut self.state.perpetuals.wallets;
        let (other, wallet) = ((other, Pot::Free), (key.0, Pot::Free));
        wallets.transfer(asset, other, wallet, amount);
    }

    /// A cross position pays from the wallet. An isolated one pays from its margin, a fee
    /// from the wallet first; what is missing is settled from its own profit, so that
    /// nothing else stands behind it.
    fn pay_owed(
        &mut self,
        key: (AccountId, SymbolId, PositionSide),
        asset: AssetId,
        (other, owed): (AccountId, Amount),
    ) {
        let account = key.0;
        let (wallet, other) = ((account, Pot::Free), (other, Pot::Free));
        let perpetuals = &mut self.state.perpetuals;
        if !perpetuals.desk_mut(account, key.1).isolated {
            self.cover(account, asset, owed);
            let wallets = &mut self.state.perpetuals.wallets;
            return wallets.transfer(asset, wallet, other, owed);
        }
        let mut left = owed.0;
        let free = perpetuals.wallets.balance(account, asset).free.0;
        if other.0 == AccountId::FEES {
            let part = left.min(free);
            perpetuals
                .wallets
                .transfer(asset, wallet, other, Amount(part));
            left -= part;
        }
        let held = perpetuals.leg_mut(key).holding.isolated.0;
        let part = left.min(held);
        perpetuals.leg_mut(key).holding.isolated.0 -= part;
        let beside = (account, Pot::Held);
        perpetuals
            .wallets
            .transfer(asset, beside, other, Amount(part));
        left -= part;
        if left > 0 && perpetuals.leg_mut(key).holding.is_flat() {
            // What was left of it has gone to the wallet, and a fee comes from there. A loss
            // that was left is one that no price could cover: the venue owes, and no client.
            let payer = match other.0 {
                AccountId::CLEARING => (AccountId::INSURANCE, Pot::Free),
                _ => wallet,
            };
            return perpetuals
                .wallets
                .transfer(asset, payer, other, Amount(left));
        }
        if left > 0 {
            perpetuals.leg_mut(key).holding.cost.0 += left;
            let clearing = (AccountId::CLEARING, Pot::Free);
            perpetuals
                .wallets
                .transfer(asset, clearing, other, Amount(left));
        }
    }

    /// Makes the cross wallet hold what it owes: what is missing is settled from the
    /// position of the pool with the most unrealised profit (tie: symbol, then side). When
    /// none is left the insurance account pays, whatever it has.
    fn cover(&mut self, account: AccountId, asset: AssetId, owed: Amount) {
        let free = self.state.perpetuals.wallets.balance(account, asset).free;
        let missing = Amount(owed.0 - free.0);
        if missing.0 <= 0 || account.is_venue() {
            return;
        }
        let mut best: Option<(Amount, SymbolId, PositionSide)> = None;
        for (symbol, side, profit) in self.cross_positions(account, asset) {
            if best.is_none_or(|(most, _, _)| profit > most) {
                best = Some((profit, symbol, side));
            }
        }
        let perpetuals = &mut self.state.perpetuals;
        let mut payer = AccountId::INSURANCE;
        if let Some((_, symbol, side)) = best {
            let key = (account, symbol, side);
            perpetuals.leg_mut(key).holding.cost.0 += missing.0;
            perpetuals.note_moved(key);
            payer = AccountId::CLEARING;
        }
        let (payer, wallet) = ((payer, Pot::Free), (account, Pot::Free));
        perpetuals.wallets.transfer(asset, payer, wallet, missing);
    }

    /// Unrealised profit of every cross position of a pool, by symbol and side.
    fn cross_positions(
        &self,
        account: AccountId,
        asset: AssetId,
    ) -> Vec<(SymbolId, PositionSide, Amount)> {
        let perpetuals = &self.state.perpetuals;
        let symbols = perpetuals.trader(account).map_or(&[][..], |it| &it.symbols);
        let mut found = Vec::new();
        for symbol in symbols {
            let market = &self.state.symbols[symbol.0 as usize].market;
            let contract = &perpetuals.contracts[symbol];
            let Some(desk) = contract.desk(account).filter(|desk| !desk.isolated) else {
                continue;
            };
            if market.quote != asset {
                continue;
            }
            for side in PositionSide::ALL {
                let holding = &desk.legs[*side as usize].holding;
                if !holding.is_flat() {
                    let mark = contract.mark.unwrap_or(Price::ZERO);
                    let unit = market.quote_per_tick_lot;
                    let profit = margin::unrealised(holding, mark, unit);
                    found.push((*symbol, *side, profit.expect("admission saw to it")));
                }
            }
        }
        found
    }

    /// The margin of an isolated position follows its size: what is opened brings its
    /// initial margin from the wallet, what is closed gives its share back.
    fn move_margin(
        &mut self,
        key: (AccountId, SymbolId, PositionSide),
        market: &Market,
        after: &Outcome,
    ) {
        let (account, symbol, _) = key;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let is_isolated = contract.desk(account).is_some_and(|desk| desk.isolated);
        if !is_isolated {
            return;
        }
        let leverage = contract.leverage(account);
        let perpetuals = &mut self.state.perpetuals;
        let (wallet, beside) = ((account, Pot::Free), (account, Pot::Held));
        let held = perpetuals.leg_mut(key).holding.isolated;
        if after.closed != Qty::ZERO {
            let was = Qty(after.closed.0
                + match after.opened {
                    Amount::ZERO => after.holding.size.0,
                    _ => 0,
                });
            let share = margin::share(held, after.closed, was).expect("a share of what is there");
            perpetuals.leg_mut(key).holding.isolated.0 -= share.0;
            perpetuals
                .wallets
                .transfer(market.quote, beside, wallet, share);
        }
        if after.opened != Amount::ZERO {
            let margin = margin::margin_rounded_up(after.opened, leverage);
            let free = perpetuals.wallets.balance(account, market.quote).free;
            let margin = Amount(margin.0.min(free.0).max(0));
            perpetuals.leg_mut(key).holding.isolated.0 += margin.0;
            perpetuals
                .wallets
                .transfer(market.quote, wallet, beside, margin);
        }
    }

    /// The health of the position's pool is looked at before the command ends.
    pub(crate) fn note_pool(&mut self, key: (AccountId, SymbolId, PositionSide), asset: AssetId) {
        let (account, symbol, side) = key;
        let perpetuals = &mut self.state.perpetuals;
        let contract = &perpetuals.contracts[&symbol];
        let pool = match contract.desk(account).is_some_and(|desk| desk.isolated) {
            true => Pool::Isolated(account, symbol, side),
            false => Pool::Cross(account, asset),
        };
        perpetuals.note_suffered(pool);
    }

    /// Tells positions and wallets that moved in the running command.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_perpetuals(&mut self) {
        let perpetuals = &mut self.state.perpetuals;
        let mut moved = std::mem::take(&mut perpetuals.moved);
        moved.sort_unstable();
        moved.dedup();
        for (account, symbol, side) in &moved {
            let holding = perpetuals.contracts[symbol].leg(*account, *side).holding;
            self.out.push(Event::PositionChanged(PositionChanged {
                account: *account,
                symbol: *symbol,
                side: *side,
                holding,
            }));
        }
        moved.clear();
        perpetuals.moved = moved;
        let events = &mut self.out;
        perpetuals.wallets.drain_touched(|account, asset, balance| {
            events.push(Event::WalletChanged(WalletChanged {
                account,
                asset,
                cross: balance.free,
                isolated: balance.held,
            }));
        });
    }
}
