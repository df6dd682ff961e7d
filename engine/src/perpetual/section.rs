//! The section of a snapshot that only exists when there are contracts.
//!
//! The index of safe prices is not in it: it is made anew from positions and prices, and
//! who is looked at too early is found healthy.

use std::collections::BTreeMap;

use schemas::ids::{AccountId, OrderId, SymbolId};
use schemas::instrument::{OrderStage, Side, SymbolKind};
use schemas::margin::{self, Table};
use schemas::perpetual::{PositionSide, put_brackets, take_brackets};
use schemas::units::{Amount, Price, TimeNs};
use schemas::wire::{Sink, Wire};

use super::conditional::Waiting;
use super::deleverage::Deleverage;
use super::funding::Paying;
use super::settle::Settlement;
use super::walk::Walker;
use super::{Contract, Desk, Due, Leg, Pool, Timer};
use crate::book::order::Order;
use crate::clearing::ledger::Balance;
use crate::sections::fields;
use crate::state::State;
use crate::terms::admit::tracks;
use crate::terms::section::{put_book, take_book};
use crate::triggers::trigger_book::{Wait, Waiter};

/// Its name; it stands behind all others.
pub const SECTION: &str = "perpetuals";

fields!(Walker {
    taker,
    position,
    reducing,
    is_forced,
    is_broke
});
fields!(Paying {
    symbol,
    rate,
    mark,
    next
});
fields!(Deleverage {
    account,
    symbol,
    side,
    qty,
    price
});
fields!(Settlement {
    price,
    symbol,
    asked,
    long,
    short
});
fields!(Due { pool, started });

impl Wire for Waiting {
    fn put(&self, out: &mut impl Sink) {
        self.terms.put(out);
        self.by_mark.map(|(wait, _)| wait).put(out);
        self.by_mark.map(|(_, arrival)| arrival).put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let terms = Wire::take(input)?;
        let (wait, arrival) = (Wire::take(input)?, Wire::take(input)?);
        Some(Waiting {
            terms,
            by_mark: match (wait, arrival) {
                (Some(wait), Some(arrival)) => Some((wait, arrival)),
                (None, None) => None,
                _ => return None,
            },
        })
    }
}

