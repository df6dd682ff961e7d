//! The section of a snapshot that only exists when there is more than plain orders.
//!
//! Everything by number; what can be made anew (counts, look-ups, the sleeping stops) is
//! made anew.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{AccountId, OrderId, OrderListId, SymbolId};
use schemas::instrument::Side;
use schemas::perpetual::PositionSide;
use schemas::report::OrderRules;
use schemas::units::{Price, TimeNs};
use schemas::wire::{Sink, Wire};

use crate::book::extras::Extras;
use crate::book::order::{Details, Order};
use crate::lists::OrderList;
use crate::lookup::NIL;
use crate::sections::fields;
use crate::state::State;
use crate::triggers::tracking::Tracking;
use crate::triggers::trigger_book::{Direction, TriggerBook, Wait, Waiter};

/// Its name; it stands behind all others.
pub const SECTION: &str = "terms";

impl Wire for Direction {
    fn put(&self, out: &mut impl Sink) {
        out.push(*self as u8);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Direction::BOTH.get(usize::from(u8::take(input)?)).copied()
    }
}

impl Wire for Wait {
    fn put(&self, out: &mut impl Sink) {
        match self {
            Wait::Stop(direction, price) => (out.push(1), direction.put(out), price.put(out)).2,
            Wait::Activation(direction, price) => {
                (out.push(2), direction.put(out), price.put(out)).2
            }
            Wait::Tracking(direction) => (out.push(3), direction.put(out)).1,
            Wait::FirstTrade => out.push(4),
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(match u8::take(input)? {
            1 => Wait::Stop(Wire::take(input)?, Wire::take(input)?),
            2 => Wait::Activation(Wire::take(input)?, Wire::take(input)?),
            3 => Wait::Tracking(Wire::take(input)?),
            4 => Wait::FirstTrade,
            _ => return None,
        })
    }
}

fields!(Extras {
    terms,
    list,
    stage,
    aside,
    held,
    hidden,
    wait,
    arrival,
    amends
});
fields!(OrderList {
    symbol,
    account,
    client,
    contingency,
    orders,
    open
});

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    let terms = &state.terms;
    terms.lists_made != 0
        || !state.books.orders.extras.is_empty()
        || !terms.countdowns.is_empty()
        || terms.books.iter().any(|book| book.arrivals != 0)
        || terms
            .rules
            .iter()
            .any(|rules| *rules != OrderRules::default())
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    let terms = &state.terms;
    terms.lists_made.put(out);
    let ruled = |(_, rules): &(usize, &OrderRules)| **rules != OrderRules::default();
    let rules: Vec<_> = terms.rules.iter().enumerate().filter(ruled).collect();
    (rules.len() as u64).put(out);
    for (symbol, rules) in rules {
        SymbolId(symbol as u32).put(out);
        rules.put(out);
    }
    (state.books.orders.extras.len() as u64).put(out);
    for ((symbol, id), extras) in &state.books.orders.extras {
        symbol.put(out);
        id.put(out);
        extras.put(out);
        if extras.aside {
            let handle = state.books.find(*symbol, *id);
            let handle = handle.expect("an order with extras is in the index");
            put_aside(state.books.orders.get(handle), out);
            state.books.orders.details(handle).put(out);
        }
    }
    for book in &terms.books {
        put_book(book, out);
    }
    (terms.lists.len() as u64).put(out);
    for (id, list) in &terms.lists {
        id.put(out);
        list.put(out);
    }
    (terms.firing.len() as u64).put(out);
    for symbol in &terms.firing {
        symbol.put(out);
    }
    (terms.countdowns.len() as u64).put(out);
    for ((due, number), (account, symbol)) in &terms.countdowns {
        due.put(out);
        number.put(out);
        account.put(out);
        symbol.put(out);
    }
}

fn put_aside(order: &Order, out: &mut Vec<u8>) {
    order.price.put(out);
    order.open.put(out);
    order.account.put(out);
    order.side.put(out);
    order.order_type.put(out);
    order.time_in_force.put(out);
    order.self_trade.put(out);
    order.made.put(out);
}

pub(crate) fn put_book(book: &TriggerBook, out: &mut Vec<u8>) {
    book.arrivals.put(out);
    for tracking in &book.tracking {
        (tracking.groups().len() as u64).put(out);
        for (start, group) in tracking.groups() {
            start.put(out);
            group.best.put(out);
            (group.members.len() as u64).put(out);
            for ((delta, start), order) in &group.members {
                delta.put(out);
                start.put(out);
                order.put(out);
            }
        }
    }
    (book.fired.len() as u64).put(out);
    for (order, price) in &book.fired {
        order.put(out);
        price.put(out);
    }
}

