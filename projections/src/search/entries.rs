//! Batches as documents: one for each order, as it now is, and one for each other event.
//!
//! A document about an order is written again whenever the order changes, under the event id
//! of the change; all others are written once, under their own. So writing a batch twice
//! gives what writing it once gives.

use std::collections::{BTreeMap, BTreeSet};

use schemas::event::Event;
use schemas::ids::{EventId, OrderId, SymbolId};
use schemas::order_event::step_of;
use schemas::report::OrderReport;
use schemas::search::Kind;
use schemas::units::TimeNs;

use crate::document::Document;
use crate::error::SinkError;
use crate::names::Names;
use crate::opening::Opening;
use crate::orders::{OrderKey, Orders, When, named};
use crate::projection::Batch;
use crate::telling::{Fact, Told, Topic, order_document};

/// Open orders kept at hand; those beyond are read back from the sink.
const OPEN_ORDERS: usize = 200_000;

/// One document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub kind: Kind,
    /// Its id in the sink.
    pub name: String,
    /// The event that last changed it: an older one never overwrites a newer one.
    pub version: EventId,
    /// What pages are ordered by: twice the event that made it, plus 1 for the second of two.
    pub rank: u64,
    pub time: TimeNs,
    /// Whose it is; two for a trade.
    pub accounts: Vec<u32>,
    /// A JSON object.
    pub body: Vec<u8>,
    /// Whether an older version of it may be in the sink.
    pub is_update: bool,
}

/// Makes documents of batches, in order.
#[derive(Default)]
pub struct Entries {
    names: Names,
    open: BTreeMap<OrderKey, (OrderReport, u64)>,
    told: Told,
}

/// The id of an order's document.
pub fn order_name((symbol, order): OrderKey) -> String {
    format!("o-{}-{}", symbol.0, order.0)
}

impl Entries {
    /// With the names known so far.
    pub fn new(names: Names) -> Entries {
        Entries {
            names,
            ..Entries::default()
        }
    }

    /// The names known by now.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Forgets the orders at hand; after a failure the sink knows them better.
    pub fn forget(&mut self) {
        self.open.clear();
    }

    /// The orders that a batch changes and that are neither made by it nor at hand.
    pub fn missing(&self, batch: &Batch) -> Vec<OrderKey> {
        let mut made = BTreeSet::new();
        let mut missing = BTreeSet::new();
        for event in batch.commands.iter().flat_map(|it| &it.events) {
            if let Event::OrderAccepted(it) = event {
                made.insert((it.symbol, it.order));
            }
            for (key, _) in named(event).into_iter().flatten() {
                if !made.contains(&key) && !self.open.contains_key(&key) {
                    missing.insert(key);
                }
            }
        }
        missing.into_iter().collect()
    }

    /// The documents of orders that were there before the first command: older than every
    /// event, in the order of their making.
    pub fn opened(&mut self, opening: &Opening) -> Vec<Entry> {
        let mut orders: Vec<_> = opening.orders.iter().map(|it| it.report).collect();
        orders.sort_by_key(|order| (order.created, order.symbol, order.order));
        let mut entries = Vec::with_capacity(orders.len());
        for (order, number) in orders.iter().zip(1..) {
            let version = EventId(number);
            let rank = rank_of(version, 0);
            entries.push(self.order(order, (rank, false), version));
            self.keep(order, rank);
        }
        entries
    }

    /// The documents of a batch; `found` are the orders of [`Entries::missing`] with their
    /// ranks.
    ///
    /// # Errors
    /// [`SinkError::UnknownOrder`] for an order that was never accepted.
    pub fn of(
        &mut self,
        batch: &Batch,
        found: Vec<(OrderReport, u64)>,
    ) -> Result<Vec<Entry>, SinkError> {
        let mut orders = Orders::default();
        let mut ranks: BTreeMap<OrderKey, (u64, bool)> = BTreeMap::new();
        let mut changed: BTreeMap<OrderKey, EventId> = BTreeMap::new();
        for (order, rank) in found {
            ranks.insert((order.symbol, order.order), (rank, true));
            orders.bring(order);
        }
        let mut entries = Vec::new();
        for answered in &batch.commands {
            let (offset, time) = (answered.offset, answered.time);
            for (index, event) in answered.events.iter().enumerate() {
                let index = u16::try_from(index).expect("a command's events fit u16");
                let fact = Fact {
                    offset,
                    index,
                    time,
                    event,
                };
                self.names.learn(event);
                let accepted = match event {
                    Event::OrderAccepted(it) => {
                        ranks.insert((it.symbol, it.order), (rank_of(fact.id(), 0), false));
                        Some((it.symbol, it.order))
                    }
                    _ => None,
                };
                for (key, _) in named(event).into_iter().flatten() {
                    if !orders.has(key)
                        && let Some((order, rank)) = self.open.get(&key)
                    {
                        ranks.insert(key, (*rank, true));
                        orders.bring(*order);
                    }
                }
                orders.apply(When { offset, time }, event)?;
                let named = named(event).into_iter().flatten().map(|(key, _)| key);
                for key in named.chain(accepted) {
                    changed.insert(key, fact.id());
                }
                self.event(fact, &mut entries);
            }
        }
        for order in orders.touched() {
            let key = (order.symbol, order.order);
            let (rank, is_update) = ranks.get(&key).copied().unwrap_or_default();
            let version = changed.get(&key).copied().unwrap_or(EventId(rank >> 1));
            entries.push(self.order(order, (rank, is_update), version));
            self.keep(order, rank);
        }
        Ok(entries)
    }

    fn keep(&mut self, order: &OrderReport, rank: u64) {
        let key = (order.symbol, order.order);
        if order.status.is_open() {
            self.open.insert(key, (*order, rank));
            if OPEN_ORDERS < self.open.len() {
                self.open.pop_first();
            }
        } else {
            self.open.remove(&key);
        }
    }

