//! Every check over the whole state, named. Slow on purpose: for tests, replay and doubt.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{AccountId, AssetId, OrderId, OrderListId, SymbolId};
use schemas::instrument::{Side, SymbolKind, SymbolState};
use schemas::units::Amount;

use crate::apply::Engine;
use crate::lists::purse;
use crate::matching::carried::Work;
use crate::perpetual::{self, check::Broken};
use crate::state::State;
use crate::trace::Trace;

/// A check that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Violation {
    /// An asset was made or lost.
    #[error("asset {} sums to {sum} instead of zero", asset.0)]
    LedgerSum { asset: AssetId, sum: i128 },
    /// A client owes.
    #[error("account {} owns {amount} of asset {}", account.0, asset.0)]
    Negative {
        account: AccountId,
        asset: AssetId,
        amount: i128,
    },
    /// What is held is not what the open orders need.
    #[error("account {} holds {held} of asset {} and its orders need {needed}",
        account.0, asset.0)]
    Held {
        account: AccountId,
        asset: AssetId,
        held: i128,
        needed: i128,
    },
    /// The best bid reaches the best ask.
    #[error("the book of symbol {} is crossed", symbol.0)]
    Crossed { symbol: SymbolId },
    /// A resting order is not in order.
    #[error("order {} of symbol {}: {problem}", order.0, symbol.0)]
    Order {
        symbol: SymbolId,
        order: OrderId,
        problem: &'static str,
    },
    /// Seats and books know different orders.
    #[error("{seats} seats are taken and {owners} are needed")]
    Seats { seats: usize, owners: usize },
    /// The trigger book knows others than those that sleep, or one that is due.
    #[error("symbol {}: {known} orders are in the trigger book and {sleeping} sleep", symbol.0)]
    Triggers {
        symbol: SymbolId,
        known: usize,
        sleeping: usize,
    },
    /// A list and its orders do not know each other; 0 = an order of no open list.
    #[error("order list {} and its orders disagree", list.0)]
    List { list: OrderListId },
    /// An identity of perpetuals does not hold.
    #[error("{0}")]
    Perpetual(Broken),
    /// The look-up of client order ids knows others than the books.
    #[error("{known} client order ids are known and {open} are open")]
    Clients { known: usize, open: usize },
}

impl<T: Trace> Engine<T> {
    /// All checks.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn check_invariants(&self) -> Result<(), Violation> {
        ledger_sums_to_zero(&self.state)?;
        held_equals_open_orders(&self.state)?;
        book_not_crossed(&self.state)?;
        orders_are_found(&self.state)?;
        seats_match(&self.state)?;
        client_index_matches(&self.state)?;
        sleeping_orders_sleep(&self.state)?;
        lists_know_their_orders(&self.state)?;
        perpetual::check::check(self).map_err(Violation::Perpetual)
    }
}

/// Every asset sums to zero over all accounts, and no client owes.
fn ledger_sums_to_zero(state: &State) -> Result<(), Violation> {
    let mut sums = BTreeMap::new();
    for (asset, account, balance) in state.ledger.balances() {
        *sums.entry(asset).or_insert(0i128) += balance.free.0 + balance.held.0;
        let amount = balance.free.0.min(balance.held.0);
        if amount < 0 && !account.is_venue() {
            return Err(Violation::Negative {
                account,
                asset,
                amount,
            });
        }
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some((asset, sum)) => Err(Violation::LedgerSum { asset, sum }),
        None => Ok(()),
    }
}

