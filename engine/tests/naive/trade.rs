//! Matching, self-trade prevention, cancels: what happens once a command is admitted.

#![expect(
    clippy::too_many_arguments,
    reason = "plain functions read best here; `self` and the symbol are two of the five"
)]

use std::collections::VecDeque;

use schemas::command::{
    AmendOrderV1, CancelAllV1, CancelOrderV1, CancelReplaceV1, OrderRef, OrderSize, PlaceOrderV1,
};
use schemas::event::{
    CancelRejected, Event, OrderAccepted, OrderAmended, OrderDone, OrderRejected, OrderRested,
    Trade, TradePrevented,
};
use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId, TradeId};
use schemas::instrument::{
    CancelReplaceMode, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce,
};
use schemas::reject::RejectReason;
use schemas::trade_group::PreventedTransferred;
use schemas::units::{Amount, Price, Qty};

use super::admit::{Budget, in_lot, meets};
use super::money::fee;
use super::{Naive, Order, Print, order_id};

/// What the sweep left of the taker.
enum End {
    Open,
    Filled,
    Prevented,
}

impl Naive {
    pub fn place(&mut self, order: &PlaceOrderV1) {
        let admitted = self
            .admit_states(order)
            .and_then(|()| self.admit_filters(order, None))
            .and_then(|()| self.admit_rest(order));
        match admitted {
            Ok(()) => self.commit(order),
            Err(reason) => self.refuse(order, reason),
        }
    }

    fn admit_rest(&self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        self.admit_duplicate(order)?;
        self.admit_quote_order(order)?;
        self.admit_money(order)?;
        self.admit_maker(order)
    }

    fn refuse(&mut self, order: &PlaceOrderV1, reason: RejectReason) {
        self.events.push(Event::OrderRejected(OrderRejected {
            account: order.account,
            symbol: order.symbol,
            client_order: order.client_order,
            reason,
        }));
    }

    fn commit(&mut self, order: &PlaceOrderV1) {
        self.note_request(order.account, order.request);
        self.count_order(order.account);
        let (orders_10s, orders_1d) = self.orders_placed(order.account);
        let symbol = &mut self.symbols[order.symbol.0 as usize];
        let id = symbol.next_order;
        symbol.next_order += 1;
        self.events.push(Event::OrderAccepted(OrderAccepted {
            symbol: order.symbol,
            order: order_id(id),
            account: order.account,
            client_order: order.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            price: order.price,
            qty: order.qty,
            quote_qty: order.quote_qty,
            orders_10s,
            orders_1d,
        }));
        let mut taker = Order {
            id,
            account: order.account,
            client: order.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            price: order.price.0,
            qty: order.qty.0,
            open: order.qty.0,
            executed: 0,
            quote: 0,
            prevented: 0,
        };
        let killed = order.time_in_force == TimeInForce::Fok
            && order.order_type != OrderType::Market
            && self.sweep(order).filled < order.qty.0;
        if killed {
            self.finish(order.symbol, &taker, OrderStatus::Expired);
            return;
        }
        let budget = match order.size() {
            OrderSize::Base(_) => None,
            OrderSize::Quote(amount) => Some(Budget::new(amount.0)),
        };
        match self.take(order.symbol, &mut taker, budget) {
            End::Filled => self.finish(order.symbol, &taker, OrderStatus::Filled),
            End::Prevented => self.finish(order.symbol, &taker, OrderStatus::ExpiredInMatch),
            End::Open if taker.rests() => self.rest(order.symbol, taker),
            End::Open => self.finish(order.symbol, &taker, OrderStatus::Expired),
        }
    }

