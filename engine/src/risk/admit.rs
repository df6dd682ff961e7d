//! Whether an order may enter: every reason to refuse, in the documented order.
//!
//! [`Engine::admit_terms`] looks at the order alone, [`Engine::admit_funds`] at what the
//! account has and the book holds; a cancel-replace cancels between the two.

use schemas::command::{OrderSize, PlaceOrderV1, RequestDigest};
use schemas::ids::{AccountId, AssetId, ClientOrderId, SymbolId};
use schemas::instrument::{
    AccountState, OrderType, Side, SymbolKind, SymbolState, TimeInForce, VenueState,
};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::apply::Engine;
use crate::matching::taker::{Taker, affordable};
use crate::risk::filters::{Replaced, step_of};
use crate::risk::requests::Request;
use crate::trace::{Note, Trace};

/// What admission found out and commit needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    /// Tag of the client order id; zero when there is none.
    pub client_tag: u32,
    /// What a market order may use up at most, in atoms of what it pays with.
    pub reserve: Amount,
    /// What a limit order holds if it rests whole: asset and atoms.
    pub hold: (AssetId, Amount),
    /// A fill-or-kill order that would fall short.
    pub killed: bool,
}

impl<T: Trace> Engine<T> {
    /// Window of time, symbol, venue and account state, counts, shape, filters.
    ///
    /// # Errors
    /// The first check that fails. The notional of a limit order is the result.
    #[inline]
    pub(crate) fn admit_terms(
        &mut self,
        order: &PlaceOrderV1,
        replaced: Replaced,
    ) -> Result<Amount, RejectReason> {
        if !T::HEARS
            && let Some(notional) = self.admit_ordinary(order, replaced)
        {
            return Ok(Amount(notional.into()));
        }
        self.admit_by_rules(order, replaced)
    }

    /// The short way of nearly every order: a limit order within its symbol's corridor.
    /// Gives its notional; `None` says nothing.
    #[inline]
    pub(crate) fn admit_ordinary(
        &mut self,
        order: &PlaceOrderV1,
        replaced: Replaced,
    ) -> Option<u64> {
        let now = self.state.now;
        if !self.state.symbols.corridor(order.symbol)?.is_known(now.0) {
            self.renew_corridor(order.symbol);
        }
        let state = &self.state;
        let corridor = state.symbols.corridor(order.symbol)?;
        let account = state.account(order.account)?;
        let may_trade = order.order_type == OrderType::Limit
            && order.quote_qty == Amount::ZERO
            && (order.valid_until.0 == 0 || now <= order.valid_until)
            && state.venue == VenueState::Open
            && account.state == AccountState::Active
            && !order.account.is_venue()
            && account.may_order(&state.limits, &self.windows);
        if !may_trade {
            return None;
        }
        if corridor.max_num_orders != u32::MAX {
            let seat = replaced
                .seat
                .or_else(|| state.seats.find(&state.tags, order.account, order.symbol));
            let count = seat.map_or(0, |place| state.seats.get(place).count);
            if count - replaced.orders >= corridor.max_num_orders {
                return None;
            }
        }
        let notional = corridor.notional(order.side, order.price, order.qty)?;
        debug_assert_eq!(
            self.admit_by_rules(order, replaced),
            Ok(Amount(notional.into())),
            "the corridor only accepts what the rules accept"
        );
        Some(notional)
    }

    /// The rules one by one, in the documented order.
    #[inline(never)]
    fn admit_by_rules(
        &mut self,
        order: &PlaceOrderV1,
        replaced: Replaced,
    ) -> Result<Amount, RejectReason> {
        self.check_window(order.valid_until)?;
        self.check_entry(order)?;
        let account = &self.state.accounts[order.account.0 as usize];
        if !account.may_order(&self.state.limits, &self.windows) {
            return Err(RejectReason::TooManyOrders);
        }
        check_shape(order)?;
        self.check_filters(order, replaced)
    }

