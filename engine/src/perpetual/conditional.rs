//! Conditional orders: they sleep until the last or the mark price reaches their trigger,
//! hold no margin meanwhile, and are admitted like new ones when they are set off.
//!
//! They lie aside like all orders with terms. Those by last price sleep in the symbol's own
//! trigger book, those by mark price in the contract's; once set off both queue there.
//! An order with price protection expires when it would be set off while last and mark price
//! lie too far apart (`guard`).

use schemas::command::PlaceOrderV1;
use schemas::event::{Event, OrderAmended};
use schemas::ids::{OrderId, SymbolId};
use schemas::instrument::{ExpiryReason, OrderStage, OrderStatus, OrderType, Side};
use schemas::order_command::OrderTerms;
use schemas::order_event::OrderStep;
use schemas::perpetual::{PerpetualTerms, WorkingType};
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_event::PerpetualAccepted;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use super::admit::{Counted, Fitted, is_reducing};
use crate::apply::Engine;
use crate::book::extras::Extras;
use crate::book::order::{Details, Order};
use crate::risk::filters::{lot_holds, price_holds};
use crate::terms::admit::{acting, direction_of, tracks, wait_of};
use crate::trace::Trace;
use crate::triggers::trigger_book::{Wait, Waiter};

/// What a sleeping order on a perpetual has beside its extras.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub terms: PerpetualTerms,
    /// What it sleeps for in the contract's book, and when it began; `None` when it sleeps
    /// in the symbol's.
    pub by_mark: Option<(Wait, u64)>,
}

/// The trigger in the words of orders with terms.
fn trigger(command: &PlacePerpetualV1) -> OrderTerms {
    OrderTerms {
        stop_price: command.stop_price,
        trailing_delta: command.callback,
        ..OrderTerms::default()
    }
}

impl<T: Trace> Engine<T> {
    pub(crate) fn admit_conditional(
        &mut self,
        command: &PlacePerpetualV1,
    ) -> Result<Fitted, RejectReason> {
        let (order, terms) = (command.order, command.terms);
        self.check_window(order.valid_until)?;
        self.check_perpetual_open(&order)?;
        let account = &self.state.accounts[order.account.0 as usize];
        if !account.may_order(&self.state.limits, &self.windows) {
            return Err(RejectReason::TooManyOrders);
        }
        check_conditional_shape(command)?;
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let is_limit = order.order_type.working() == OrderType::Limit;
        let stop = command.stop_price;
        if (is_limit && !price_holds(&symbol.price, order.price))
            || (stop != Price::ZERO && !price_holds(&symbol.price, stop))
        {
            return Err(RejectReason::PriceFilter);
        }
        if !terms.close_position && !lot_holds(&symbol.lot, order.qty) {
            return Err(RejectReason::LotSize);
        }
        let market = symbol.market;
        self.priced(&market, order.price.max(stop), order.qty)?;
        let counted = self.state.terms.counts_of(order.account, order.symbol);
        let most = self.state.terms.rules[order.symbol.0 as usize].max_num_algo_orders;
        if most != 0 && counted.algo >= most {
            return Err(RejectReason::MaxNumAlgoOrders);
        }
        self.check_position_side(&order, &terms)?;
        let (account, symbol) = (order.account, order.symbol);
        let client_tag = self.free_tag(account, symbol, &order.client_order)?;
        self.check_request(account, &order.request)?;
        if self.state.perpetuals.is_due(account) {
            return Err(RejectReason::Liquidating);
        }
        let reference = self.watched(symbol, &terms);
        let direction = direction_of(&order);
        if let Some(price) = reference
            && stop != Price::ZERO
            && direction.mirror(stop) <= direction.mirror(price)
        {
            return Err(RejectReason::WouldTrigger);
        }
        Ok(Fitted {
            order,
            terms,
            client_tag,
            killed: false,
        })
    }

    /// The price that sets it off, as it is now.
    fn watched(&self, symbol: SymbolId, terms: &PerpetualTerms) -> Option<Price> {
        match terms.working_type {
            WorkingType::ContractPrice => self.state.symbols[symbol.0 as usize].last_trade,
            WorkingType::MarkPrice => self.state.perpetuals.contracts[&symbol].mark,
        }
    }

