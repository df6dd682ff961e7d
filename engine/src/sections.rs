//! The state as bytes: what a snapshot stores and what the root hashes.
//!
//! Explicit encodings in a fixed order, without handles, capacities, tags or anything
//! else that could differ between two engines of the same history. Books are written in
//! the order of their queues, so that reading rebuilds them exactly.

use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::Side;
use schemas::units::{Amount, Qty};
use schemas::wire::{Sink, Wire};

use crate::apply::Engine;
use crate::book::order::{Details, Order};
use crate::clearing::fees::Rates;
use crate::clearing::ledger::Balance;
use crate::groups::section as groups_section;
use crate::lists::section as purses_section;
use crate::matching::carried::Work;
use crate::matching::taker::Taker;
use crate::pegs::section as pegs_section;
use crate::perpetual;
use crate::producers::section as producers_section;
use crate::protection::fence::Fence;
use crate::protection::section as protection_section;
use crate::protection::uncross::Uncross;
use crate::risk::requests::Request;
use crate::state::{Account, Asset, Done, Market, State, Symbol};
use crate::terms::section;
use crate::trace::Trace;

/// The sections in their order.
pub const SECTIONS: [&str; 11] = [
    "meta",
    "assets",
    "symbols",
    "accounts",
    "balances",
    "orders",
    "requests",
    "businesses",
    "keys",
    "timers",
    "work",
];

/// Implements [`Wire`] for a struct, field by field in the order given.
macro_rules! fields {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl schemas::wire::Wire for $name {
            fn put(&self, out: &mut impl schemas::wire::Sink) {
                $(self.$field.put(out);)*
            }
            fn take(input: &mut &[u8]) -> Option<Self> {
                Some($name { $($field: Wire::take(input)?),* })
            }
        }
    };
}
pub(crate) use fields;

fields!(Asset { asset, code, scale });
fields!(Market {
    symbol,
    base,
    quote,
    quote_per_tick_lot,
    lot_atoms
});
fields!(Symbol {
    market,
    name,
    kind,
    price_scale,
    qty_scale,
    state,
    opens_at,
    price,
    lot,
    market_lot,
    notional,
    percent,
    max_num_orders,
    max_position,
    maker,
    taker,
    last_trade,
    next_order,
    next_trade,
});
fields!(Account {
    state,
    tier,
    orders_per_10s,
    orders_per_day,
    counts
});
fields!(Balance { free, held });
fields!(Rates { maker, taker });
fields!(Done { at, account });
fields!(Details {
    quote,
    qty,
    prevented,
    created,
    client_order
});

impl Wire for Request {
    fn put(&self, out: &mut impl Sink) {
        self.time.put(out);
        self.account.put(out);
        self.digest.0.put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(Request {
            time: Wire::take(input)?,
            account: Wire::take(input)?,
            digest: schemas::command::RequestDigest(Wire::take(input)?),
        })
    }
}

