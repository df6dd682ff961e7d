//! Accounts of one trade group prevent trades among themselves (ADR 0029).
//!
//! Whether an order's account is in a group is found out once, when it starts to walk. Only
//! such an order asks for the group of each maker it meets; every other one passes a flag.
//!
//! Reading order: this file, `section`.

pub mod section;

use std::collections::BTreeMap;

use schemas::event::{Event, TradePrevented};
use schemas::ids::AccountId;
use schemas::instrument::{SelfTradePrevention, Side, SymbolKind};
use schemas::reject::RejectReason;
use schemas::trade_group::{PreventedTransferred, SetTradeGroupV1};
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::book::order::Order;
use crate::clearing::ledger::Pot;
use crate::matching::taker::{Step, Taker, next_step, prevention};
use crate::trace::{Note, Trace};

/// The accounts that are in a group; a group's number is never zero.
pub(crate) type Groups = BTreeMap<AccountId, u32>;

impl<T: Trace> Engine<T> {
    /// Puts an account into a group or takes it out.
    pub(crate) fn set_trade_group(
        &mut self,
        command: &SetTradeGroupV1,
    ) -> Result<(), RejectReason> {
        let SetTradeGroupV1 { account, group } = *command;
        self.client(account)?;
        match group {
            0 => self.state.groups.remove(&account),
            group => self.state.groups.insert(account, group),
        };
        self.out.push(Event::TradeGroupChanged { account, group });
        Ok(())
    }

    /// The group of an account; zero for none.
    #[inline]
    pub fn trade_group(&self, account: AccountId) -> u32 {
        if self.state.groups.is_empty() {
            return 0;
        }
        self.state.groups.get(&account).copied().unwrap_or(0)
    }

    /// Whether two orders are of one account, or of two accounts of one group.
    pub(crate) fn are_related(&self, one: AccountId, other: AccountId) -> bool {
        let group = self.trade_group(one);
        one == other || (group != 0 && group == self.trade_group(other))
    }

    /// What happens between a taker and the best maker, groups considered.
    #[inline]
    pub(crate) fn step(&self, taker: &mut Taker, maker: &Order) -> Step {
        match next_step(taker, maker) {
            Step::Fill(qty) if taker.group != 0 => self.step_in_group(taker, maker, qty),
            step => step,
        }
    }

    #[cold]
    fn step_in_group(&self, taker: &Taker, maker: &Order, qty: Qty) -> Step {
        // Its own account was looked at: the mode is NONE.
        let is_other = maker.account != taker.account;
        if !is_other || self.trade_group(maker.account) != taker.group {
            return Step::Fill(qty);
        }
        let transfer = SelfTradePrevention::Transfer;
        let both = (taker.self_trade, maker.self_trade) == (transfer, transfer);
        let listed = &self.state.symbols[maker.symbol.0 as usize];
        match both && listed.kind == SymbolKind::Spot {
            true => Step::Transfer(qty),
            false => prevention(taker.self_trade, qty),
        }
    }

    /// Tells what self-trade prevention does between two orders: `met` names the taker's
    /// account. Two accounts are told apart, each of its own order.
    pub(crate) fn tell_prevented(&mut self, met: TradePrevented, maker: AccountId) {
        if met.account == maker {
            return self.out.push(Event::TradePrevented(met));
        }
        self.out.push(Event::TradePrevented(TradePrevented {
            maker_prevented: Qty::ZERO,
            ..met
        }));
        self.out.push(Event::TradePrevented(TradePrevented {
            account: maker,
            taker_prevented: Qty::ZERO,
            ..met
        }));
    }

    /// The mode that a step comes to: TRANSFER only when both orders said so.
    pub(crate) fn mode_of(taker: &Taker, maker: &Order, step: Step) -> SelfTradePrevention {
        match (taker.self_trade, step) {
            (SelfTradePrevention::Transfer, Step::Decrement(_))
                if maker.account != taker.account =>
            {
                SelfTradePrevention::Decrement
            }
            (mode, _) => mode,
        }
    }

    /// Tells what moves between two accounts of a group.
    pub(crate) fn tell_transferred(
        &mut self,
        taker: &Taker,
        maker: &Order,
        (qty, quote): (Qty, Amount),
    ) {
        let (seller, buyer) = seller_and_buyer(taker, maker);
        self.out
            .push(Event::PreventedTransferred(PreventedTransferred {
                symbol: maker.symbol,
                group: taker.group,
                seller,
                buyer,
                taker_order: taker.order,
                maker_order: maker.id,
                price: maker.price,
                qty,
                quote,
            }));
    }

    /// Moves what was prevented between two accounts of a group; the maker's hold for it was
    /// given back before.
    pub(crate) fn transfer_prevented(
        &mut self,
        taker: &Taker,
        maker: &Order,
        (qty, quote): (Qty, Amount),
    ) {
        let market = taker.market;
        let (seller, buyer) = seller_and_buyer(taker, maker);
        let base = market.base_atoms(qty);
        for (asset, from, to, amount) in [
            (market.base, seller, buyer, base),
            (market.quote, buyer, seller, quote),
        ] {
            self.trace.note(Note::Moved {
                asset,
                from,
                to,
                amount,
            });
            let ledger = &mut self.state.ledger;
            ledger.transfer(asset, (from, Pot::Free), (to, Pot::Free), amount);
        }
    }
}

fn seller_and_buyer(taker: &Taker, maker: &Order) -> (AccountId, AccountId) {
    match taker.side {
        Side::Buy => (maker.account, taker.account),
        Side::Sell => (taker.account, maker.account),
    }
}

impl Taker {
    /// Self-trade prevention took a quantity off it and moved it within its group.
    #[inline]
    pub(crate) fn transferred(&mut self, qty: Qty, quote: Amount) {
        self.prevented(qty, quote);
        self.moved_qty.0 += qty.0;
        self.moved_quote.0 += quote.0;
    }

    /// What it paid or received in quote so far, by trades and within its group.
    #[inline]
    pub(crate) fn quote_moved(&self) -> Amount {
        Amount(self.quote.0 + self.moved_quote.0)
    }

    /// The same in base, as a quantity.
    #[inline]
    pub(crate) fn base_moved(&self) -> Qty {
        Qty(self.executed.0 + self.moved_qty.0)
    }
}