/// Holds are exactly what resting orders and takers on their way need.
fn held_equals_open_orders(state: &State) -> Result<(), Violation> {
    let mut needed: BTreeMap<(AssetId, AccountId), i128> = BTreeMap::new();
    let mut need = |asset: AssetId, account: AccountId, amount: Amount| {
        *needed.entry((asset, account)).or_insert(0) += amount.0;
    };
    for symbol in state.symbols.iter() {
        if symbol.kind == SymbolKind::Perpetual {
            continue;
        }
        let market = &symbol.market;
        for handle in state.books.queue(market.symbol, Side::Buy) {
            let order = state.books.orders.get(handle);
            let amount = market.notional(order.price, state.books.orders.total_open(handle));
            let amount = amount.unwrap_or(Amount(i128::MIN));
            need(market.quote, order.account, amount);
        }
        for handle in state.books.queue(market.symbol, Side::Sell) {
            let order = state.books.orders.get(handle);
            let open = state.books.orders.total_open(handle);
            need(market.base, order.account, market.base_atoms(open));
        }
        for handle in state.books.aside(market.symbol) {
            let order = state.books.orders.get(handle);
            let held = state.books.orders.extras(handle).map(|extras| extras.held);
            let asset = match order.side {
                Side::Buy => market.quote,
                Side::Sell => market.base,
            };
            need(asset, order.account, held.unwrap_or(Amount::ZERO));
        }
    }
    for (list, bought) in &state.purses {
        // A purse without a list has nobody who may hold it: its money is not needed.
        if let Some(list) = state.terms.lists.get(list) {
            let market = &state.symbols[list.symbol.0 as usize].market;
            need(market.base, list.account, *bought);
        }
    }
    for work in &state.work {
        if let Work::Taker(taker) = work {
            let (asset, amount) = taker.remaining_funds();
            need(asset, taker.account, amount);
        }
    }
    for (asset, account, balance) in state.ledger.balances() {
        let needed = needed.remove(&(asset, account)).unwrap_or(0);
        if balance.held.0 != needed {
            return Err(Violation::Held {
                account,
                asset,
                held: balance.held.0,
                needed,
            });
        }
    }
    match needed.into_iter().find(|(_, needed)| *needed != 0) {
        None => Ok(()),
        Some(((asset, account), needed)) => Err(Violation::Held {
            account,
            asset,
            held: 0,
            needed,
        }),
    }
}

/// Bids stay below asks where orders match; an auction may have been halted.
fn book_not_crossed(state: &State) -> Result<(), Violation> {
    for symbol in state.symbols.iter() {
        if symbol.state != SymbolState::Trading {
            continue;
        }
        let symbol = symbol.market.symbol;
        let bid = state.books.best_price(symbol, Side::Buy);
        let ask = state.books.best_price(symbol, Side::Sell);
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid >= ask
        {
            return Err(Violation::Crossed { symbol });
        }
    }
    Ok(())
}

/// Each resting order has something open, adds up, and is found by its number.
fn orders_are_found(state: &State) -> Result<(), Violation> {
    for symbol in state.symbols.iter() {
        for side in [Side::Buy, Side::Sell] {
            let symbol = symbol.market.symbol;
            for handle in state.books.queue(symbol, side) {
                let order = state.books.orders.get(handle);
                let broken = |problem| Violation::Order {
                    symbol,
                    order: order.id,
                    problem,
                };
                if order.open.0 <= 0 {
                    return Err(broken("nothing is open"));
                }
                if state.books.orders.executed(handle).0 < 0 {
                    return Err(broken("more is open than was ordered"));
                }
                if state.books.find(symbol, order.id) != Some(handle) {
                    return Err(broken("it is not found by its number"));
                }
            }
        }
    }
    Ok(())
}

