//! Nothing is forgotten before SQL has it, and then no more than is to go.

use schemas::command::OrderRef;
use schemas::ids::{AccountId, Offset, OrderId, SymbolId};

use crate::Views;
use crate::orders::CLOSED_KEPT;
use crate::tests::fake::{ACCOUNTS, Fake, SYMBOLS};
use crate::tests::{feed, page_of};
use schemas::page::OrderPage;

fn remembered(views: &Views, fake: &Fake) -> (usize, usize) {
    let (mut open, mut closed) = (0, 0);
    for symbol in (0..SYMBOLS).map(SymbolId) {
        for account in ACCOUNTS.map(AccountId) {
            for order in fake.orders_of(account, symbol) {
                let target = OrderRef {
                    order: order.order,
                    ..OrderRef::default()
                };
                let found = views.order(account, symbol, target);
                assert!(found.is_none_or(|found| found == order));
                match order.status.is_open() {
                    true => open += usize::from(found.is_some()),
                    false => closed += usize::from(found.is_some()),
                }
            }
        }
    }
    (open, closed)
}

#[test]
fn only_what_sql_holds_is_forgotten() {
    const STEPS: u64 = 2_000;
    let mut fake = Fake::new(11);
    let views = Views::new();
    let listing = fake.listing();
    feed(&views, 0, &listing);
    let account = AccountId(7);
    for step in 1..=STEPS {
        let events = fake.place(account, Fake::time(step));
        feed(&views, step, &events);
    }
    let all = |symbol| fake.orders_of(account, SymbolId(symbol));
    let total: usize = (0..SYMBOLS).map(|symbol| all(symbol).len()).sum();
    let (open, closed) = remembered(&views, &fake);
    assert_eq!(
        open + closed,
        total,
        "without a cursor nothing is forgotten"
    );
    views.forget_before(Offset(STEPS / 2));
    for step in STEPS + 1..=STEPS + STEPS / 2 {
        let events = fake.place(account, Fake::time(step));
        feed(&views, step, &events);
    }
    let (still_open, closed) = remembered(&views, &fake);
    let resting: usize = (0..SYMBOLS)
        .map(|symbol| views.open_orders(account, Some(SymbolId(symbol))).len())
        .sum();
    assert_eq!(still_open, resting, "no open order is forgotten");
    assert!(SYMBOLS as usize * CLOSED_KEPT <= closed && closed < total);
    let reloaded = Views::load(&views.save()).expect("saved bytes load");
    assert_eq!(remembered(&reloaded, &fake), (still_open, closed));
    for symbol in (0..SYMBOLS).map(SymbolId) {
        let own = fake.orders_of(account, symbol);
        let page = page_of(account, symbol, 500);
        assert_eq!(views.orders(&page), own[own.len() - 500..]);
        let from = OrderPage {
            from: Some(OrderId(1)),
            limit: usize::MAX,
            ..page
        };
        let present = views.orders(&from);
        assert!(present.len() < own.len());
        let joined = from.merge(own.clone(), present);
        assert_eq!(joined, own, "history and present make the whole");
    }
}
