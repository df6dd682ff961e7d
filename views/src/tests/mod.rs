//! Random events of a tiny fake venue: the views must say what the fake knows.

mod fake;
mod forget;
mod rules;
mod speed;
mod candles;
mod oracle_klines;
mod lists;
mod order_changes;
mod ranks;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use schemas::command::OrderRef;
use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, Offset, OrderId, SymbolId, TradeId};
use schemas::report::{MarketUpdate, OrderReport, TradeReport};
use schemas::units::{Price, Qty, TimeNs};

use crate::tests::fake::{ACCOUNTS, Fake, SYMBOLS};
use crate::{Views, Wanted};
use schemas::page::{OrderPage, TradePage};

type Levels = BTreeMap<Price, Qty>;

/// What a client of the stream builds from updates alone.
#[derive(Default)]
struct Follower {
    bids: Levels,
    asks: Levels,
    last_update: u64,
}

impl Follower {
    fn take(&mut self, update: &MarketUpdate) {
        assert_eq!(
            update.first_update,
            self.last_update + 1,
            "updates follow each other"
        );
        self.last_update = update.last_update;
        for (levels, changes) in [
            (&mut self.bids, &update.bids),
            (&mut self.asks, &update.asks),
        ] {
            for (price, qty) in changes {
                levels.insert(*price, *qty);
                levels.retain(|_, qty| *qty != Qty::ZERO);
            }
        }
        let best = |level: Option<(&Price, &Qty)>| level.map(|(price, qty)| (*price, *qty));
        assert_eq!(update.best_bid, best(self.bids.last_key_value()));
        assert_eq!(update.best_ask, best(self.asks.first_key_value()));
    }
}

fn feed(views: &Views, at: u64, events: &[Event]) -> Vec<Arc<MarketUpdate>> {
    let mut updates = Vec::new();
    let wanted = Wanted {
        updates: Some(&mut updates),
        users: None,
    };
    views.apply(Offset(at), Fake::time(at), events, wanted);
    updates
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn views_say_what_the_fake_knows(seed in any::<u64>(), steps in 1_u64..300) {
        let mut fake = Fake::new(seed);
        let mut views = Views::new();
        let mut followers: Vec<_> = (0..SYMBOLS).map(|_| Follower::default()).collect();
        let listing = fake.listing();
        feed(&views, 0, &listing);
        for step in 1..=steps {
            let events = fake.step(Fake::time(step));
            for update in feed(&views, step, &events) {
                followers[update.symbol.0 as usize].take(&update);
            }
            if step == steps / 2 {
                let saved = views.save();
                views = Views::load(&saved).expect("saved bytes load");
                assert_eq!(views.save(), saved);
            }
        }
        assert_eq!(views.next(), Offset(steps + 1));
        for symbol in (0..SYMBOLS).map(SymbolId) {
            assert_depth(&fake, &views, symbol, &followers[symbol.0 as usize]);
            assert_orders(&fake, &views, symbol);
            assert_trades(&fake, &views, symbol);
        }
        assert_balances(&fake, &views);
    }
}

fn assert_depth(fake: &Fake, views: &Views, symbol: SymbolId, follower: &Follower) {
    let (bids, asks) = fake.levels(symbol);
    let depth = views.depth(symbol, usize::MAX).expect("a listed symbol");
    assert_eq!(
        depth.bids,
        bids.iter().rev().map(|(p, q)| (*p, *q)).collect::<Vec<_>>()
    );
    assert_eq!(
        depth.asks,
        asks.iter().map(|(p, q)| (*p, *q)).collect::<Vec<_>>()
    );
    assert_eq!((&follower.bids, &follower.asks), (&bids, &asks));
    assert_eq!(depth.last_update, follower.last_update);
    let top = views.top(symbol).expect("a listed symbol");
    assert_eq!(
        (top.bid, top.ask),
        (depth.bids.first().copied(), depth.asks.first().copied())
    );
}