    fn order(
        &self,
        order: &OrderReport,
        (rank, is_update): (u64, bool),
        version: EventId,
    ) -> Entry {
        let mut body = Vec::with_capacity(512);
        let mut document = Document::begin(&mut body);
        order_document(&mut document, &self.names, order);
        document.end();
        Entry {
            kind: Kind::Order,
            name: order_name((order.symbol, order.order)),
            version,
            rank,
            time: order.created,
            accounts: vec![order.account.0],
            body,
            is_update,
        }
    }

    /// What is found of an event beside the orders it changes.
    fn event(&mut self, fact: Fact<'_>, entries: &mut Vec<Entry>) {
        let Some((kind, topic)) = kind_of(fact.event) else {
            return;
        };
        self.told.clear();
        self.told.tell(&self.names, fact);
        let told = self.told.messages();
        let mut told = told.filter(|it| topic.is_none_or(|topic| it.topic == topic));
        let id = fact.id();
        let mut part = 0;
        let mut add = |value: &[u8], accounts: Vec<u32>, name: String| {
            part += 1;
            entries.push(Entry {
                kind,
                name,
                version: id,
                rank: rank_of(id, part - 1),
                time: fact.time,
                accounts,
                body: value.to_vec(),
                is_update: false,
            });
        };
        match *fact.event {
            Event::Trade(ref trade) => {
                if let Some(it) = told.next() {
                    let mut accounts = vec![trade.taker_account.0, trade.maker_account.0];
                    accounts.dedup();
                    add(it.value, accounts, format!("e-{}", id.0));
                }
            }
            Event::Transferred { from, to, .. } => {
                for (it, account) in told.zip([from, to]) {
                    add(
                        it.value,
                        vec![account.0],
                        format!("e-{}-{}", id.0, account.0),
                    );
                }
            }
            ref event => {
                if let Some(it) = told.next() {
                    let account = account_of(event);
                    add(
                        it.value,
                        account.into_iter().collect(),
                        format!("e-{}", id.0),
                    );
                }
            }
        }
    }
}

/// Under which kind an event is found, and in the words of which topic; `None` for what is
/// not found by itself.
fn kind_of(event: &Event) -> Option<(Kind, Option<Topic>)> {
    Some(match event {
        // Orders' documents say all this.
        Event::OrderAccepted(_)
        | Event::OrderRested(_)
        | Event::OrderCalled(_)
        | Event::OrderDone(_)
        | Event::OrderAmended(_)
        | Event::TradePrevented(_)
        | Event::OrderListAccepted(_)
        | Event::OrderListDone(_)
        | Event::CountdownSet { .. }
        | Event::BalanceChanged(_) => return None,
        step if step_of(step).is_some() => return None,
        Event::Trade(_) => (Kind::Trade, Some(Topic::Trade)),
        Event::Deposited { .. } | Event::Withdrawn { .. } | Event::Transferred { .. } => {
            (Kind::Ledger, Some(Topic::Asset))
        }
        // States and prices of every moment are looked up, not searched.
        Event::WalletChanged(_)
        | Event::PositionChanged(_)
        | Event::PerpetualAccepted(_)
        | Event::OrderModified(_)
        | Event::TradeSettled(_)
        | Event::IndexPriceSet(_)
        | Event::MarkPriceChanged(_)
        | Event::PremiumSampled(_) => return None,
        Event::FundingPaid(_)
        | Event::FuturesTransferred(_)
        | Event::MarginAdjusted(_)
        | Event::LiquidationFee(_)
        | Event::InsuranceDeposited { .. } => (Kind::Ledger, Some(Topic::Asset)),
        _ => (Kind::Audit, None),
    })
}

fn rank_of(id: EventId, part: u64) -> u64 {
    (id.0 << 1) | part
}

/// The account that an event of administration or a payment concerns.
fn account_of(event: &Event) -> Option<u32> {
    match event {
        Event::OrderRejected(it) => Some(it.account.0),
        Event::CancelRejected(it) | Event::AmendRejected(it) | Event::ModifyRejected(it) => {
            Some(it.account.0)
        }
        Event::FundingPaid(it) => Some(it.account.0),
        Event::FuturesTransferred(it) => Some(it.account.0),
        Event::MarginAdjusted(it) => Some(it.account.0),
        Event::LiquidationFee(it) => Some(it.account.0),
        Event::LiquidationStarted(it) => Some(it.account.0),
        Event::MarginCalled(it) => Some(it.account.0),
        Event::LiquidationOrdered(it) => Some(it.account.0),
        Event::LeverageChanged { account, .. }
        | Event::MarginTypeChanged { account, .. }
        | Event::PositionModeChanged { account, .. } => Some(account.0),
        Event::OrderListRejected(it) => Some(it.account.0),
        Event::CountdownElapsed { account, .. } => Some(account.0),
        Event::AccountCreated { account, .. }
        | Event::AccountStateChanged { account, .. }
        | Event::AccountTierChanged { account, .. }
        | Event::TradeGroupChanged { account, .. }
        | Event::AccountLimitsChanged { account, .. }
        | Event::KeyBound { account, .. }
        | Event::KeyUnbound { account, .. }
        | Event::Deposited { account, .. }
        | Event::Withdrawn { account, .. } => Some(account.0),
        _ => None,
    }
}

/// The key of an order's document by its id.
pub fn key_of(name: &str) -> Option<OrderKey> {
    let mut parts = name.strip_prefix("o-")?.split('-');
    let symbol = parts.next()?.parse().ok().map(SymbolId)?;
    let order = parts.next()?.parse().ok().map(OrderId)?;
    parts.next().is_none().then_some((symbol, order))
}
