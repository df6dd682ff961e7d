//! From sections back to an engine: every index is made anew, and damaged bytes are
//! refused, never half read.

use std::collections::VecDeque;

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::instrument::Side;
use schemas::perpetual::PositionSide;
use schemas::units::Qty;
use schemas::wire::Wire;

use crate::apply::Engine;
use crate::book::order::{Details, Order};
use crate::groups::section as groups_section;
use crate::lists::section as purses_section;
use crate::lookup::NIL;
use crate::matching::carried::Work;
use crate::pegs::section as pegs_section;
use crate::perpetual;
use crate::producers::section as producers_section;
use crate::protection::section as protection_section;
use crate::risk::reference_price::PriceWindow;
use crate::risk::requests::Request;
use crate::sections::SECTIONS;
use crate::state::{Account, Asset, State, Symbol};
use crate::terms::section;
use crate::trace::NoTrace;

/// Why sections are no state.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RestoreError {
    /// A section is not there.
    #[error("section {name} is missing")]
    Missing { name: &'static str },
    /// The bytes of a section mean nothing.
    #[error("section {name} of {length} bytes cannot be read")]
    Damaged { name: &'static str, length: usize },
}

impl Engine {
    /// The engine that wrote these sections; it goes on exactly as that one would.
    ///
    /// # Errors
    /// [`RestoreError`] when a section is missing or damaged.
    pub fn restore(seed: u64, sections: &[(String, Vec<u8>)]) -> Result<Engine, RestoreError> {
        let mut state = State::new(seed);
        for name in SECTIONS {
            let bytes = sections
                .iter()
                .find_map(|(known, bytes)| (known == name).then_some(bytes))
                .ok_or(RestoreError::Missing { name })?;
            let input = &mut bytes.as_slice();
            take_section(&mut state, name, input)
                .filter(|()| input.is_empty())
                .ok_or(RestoreError::Damaged {
                    name,
                    length: bytes.len(),
                })?;
        }
        take_optional(
            &mut state,
            sections,
            (section::SECTION, section::take as TakeSection),
        )?;
        let protection = (
            protection_section::SECTION,
            protection_section::take as TakeSection,
        );
        take_optional(&mut state, sections, protection)?;
        let perpetuals = (
            perpetual::section::SECTION,
            perpetual::section::take as TakeSection,
        );
        take_optional(&mut state, sections, perpetuals)?;
        let guards = (
            perpetual::guard::SECTION,
            perpetual::guard::take as TakeSection,
        );
        take_optional(&mut state, sections, guards)?;
        let pegs = (pegs_section::SECTION, pegs_section::take as TakeSection);
        take_optional(&mut state, sections, pegs)?;
        let groups = (groups_section::SECTION, groups_section::take as TakeSection);
        take_optional(&mut state, sections, groups)?;
        let producers = (
            producers_section::SECTION,
            producers_section::take as TakeSection,
        );
        take_optional(&mut state, sections, producers)?;
        let purses = (purses_section::SECTION, purses_section::take as TakeSection);
        take_optional(&mut state, sections, purses)?;
        link_seats(&mut state);
        Ok(Engine::with_state(state, NoTrace))
    }
}

/// Reads one section into the state; `None` when its bytes mean nothing.
type TakeSection = fn(&mut State, &mut &[u8]) -> Option<()>;

/// A section that is only there when there is something to tell.
fn take_optional(
    state: &mut State,
    sections: &[(String, Vec<u8>)],
    (name, take): (&'static str, TakeSection),
) -> Result<(), RestoreError> {
    let found = sections.iter().find(|(known, _)| known == name);
    let Some((_, bytes)) = found else {
        return Ok(());
    };
    let input = &mut bytes.as_slice();
    take(state, input)
        .filter(|()| input.is_empty())
        .ok_or(RestoreError::Damaged {
            name,
            length: bytes.len(),
        })
}

/// Puts every open order onto its owner's seat, in order of the orders' numbers.
fn link_seats(state: &mut State) {
    for index in 0..state.symbols.len() {
        let symbol = SymbolId(index as u32);
        let mut handles: Vec<u32> = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            handles.extend(state.books.queue(symbol, side));
        }
        handles.extend(state.books.aside(symbol));
        handles.sort_unstable_by_key(|handle| state.books.orders.get(*handle).id);
        for handle in handles {
            let order = *state.books.orders.get(handle);
            let seat = state.seats.find(&state.tags, order.account, symbol);
            let orders = &mut state.books.orders;
            state.seats.link(&state.tags, orders, (handle, seat));
            let hidden = state.books.orders.total_open(handle).0 - order.open.0;
            if order.side == Side::Buy && hidden != 0 {
                let seat = state.books.orders.get(handle).seat;
                state.seats.grow_bids(seat, Qty(hidden));
            }
        }
    }
}

fn take_section(state: &mut State, name: &str, input: &mut &[u8]) -> Option<()> {
    match name {
        "meta" => take_meta(state, input)?,
        "assets" => {
            for _ in 0..u64::take(input)? {
                state.push_asset(Asset::take(input)?);
            }
        }
        "symbols" => {
            for number in 0..u64::take(input)? {
                let symbol = Symbol::take(input)?;
                (u64::from(symbol.market.symbol.0) == number).then_some(())?;
                has_asset(state, symbol.market.base)?;
                has_asset(state, symbol.market.quote)?;
                state.push_symbol(symbol);
            }
            for window in &mut state.windows {
                *window = PriceWindow::take(input)?;
            }
        }
        "accounts" => {
            state.accounts.clear();
            for _ in 0..u64::take(input)? {
                state.accounts.push(Account::take(input)?);
            }
        }
        "balances" => take_balances(state, input)?,
        "orders" => take_orders(state, input)?,
        "requests" => {
            for _ in 0..u64::take(input)? {
                state.requests.add(&state.tags, Request::take(input)?);
            }
        }
        "businesses" => {
            for _ in 0..u64::take(input)? {
                state
                    .businesses
                    .insert(Wire::take(input)?, Wire::take(input)?);
            }
        }
        "keys" => {
            for _ in 0..u64::take(input)? {
                let key = (Wire::take(input)?, Wire::take(input)?);
                state.keys.insert(key, Wire::take(input)?);
            }
        }
        "timers" => take_timers(state, input)?,
        "work" => take_work(state, input)?,
        _ => unreachable!("every section is read"),
    }
    Some(())
}

fn has_asset(state: &State, asset: AssetId) -> Option<()> {
    (usize::from(asset.0) < state.assets.len()).then_some(())
}

fn has_symbol(state: &State, symbol: SymbolId) -> Option<()> {
    state.symbol(symbol).map(|_| ())
}

fn has_account(state: &State, account: AccountId) -> Option<()> {
    state.account(account).map(|_| ())
}

fn take_meta(state: &mut State, input: &mut &[u8]) -> Option<()> {
    state.next = Wire::take(input)?;
    state.now = Wire::take(input)?;
    state.format = Wire::take(input)?;
    state.venue = Wire::take(input)?;
    state.withdrawals = Wire::take(input)?;
    state.limits = Wire::take(input)?;
    for _ in 0..u64::take(input)? {
        state.tiers.insert(Wire::take(input)?, Wire::take(input)?);
    }
    Some(())
}

fn take_balances(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let (asset, account) = (AssetId::take(input)?, AccountId::take(input)?);
        has_asset(state, asset)?;
        has_account(state, account)?;
        state.ledger.restore(asset, account, Wire::take(input)?);
    }
    Some(())
}

