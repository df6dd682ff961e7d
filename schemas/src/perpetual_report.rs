//! What is read of perpetual contracts: plain data that views keep and edges print.
//!
//! Numbers that depend on the mark price are made when they are read, by the arithmetic of
//! [`crate::margin`], which is the engine's own.

use crate::ids::{AccountId, AssetId, ClientOrderId, EventId, OrderId, SymbolId, TradeId};
use crate::perpetual::{Bracket, ContractSpec, Holding, MarginType, PerpetualTerms, PositionSide};
use crate::units::{Amount, Price, Qty, Rate, TimeNs};
use crate::wire::numbered;

/// The rules of a perpetual.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContractReport {
    pub symbol: SymbolId,
    pub spec: ContractSpec,
    /// Ascending by floor.
    pub brackets: Vec<Bracket>,
}

/// The prices and the funding of a perpetual; zeros before the first index price.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MarkReport {
    pub symbol: SymbolId,
    pub index: Price,
    pub mark: Price,
    /// Of the last slot.
    pub last_funding: Rate,
    /// Of the next slot as it looks now.
    pub predicted_funding: Rate,
    pub premium: Rate,
    pub interest: Rate,
    pub next_funding: TimeNs,
    /// When index or mark last changed.
    pub time: TimeNs,
    /// Lots held long by all accounts, which is the same as short.
    pub open_interest: Qty,
}

/// Who says what a perpetual's index price is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexSource {
    pub name: String,
    /// What the source calls the symbol.
    pub symbol: String,
    /// In 1e-8 of the quote asset, as it said last; `None` when it said nothing of use.
    pub price: Option<i64>,
    /// Its part of the price; zero when it does not count.
    pub weight: Rate,
}

/// One slot of a symbol's funding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FundingReport {
    pub symbol: SymbolId,
    pub time: TimeNs,
    pub rate: Rate,
    pub mark: Price,
}

/// Which slots: ascending from `start`, or the newest before `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FundingPage {
    /// `None` = every perpetual.
    pub symbol: Option<SymbolId>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

impl FundingPage {
    /// Joins the page read from history with the page read from the views.
    pub fn merge(
        &self,
        history: Vec<FundingReport>,
        present: Vec<FundingReport>,
    ) -> Vec<FundingReport> {
        let mut slots = [history, present].concat();
        slots.sort_by_key(|slot| (slot.time, slot.symbol));
        slots.dedup_by_key(|slot| (slot.time, slot.symbol));
        if self.start.is_some() {
            slots.truncate(self.limit);
        } else {
            slots.drain(..slots.len().saturating_sub(self.limit));
        }
        slots
    }
}

/// A position and what its open orders need, at the mark price of the moment of reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PositionReport {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub holding: Holding,
    pub leverage: u32,
    pub margin_type: MarginType,
    pub mark: Price,
    /// |size| x mark, in quote atoms.
    pub notional: Amount,
    pub unrealised: Amount,
    pub position_margin: Amount,
    /// What the open orders need beyond it.
    pub order_margin: Amount,
    pub maintenance: Amount,
    /// Open orders at mark, in quote atoms.
    pub bid_notional: Amount,
    pub ask_notional: Amount,
    /// `None` when no price would liquidate it, or it is flat.
    pub liquidation: Option<Price>,
    pub updated: TimeNs,
}

/// What an account chose for a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SymbolConfig {
    pub symbol: SymbolId,
    pub leverage: u32,
    pub margin_type: MarginType,
}

/// One asset of a futures wallet, at the mark prices of the moment of reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FuturesBalance {
    pub asset: AssetId,
    /// Backs the cross positions.
    pub cross: Amount,
    /// Beside isolated positions.
    pub isolated: Amount,
    pub cross_unrealised: Amount,
    /// Of isolated positions.
    pub isolated_unrealised: Amount,
    /// Of all positions; what orders need comes besides.
    pub position_margin: Amount,
    pub order_margin: Amount,
    pub maintenance: Amount,
    /// What a new order may use; never below zero.
    pub available: Amount,
    /// What can be transferred to the spot wallet; unrealised profit never.
    pub withdrawable: Amount,
    pub updated: TimeNs,
}

impl FuturesBalance {
    /// The dialect's walletBalance.
    pub fn wallet(&self) -> Amount {
        Amount(self.cross.0 + self.isolated.0)
    }

    /// The dialect's unrealizedProfit.
    pub fn unrealised(&self) -> Amount {
        Amount(self.cross_unrealised.0 + self.isolated_unrealised.0)
    }
}

/// One account's futures side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FuturesAccountReport {
    pub account: AccountId,
    /// Hedge mode; else one-way.
    pub hedge: bool,
    /// By asset id; only those that ever moved.
    pub balances: Vec<FuturesBalance>,
    /// Not flat or with open orders, by symbol and side.
    pub positions: Vec<PositionReport>,
    /// Only those that differ from what a new account has, by symbol.
    pub configs: Vec<SymbolConfig>,
    pub updated: TimeNs,
}

numbered! {
    /// Why a futures wallet changed (the dialect's incomeType).
    IncomeKind {
        Transfer = 0,
        RealisedProfit = 1,
        Funding = 2,
        Commission = 3,
        /// Fee of a liquidation.
        InsuranceClear = 4,
    }
}

/// One change of a futures wallet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncomeReport {
    pub account: AccountId,
    pub symbol: Option<SymbolId>,
    pub kind: IncomeKind,
    pub asset: AssetId,
    /// Negative when it was paid.
    pub amount: Amount,
    pub time: TimeNs,
    /// Unique by account and kind (the dialect's tranId).
    pub id: EventId,
    pub trade: Option<TradeId>,
}

/// Which changes of a wallet: ascending from `start`, or the newest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncomePage {
    pub account: AccountId,
    pub symbol: Option<SymbolId>,
    pub kind: Option<IncomeKind>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

/// What an order on a perpetual has beside its `OrderReport`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PerpetualOrder {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub terms: PerpetualTerms,
    /// Zero = none.
    pub stop_price: Price,
    /// In BIPS; zero = not trailing.
    pub callback: u32,
    /// A conditional order that was not set off yet.
    pub waits: bool,
    /// When it was set off; zero = not yet, or not conditional.
    pub triggered: TimeNs,
}

/// What a trade realised for the account that asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeProfit {
    pub trade: TradeId,
    /// Before commission.
    pub realised: Amount,
    pub position: PositionSide,
}

/// A page of what happened to one account: ascending from `start`, or the newest. The
/// bounds are inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountPage {
    pub account: AccountId,
    /// `None` = every perpetual.
    pub symbol: Option<SymbolId>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

/// Margin put beside an isolated position by its owner, or taken back (negative).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarginChange {
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub amount: Amount,
    pub time: TimeNs,
}

/// A modification of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ModificationReport {
    /// Unique (the dialect's amendmentId).
    pub id: EventId,
    pub symbol: SymbolId,
    pub order: OrderId,
    pub client_order: ClientOrderId,
    pub time: TimeNs,
    pub old_price: Price,
    pub new_price: Price,
    pub old_qty: Qty,
    pub new_qty: Qty,
    /// How often the order was modified, this time included.
    pub count: u32,
}

/// How early a position would be deleveraged, by fifths of its side of the symbol: 0 is the
/// last fifth, 4 the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeleveragingRank {
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub quantile: u8,
}