    /// The point of no return: the order lies aside and sleeps.
    pub(crate) fn accept_conditional(&mut self, command: &PlacePerpetualV1, fitted: &Fitted) {
        let (order, terms) = (&fitted.order, &fitted.terms);
        let (account, symbol) = (order.account, order.symbol);
        let id = self.enter(order);
        self.out.push(Event::PerpetualAccepted(PerpetualAccepted {
            symbol,
            order: id,
            account,
            terms: *terms,
            stop_price: command.stop_price,
            callback: command.callback,
            waits: true,
        }));
        let aside = Order {
            special: true,
            position: terms.position_side,
            reducing: terms.close_position || is_reducing(order, terms),
            ..Order::new(order, id, fitted.client_tag)
        };
        let details = Details::new(order, self.state.now);
        let told = trigger(command);
        let extras = Extras::new(told, None, OrderStage::Waiting);
        let handle = self.state.lie_aside(aside, details, extras);
        let by_mark = match terms.working_type {
            WorkingType::ContractPrice => {
                let base = schemas::ids::AssetId(0);
                self.sleep(handle, (order, &told), (base, Amount::ZERO));
                None
            }
            WorkingType::MarkPrice => Some(self.sleep_by_mark(id, order, &told)),
        };
        let waiting = Waiting {
            terms: *terms,
            by_mark,
        };
        self.state.perpetuals.waiting.insert((symbol, id), waiting);
    }

    fn sleep_by_mark(
        &mut self,
        id: OrderId,
        order: &PlaceOrderV1,
        told: &OrderTerms,
    ) -> (Wait, u64) {
        let symbol = order.symbol;
        let contract = self.state.perpetuals.contracts.get_mut(&symbol);
        let contract = contract.expect("admission saw to it");
        let wait = wait_of(order, told, contract.mark);
        let arrival = contract.triggers.next_arrival();
        let waiter = Waiter {
            order: id,
            delta: told.trailing_delta,
            tracks: tracks(order.side),
        };
        contract
            .triggers
            .lay(wait, (waiter, arrival), contract.mark);
        (wait, arrival)
    }

    /// The mark price moved: who sleeps by it is set off or starts to track.
    pub(crate) fn show_mark(&mut self, symbol: SymbolId, mark: Price) {
        let contract = self.state.perpetuals.contracts.get_mut(&symbol);
        let contract = contract.expect("it has a price");
        if contract.triggers.is_asleep() {
            return;
        }
        let started = contract.triggers.watch(mark);
        let fired = std::mem::take(&mut contract.triggers.fired);
        for it in started {
            let waiting = self.state.perpetuals.waiting.get_mut(&(symbol, it.order));
            let waiting = waiting.expect("who sleeps is known");
            waiting.by_mark = Some((Wait::Tracking(it.tracks), it.start));
            let handle = self.state.books.find(symbol, it.order);
            let handle = handle.expect("a sleeping order is in the index");
            let account = self.state.books.orders.get(handle).account;
            if !it.told {
                self.out.push(Event::TrailingStarted(OrderStep {
                    symbol,
                    order: it.order,
                    account,
                    price: mark,
                }));
            }
        }
        if !fired.is_empty() {
            self.state.terms.book(symbol).fired.extend(fired);
            self.wake_symbol(symbol);
        }
    }

    /// An order on a perpetual leaves its sleep, by being set off or by its end.
    pub(crate) fn forget_waiting(&mut self, symbol: SymbolId, order: OrderId, delta: u32) {
        let Some(waiting) = self.state.perpetuals.waiting.remove(&(symbol, order)) else {
            return;
        };
        if let Some((wait, arrival)) = waiting.by_mark
            && let Some(contract) = self.state.perpetuals.contracts.get_mut(&symbol)
        {
            contract.triggers.wake(wait, delta, arrival);
        }
    }

    /// A sleeping order works from here on, if it may enter like a new one.
    pub(crate) fn set_off_perpetual(&mut self, handle: u32, price: Price) {
        let order = *self.state.books.orders.get(handle);
        let key = (order.symbol, order.id);
        self.out.push(Event::OrderTriggered(OrderStep {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            price,
        }));
        let waiting = self.state.perpetuals.waiting.get(&key).copied();
        let terms = waiting.map_or(PerpetualTerms::PLAIN, |waiting| waiting.terms);
        let asked = acting(&self.asked_again(handle));
        let protected = match terms.price_protect {
            true => self.check_protection(order.symbol),
            false => Ok(()),
        };
        let admitted = protected.and_then(|()| self.admit_set_off(&order, (&asked, &terms)));
        let qty = match admitted {
            Ok(qty) => qty,
            Err(_) => return self.expire_aside(handle, ExpiryReason::Rejected),
        };
        self.stand_aside(handle);
        self.resize(handle, qty);
        let asked = PlaceOrderV1 { qty, ..asked };
        self.walk_standing(handle, &asked);
    }