fn take_timers(state: &mut State, input: &mut &[u8]) -> Option<()> {
    state.timers_made = Wire::take(input)?;
    for _ in 0..u64::take(input)? {
        let key = (Wire::take(input)?, Wire::take(input)?);
        let symbol = SymbolId::take(input)?;
        has_symbol(state, symbol)?;
        state.timers.insert(key, symbol);
    }
    Some(())
}

fn take_work(state: &mut State, input: &mut &[u8]) -> Option<()> {
    let mut all = VecDeque::new();
    for _ in 0..u64::take(input)? {
        let mut work = Work::take(input)?;
        let taker = match &mut work {
            Work::Taker(taker) => Some(&mut **taker),
            Work::Perpetual(walker) => Some(&mut walker.taker),
            _ => None,
        };
        if let Some(taker) = taker {
            has_symbol(state, taker.market.symbol)?;
            has_account(state, taker.account)?;
            if !taker.client_order.is_empty() {
                let (account, symbol) = (taker.account, taker.market.symbol);
                taker.client_tag = state.tags.of_client(account, symbol, &taker.client_order);
            }
        }
        all.push_back(work);
    }
    state.work = all;
    Some(())
}

/// Queues are rebuilt in their order.
fn take_orders(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for index in 0..state.symbols.len() {
        let symbol = SymbolId(index as u32);
        for side in [Side::Buy, Side::Sell] {
            for _ in 0..u64::take(input)? {
                let (order, details) = take_order(state, (symbol, side), input)?;
                let handle = state.books.insert(order, details);
                if order.client_tag != 0 {
                    state.clients.insert(order.client_tag, handle);
                }
            }
        }
    }
    Some(())
}

fn take_order(
    state: &State,
    (symbol, side): (SymbolId, Side),
    input: &mut &[u8],
) -> Option<(Order, Details)> {
    let mut order = Order {
        id: Wire::take(input)?,
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
        side,
        order_type: Wire::take(input)?,
        time_in_force: Wire::take(input)?,
        self_trade: Wire::take(input)?,
        made: Wire::take(input)?,
        special: false,
        position: PositionSide::Both,
        reducing: false,
    };
    let details = Details::take(input)?;
    has_account(state, order.account)?;
    (order.price.0 > 0 && order.open.0 > 0).then_some(())?;
    if !details.client_order.is_empty() {
        let id = &details.client_order;
        order.client_tag = state.tags.of_client(order.account, symbol, id);
    }
    Some((order, details))
}