    /// Meets makers one by one, until nothing is wanted or nobody is there.
    fn take(&mut self, symbol: SymbolId, taker: &mut Order, mut budget: Option<Budget>) -> End {
        // Whether anything was taken, and whether by prevention.
        let mut last: Option<bool> = None;
        loop {
            let listed = &self.symbols[symbol.0 as usize];
            let best = listed
                .queue(taker.side.opposite())
                .first()
                .map(|order| (*order).clone());
            let maker = best.filter(|maker| {
                taker.order_type == OrderType::Market || meets(taker.side, taker.price, maker.price)
            });
            let wanted = match (&maker, &mut budget) {
                (None, _) => 0,
                (Some(maker), Some(budget)) => budget.wanted(listed, maker.price),
                (Some(_), None) => taker.open,
            };
            let Some(maker) = maker.filter(|_| wanted > 0) else {
                let satisfied = match &budget {
                    Some(budget) => last.is_some() && budget.is_spent(listed),
                    None => taker.open == 0,
                };
                return match (satisfied, last) {
                    (true, Some(true)) => End::Prevented,
                    (true, _) => End::Filled,
                    (false, _) => End::Open,
                };
            };
            let qty = wanted.min(maker.open);
            let own = self.same_owner(maker.account, taker.account);
            match taker.self_trade {
                SelfTradePrevention::Decrement | SelfTradePrevention::Transfer if own => {
                    self.decrement(symbol, taker, &maker, qty);
                    last = Some(true);
                }
                mode if own && mode != SelfTradePrevention::None => {
                    if self.expire(symbol, taker, &maker) {
                        return End::Prevented;
                    }
                    continue;
                }
                _ => {
                    self.fill(symbol, taker, &maker, qty);
                    last = Some(false);
                }
            }
            match &mut budget {
                Some(budget) => budget.spend(&self.symbols[symbol.0 as usize], qty),
                None => taker.open -= qty,
            }
        }
    }

    /// Takes the same off both, without a trade; by TRANSFER it changes hands.
    fn decrement(&mut self, symbol: SymbolId, taker: &mut Order, maker: &Order, qty: i64) {
        let transfer = SelfTradePrevention::Transfer;
        let moves = taker.account != maker.account
            && taker.self_trade == transfer
            && maker.self_trade == transfer;
        self.tell_prevented(symbol, taker, maker, qty);
        if moves {
            self.transfer_prevented(symbol, taker, maker, qty);
        }
        self.release_open(symbol, maker, qty);
        let left = self.reduce_resting(symbol, maker.id, qty, true);
        taker.prevented += qty;
        if left.open == 0 {
            self.done(symbol, &left, OrderStatus::ExpiredInMatch, true);
        }
    }

    /// Base to who buys, its price to who sells; nobody pays a commission.
    fn transfer_prevented(&mut self, symbol: SymbolId, taker: &Order, maker: &Order, qty: i64) {
        let listed = &self.symbols[symbol.0 as usize];
        let (base, quote) = (listed.base, listed.quote);
        let lots = i128::from(qty) * listed.base_per_lot;
        let money = listed.quote_of(maker.price, qty);
        let (seller, buyer) = match maker.side {
            Side::Sell => (maker.account, taker.account),
            Side::Buy => (taker.account, maker.account),
        };
        self.add_free(seller, base, -lots);
        self.add_free(buyer, base, lots);
        self.add_free(buyer, quote, -money);
        self.add_free(seller, quote, money);
        self.events
            .push(Event::PreventedTransferred(PreventedTransferred {
                symbol,
                group: self.groups[&taker.account],
                seller,
                buyer,
                taker_order: order_id(taker.id),
                maker_order: order_id(maker.id),
                price: Price(maker.price),
                qty: Qty(qty),
                quote: Amount(money),
            }));
    }

    /// One account is told of both orders, two of a group each of its own.
    fn tell_prevented(&mut self, symbol: SymbolId, taker: &Order, maker: &Order, both: i64) {
        let is_one = taker.account == maker.account;
        let transfer = SelfTradePrevention::Transfer;
        let told = |account, taker_prevented, maker_prevented| {
            Event::TradePrevented(TradePrevented {
                symbol,
                account,
                taker_order: order_id(taker.id),
                maker_order: order_id(maker.id),
                maker_side: maker.side,
                price: Price(maker.price),
                taker_prevented: Qty(taker_prevented),
                maker_prevented: Qty(maker_prevented),
                mode: match taker.self_trade {
                    mode if mode == transfer && !is_one && maker.self_trade != transfer => {
                        SelfTradePrevention::Decrement
                    }
                    mode => mode,
                },
            })
        };
        if is_one {
            return self.events.push(told(taker.account, both, both));
        }
        self.events.push(told(taker.account, both, 0));
        self.events.push(told(maker.account, 0, both));
    }

    /// Expires the taker, the maker or both; tells whether the taker is over.
    fn expire(&mut self, symbol: SymbolId, taker: &Order, maker: &Order) -> bool {
        let mode = taker.self_trade;
        self.tell_prevented(symbol, taker, maker, 0);
        if mode != SelfTradePrevention::ExpireTaker {
            let expired = self.remove_resting(symbol, maker.id);
            self.release_open(symbol, &expired, expired.open);
            self.done(symbol, &expired, OrderStatus::ExpiredInMatch, true);
        }
        mode != SelfTradePrevention::ExpireMaker
    }

