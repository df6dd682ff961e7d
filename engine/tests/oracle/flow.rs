//! A venue that speaks in the ids of outside data.

use std::collections::BTreeMap;

use schemas::command::{
    AmendOrderV1, CancelOrderV1, CancelReplaceV1, Command, PlaceOrderV1, RequestDigest,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{CancelReplaceMode, Side};
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty, TimeNs};

use crate::venue::{Scales, Venue, by_id, limit};

/// Enough for any stream, far from the ledger's bounds.
const WEALTH: i128 = 1_000_000_000_000_000_000_000_000;

/// One fill in outside ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill<K> {
    pub maker: K,
    pub taker: K,
    pub price: i64,
    pub qty: i64,
}

/// An order that rests.
#[derive(Clone, Debug)]
pub struct Live {
    pub symbol: SymbolId,
    pub account: AccountId,
    pub order: OrderId,
    pub side: Side,
    pub price: i64,
    pub qty: i64,
    pub executed: i64,
}

/// An engine with two rich accounts, no fees, no filters, and outside names for orders.
pub struct Flow<K> {
    pub venue: Venue,
    base: AssetId,
    quote: AssetId,
    pub first: AccountId,
    pub second: AccountId,
    pub live: BTreeMap<K, Live>,
    names: BTreeMap<(SymbolId, OrderId), K>,
}

impl<K: Ord + Clone + std::fmt::Debug> Flow<K> {
    pub fn new() -> Flow<K> {
        let mut venue = Venue::new();
        let (base, quote) = (venue.add_asset("SHARE", 8), venue.add_asset("MONEY", 18));
        let (first, second) = (venue.add_account(), venue.add_account());
        for account in [first, second] {
            venue.deposit(account, base, WEALTH);
            venue.deposit(account, quote, WEALTH);
        }
        let (live, names) = (BTreeMap::new(), BTreeMap::new());
        Flow {
            venue,
            base,
            quote,
            first,
            second,
            live,
            names,
        }
    }

    /// A symbol whose price and quantity units are the integers of the data.
    pub fn add_symbol(&mut self, name: &str) -> SymbolId {
        let pair = (self.base, self.quote);
        let symbol = self
            .venue
            .add_symbol(name, pair, Scales { price: 8, qty: 8 });
        self.venue.set_fees(symbol, 0, 0);
        symbol
    }

    /// A LIMIT order of the first account.
    pub fn order(&self, symbol: SymbolId, side: Side, at: (i64, i64)) -> PlaceOrderV1 {
        limit(self.first, symbol, side, at)
    }

    pub fn place(&mut self, key: K, order: &PlaceOrderV1) -> Result<Vec<Fill<K>>, RejectReason> {
        let events = self.venue.complete(&Command::PlaceOrder(*order));
        self.take_in(key, order, &events)
    }

    /// Open quantity of a resting order.
    pub fn open(&self, key: &K) -> i64 {
        self.live
            .get(key)
            .map_or(0, |live| live.qty - live.executed)
    }

    pub fn cancel(&mut self, key: &K) {
        let live = self
            .live
            .remove(key)
            .unwrap_or_else(|| panic!("{key:?} does not rest"));
        let events = self.venue.complete(&Command::CancelOrder(CancelOrderV1 {
            target: by_id(live.order.0),
            valid_until: TimeNs(0),
            account: live.account,
            symbol: live.symbol,
            cancel_client: ClientOrderId::EMPTY,
        }));
        let open = live.qty - live.executed;
        assert!(
            events
                .iter()
                .any(|event| matches!(event, Event::OrderDone(done) if done.open.0 == open)),
            "{key:?} not cancelled with {open} open: {events:?}"
        );
    }

    /// Takes so much off an order that keeps its place; all of it is a cancel.
    pub fn reduce(&mut self, key: &K, by: i64) {
        if self.open(key) <= by {
            return self.cancel(key);
        }
        let live = self.live.get_mut(key).expect("it rests: something is open");
        live.qty -= by;
        let amend = AmendOrderV1 {
            target: by_id(live.order.0),
            new_qty: Qty(live.qty),
            valid_until: TimeNs(0),
            account: live.account,
            symbol: live.symbol,
            request: RequestDigest::default(),
            new_client: ClientOrderId::EMPTY,
        };
        let open = live.qty - live.executed;
        let events = self.venue.complete(&Command::AmendOrder(amend));
        assert!(
            events
                .iter()
                .any(|event| matches!(event, Event::OrderAmended(done) if done.open.0 == open)),
            "{key:?} not amended to {open} open: {events:?}"
        );
    }

    /// Cancels an order and places it anew under the same name: another price, another open
    /// quantity, its place lost.
    pub fn replace(&mut self, key: &K, price: i64, open: i64) -> Vec<Fill<K>> {
        let live = self
            .live
            .remove(key)
            .unwrap_or_else(|| panic!("{key:?} does not rest"));
        let order = limit(live.account, live.symbol, live.side, (price, open));
        let events = self
            .venue
            .complete(&Command::CancelReplace(CancelReplaceV1 {
                order,
                target: by_id(live.order.0),
                cancel_client: ClientOrderId::EMPTY,
                mode: CancelReplaceMode::StopOnFailure,
            }));
        self.take_in(key.clone(), &order, &events)
            .expect("a replacement of a rich account")
    }

    /// Books what the events say about the new order and its makers.
    fn take_in(
        &mut self,
        key: K,
        order: &PlaceOrderV1,
        events: &[Event],
    ) -> Result<Vec<Fill<K>>, RejectReason> {
        let mut fills = Vec::new();
        let mut executed = 0;
        for event in events {
            match event {
                Event::OrderRejected(rejected) => return Err(rejected.reason),
                Event::OrderAccepted(accepted) => {
                    self.names
                        .insert((order.symbol, accepted.order), key.clone());
                }
                Event::Trade(trade) => {
                    let maker = self.names[&(trade.symbol, trade.maker_order)].clone();
                    let live = self.live.get_mut(&maker).expect("a maker rests");
                    live.executed += trade.qty.0;
                    assert_eq!(live.qty - live.executed, trade.maker_open.0);
                    if trade.maker_open == Qty(0) {
                        self.live.remove(&maker);
                    }
                    executed += trade.qty.0;
                    let (price, qty) = (trade.price.0, trade.qty.0);
                    fills.push(Fill {
                        maker,
                        taker: key.clone(),
                        price,
                        qty,
                    });
                }
                Event::OrderRested(rested) => {
                    assert_eq!(rested.open.0, order.qty.0 - executed);
                    let live = Live {
                        symbol: order.symbol,
                        account: order.account,
                        order: rested.order,
                        side: order.side,
                        price: order.price.0,
                        qty: order.qty.0,
                        executed,
                    };
                    self.live.insert(key.clone(), live);
                }
                _ => {}
            }
        }
        Ok(fills)
    }

    /// (price, open quantity, order count) best first.
    pub fn levels(&self, symbol: SymbolId, side: Side) -> Vec<(i64, i64, u64)> {
        self.venue
            .engine
            .levels(symbol, side)
            .iter()
            .map(|level| (level.price.0, level.qty.0, level.orders as u64))
            .collect()
    }
}

/// A market order of so much.
pub fn market(mut order: PlaceOrderV1) -> PlaceOrderV1 {
    order.order_type = schemas::instrument::OrderType::Market;
    order.price = Price(0);
    order
}