/// The tag depends on the seed, so it is left out; reading makes it anew.
impl Wire for Taker {
    fn put(&self, out: &mut impl Sink) {
        self.market.put(out);
        self.order.put(out);
        self.account.put(out);
        self.client_order.put(out);
        self.created.put(out);
        self.side.put(out);
        self.order_type.put(out);
        self.time_in_force.put(out);
        self.self_trade.put(out);
        self.by_quote.put(out);
        self.decremented.put(out);
        self.expired_in_match.put(out);
        self.limit.put(out);
        self.qty.put(out);
        self.left.put(out);
        self.quote_left.put(out);
        self.level_price.put(out);
        self.level_left.put(out);
        self.step.put(out);
        self.executed.put(out);
        self.quote.put(out);
        self.prevented.put(out);
        self.reserve.put(out);
        self.rate.put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let (market, order) = (Wire::take(input)?, Wire::take(input)?);
        let (account, client_order) = (Wire::take(input)?, Wire::take(input)?);
        let (created, side) = (Wire::take(input)?, Side::take(input)?);
        Some(Taker {
            market,
            order,
            account,
            client_order,
            client_tag: 0,
            created,
            side,
            order_type: Wire::take(input)?,
            time_in_force: Wire::take(input)?,
            self_trade: Wire::take(input)?,
            by_quote: Wire::take(input)?,
            aside: false,
            decremented: Wire::take(input)?,
            expired_in_match: Wire::take(input)?,
            fence: Fence::none(side),
            group: 0,
            moved_qty: Qty::ZERO,
            moved_quote: Amount::ZERO,
            limit: Wire::take(input)?,
            qty: Wire::take(input)?,
            left: Wire::take(input)?,
            quote_left: Wire::take(input)?,
            level_price: Wire::take(input)?,
            level_left: Wire::take(input)?,
            step: Wire::take(input)?,
            executed: Wire::take(input)?,
            quote: Wire::take(input)?,
            prevented: Wire::take(input)?,
            reserve: Wire::take(input)?,
            rate: Wire::take(input)?,
        })
    }
}

impl Wire for Work {
    fn put(&self, out: &mut impl Sink) {
        match self {
            Work::Taker(taker) => {
                out.push(if taker.aside { 4 } else { 1 });
                taker.put(out);
            }
            Work::CancelSeat { account, symbol } => {
                out.push(2);
                account.put(out);
                symbol.put(out);
            }
            Work::CancelSymbol { symbol } => {
                out.push(3);
                symbol.put(out);
            }
            Work::Uncross(uncross) => {
                out.push(80);
                uncross.symbol.put(out);
                uncross.price.put(out);
                uncross.qty.put(out);
            }
            Work::Perpetual(walker) => {
                out.push(5);
                walker.put(out);
            }
            Work::Clip(account, symbol, side) => {
                out.push(6);
                account.put(out);
                symbol.put(out);
                side.put(out);
            }
            Work::Funding(paying) => {
                out.push(7);
                paying.put(out);
            }
            Work::Deleverage(rest) => {
                out.push(8);
                rest.put(out);
            }
            Work::Settle(rest) => {
                out.push(9);
                rest.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(match u8::take(input)? {
            1 => Work::Taker(Box::new(Wire::take(input)?)),
            4 => Work::Taker(Box::new(Taker {
                aside: true,
                ..Wire::take(input)?
            })),
            2 => Work::CancelSeat {
                account: AccountId::take(input)?,
                symbol: SymbolId::take(input)?,
            },
            3 => Work::CancelSymbol {
                symbol: SymbolId::take(input)?,
            },
            80 => Work::Uncross(Uncross {
                symbol: Wire::take(input)?,
                price: Wire::take(input)?,
                qty: Wire::take(input)?,
            }),
            5 => Work::Perpetual(Box::new(Wire::take(input)?)),
            6 => Work::Clip(Wire::take(input)?, Wire::take(input)?, Wire::take(input)?),
            7 => Work::Funding(Wire::take(input)?),
            8 => Work::Deleverage(Wire::take(input)?),
            9 => Work::Settle(Wire::take(input)?),
            _ => return None,
        })
    }
}

impl<T: Trace> Engine<T> {
    /// Everything, by section, in the order of [`SECTIONS`]; orders with terms, protection
    /// and perpetuals behind them, if there ever were any.
    pub fn sections(&self) -> Vec<(&'static str, Vec<u8>)> {
        let write = |name: &'static str| {
            let mut bytes = Vec::new();
            put_section(&self.state, name, &mut bytes);
            (name, bytes)
        };
        let mut sections: Vec<_> = SECTIONS.into_iter().map(write).collect();
        if section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            section::put(&self.state, &mut bytes);
            sections.push((section::SECTION, bytes));
        }
        if protection_section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            protection_section::put(&self.state, &mut bytes);
            sections.push((protection_section::SECTION, bytes));
        }
        if perpetual::section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            perpetual::section::put(&self.state, &mut bytes);
            sections.push((perpetual::section::SECTION, bytes));
        }
        if perpetual::guard::is_needed(&self.state) {
            let mut bytes = Vec::new();
            perpetual::guard::put(&self.state, &mut bytes);
            sections.push((perpetual::guard::SECTION, bytes));
        }
        if pegs_section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            pegs_section::put(&self.state, &mut bytes);
            sections.push((pegs_section::SECTION, bytes));
        }
        if groups_section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            groups_section::put(&self.state, &mut bytes);
            sections.push((groups_section::SECTION, bytes));
        }
        if producers_section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            producers_section::put(&self.state, &mut bytes);
            sections.push((producers_section::SECTION, bytes));
        }
        if purses_section::is_needed(&self.state) {
            let mut bytes = Vec::new();
            purses_section::put(&self.state, &mut bytes);
            sections.push((purses_section::SECTION, bytes));
        }
        sections
    }
}