/// Reads the section; the books hold what rests already, seats are linked afterwards.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    state.terms.lists_made = Wire::take(input)?;
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        *state.terms.rules.get_mut(symbol.0 as usize)? = Wire::take(input)?;
    }
    for _ in 0..u64::take(input)? {
        take_special(state, input)?;
    }
    for index in 0..state.terms.books.len() {
        let busy = take_book(state.terms.books.get_mut(index)?, input)?;
        lay_sleeping(state, SymbolId(index as u32), &busy)?;
    }
    for _ in 0..u64::take(input)? {
        let (id, list) = (OrderListId::take(input)?, OrderList::take(input)?);
        state.symbol(list.symbol)?;
        state.account(list.account)?;
        let terms = &mut state.terms;
        if !list.client.is_empty() {
            terms.list_clients.insert((list.account, list.client), id);
        }
        terms.count((list.account, list.symbol), |counts| counts.lists += 1);
        terms.lists.insert(id, list);
    }
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        state.symbol(symbol)?;
        state.terms.firing.push_back(symbol);
    }
    for _ in 0..u64::take(input)? {
        let key = (TimeNs::take(input)?, u64::take(input)?);
        let owner = (AccountId::take(input)?, SymbolId::take(input)?);
        state.terms.countdowns.insert(key, owner);
        state.terms.countdown_of.insert(owner, key);
    }
    Some(())
}

fn take_special(state: &mut State, input: &mut &[u8]) -> Option<()> {
    let (symbol, id) = (SymbolId::take(input)?, OrderId::take(input)?);
    let extras = Extras::take(input)?;
    state.symbol(symbol)?;
    if extras.aside {
        let (order, details) = take_aside(state, (symbol, id), input)?;
        let handle = state.books.insert_aside(order, details);
        if order.client_tag != 0 {
            state.clients.insert(order.client_tag, handle);
        }
    }
    let handle = state.books.find(symbol, id)?;
    let order = state.books.orders.get_mut(handle);
    order.special = true;
    let (account, order_type) = (order.account, order.order_type);
    state.books.orders.extras.insert((symbol, id), extras);
    state.terms.count((account, symbol), |counts| {
        counts.algo += u32::from(order_type.is_contingent());
        counts.iceberg += u32::from(extras.terms.iceberg_qty().is_some());
    });
    Some(())
}

fn take_aside(
    state: &State,
    (symbol, id): (SymbolId, OrderId),
    input: &mut &[u8],
) -> Option<(Order, Details)> {
    let mut order = Order {
        id,
        price: Wire::take(input)?,
        open: Wire::take(input)?,
        account: Wire::take(input)?,
        symbol,
        prev: NIL,
        next: NIL,
        seat_prev: NIL,
        seat_next: NIL,
        seat: NIL,
        client_tag: 0,
        side: Wire::take(input)?,
        order_type: Wire::take(input)?,
        time_in_force: Wire::take(input)?,
        self_trade: Wire::take(input)?,
        made: Wire::take(input)?,
        special: true,
        position: PositionSide::Both,
        reducing: false,
    };
    let details = Details::take(input)?;
    state.account(order.account)?;
    if state.books.find(symbol, id).is_some() {
        return None;
    }
    if !details.client_order.is_empty() {
        let name = &details.client_order;
        order.client_tag = state.tags.of_client(order.account, symbol, name);
    }
    Some((order, details))
}

/// Gives the orders that track or were set off; the others sleep.
pub(crate) fn take_book(book: &mut TriggerBook, input: &mut &[u8]) -> Option<BTreeSet<OrderId>> {
    let mut busy = BTreeSet::new();
    book.arrivals = Wire::take(input)?;
    for tracking in &mut book.tracking {
        take_tracking(tracking, &mut busy, input)?;
    }
    for _ in 0..u64::take(input)? {
        let (order, price) = (OrderId::take(input)?, Price::take(input)?);
        busy.insert(order);
        book.fired.push_back((order, price));
    }
    Some(busy)
}

fn take_tracking(
    tracking: &mut Tracking,
    busy: &mut BTreeSet<OrderId>,
    input: &mut &[u8],
) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let (start, best) = (u64::take(input)?, i64::take(input)?);
        let mut members = BTreeMap::new();
        for _ in 0..u64::take(input)? {
            let key = (u32::take(input)?, u64::take(input)?);
            let order = OrderId::take(input)?;
            busy.insert(order);
            members.insert(key, order);
        }
        tracking.restore(start, best, members);
    }
    Some(())
}

fn lay_sleeping(state: &mut State, symbol: SymbolId, busy: &BTreeSet<OrderId>) -> Option<()> {
    let range = (symbol, OrderId(0))..=(symbol, OrderId(u64::MAX));
    for ((_, id), extras) in state.books.orders.extras.range(range) {
        let Some(wait) = extras.wait.filter(|_| !busy.contains(id)) else {
            continue;
        };
        if matches!(wait, Wait::Tracking(_)) {
            return None;
        }
        let order = state.books.orders.get(state.books.find(symbol, *id)?);
        let tracks = match order.side {
            Side::Buy => Direction::Rising,
            Side::Sell => Direction::Falling,
        };
        let waiter = Waiter {
            order: *id,
            delta: extras.terms.trailing_delta,
            tracks,
        };
        state.terms.books[symbol.0 as usize].lay(wait, (waiter, extras.arrival), None);
    }
    Some(())
}