fn assert_orders(fake: &Fake, views: &Views, symbol: SymbolId) {
    for account in ACCOUNTS.map(AccountId) {
        let own: Vec<OrderReport> = fake.orders_of(account, symbol);
        let open: Vec<_> = own.iter().filter(|o| o.status.is_open()).copied().collect();
        assert_eq!(views.open_orders(account, Some(symbol)), open);
        for order in &own {
            let by_id = OrderRef {
                order: order.order,
                ..OrderRef::default()
            };
            assert_eq!(views.order(account, symbol, by_id), Some(*order));
            assert_eq!(views.order(AccountId(99), symbol, by_id), None);
            let client_order = order.client_order;
            let by_client = OrderRef {
                order: OrderId(0),
                client_order,
            };
            let newest = own
                .iter()
                .rev()
                .find(|other| other.client_order == client_order);
            assert_eq!(views.order(account, symbol, by_client).as_ref(), newest);
            let other = ClientOrderId::new("another").expect("fits");
            let mismatch = OrderRef {
                order: order.order,
                client_order: other,
            };
            assert_eq!(views.order(account, symbol, mismatch), None);
        }
        for limit in [1, 7, 1_000] {
            let newest = page_of(account, symbol, limit);
            assert_eq!(
                views.orders(&newest),
                own[own.len().saturating_sub(limit)..]
            );
            let from = OrderPage {
                from: Some(OrderId(5)),
                ..newest
            };
            let after = own.iter().filter(|order| 5 <= order.order.0).take(limit);
            assert_eq!(views.orders(&from), after.copied().collect::<Vec<_>>());
            let (start, end) = (Fake::time(20), Fake::time(60));
            let timed = OrderPage {
                start: Some(start),
                end: Some(end),
                ..newest
            };
            let within = own
                .iter()
                .filter(|o| start <= o.created && o.created <= end);
            assert_eq!(
                views.orders(&timed),
                within.take(limit).copied().collect::<Vec<_>>()
            );
        }
    }
}

fn page_of(account: AccountId, symbol: SymbolId, limit: usize) -> OrderPage {
    OrderPage {
        account,
        symbol,
        from: None,
        start: None,
        end: None,
        limit,
    }
}

fn assert_trades(fake: &Fake, views: &Views, symbol: SymbolId) {
    let all: Vec<TradeReport> = fake.trades_of(symbol);
    assert_eq!(
        views.recent_trades(symbol, 5),
        all[all.len().saturating_sub(5)..]
    );
    assert_eq!(
        views.last_price(symbol),
        all.last().map(|trade| trade.price)
    );
    for account in ACCOUNTS.map(AccountId) {
        let page = TradePage {
            account,
            symbol,
            order: None,
            from: None,
            start: None,
            end: None,
            limit: 10,
        };
        let is_own = |t: &&TradeReport| t.taker_account == account || t.maker_account == account;
        let own: Vec<_> = all.iter().filter(is_own).copied().collect();
        assert_eq!(views.trades(&page), own[own.len().saturating_sub(10)..]);
        let from = TradePage {
            from: Some(TradeId(4)),
            ..page
        };
        let after: Vec<_> = own
            .iter()
            .filter(|t| 4 <= t.trade.0)
            .take(10)
            .copied()
            .collect();
        assert_eq!(views.trades(&from), after);
        if let Some(order) = fake
            .orders_of(account, symbol)
            .last()
            .map(|order| order.order)
        {
            let of_order = TradePage {
                order: Some(order),
                ..page
            };
            let found = views.trades(&of_order);
            let touches = |t: &&TradeReport| t.taker_order == order || t.maker_order == order;
            let all: Vec<_> = own.iter().filter(touches).copied().collect();
            assert_eq!(found, all[all.len().saturating_sub(10)..]);
        }
    }
}

fn assert_balances(fake: &Fake, views: &Views) {
    for account in ACCOUNTS.map(AccountId) {
        let expected = fake.balances_of(account);
        let found = views
            .account(account)
            .map(|report| report.balances)
            .unwrap_or_default();
        assert_eq!(found, expected);
    }
}

#[test]
fn counts_belong_to_their_window() {
    let mut fake = Fake::new(1);
    let views = Views::new();
    let listing = fake.listing();
    feed(&views, 0, &listing);
    let account = AccountId(7);
    let events = fake.place(account, Fake::time(1));
    feed(&views, 1, &events);
    assert_eq!(views.order_counts(account, Fake::time(1)), (1, 1));
    let later = TimeNs(Fake::time(1).0 + 10_000_000_000);
    assert_eq!(views.order_counts(account, later), (0, 1));
    assert_eq!(views.order_counts(AccountId(1_000), later), (0, 0));
}

#[test]
fn damaged_bytes_do_not_load() {
    let mut fake = Fake::new(2);
    let views = Views::new();
    let listing = fake.listing();
    feed(&views, 0, &listing);
    for step in 1..50 {
        let events = fake.step(Fake::time(step));
        feed(&views, step, &events);
    }
    let saved = views.save();
    for length in 0..saved.len() {
        assert!(Views::load(&saved[..length]).is_none(), "cut at {length}");
    }
}