    /// What it may trade: like a new order, clipped when it only closes.
    fn admit_set_off(
        &mut self,
        order: &Order,
        (asked, terms): (&PlaceOrderV1, &PerpetualTerms),
    ) -> Result<Qty, RejectReason> {
        self.check_perpetual_open(asked)?;
        if self.state.perpetuals.is_due(order.account) {
            return Err(RejectReason::Liquidating);
        }
        if !order.reducing {
            self.check_margin(asked, order.position, Counted::default())?;
            return Ok(asked.qty);
        }
        let contract = &self.state.perpetuals.contracts[&order.symbol];
        let size = contract.leg(order.account, order.position).holding.size.0;
        let closable = match order.side {
            Side::Buy => -size,
            Side::Sell => size,
        };
        if closable <= 0 {
            return Err(RejectReason::ReduceOnly);
        }
        match terms.close_position {
            true => Ok(Qty(closable)),
            false => Ok(Qty(asked.qty.0.min(closable))),
        }
    }

    /// It is no special order any more: on its seat and in the index, in no queue.
    fn stand_aside(&mut self, handle: u32) {
        let order = *self.state.books.orders.get(handle);
        let (account, symbol) = (order.account, order.symbol);
        let extras = self.state.books.orders.extras.remove(&(symbol, order.id));
        let extras = extras.expect("a sleeping order has extras");
        if let Some(wait) = extras.wait {
            let book = self.state.terms.book(symbol);
            book.wake(wait, extras.terms.trailing_delta, extras.arrival);
        }
        self.state
            .terms
            .count((account, symbol), |counts| counts.algo -= 1);
        self.forget_waiting(symbol, order.id, extras.terms.trailing_delta);
        self.state.books.orders.get_mut(handle).special = false;
    }

    /// Gives a standing order the quantity that it can have now, and tells it.
    fn resize(&mut self, handle: u32, qty: Qty) {
        let order = *self.state.books.orders.get(handle);
        let details = *self.state.books.orders.details(handle);
        if details.qty == qty {
            return;
        }
        if order.side == Side::Buy {
            let by = Qty(qty.0 - order.open.0);
            self.state.seats.grow_bids(order.seat, by);
        }
        self.state.books.orders.get_mut(handle).open = qty;
        self.state.books.orders.details_mut(handle).qty = qty;
        self.out.push(Event::OrderAmended(OrderAmended {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            old_qty: details.qty,
            new_qty: qty,
            executed: Qty::ZERO,
            quote: Amount::ZERO,
            open: qty,
            old_client: details.client_order,
            new_client: details.client_order,
        }));
    }

    /// A standing order walks as a new one would.
    fn walk_standing(&mut self, handle: u32, asked: &PlaceOrderV1) {
        let order = *self.state.books.orders.get(handle);
        let details = *self.state.books.orders.details(handle);
        let listed = &self.state.symbols[order.symbol.0 as usize];
        let mut taker = crate::matching::taker::Taker::new(asked, listed);
        taker.order = order.id;
        taker.rate = self.rates_of(order.account, listed).taker;
        taker.created = details.created;
        taker.client_tag = order.client_tag;
        let is_fok = asked.time_in_force == schemas::instrument::TimeInForce::Fok;
        if is_fok && self.falls_short(asked) {
            return self.end_standing(handle, &taker, OrderStatus::Expired);
        }
        let walker = super::walk::Walker {
            taker,
            position: order.position,
            reducing: order.reducing,
            is_forced: false,
            is_broke: false,
        };
        self.run_standing(handle, walker);
    }
}

/// Type, trigger, price and quantity fit together.
fn check_conditional_shape(command: &PlacePerpetualV1) -> Result<(), RejectReason> {
    let (order, terms) = (&command.order, &command.terms);
    let is_market = order.order_type.working() == OrderType::Market;
    let is_trailing = command.callback != 0;
    let fits = order.quote_qty == Amount::ZERO
        && order.qty.0 >= 0
        && order.price.0 >= 0
        && command.stop_price.0 >= 0
        && (is_trailing || command.stop_price != Price::ZERO)
        && (!is_trailing || order.order_type == OrderType::StopLoss)
        && is_market == (order.price == Price::ZERO)
        && (!terms.close_position || (is_market && order.qty == Qty::ZERO && !terms.reduce_only))
        && terms.good_till.0 == 0;
    match fits && command.callback <= 1_000 {
        true => Ok(()),
        false => Err(RejectReason::InvalidOrder),
    }
}
