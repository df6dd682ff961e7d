//! What clients read of the present: fed by the gate before the answer.
//!
//! [`Views`] takes the events of each durable command, in order, from one thread, and is
//! read by any number of others; whoever has an answer can read its effect here. Locks
//! are per symbol and per shard of accounts; a reader copies under the lock and prints
//! outside of it. Absent on purpose: any way into the engine, any decision, any disk.
//! Closed orders and trades are kept until SQL has them (see [`Views::forget_before`]).
//!
//! Reading order: `schemas::page` (what can be asked), `book`, `slot`, `orders`, `trades`,
//! `candles`, `aggregates`, `order_changes`, `market` (all of one symbol), `account`, `users`
//! (what single accounts are told), `lists`, `directory`, `perpetual`, `saved`, then the reads
//! of candles in `market_reads` and of perpetuals in `perpetual_reads`.

#![forbid(unsafe_code)]

mod book;
mod slot;
mod orders;
mod trades;
pub mod aggregates;
mod candles;
mod order_changes;
mod market;
mod account;
pub mod users;
mod lists;
mod directory;
mod perpetual;
mod saved;
mod saved_candles;
mod market_reads;
mod perpetual_reads;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use schemas::command::OrderRef;
use schemas::event::Event;
use schemas::ids::{AccountId, EventId, Offset, SymbolId};
use schemas::order_change;
use schemas::page::{OrderPage, TradePage};
use schemas::report::{
    AccountReport, Depth, Directory, MarketUpdate, OrderReport, Top, TradeReport,
};
use schemas::units::{Price, TimeNs};

use crate::account::Accounts;
use crate::lists::Lists;
use crate::market::{At, Market};
use crate::perpetual::{Perpetuals, When};
use crate::users::UserSink;

/// Everything that clients read of the present. Written by one thread, read by all.
pub struct Views {
    directory: RwLock<Arc<Directory>>,
    markets: RwLock<Vec<Arc<Mutex<Market>>>>,
    accounts: Accounts,
    lists: Mutex<Lists>,
    perpetuals: Mutex<Perpetuals>,
    /// The offset of the next command to take.
    next: AtomicU64,
    /// SQL holds the effects of everything before it.
    forgettable: AtomicU64,
}

/// What the caller of [`Views::apply`] wants besides.
#[derive(Default)]
pub struct Wanted<'a> {
    /// Where to append what changed on markets; `None` saves making it.
    pub updates: Option<&'a mut Vec<Arc<MarketUpdate>>>,
    /// Who takes what single accounts are told; `None` saves looking.
    pub users: Option<&'a mut dyn UserSink>,
}

/// The identity of an event; beyond 65,536 events of a command the last number stands.
fn event_id(offset: Offset, index: usize) -> EventId {
    EventId::new(offset, u16::try_from(index).unwrap_or(u16::MAX))
}

impl Default for Views {
    fn default() -> Self {
        Self::new()
    }
}

impl Views {
    /// The views of a venue on which nothing has happened.
    pub fn new() -> Views {
        Views {
            directory: RwLock::default(),
            markets: RwLock::default(),
            accounts: Accounts::new(),
            lists: Mutex::default(),
            perpetuals: Mutex::default(),
            next: AtomicU64::new(0),
            forgettable: AtomicU64::new(0),
        }
    }