    fn fill(&mut self, symbol: SymbolId, taker: &mut Order, maker: &Order, qty: i64) {
        let listed = &mut self.symbols[symbol.0 as usize];
        let trade = listed.next_trade;
        listed.next_trade += 1;
        listed.prints.push(Print {
            time: self.now,
            price: maker.price,
            qty,
        });
        let quote = listed.quote_of(maker.price, qty);
        let (taker_fee, maker_fee) = self.settle(symbol, taker, maker, qty);
        let left = self.reduce_resting(symbol, maker.id, qty, false);
        if maker.executed == 0 {
            self.give_back(maker.account);
        }
        taker.executed += qty;
        taker.quote += quote;
        self.events.push(Event::Trade(Trade {
            symbol,
            trade: TradeId(trade),
            price: Price(maker.price),
            qty: Qty(qty),
            quote: Amount(quote),
            taker_side: taker.side,
            taker_order: order_id(taker.id),
            taker_account: taker.account,
            taker_fee: Amount(taker_fee),
            maker_order: order_id(maker.id),
            maker_account: maker.account,
            maker_fee: Amount(maker_fee),
            maker_open: Qty(left.open),
        }));
    }

    /// Moves the money of one fill; gives the fees of taker and maker.
    fn settle(&mut self, symbol: SymbolId, taker: &Order, maker: &Order, qty: i64) -> (i128, i128) {
        let listed = &self.symbols[symbol.0 as usize];
        let (base, quote) = (listed.base, listed.quote);
        let base_amount = i128::from(qty) * listed.base_per_lot;
        let quote_amount = listed.quote_of(maker.price, qty);
        let (maker_rate, taker_rate) = (
            self.rates(symbol, maker.account).0,
            self.rates(symbol, taker.account).1,
        );
        let (maker_gets, taker_gets) = match taker.side {
            Side::Buy => ((quote, quote_amount), (base, base_amount)),
            Side::Sell => ((base, base_amount), (quote, quote_amount)),
        };
        // The maker pays out of its hold, which stands at the price it trades at.
        self.add_held(maker.account, taker_gets.0, -taker_gets.1);
        self.add_free(taker.account, maker_gets.0, -maker_gets.1);
        let fees = (fee(taker_gets.1, taker_rate), fee(maker_gets.1, maker_rate));
        self.add_free(taker.account, taker_gets.0, taker_gets.1 - fees.0);
        self.add_free(maker.account, maker_gets.0, maker_gets.1 - fees.1);
        self.add_free(AccountId::FEES, taker_gets.0, fees.0);
        self.add_free(AccountId::FEES, maker_gets.0, fees.1);
        fees
    }

    /// (maker, taker) rates of an account on a symbol.
    fn rates(&self, symbol: SymbolId, account: AccountId) -> (i64, i64) {
        let listed = &self.symbols[symbol.0 as usize];
        let own = (listed.maker, listed.taker);
        match self.accounts[account.0 as usize].tier {
            0 => own,
            tier => self.tiers.get(&tier).copied().unwrap_or(own),
        }
    }

    fn rest(&mut self, symbol: SymbolId, taker: Order) {
        self.events.push(Event::OrderRested(OrderRested {
            symbol,
            order: order_id(taker.id),
            account: taker.account,
            side: taker.side,
            price: Price(taker.price),
            open: Qty(taker.open),
        }));
        let listed = &self.symbols[symbol.0 as usize];
        let (asset, amount) = match taker.side {
            Side::Buy => (listed.quote, listed.quote_of(taker.price, taker.open)),
            Side::Sell => (listed.base, i128::from(taker.open) * listed.base_per_lot),
        };
        self.hold(taker.account, asset, amount);
        self.symbols[symbol.0 as usize]
            .side_mut(taker.side)
            .entry(taker.price)
            .or_default()
            .push_back(taker);
    }

    fn finish(&mut self, symbol: SymbolId, taker: &Order, status: OrderStatus) {
        self.done(symbol, taker, status, false);
    }

    fn done(&mut self, symbol: SymbolId, order: &Order, status: OrderStatus, rested: bool) {
        let prevented = status == OrderStatus::ExpiredInMatch;
        self.events.push(Event::OrderDone(OrderDone {
            symbol,
            order: order_id(order.id),
            account: order.account,
            side: order.side,
            status,
            price: Price(order.price),
            open: Qty(order.open),
            prevented: Qty(if prevented { order.open } else { 0 }),
            rested,
            cancel_client: ClientOrderId::EMPTY,
        }));
    }