/// Seats list exactly the resting orders, in order of their numbers, and sum their bids.
fn seats_match(state: &State) -> Result<(), Violation> {
    let mut owners: BTreeMap<(AccountId, SymbolId), Vec<(OrderId, u32)>> = BTreeMap::new();
    for symbol in state.symbols.iter() {
        for side in [Side::Buy, Side::Sell] {
            for handle in state.books.queue(symbol.market.symbol, side) {
                let order = state.books.orders.get(handle);
                let orders = owners.entry((order.account, order.symbol)).or_default();
                orders.push((order.id, handle));
            }
        }
        for handle in state.books.aside(symbol.market.symbol) {
            let order = state.books.orders.get(handle);
            let orders = owners.entry((order.account, order.symbol)).or_default();
            orders.push((order.id, handle));
        }
    }
    let different = Violation::Seats {
        seats: state.seats.count(),
        owners: owners.len(),
    };
    if state.seats.count() != owners.len() {
        return Err(different);
    }
    for ((account, symbol), mut expected) in owners {
        expected.sort_unstable();
        let Some(place) = state.seats.find(&state.tags, account, symbol) else {
            return Err(different);
        };
        let orders = &state.books.orders;
        let listed = state.seats.orders(orders, place);
        let same = listed.iter().eq(expected.iter().map(|(_, handle)| handle));
        let bids = listed.iter();
        let bids = bids.filter(|handle| orders.get(**handle).side == Side::Buy);
        let bids: i128 = bids
            .map(|handle| i128::from(orders.total_open(*handle).0))
            .sum();
        let seat = state.seats.get(place);
        if !same || seat.bids != bids || seat.count as usize != listed.len() {
            return Err(different);
        }
    }
    Ok(())
}

/// What sleeps is in the trigger book or was set off, and no price has reached it.
fn sleeping_orders_sleep(state: &State) -> Result<(), Violation> {
    for (index, book) in state.terms.books.iter().enumerate() {
        let symbol = SymbolId(index as u32);
        let fired: BTreeSet<OrderId> = book.fired.iter().map(|(order, _)| *order).collect();
        let mut sleeping = 0;
        for handle in state.books.aside(symbol) {
            let order = state.books.orders.get(handle).id;
            let extras = state.books.orders.extras(handle);
            let waits = extras.is_some_and(|extras| extras.wait.is_some());
            sleeping += usize::from(waits && !fired.contains(&order));
        }
        let known = book.count();
        let last = state.symbols[index].last_trade;
        if known != sleeping || last.is_some_and(|price| book.is_due(price)) {
            return Err(Violation::Triggers {
                symbol,
                known,
                sleeping,
            });
        }
    }
    Ok(())
}

/// The open orders of a list are open, and each order of a list is known to it.
fn lists_know_their_orders(state: &State) -> Result<(), Violation> {
    let mut legs = 0;
    for (id, list) in &state.terms.lists {
        for index in 0..list.contingency.legs() {
            let handle = state.books.find(list.symbol, list.orders[index]);
            let extras = handle.and_then(|handle| state.books.orders.extras(handle));
            let belongs = extras.is_some_and(|extras| extras.list == Some(*id));
            if belongs != list.is_open(index) {
                return Err(Violation::List { list: *id });
            }
            legs += usize::from(belongs);
        }
    }
    if let Some(list) = purse::without_pending(state) {
        return Err(Violation::List { list });
    }
    let extras = state.books.orders.extras.values();
    let listed = extras.filter(|extras| extras.list.is_some()).count();
    if listed == legs {
        Ok(())
    } else {
        Err(Violation::List {
            list: OrderListId(0),
        })
    }
}

/// Each open order with a client order id is found by it, and nothing else is known.
fn client_index_matches(state: &State) -> Result<(), Violation> {
    let mut open = 0;
    for symbol in state.symbols.iter() {
        let mut handles = state.books.aside(symbol.market.symbol);
        for side in [Side::Buy, Side::Sell] {
            handles.extend(state.books.queue(symbol.market.symbol, side));
        }
        for handle in handles {
            let order = state.books.orders.get(handle);
            let client_order = state.books.orders.details(handle).client_order;
            if client_order.is_empty() {
                continue;
            }
            open += 1;
            let found = state
                .clients
                .find(order.client_tag, |known| known == handle);
            if found.is_none() {
                return Err(Violation::Order {
                    symbol: order.symbol,
                    order: order.id,
                    problem: "it is not found by its client order id",
                });
            }
        }
    }
    let known = state.clients.count();
    if known == open {
        Ok(())
    } else {
        Err(Violation::Clients { known, open })
    }
}