    /// Takes all events of one command. One thread only, in order of offsets.
    #[expect(
        clippy::too_many_arguments,
        reason = "offset and time are one stamp in each caller"
    )]
    pub fn apply(&self, offset: Offset, time: TimeNs, events: &[Event], wanted: Wanted<'_>) {
        debug_assert!(
            self.next.load(Ordering::Relaxed) <= offset.0,
            "a command came again"
        );
        let forgettable = Offset(self.forgettable.load(Ordering::Relaxed));
        let at = At {
            offset,
            time,
            forgettable,
        };
        let mut wanted = wanted;
        let mut rest = events;
        while let Some(first) = rest.first() {
            rest = match market::symbol_of(first) {
                Some(symbol) => {
                    let taken = self.market_run(
                        (at, symbol),
                        (events, events.len() - rest.len()),
                        &mut wanted,
                    );
                    &rest[taken..]
                }
                None => {
                    let index = events.len() - rest.len();
                    self.apply_other((at, event_id(offset, index)), first);
                    let list = self.list_told(first);
                    if let Some(users) = wanted.users.as_deref_mut() {
                        users::tell_accounts((event_id(offset, index), first), list, users);
                    }
                    &rest[1..]
                }
            };
        }
        self.next.store(offset.0 + 1, Ordering::Release);
    }

    /// Takes the events from a place on that concern one symbol and returns how many.
    fn market_run(
        &self,
        (at, symbol): (At, SymbolId),
        (events, first): (&[Event], usize),
        wanted: &mut Wanted<'_>,
    ) -> usize {
        let markets = self.markets.read();
        let Some(market) = markets.get(symbol.0 as usize) else {
            debug_assert!(false, "an event of symbol {} before its listing", symbol.0);
            return 1;
        };
        let mut market = market.lock();
        market.begin(wanted.updates.is_some());
        let mut taken = 0;
        for event in &events[first..] {
            if market::symbol_of(event) != Some(symbol) {
                break;
            }
            market.apply(at, event);
            if order_change::is_change(event) {
                let id = event_id(at.offset, first + taken);
                market.order_changes.apply((at, id), event);
            }
            if market::is_perpetual(event) {
                let id = event_id(at.offset, first + taken);
                let when = When { id, time: at.time };
                let mut perpetuals = self.perpetuals.lock();
                perpetuals.market(when, event);
                perpetuals.forget_terms(symbol, |order| market.orders.is_open(order));
            }
            self.note_name(event, &market.orders);
            if let Some(users) = wanted.users.as_deref_mut() {
                let id = event_id(at.offset, first + taken);
                users::tell_owners((id, event), &market.orders, users);
                users::tell_accounts((id, event), None, users);
            }
            if let Event::OrderAccepted(order) = event {
                self.accounts.count_order(order, at.time);
            }
            taken += 1;
        }
        let update = market.finish(symbol, at.time);
        if let (Some(updates), Some(update)) = (wanted.updates.as_deref_mut(), update) {
            updates.push(Arc::new(update));
        }
        taken
    }

    fn apply_other(&self, (at, id): (At, EventId), event: &Event) {
        let when = When { id, time: at.time };
        let is_spot = matches!(event, Event::BalanceChanged(_));
        if !is_spot && self.perpetuals.lock().apply(when, event) {
            return;
        }
        if self.accounts.apply(at.time, event) || self.lists.lock().apply(at.time, event) {
            return;
        }
        if let Event::SymbolAdded { symbol, .. } = event {
            let mut markets = self.markets.write();
            while markets.len() <= symbol.0 as usize {
                markets.push(Arc::new(Mutex::new(Market::new())));
            }
        }
        if directory::concerns(event) {
            let mut changed = Directory::clone(&self.directory.read());
            directory::apply(&mut changed, event);
            *self.directory.write() = Arc::new(changed);
        }
    }

    /// SQL holds everything before `cursor` for good: closed orders and trades older than
    /// that may go, as far as the newest of them are not kept anyway.
    pub fn forget_before(&self, cursor: Offset) {
        self.forgettable.fetch_max(cursor.0, Ordering::Relaxed);
    }

    /// The offset after the newest command that these reads include.
    pub fn next(&self) -> Offset {
        Offset(self.next.load(Ordering::Acquire))
    }

    /// Assets, symbols, filters, fees and limits.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.read().clone()
    }

    fn market(&self, symbol: SymbolId) -> Option<Arc<Mutex<Market>>> {
        self.markets.read().get(symbol.0 as usize).cloned()
    }

    /// The best `limit` levels of each side; `None` for an unknown symbol.
    pub fn depth(&self, symbol: SymbolId, limit: usize) -> Option<Depth> {
        Some(self.market(symbol)?.lock().book.depth(limit))
    }

    /// Best bid and ask; `None` for an unknown symbol.
    pub fn top(&self, symbol: SymbolId) -> Option<Top> {
        let market = self.market(symbol)?;
        let market = market.lock();
        Some(Top {
            bid: market.book.best_bid(),
            ask: market.book.best_ask(),
            last_update: market.book.last_update(),
        })
    }

    /// The newest `limit` trades of a symbol, ascending; at least the last thousand are kept.
    pub fn recent_trades(&self, symbol: SymbolId, limit: usize) -> Vec<TradeReport> {
        let market = self.market(symbol);
        market.map_or_else(Vec::new, |market| market.lock().trades.newest(limit))
    }

    /// Price of the last trade; `None` without one.
    pub fn last_price(&self, symbol: SymbolId) -> Option<Price> {
        let market = self.market(symbol)?;
        let market = market.lock();
        market.trades.last().map(|trade| trade.price)
    }

    /// Balances and state; `None` for an account that does not exist.
    pub fn account(&self, account: AccountId) -> Option<AccountReport> {
        self.accounts.report(account)
    }

    /// Orders accepted in the 10 s and the day (windows of the clock) that hold `now`.
    pub fn order_counts(&self, account: AccountId, now: TimeNs) -> (u32, u32) {
        self.accounts.order_counts(account, now)
    }

    /// Open orders of an account, on one symbol or on all, ascending by symbol and id.
    pub fn open_orders(&self, account: AccountId, symbol: Option<SymbolId>) -> Vec<OrderReport> {
        let markets = match symbol {
            Some(symbol) => self.market(symbol).into_iter().collect(),
            None => self.markets.read().clone(),
        };
        let mut found = Vec::new();
        for market in markets {
            let from = found.len();
            market.lock().orders.open_of(account, &mut found);
            found[from..].sort_unstable_by_key(|order: &OrderReport| order.order);
        }
        found
    }

    /// One order of this account as far as it is remembered, open or closed; by client
    /// order id the newest. A mismatch, or another account's order, is `None`.
    pub fn order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: OrderRef,
    ) -> Option<OrderReport> {
        self.market(symbol)?.lock().orders.find(account, target)
    }

    /// A page of this account's orders as far as they are remembered, ascending by id.
    pub fn orders(&self, page: &OrderPage) -> Vec<OrderReport> {
        let market = self.market(page.symbol);
        market.map_or_else(Vec::new, |market| market.lock().orders.page(page))
    }

    /// A page of this account's trades as far as they are remembered, ascending by id.
    pub fn trades(&self, page: &TradePage) -> Vec<TradeReport> {
        let Some(market) = self.market(page.symbol) else {
            return Vec::new();
        };
        let market = market.lock();
        match market.orders.trades_of(page.account) {
            Some(own) => market.trades.page(own, page),
            None => Vec::new(),
        }
    }
}