impl Wire for Pool {
    fn put(&self, out: &mut impl Sink) {
        match self {
            Pool::Cross(account, asset) => (out.push(1), account.put(out), asset.put(out)).2,
            Pool::Isolated(account, symbol, side) => {
                out.push(2);
                account.put(out);
                symbol.put(out);
                side.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(match u8::take(input)? {
            1 => Pool::Cross(Wire::take(input)?, Wire::take(input)?),
            2 => Pool::Isolated(Wire::take(input)?, Wire::take(input)?, Wire::take(input)?),
            _ => return None,
        })
    }
}

impl Wire for Timer {
    fn put(&self, out: &mut impl Sink) {
        match self {
            Timer::Sample(symbol) => (out.push(1), symbol.put(out)).1,
            Timer::Fund(symbol) => (out.push(2), symbol.put(out)).1,
            Timer::Expire(symbol, order) => (out.push(3), symbol.put(out), order.put(out)).2,
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(match u8::take(input)? {
            1 => Timer::Sample(Wire::take(input)?),
            2 => Timer::Fund(Wire::take(input)?),
            3 => Timer::Expire(Wire::take(input)?, Wire::take(input)?),
            _ => return None,
        })
    }
}

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    let perpetuals = &state.perpetuals;
    !perpetuals.contracts.is_empty()
        || perpetuals.traders.iter().any(Option::is_some)
        || !perpetuals.wallets.balances().is_empty()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    let perpetuals = &state.perpetuals;
    (perpetuals.contracts.len() as u64).put(out);
    for (symbol, contract) in &perpetuals.contracts {
        symbol.put(out);
        put_contract(contract, out);
    }
    let hedging: Vec<u32> = perpetuals
        .traders
        .iter()
        .enumerate()
        .filter(|(_, trader)| trader.as_ref().is_some_and(|trader| trader.hedge))
        .map(|(account, _)| account as u32)
        .collect();
    (hedging.len() as u64).put(out);
    for account in hedging {
        account.put(out);
    }
    let balances = perpetuals.wallets.balances();
    (balances.len() as u64).put(out);
    for (asset, account, balance) in &balances {
        asset.put(out);
        account.put(out);
        balance.put(out);
    }
    (perpetuals.timers.len() as u64).put(out);
    for ((due, number), timer) in &perpetuals.timers {
        due.put(out);
        number.put(out);
        timer.put(out);
    }
    (perpetuals.due.len() as u64).put(out);
    for due in &perpetuals.due {
        due.put(out);
    }
    let orders = special_orders(state);
    (orders.len() as u64).put(out);
    for ((symbol, order), (position, reducing)) in &orders {
        symbol.put(out);
        order.put(out);
        position.put(out);
        reducing.put(out);
    }
    (perpetuals.waiting.len() as u64).put(out);
    for ((symbol, order), waiting) in &perpetuals.waiting {
        symbol.put(out);
        order.put(out);
        waiting.put(out);
    }
    for contract in perpetuals.contracts.values() {
        put_book(&contract.triggers, out);
    }
}

/// What open orders on perpetuals have beyond others, where it is not the usual.
fn special_orders(state: &State) -> BTreeMap<(SymbolId, OrderId), (PositionSide, bool)> {
    let mut orders = BTreeMap::new();
    let mut note = |order: &Order| {
        if order.reducing || order.position != PositionSide::Both {
            let key = (order.symbol, order.id);
            orders.insert(key, (order.position, order.reducing));
        }
    };
    for symbol in state.symbols.iter() {
        if symbol.kind != SymbolKind::Perpetual {
            continue;
        }
        for side in [Side::Buy, Side::Sell] {
            for handle in state.books.queue(symbol.market.symbol, side) {
                let order = state.books.orders.get(handle);
                note(order);
            }
        }
        for handle in state.books.aside(symbol.market.symbol) {
            note(state.books.orders.get(handle));
        }
    }
    orders
}

fn put_contract(contract: &Contract, out: &mut Vec<u8>) {
    contract.spec.put(out);
    put_brackets(contract.table.as_ref().map_or(&[], Table::brackets), out);
    contract.index.put(out);
    contract.mark.put(out);
    (contract.basis.len() as u64).put(out);
    for basis in &contract.basis {
        basis.put(out);
    }
    contract.weighted.put(out);
    contract.weights.put(out);
    contract.last_funding.put(out);
    contract.next_funding.put(out);
    (contract.all_desks().count() as u64).put(out);
    for (account, desk) in contract.all_desks() {
        account.put(out);
        desk.leverage.put(out);
        desk.isolated.put(out);
        for leg in &desk.legs {
            leg.holding.put(out);
        }
    }
}

/// Reads the section; the books hold what rests already.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        let listed = state.symbol(symbol)?;
        (listed.kind == SymbolKind::Perpetual).then_some(())?;
        take_contract(state, symbol, input)?;
    }
    for _ in 0..u64::take(input)? {
        let account = AccountId(Wire::take(input)?);
        state.account(account)?;
        state.perpetuals.trader_mut(account).hedge = true;
    }
    for _ in 0..u64::take(input)? {
        let asset: schemas::ids::AssetId = Wire::take(input)?;
        let account = AccountId::take(input)?;
        state.assets.get(usize::from(asset.0))?;
        state.account(account)?;
        let balance = Balance::take(input)?;
        let fits = |amount: Amount| amount.0.unsigned_abs() <= 1 << 100;
        (fits(balance.free) && fits(balance.held)).then_some(())?;
        state.perpetuals.wallets.restore(asset, account, balance);
    }
    for _ in 0..u64::take(input)? {
        let key = (TimeNs::take(input)?, u64::take(input)?);
        let timer = Timer::take(input)?;
        let symbol = match timer {
            Timer::Sample(symbol) | Timer::Fund(symbol) => symbol,
            Timer::Expire(symbol, _) => symbol,
        };
        state.perpetuals.contracts.get(&symbol)?;
        state.perpetuals.timers.insert(key, timer);
    }
    for _ in 0..u64::take(input)? {
        let due = Due::take(input)?;
        state.account(due.pool.account())?;
        match due.pool {
            Pool::Cross(_, asset) => state.assets.get(usize::from(asset.0)).map(|_| ())?,
            Pool::Isolated(_, symbol, _) => {
                state.perpetuals.contracts.get(&symbol)?;
            }
        }
        state.perpetuals.due.push_back(due);
    }
    for _ in 0..u64::take(input)? {
        let (symbol, id) = (SymbolId::take(input)?, OrderId::take(input)?);
        let (position, reducing) = (Wire::take(input)?, Wire::take(input)?);
        state.symbol(symbol)?;
        let handle = state.books.find(symbol, id)?;
        let order = state.books.orders.get_mut(handle);
        order.position = position;
        order.reducing = reducing;
    }
    take_waiting(state, input)?;
    count_orders(state)?;
    numbers_fit(state)?;
    make_index(state);
    Some(())
}