fn put_section(state: &State, name: &str, out: &mut Vec<u8>) {
    match name {
        "meta" => put_meta(state, out),
        "assets" => put_all(state.assets.iter(), out),
        "symbols" => {
            put_all(state.symbols.iter(), out);
            for window in &state.windows {
                window.put(out);
            }
        }
        "accounts" => put_all(state.accounts.iter(), out),
        "balances" => {
            let balances = state.ledger.balances();
            (balances.len() as u64).put(out);
            for (asset, account, balance) in &balances {
                asset.put(out);
                account.put(out);
                balance.put(out);
            }
        }
        "orders" => put_orders(state, out),
        "requests" => {
            (state.requests.all().count() as u64).put(out);
            for request in state.requests.all() {
                request.put(out);
            }
        }
        "businesses" => {
            (state.businesses.len() as u64).put(out);
            for (business, done) in &state.businesses {
                business.put(out);
                done.put(out);
            }
        }
        "keys" => {
            (state.keys.len() as u64).put(out);
            for ((account, key), permissions) in &state.keys {
                account.put(out);
                key.put(out);
                permissions.put(out);
            }
        }
        "timers" => {
            state.timers_made.put(out);
            (state.timers.len() as u64).put(out);
            for ((due, number), symbol) in &state.timers {
                due.put(out);
                number.put(out);
                symbol.put(out);
            }
        }
        "work" => put_all(state.work.iter(), out),
        _ => unreachable!("every section is written"),
    }
}

fn put_all<'a, W: Wire + 'a>(all: impl ExactSizeIterator<Item = &'a W>, out: &mut Vec<u8>) {
    (all.len() as u64).put(out);
    for one in all {
        one.put(out);
    }
}

fn put_meta(state: &State, out: &mut Vec<u8>) {
    state.next.put(out);
    state.now.put(out);
    state.format.put(out);
    state.venue.put(out);
    state.withdrawals.put(out);
    state.limits.put(out);
    (state.tiers.len() as u64).put(out);
    for (tier, rates) in &state.tiers {
        tier.put(out);
        rates.put(out);
    }
}

/// Symbol by symbol: bids, then asks, each best price first and first come first.
fn put_orders(state: &State, out: &mut Vec<u8>) {
    for symbol in state.symbols.iter() {
        for side in [Side::Buy, Side::Sell] {
            let handles = state.books.queue(symbol.market.symbol, side);
            (handles.len() as u64).put(out);
            for handle in handles {
                put_order(state.books.orders.get(handle), out);
                state.books.orders.details(handle).put(out);
            }
        }
    }
}

fn put_order(order: &Order, out: &mut Vec<u8>) {
    order.id.put(out);
    order.price.put(out);
    order.open.put(out);
    order.account.put(out);
    order.order_type.put(out);
    order.time_in_force.put(out);
    order.self_trade.put(out);
    order.made.put(out);
}