    /// Whether the symbol, the venue and the account may trade.
    #[inline]
    pub(crate) fn check_open(
        &self,
        symbol: SymbolId,
        account: AccountId,
    ) -> Result<(), RejectReason> {
        let listed = self
            .state
            .symbol(symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        self.check_market(listed.state == SymbolState::Trading, symbol)?;
        self.check_account(account)
    }

    /// As [`Engine::check_open`]; while orders are collected for an auction, those enter
    /// that may rest.
    #[inline]
    fn check_entry(&self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        let may_rest =
            order.order_type == OrderType::Limit && order.time_in_force == TimeInForce::Gtc;
        match may_rest {
            true => self.check_changeable(order.symbol, order.account),
            false => self.check_open(order.symbol, order.account),
        }
    }

    /// As [`Engine::check_open`], or the symbol collects orders: the book may change.
    #[inline]
    pub(crate) fn check_changeable(
        &self,
        symbol: SymbolId,
        account: AccountId,
    ) -> Result<(), RejectReason> {
        if self.is_collecting(symbol) {
            self.check_market(true, symbol)?;
            return self.check_account(account);
        }
        self.check_open(symbol, account)
    }

    /// Whether the symbol collects orders for an auction.
    #[inline]
    pub(crate) fn is_collecting(&self, symbol: SymbolId) -> bool {
        let listed = self.state.symbol(symbol);
        listed.is_some_and(|listed| listed.state == SymbolState::Auction)
    }

    #[inline]
    fn check_market(&self, takes_orders: bool, symbol: SymbolId) -> Result<(), RejectReason> {
        let listed = &self.state.symbols[symbol.0 as usize];
        let is_open =
            takes_orders && self.state.venue == VenueState::Open && listed.kind == SymbolKind::Spot;
        if !is_open {
            return Err(RejectReason::MarketClosed);
        }
        Ok(())
    }

    #[inline]
    fn check_account(&self, account: AccountId) -> Result<(), RejectReason> {
        let known = self
            .state
            .account(account)
            .ok_or(RejectReason::UnknownAccount)?;
        if account.is_venue() {
            return Err(RejectReason::VenueAccount);
        }
        match known.state {
            AccountState::Active => Ok(()),
            AccountState::Frozen => Err(RejectReason::AccountFrozen),
        }
    }

    /// Whether the frame's time lies in the request's window.
    #[inline]
    pub(crate) fn check_window(&self, valid_until: TimeNs) -> Result<(), RejectReason> {
        if valid_until.0 != 0 && self.state.now > valid_until {
            return Err(RejectReason::TooLate);
        }
        Ok(())
    }

    /// Duplicates, balance, would match.
    ///
    /// # Errors
    /// The first check that fails.
    #[inline]
    pub(crate) fn admit_funds(
        &mut self,
        order: &PlaceOrderV1,
        notional: Amount,
    ) -> Result<Admitted, RejectReason> {
        let (account, symbol) = (order.account, order.symbol);
        let client_tag = self.free_tag(account, symbol, &order.client_order)?;
        self.check_request(account, &order.request)?;
        let mut admitted = Admitted {
            client_tag,
            reserve: Amount::ZERO,
            hold: (AssetId(0), Amount::ZERO),
            killed: false,
        };
        if order.order_type == OrderType::Market {
            admitted.reserve = self.admit_market(order)?;
            return Ok(admitted);
        }
        let market = self.state.symbols[symbol.0 as usize].market;
        let (asset, needed) = match order.side {
            Side::Buy => (market.quote, notional),
            Side::Sell => (market.base, market.base_atoms(order.qty)),
        };
        if self.state.ledger.balance(account, asset).free < needed {
            return Err(RejectReason::InsufficientBalance);
        }
        admitted.hold = (asset, needed);
        if order.order_type == OrderType::LimitMaker && self.would_match(order) {
            return Err(RejectReason::WouldMatch);
        }
        if order.time_in_force == TimeInForce::Fok {
            admitted.killed = self.falls_short(order);
        }
        Ok(admitted)
    }

    /// The tag under which a client order id is indexed; zero for none.
    #[inline]
    pub(crate) fn client_tag(
        &self,
        account: AccountId,
        symbol: SymbolId,
        client_order: &ClientOrderId,
    ) -> u32 {
        if client_order.is_empty() {
            return 0;
        }
        self.state.tags.of_client(account, symbol, client_order)
    }

    /// The tag of a client order id that no open order bears yet.
    #[inline]
    pub(crate) fn free_tag(
        &self,
        account: AccountId,
        symbol: SymbolId,
        client_order: &ClientOrderId,
    ) -> Result<u32, RejectReason> {
        let tag = self.client_tag(account, symbol, client_order);
        let is_taken = tag != 0
            && self
                .find_client(tag, account, symbol, client_order)
                .is_some();
        match is_taken {
            true => Err(RejectReason::DuplicateOrder),
            false => Ok(tag),
        }
    }

    /// The open order that bears a client order id.
    #[inline]
    #[expect(
        clippy::too_many_arguments,
        reason = "the tag is known to some callers already"
    )]
    pub(crate) fn find_client(
        &self,
        tag: u32,
        account: AccountId,
        symbol: SymbolId,
        client_order: &ClientOrderId,
    ) -> Option<u32> {
        let is_same = |handle| self.bears(handle, account, symbol, client_order);
        self.state.clients.find(tag, is_same)
    }

    /// Whether an open order is that account's on that symbol and bears that name.
    #[inline]
    #[expect(
        clippy::too_many_arguments,
        reason = "a name belongs to account and symbol"
    )]
    pub(crate) fn bears(
        &self,
        handle: u32,
        account: AccountId,
        symbol: SymbolId,
        client_order: &ClientOrderId,
    ) -> bool {
        let orders = &self.state.books.orders;
        let order = orders.get(handle);
        order.account == account
            && order.symbol == symbol
            && orders.details(handle).client_order == *client_order
    }

    /// Whether the same signed request came within the last minute.
    #[inline]
    pub(crate) fn check_request(
        &self,
        account: AccountId,
        digest: &RequestDigest,
    ) -> Result<(), RejectReason> {
        if digest.is_none() {
            return Ok(());
        }
        self.check_known_request(account, digest)
    }

    #[inline(never)]
    fn check_known_request(
        &self,
        account: AccountId,
        digest: &RequestDigest,
    ) -> Result<(), RejectReason> {
        let request = Request {
            time: self.state.now,
            account,
            digest: *digest,
        };
        if self.state.requests.holds(&self.state.tags, &request) {
            return Err(RejectReason::DuplicateOrder);
        }
        if self.state.requests.is_full() {
            return Err(RejectReason::TooManyOrders);
        }
        Ok(())
    }

    /// An accepted request is remembered for a minute.
    #[inline]
    pub(crate) fn remember_request(&mut self, account: AccountId, digest: &RequestDigest) {
        if !digest.is_none() {
            let request = Request {
                time: self.state.now,
                account,
                digest: *digest,
            };
            self.state.requests.add(&self.state.tags, request);
        }
    }

    /// Whether its price reaches the best price of the other side.
    #[inline]
    pub(crate) fn would_match(&self, order: &PlaceOrderV1) -> bool {
        let books = &self.state.books;
        books.reaches(order.symbol, order.side.opposite(), order.price)
    }

    /// Whether less than the whole would trade now, or more makers than fit one command.
    pub(crate) fn falls_short(&mut self, order: &PlaceOrderV1) -> bool {
        let taker = self.taker_of(order);
        match self.simulate(taker, self.events_max) {
            Some(swept) => swept.executed != order.qty,
            None => true,
        }
    }

    /// RULES, Spot: what a market order must be able to pay, in atoms.
    fn admit_market(&mut self, order: &PlaceOrderV1) -> Result<Amount, RejectReason> {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let (market, step) = (symbol.market, step_of(symbol));
        if let OrderSize::Quote(quote) = order.size() {
            let best = self
                .state
                .books
                .best_price(order.symbol, order.side.opposite())
                .ok_or(RejectReason::NoLiquidity)?;
            if affordable(&market, quote, (best, step)) == Qty::ZERO {
                return Err(RejectReason::LotSize);
            }
        }
        let (asset, needed) = match (order.side, order.size()) {
            (Side::Buy, OrderSize::Quote(quote)) => (market.quote, quote),
            (Side::Buy, OrderSize::Base(_)) => (market.quote, self.sweep(order).quote_moved()),
            (Side::Sell, OrderSize::Base(qty)) => (market.base, market.base_atoms(qty)),
            (Side::Sell, OrderSize::Quote(_)) => (
                market.base,
                market.base_atoms(self.sweep(order).base_moved()),
            ),
        };
        if self.state.ledger.balance(order.account, asset).free < needed {
            self.trace.note(Note::Failed { rule: "balance" });
            return Err(RejectReason::InsufficientBalance);
        }
        Ok(needed)
    }

    /// What the order would do to the book now.
    pub(crate) fn sweep(&self, order: &PlaceOrderV1) -> Taker {
        let taker = self.taker_of(order);
        self.simulate(taker, usize::MAX)
            .expect("a simulation without a bound ends with the book")
    }
}

/// Type, time in force, price and quantities fit together. Zero and off-grid are for
/// the filters to say.
#[inline]
pub(crate) fn check_shape(order: &PlaceOrderV1) -> Result<(), RejectReason> {
    let fits = match order.order_type {
        OrderType::Limit => order.quote_qty == Amount::ZERO,
        OrderType::LimitMaker => {
            order.quote_qty == Amount::ZERO && order.time_in_force == TimeInForce::Gtc
        }
        OrderType::Market => {
            let one = (order.qty == Qty::ZERO) != (order.quote_qty == Amount::ZERO);
            one && order.price == Price::ZERO && order.qty.0 >= 0 && order.quote_qty.0 >= 0
        }
        // These come with terms.
        OrderType::StopLoss
        | OrderType::StopLossLimit
        | OrderType::TakeProfit
        | OrderType::TakeProfitLimit => false,
    };
    if fits {
        Ok(())
    } else {
        Err(RejectReason::InvalidOrder)
    }
}