    /// Frees the hold of so much of a resting order's open quantity.
    fn release_open(&mut self, symbol: SymbolId, order: &Order, qty: i64) {
        let listed = &self.symbols[symbol.0 as usize];
        let (asset, amount) = match order.side {
            Side::Buy => (listed.quote, listed.quote_of(order.price, qty)),
            Side::Sell => (listed.base, i128::from(qty) * listed.base_per_lot),
        };
        self.release(order.account, asset, amount);
    }

    fn resting(&mut self, symbol: SymbolId, id: u64) -> (Side, i64) {
        let order = self.symbols[symbol.0 as usize]
            .order(id)
            .expect("the order rests");
        (order.side, order.price)
    }

    /// Lowers a maker's open quantity by a fill or by prevention; at zero it leaves the book.
    fn reduce_resting(&mut self, symbol: SymbolId, id: u64, qty: i64, prevented: bool) -> Order {
        let (side, price) = self.resting(symbol, id);
        let listed = &mut self.symbols[symbol.0 as usize];
        let quote = listed.quote_of(price, qty);
        let queue = listed
            .side_mut(side)
            .get_mut(&price)
            .expect("its level is there");
        let order = queue
            .iter_mut()
            .find(|order| order.id == id)
            .expect("it stands there");
        order.open -= qty;
        if prevented {
            order.prevented += qty;
        } else {
            order.executed += qty;
            order.quote += quote;
        }
        let left = order.clone();
        if left.open == 0 {
            self.remove_resting(symbol, id);
        }
        left
    }

    fn remove_resting(&mut self, symbol: SymbolId, id: u64) -> Order {
        let (side, price) = self.resting(symbol, id);
        let levels = self.symbols[symbol.0 as usize].side_mut(side);
        let queue: &mut VecDeque<Order> = levels.get_mut(&price).expect("its level is there");
        let place = queue
            .iter()
            .position(|order| order.id == id)
            .expect("it stands there");
        let order = queue.remove(place).expect("the place is inside");
        if queue.is_empty() {
            levels.remove(&price);
        }
        order
    }

    pub fn cancel_resting(&mut self, symbol: SymbolId, id: u64, cancel_client: ClientOrderId) {
        let order = self.remove_resting(symbol, id);
        self.release_open(symbol, &order, order.open);
        self.events.push(Event::OrderDone(OrderDone {
            symbol,
            order: order_id(order.id),
            account: order.account,
            side: order.side,
            status: OrderStatus::Canceled,
            price: Price(order.price),
            open: Qty(order.open),
            prevented: Qty(0),
            rested: true,
            cancel_client,
        }));
    }

    /// The open order meant, of this account.
    fn target(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: OrderRef,
    ) -> Result<u64, RejectReason> {
        let listed = &self.symbols[symbol.0 as usize];
        let own = |order: &&Order| order.account == account;
        let open = || {
            listed
                .bids
                .values()
                .chain(listed.asks.values())
                .flatten()
                .filter(own)
        };
        let by_id = open()
            .find(|order| order.id == target.order.0)
            .map(|order| order.id);
        let by_client = open()
            .find(|order| !order.client.is_empty() && order.client == target.client_order)
            .map(|order| order.id);
        match (target.order != OrderId(0), !target.client_order.is_empty()) {
            (true, false) => by_id.ok_or(RejectReason::UnknownOrder),
            (false, true) => by_client.ok_or(RejectReason::UnknownOrder),
            (true, true) => match (by_id, by_client) {
                (None, _) => Err(RejectReason::UnknownOrder),
                (Some(id), client) if client == Some(id) => Ok(id),
                _ => Err(RejectReason::OrderIdMismatch),
            },
            (false, false) => Err(RejectReason::UnknownOrder),
        }
    }

    pub fn cancel(&mut self, cancel: &CancelOrderV1) {
        let (account, symbol) = (cancel.account, cancel.symbol);
        let found = self
            .in_time(cancel.valid_until)
            .and_then(|()| self.known(account, symbol).map(|_| ()))
            .and_then(|()| self.target(account, symbol, cancel.target));
        match found {
            Ok(id) => self.cancel_resting(symbol, id, cancel.cancel_client),
            Err(reason) => self.refuse_cancel(account, symbol, reason),
        }
    }

