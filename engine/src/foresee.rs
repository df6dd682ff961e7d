//! Reading ahead: what the next command needs is fetched while the present one runs.
//!
//! An order waits for memory several times, each time for a line that only the one before
//! names: its number, then its place, then its owner's balance. With many books most of
//! the time goes there. Whoever knows the command after this one says so, and the lines
//! of both come at once. Nothing is decided here and nothing changes.

use std::hint::black_box;

use schemas::command::{Command, OrderRef, PlaceOrderV1};
use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::Side;

use crate::apply::Engine;
use crate::trace::Trace;

/// So few orders lie in the cache anyway.
const SMALL: usize = 4_096;

impl<T: Trace> Engine<T> {
    /// Fetches what a command is going to need. To be called with the command after the
    /// one that is applied next; it may be wrong, and it may be left out.
    #[inline]
    pub fn foresee(&self, command: &Command) {
        if self.state.books.orders.count() >= SMALL {
            self.fetch(command);
        }
    }

    /// [`Engine::foresee`] of a venue of any size.
    #[doc(hidden)]
    #[inline]
    pub fn fetch(&self, command: &Command) {
        match command {
            Command::CancelReplace(replace) => {
                self.fetch_target(replace.order.symbol, &replace.target);
                self.fetch_owner(&replace.order);
            }
            Command::PlaceOrder(order) => self.fetch_owner(order),
            Command::CancelOrder(cancel) => {
                self.fetch_target(cancel.symbol, &cancel.target);
                self.fetch_money(cancel.symbol, cancel.account);
            }
            Command::Numbered(numbered) => self.fetch(numbered.command()),
            _ => {}
        }
    }

    /// The order, its queue, and its name in the look-up.
    #[inline]
    fn fetch_target(&self, symbol: SymbolId, target: &OrderRef) {
        if self.state.symbol(symbol).is_none() {
            return;
        }
        let books = &self.state.books;
        if let Some(handle) = books.find(symbol, target.order) {
            let order = books.orders.get(handle);
            black_box(self.state.clients.home(order.client_tag));
            black_box(books.orders.details(handle).created);
            black_box(self.state.seats.peek(order.seat).map(|seat| seat.count));
            books.fetch_queue(order);
        }
    }

    /// The account, the balance that pays, the place of the name and the price level.
    #[inline]
    fn fetch_owner(&self, order: &PlaceOrderV1) {
        let account = self.state.accounts.get(order.account.0 as usize);
        black_box(account.map(|account| account.tier));
        if let Some(symbol) = self.state.symbol(order.symbol) {
            let asset = match order.side {
                Side::Buy => symbol.market.quote,
                Side::Sell => symbol.market.base,
            };
            black_box(self.state.ledger.balance(order.account, asset).held);
            let tag = self.client_tag(order.account, order.symbol, &order.client_order);
            black_box(self.state.clients.home(tag));
            let books = &self.state.books;
            books.fetch_level(order.symbol, order.side, order.price);
        }
    }

    /// Both balances of an account on a symbol.
    #[inline]
    fn fetch_money(&self, symbol: SymbolId, account: AccountId) {
        if let Some(symbol) = self.state.symbol(symbol) {
            let ledger = &self.state.ledger;
            black_box(ledger.balance(account, symbol.market.base).held);
            black_box(ledger.balance(account, symbol.market.quote).held);
        }
    }
}
