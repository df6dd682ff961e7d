//! Which rule was in force, and since which offset: folded from the events that set rules.

use std::collections::BTreeMap;

use schemas::event::Event;
use schemas::ids::{AccountId, Offset, SymbolId};

use crate::json::values::filter_name;

/// What a rule is about; rules of the whole venue name neither.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct About {
    symbol: Option<SymbolId>,
    account: Option<AccountId>,
    name: &'static str,
    /// Row of a leverage table, or a fee tier.
    number: u8,
}

/// A rule as it was set last.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The command that set it.
    pub since: Offset,
    /// What it says.
    pub says: Event,
}

/// Every rule that was set so far.
#[derive(Default)]
pub struct Rules {
    set: BTreeMap<About, Rule>,
}

impl Rules {
    /// Takes in what one command did.
    pub fn hear(&mut self, at: Offset, events: &[Event]) {
        for event in events {
            if let Some(about) = about(event) {
                self.set.insert(
                    about,
                    Rule {
                        since: at,
                        says: *event,
                    },
                );
            }
        }
    }

    /// Rules of the venue, of these symbols and of these accounts.
    pub fn of(&self, symbols: &[SymbolId], accounts: &[AccountId]) -> Vec<Rule> {
        let concerned = self.set.iter().filter(|(about, _)| {
            about.symbol.is_none_or(|it| symbols.contains(&it))
                && about.account.is_none_or(|it| accounts.contains(&it))
        });
        concerned.map(|(_, rule)| *rule).collect()
    }
}

fn about(event: &Event) -> Option<About> {
    let (symbol, account, number) = match *event {
        Event::FilterChanged { symbol, .. }
        | Event::SymbolFeesChanged { symbol, .. }
        | Event::SymbolStateChanged { symbol, .. }
        | Event::ContractChanged { symbol, .. } => (Some(symbol), None, 0),
        Event::BracketChanged { symbol, number, .. } => (Some(symbol), None, number),
        Event::FeeTierChanged { tier, .. } => (None, None, tier),
        Event::VenueStateChanged { .. } | Event::VenueLimitsChanged { .. } => (None, None, 0),
        Event::AccountStateChanged { account, .. }
        | Event::AccountTierChanged { account, .. }
        | Event::AccountLimitsChanged { account, .. }
        | Event::TradeGroupChanged { account, .. }
        | Event::PositionModeChanged { account, .. } => (None, Some(account), 0),
        Event::LeverageChanged {
            account, symbol, ..
        }
        | Event::MarginTypeChanged {
            account, symbol, ..
        } => (Some(symbol), Some(account), 0),
        _ => return None,
    };
    let name = match event {
        Event::FilterChanged { filter, .. } => filter_name(filter),
        other => other.name(),
    };
    Some(About {
        symbol,
        account,
        name,
        number,
    })
}

/// Symbols and accounts that an event concerns: whose rules it was decided by.
pub fn parties(event: &Event) -> (Option<SymbolId>, [Option<AccountId>; 2]) {
    let one = |symbol, account| (Some(symbol), [Some(account), None]);
    match event {
        Event::OrderAccepted(it) => one(it.symbol, it.account),
        Event::OrderRejected(it) => one(it.symbol, it.account),
        Event::OrderListRejected(it) => one(it.symbol, it.account),
        Event::CancelRejected(it) | Event::AmendRejected(it) | Event::ModifyRejected(it) => {
            one(it.symbol, it.account)
        }
        Event::OrderRested(it) => one(it.symbol, it.account),
        Event::OrderDone(it) => one(it.symbol, it.account),
        Event::OrderAmended(it) => one(it.symbol, it.account),
        Event::OrderModified(it) => one(it.symbol, it.account),
        Event::Trade(it) => {
            let both = [Some(it.taker_account), Some(it.maker_account)];
            (Some(it.symbol), both)
        }
        Event::FundingFixed(it) => (Some(it.symbol), [None, None]),
        Event::MarkPriceChanged(it) => (Some(it.symbol), [None, None]),
        Event::FundingPaid(it) => one(it.symbol, it.account),
        Event::LiquidationOrdered(it) => one(it.symbol, it.account),
        Event::MarginCalled(it) => one(it.symbol, it.account),
        Event::LiquidationFee(it) => one(it.symbol, it.account),
        Event::LiquidationStarted(it) => (it.position, [Some(it.account), None]),
        Event::PositionChanged(it) => one(it.symbol, it.account),
        _ => (None, [None, None]),
    }
}