    fn refuse_cancel(&mut self, account: AccountId, symbol: SymbolId, reason: RejectReason) {
        self.events.push(Event::CancelRejected(CancelRejected {
            account,
            symbol,
            reason,
        }));
    }

    pub fn cancel_all(&mut self, cancel: &CancelAllV1) {
        let (account, symbol) = (cancel.account, cancel.symbol);
        let known = self
            .in_time(cancel.valid_until)
            .and_then(|()| self.known(account, symbol).map(|_| ()));
        if let Err(reason) = known {
            return self.refuse_cancel(account, symbol, reason);
        }
        let own: Vec<u64> = self
            .open_orders_of_symbol(symbol)
            .into_iter()
            .filter(|id| {
                let order = self.symbols[symbol.0 as usize]
                    .order(*id)
                    .expect("it rests");
                order.account == account
            })
            .collect();
        if own.is_empty() {
            return self.refuse_cancel(account, symbol, RejectReason::UnknownOrder);
        }
        for id in own {
            self.cancel_resting(symbol, id, ClientOrderId::EMPTY);
        }
    }

    pub fn cancel_replace(&mut self, replace: &CancelReplaceV1) {
        let order = &replace.order;
        let known = (order.symbol.0 as usize) < self.symbols.len();
        let target = || {
            self.target(order.account, order.symbol, replace.target)
                .ok()
        };
        let replaced = known.then(target).flatten();
        let first = self
            .admit_states(order)
            .and_then(|()| self.admit_filters(order, replaced));
        if let Err(reason) = first {
            return self.refuse(order, reason);
        }
        match self.target(order.account, order.symbol, replace.target) {
            Ok(id) => self.cancel_resting(order.symbol, id, replace.cancel_client),
            Err(reason) => {
                self.refuse_cancel(order.account, order.symbol, reason);
                if replace.mode == CancelReplaceMode::StopOnFailure {
                    return;
                }
            }
        }
        match self.admit_rest(order) {
            Ok(()) => self.commit(order),
            Err(reason) => self.refuse(order, reason),
        }
    }

    pub fn amend(&mut self, amend: &AmendOrderV1) {
        if let Err(reason) = self.try_amend(amend) {
            self.events.push(Event::AmendRejected(CancelRejected {
                account: amend.account,
                symbol: amend.symbol,
                reason,
            }));
        }
    }

    fn try_amend(&mut self, amend: &AmendOrderV1) -> Result<(), RejectReason> {
        self.in_time(amend.valid_until)?;
        self.may_trade(amend.account, amend.symbol)?;
        let lot = self.symbols[amend.symbol.0 as usize].lot;
        let id = self.target(amend.account, amend.symbol, amend.target)?;
        let before = self.symbols[amend.symbol.0 as usize]
            .order(id)
            .expect("it rests")
            .clone();
        if amend.new_qty.0 >= before.qty || amend.new_qty.0 <= before.executed + before.prevented {
            return Err(RejectReason::AmendNotSmaller);
        }
        in_lot(amend.new_qty.0, &lot, RejectReason::LotSize)?;
        let new_client = if amend.new_client.is_empty() {
            before.client
        } else {
            amend.new_client
        };
        let taken = self.client_is_open(amend.account, amend.symbol, amend.new_client);
        if self.seen_request(amend.account, amend.request) || (taken && new_client != before.client)
        {
            return Err(RejectReason::DuplicateOrder);
        }
        self.note_request(amend.account, amend.request);
        let cut = before.qty - amend.new_qty.0;
        self.release_open(amend.symbol, &before, cut);
        let listed = &mut self.symbols[amend.symbol.0 as usize];
        let queue = listed
            .side_mut(before.side)
            .get_mut(&before.price)
            .expect("a level");
        let order = queue
            .iter_mut()
            .find(|order| order.id == id)
            .expect("it stands there");
        order.qty = amend.new_qty.0;
        order.open -= cut;
        order.client = new_client;
        self.events.push(Event::OrderAmended(OrderAmended {
            symbol: amend.symbol,
            order: order_id(id),
            account: amend.account,
            side: before.side,
            price: Price(before.price),
            old_qty: Qty(before.qty),
            new_qty: amend.new_qty,
            executed: Qty(before.executed),
            quote: Amount(before.quote),
            open: Qty(before.open - cut),
            old_client: before.client,
            new_client,
        }));
        Ok(())
    }
}

impl Order {
    fn rests(&self) -> bool {
        self.order_type != OrderType::Market && self.time_in_force == TimeInForce::Gtc
    }
}