/// Sleeping orders; those by mark price lie down again, unless they track.
fn take_waiting(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let key = (SymbolId::take(input)?, OrderId::take(input)?);
        let waiting = Waiting::take(input)?;
        state.perpetuals.contracts.get(&key.0)?;
        let handle = state.books.find(key.0, key.1)?;
        let extras = state.books.orders.extras(handle)?;
        (extras.stage == OrderStage::Waiting).then_some(())?;
        state.perpetuals.waiting.insert(key, waiting);
    }
    let symbols: Vec<SymbolId> = state.perpetuals.contracts.keys().copied().collect();
    for symbol in symbols {
        let contract = state.perpetuals.contracts.get_mut(&symbol)?;
        let busy = take_book(&mut contract.triggers, input)?;
        contract.triggers.fired.is_empty().then_some(())?;
        let range = (symbol, OrderId(0))..=(symbol, OrderId(u64::MAX));
        for ((_, id), waiting) in state.perpetuals.waiting.range(range) {
            let Some((wait, arrival)) = waiting.by_mark.filter(|_| !busy.contains(id)) else {
                continue;
            };
            if matches!(wait, Wait::Tracking(_)) {
                // Set off already, and queued in the symbol's own book.
                continue;
            }
            let handle = state.books.find(symbol, *id)?;
            let delta = state.books.orders.extras(handle)?.terms.trailing_delta;
            let waiter = Waiter {
                order: *id,
                delta,
                tracks: tracks(state.books.orders.get(handle).side),
            };
            let is_fired = state.terms.books.get(symbol.0 as usize)?;
            let is_fired = is_fired.fired.iter().any(|(order, _)| order == id);
            if !is_fired {
                contract
                    .triggers
                    .lay(wait, (waiter, arrival), contract.mark);
            }
        }
    }
    Some(())
}

fn take_contract(state: &mut State, symbol: SymbolId, input: &mut &[u8]) -> Option<()> {
    let mut contract = Contract::new(Wire::take(input)?);
    let brackets = take_brackets(input)?;
    if !brackets.is_empty() {
        contract.table = Some(Table::new(&brackets)?);
    }
    contract.index = Wire::take(input)?;
    contract.mark = Wire::take(input)?;
    for _ in 0..u64::take(input)? {
        contract.basis.push_back(i64::take(input)?);
    }
    contract.weighted = Wire::take(input)?;
    contract.weights = Wire::take(input)?;
    contract.last_funding = Wire::take(input)?;
    contract.next_funding = Wire::take(input)?;
    state.perpetuals.contracts.insert(symbol, contract);
    for _ in 0..u64::take(input)? {
        let account = AccountId::take(input)?;
        state.account(account)?;
        let desk = Desk {
            leverage: Wire::take(input)?,
            isolated: Wire::take(input)?,
            legs: [take_leg(input)?, take_leg(input)?, take_leg(input)?],
        };
        let longs: i128 = desk
            .legs
            .iter()
            .map(|leg| i128::from(leg.holding.size.0.max(0)))
            .sum();
        *state.perpetuals.desk_mut(account, symbol) = desk;
        let contract = state.perpetuals.contracts.get_mut(&symbol)?;
        contract.longs = contract.longs.checked_add(longs)?;
    }
    Some(())
}

fn take_leg(input: &mut &[u8]) -> Option<Leg> {
    Some(Leg {
        holding: Wire::take(input)?,
        ..Leg::default()
    })
}

/// What is calculated with later stays in range, as admission keeps it.
fn numbers_fit(state: &State) -> Option<()> {
    for (symbol, contract) in &state.perpetuals.contracts {
        let unit = state.symbol(*symbol)?.market.quote_per_tick_lot;
        let mark = contract.mark.unwrap_or(Price::ZERO);
        (mark.0 >= 0).then_some(())?;
        for (_, desk) in contract.all_desks() {
            for leg in &desk.legs {
                let lots = margin::exposure(leg.holding.size, leg.bids, leg.asks);
                margin::value(lots.checked_mul(4)?, mark, unit)?;
                let amounts = [leg.holding.cost, leg.holding.isolated];
                let fits = |amount: &Amount| amount.0.unsigned_abs() <= 1 << 100;
                amounts.iter().all(fits).then_some(())?;
            }
        }
    }
    Some(())
}

/// Open lots by position, as the books have them.
fn count_orders(state: &mut State) -> Option<()> {
    let symbols: Vec<SymbolId> = state.perpetuals.contracts.keys().copied().collect();
    for symbol in symbols {
        for side in [Side::Buy, Side::Sell] {
            for handle in state.books.queue(symbol, side) {
                let order = *state.books.orders.get(handle);
                let key = (order.account, symbol, order.position);
                let leg = state.perpetuals.leg_mut(key);
                match (order.reducing, side) {
                    (true, _) => leg.reducing += 1,
                    (false, Side::Buy) => leg.bids += i128::from(order.open.0),
                    (false, Side::Sell) => leg.asks += i128::from(order.open.0),
                }
            }
        }
    }
    Some(())
}

/// Every position is in the index at the mark itself: it is looked at when the mark moves.
fn make_index(state: &mut State) {
    for contract in state.perpetuals.contracts.values_mut() {
        let mark = contract.mark.map_or(0, |mark| mark.0);
        for (account, desk) in contract.desks.iter_mut().enumerate() {
            let account = AccountId(account as u32);
            let Some(desk) = desk.as_deref_mut().filter(|_| !account.is_venue()) else {
                continue;
            };
            for (leg, side) in desk.legs.iter_mut().zip(PositionSide::ALL) {
                let place = (mark, account, *side);
                match leg.holding.size.0.signum() {
                    0 => continue,
                    1 => contract.falling.insert(place),
                    _ => contract.rising.insert(place),
                };
                leg.safe = Some(mark);
            }
        }
    }
}
