//! What an event changes in the futures wallets it names, as the dialect's income tells it.
//!
//! Views and read models both make income by this one function, so that an answer does not
//! depend on which of them remembers. Absent on purpose: margin put beside a position,
//! which stays in the wallet, and what the venue's own accounts go through besides.

use crate::event::{Event, Trade};
use crate::ids::{AccountId, AssetId, EventId, SymbolId, TradeId};
use crate::perpetual::WalletDirection;
use crate::perpetual_event::{PositionTakenOver, TradeSettled};
use crate::perpetual_report::{IncomeKind, IncomeReport};
use crate::units::{Amount, TimeNs};

/// What an event's entries have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncomeAt {
    pub id: EventId,
    pub time: TimeNs,
    /// The quote asset of the symbol that the event names.
    pub quote: AssetId,
}

/// The symbol of a perpetual whose quote asset [`entries`] has to know.
pub fn symbol_of(event: &Event) -> Option<SymbolId> {
    Some(match event {
        Event::TradeSettled(it) => it.symbol,
        Event::FundingPaid(it) => it.symbol,
        Event::LiquidationFee(it) => it.symbol,
        Event::PositionTakenOver(it) => it.symbol,
        _ => return None,
    })
}

/// The entries that an event makes, in their order. `trade` is the one before a
/// `TradeSettled`, which tells its commissions.
pub fn entries(at: IncomeAt, event: &Event, trade: Option<&Trade>) -> Vec<IncomeReport> {
    match event {
        Event::TradeSettled(it) => settled(at, it, trade),
        Event::PositionTakenOver(it) => taken_over(at, it),
        Event::FundingPaid(it) => {
            let of = (it.account, Some(it.symbol));
            vec![at.entry(of, (IncomeKind::Funding, it.amount), None)]
        }
        Event::LiquidationFee(it) => {
            let of = (it.account, Some(it.symbol));
            let paid = Amount(-it.amount.0);
            vec![at.entry(of, (IncomeKind::InsuranceClear, paid), None)]
        }
        Event::FuturesTransferred(it) => {
            let amount = match it.direction {
                WalletDirection::ToFutures => it.amount,
                WalletDirection::ToSpot => Amount(-it.amount.0),
            };
            let at = IncomeAt {
                quote: it.asset,
                ..at
            };
            vec![at.entry((it.account, None), (IncomeKind::Transfer, amount), None)]
        }
        _ => Vec::new(),
    }
}

fn settled(at: IncomeAt, it: &TradeSettled, trade: Option<&Trade>) -> Vec<IncomeReport> {
    let trade = trade.filter(|trade| trade.symbol == it.symbol && trade.trade == it.trade);
    let (taker, maker) = trade.map_or((Amount::ZERO, Amount::ZERO), |trade| {
        (trade.taker_fee, trade.maker_fee)
    });
    let sides = [
        (it.maker_account, it.maker_realised, maker),
        (it.taker_account, it.taker_realised, taker),
    ];
    let mut entries = Vec::with_capacity(4);
    for (account, realised, fee) in sides {
        let of = (account, Some(it.symbol));
        let paid = Amount(-fee.0);
        let both = [
            (IncomeKind::RealisedProfit, realised),
            (IncomeKind::Commission, paid),
        ];
        let moved = both
            .into_iter()
            .filter(|(_, amount)| *amount != Amount::ZERO);
        entries.extend(moved.map(|change| at.entry(of, change, Some(it.trade))));
    }
    entries
}

fn taken_over(at: IncomeAt, it: &PositionTakenOver) -> Vec<IncomeReport> {
    let sides = [(it.from, it.from_realised), (it.to, it.to_realised)];
    let moved = sides
        .into_iter()
        .filter(|(_, amount)| *amount != Amount::ZERO);
    let entry = |(account, realised)| {
        let of = (account, Some(it.symbol));
        at.entry(of, (IncomeKind::RealisedProfit, realised), None)
    };
    moved.map(entry).collect()
}

impl IncomeAt {
    fn entry(
        self,
        (account, symbol): (AccountId, Option<SymbolId>),
        (kind, amount): (IncomeKind, Amount),
        trade: Option<TradeId>,
    ) -> IncomeReport {
        IncomeReport {
            account,
            symbol,
            kind,
            asset: self.quote,
            amount,
            time: self.time,
            id: self.id,
            trade,
        }
    }
}
