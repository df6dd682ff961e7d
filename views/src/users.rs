//! Which accounts an event concerns, and what each of them is told of it.
//!
//! Live feeds and the history are both made here, from the same views, so they cannot
//! differ. Absent on purpose: who listens, and how they are told.

use std::sync::Arc;

use schemas::event::Event;
use schemas::ids::{AccountId, EventId, OrderId};
use schemas::report::{ListTold, UserEvent};

use crate::orders::Orders;
use crate::slot::Slot;

/// Takes what single accounts are told of a command.
pub trait UserSink {
    /// Whether anyone wants to know about this account.
    fn wants(&self, account: AccountId) -> bool;
    /// The next event of that account, in order.
    fn take(&mut self, account: AccountId, event: UserEvent);
}

/// Tells the owners of the orders that an event has just moved.
#[inline]
pub(crate) fn tell_owners(
    (id, event): (EventId, &Event),
    orders: &Orders,
    users: &mut dyn UserSink,
) {
    for (account, order) in owners_of(event).into_iter().flatten() {
        if users.wants(account) {
            let order = orders.get(order).map(Slot::report);
            // Of a match within a group each side hears of its own order.
            if order.is_some_and(|order| order.account != account) {
                continue;
            }
            let told = UserEvent {
                id,
                event: *event,
                order,
                list: None,
            };
            users.take(account, told);
        }
    }
}

/// Tells the accounts of an event that moves no order.
#[inline]
pub(crate) fn tell_accounts(
    (id, event): (EventId, &Event),
    list: Option<Arc<ListTold>>,
    users: &mut dyn UserSink,
) {
    for account in accounts_of(event).into_iter().flatten() {
        if users.wants(account) {
            let told = UserEvent {
                id,
                event: *event,
                order: None,
                list: list.clone(),
            };
            users.take(account, told);
        }
    }
}

/// The orders that an event moves, each with its account.
#[inline]
fn owners_of(event: &Event) -> [Option<(AccountId, OrderId)>; 2] {
    match event {
        Event::OrderAccepted(order) => [Some((order.account, order.order)), None],
        Event::OrderRested(order) => [Some((order.account, order.order)), None],
        Event::OrderDone(order) => [Some((order.account, order.order)), None],
        Event::OrderAmended(order) => [Some((order.account, order.order)), None],
        Event::Trade(trade) => [
            Some((trade.maker_account, trade.maker_order)),
            Some((trade.taker_account, trade.taker_order)),
        ],
        Event::TradePrevented(met) => [
            Some((met.account, met.maker_order)),
            Some((met.account, met.taker_order)),
        ],
        Event::OrderTermsAccepted(step) => [Some((step.account, step.order)), None],
        Event::TrailingStarted(step) | Event::OrderTriggered(step) => {
            [Some((step.account, step.order)), None]
        }
        Event::OrderActivated(step) => [Some((step.account, step.order)), None],
        Event::OrderPegged(step) => [Some((step.account, step.order)), None],
        Event::OrderSized(step) => [Some((step.account, step.order)), None],
        Event::IcebergRefilled(step) => [Some((step.account, step.order)), None],
        Event::OrderExpiring(step) => [Some((step.account, step.order)), None],
        Event::PerpetualAccepted(order) => [Some((order.account, order.order)), None],
        Event::OrderModified(order) => [Some((order.account, order.order)), None],
        _ => [None, None],
    }
}

/// The accounts of an event that moves no order.
fn accounts_of(event: &Event) -> [Option<AccountId>; 2] {
    match event {
        Event::BalanceChanged(balance) => [Some(balance.account), None],
        Event::Deposited { account, .. }
        | Event::Withdrawn { account, .. }
        | Event::AccountCreated { account, .. }
        | Event::AccountStateChanged { account, .. }
        | Event::AccountTierChanged { account, .. }
        | Event::AccountLimitsChanged { account, .. }
        | Event::KeyBound { account, .. }
        | Event::TradeGroupChanged { account, .. }
        | Event::KeyUnbound { account, .. } => [Some(*account), None],
        Event::PreventedTransferred(it) => both(it.seller, it.buyer),
        Event::OrderListAccepted(list) => [Some(list.account), None],
        Event::OrderListDone(list) => [Some(list.account), None],
        Event::OrderListRejected(list) => [Some(list.account), None],
        Event::CountdownSet { account, .. } | Event::CountdownElapsed { account, .. } => {
            [Some(*account), None]
        }
        Event::Transferred { from, to, .. } => [Some(*from), Some(*to)],
        Event::TradeSettled(it) => both(it.maker_account, it.taker_account),
        Event::PositionTakenOver(it) => both(it.from, it.to),
        Event::FundingPaid(it) => [Some(it.account), None],
        Event::FuturesTransferred(it) => [Some(it.account), None],
        Event::WalletChanged(it) => [Some(it.account), None],
        Event::PositionChanged(it) => [Some(it.account), None],
        Event::MarginAdjusted(it) => [Some(it.account), None],
        Event::LiquidationStarted(it) => [Some(it.account), None],
        Event::MarginCalled(it) => [Some(it.account), None],
        Event::LiquidationOrdered(it) => [Some(it.account), None],
        Event::LiquidationFee(it) => [Some(it.account), None],
        Event::LeverageChanged { account, .. }
        | Event::MarginTypeChanged { account, .. }
        | Event::PositionModeChanged { account, .. } => [Some(*account), None],
        Event::ModifyRejected(rejected) => [Some(rejected.account), None],
        Event::OrderRejected(rejected) => [Some(rejected.account), None],
        Event::CancelRejected(rejected) | Event::AmendRejected(rejected) => {
            [Some(rejected.account), None]
        }
        _ => [None, None],
    }
}

/// Two accounts, told once when they are one.
fn both(first: AccountId, second: AccountId) -> [Option<AccountId>; 2] {
    [Some(first), (first != second).then_some(second)]
}
