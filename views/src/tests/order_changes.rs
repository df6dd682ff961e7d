//! Amendments and prevented matches are remembered until SQL has them, and over a snapshot.

use schemas::event::{Event, OrderDone, TradePrevented};
use schemas::ids::{AccountId, ClientOrderId, EventId, Offset, OrderId, SymbolId};
use schemas::instrument::{OrderStatus, SelfTradePrevention, Side};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::page::{AmendmentPage, PreventedOf, PreventedPage};
use schemas::units::{Price, Qty};

use crate::Views;
use crate::saved::FORMAT_WITHOUT_CHANGES;
use crate::tests::fake::{Fake, SYMBOLS};
use crate::tests::feed;

/// A page of everything that an order's owner may see.
fn page_of(it: &AmendmentReport) -> AmendmentPage {
    AmendmentPage {
        account: it.account,
        symbol: it.symbol,
        order: it.order,
        from: EventId(0),
        limit: 1_000,
    }
}

fn prevented_of(it: &PreventedReport, of: PreventedOf) -> PreventedPage {
    PreventedPage {
        account: it.account,
        symbol: it.symbol,
        of,
        limit: 1_000,
    }
}

#[test]
fn what_changed_orders_is_told_until_sql_has_it() {
    const STEPS: u64 = 1_500;
    let mut fake = Fake::new(77);
    let mut views = Views::new();
    feed(&views, 0, &fake.listing());
    let (mut amendments, mut met) = (Vec::new(), Vec::new());
    for step in 1..=STEPS {
        let events = fake.step(Fake::time(step));
        for (index, event) in events.iter().enumerate() {
            let id = (EventId::new(Offset(step), index as u16), Fake::time(step));
            match event {
                Event::OrderAmended(it) => amendments.push(AmendmentReport::new(id, it)),
                Event::TradePrevented(it) => met.push(PreventedReport::new(id, it)),
                Event::OrderDone(done) => {
                    if let Some(last) = met.last_mut() {
                        last.take(done);
                    }
                }
                _ => {}
            }
        }
        feed(&views, step, &events);
        if step == STEPS / 2 {
            views = Views::load(&views.save()).expect("saved bytes load");
        }
    }
    assert!(amendments.len() > 50 && met.len() > 50);
    let told = |views: &Views| {
        let amended = amendments.iter().filter(|it| {
            let page = page_of(it);
            let found = views.amendments(&page);
            assert!(found.iter().all(|found| amendments.contains(found)));
            found.contains(it)
        });
        let prevented = met.iter().filter(|it| {
            let one = views.prevented(&prevented_of(it, PreventedOf::Match(it.id)));
            let of = |order| prevented_of(it, PreventedOf::Order(order, EventId(0)));
            let sides = [it.taker_order, it.maker_order].map(|order| views.prevented(&of(order)));
            let is_told = one == [**it];
            assert!(sides.iter().all(|found| found.contains(it) == is_told));
            is_told
        });
        (amended.count(), prevented.count())
    };
    assert_eq!(told(&views), (amendments.len(), met.len()));
    views.forget_before(Offset(STEPS + 1));
    for step in STEPS + 1..STEPS * 2 {
        feed(&views, step, &fake.step(Fake::time(step)));
    }
    let left = told(&views);
    assert_eq!(left, (0, 0), "SQL has all of these");
    let older = Views::load(&views.save_as(FORMAT_WITHOUT_CHANGES));
    assert_eq!(older.expect("the third format loads").next(), views.next());
}

fn met(orders: (u64, u64), mode: SelfTradePrevention, qty: i64) -> Event {
    Event::TradePrevented(TradePrevented {
        symbol: SymbolId(0),
        account: AccountId(7),
        taker_order: OrderId(orders.0),
        maker_order: OrderId(orders.1),
        maker_side: Side::Sell,
        price: Price(100),
        taker_prevented: Qty(qty),
        maker_prevented: Qty(qty),
        mode,
    })
}

fn over(order: u64, (open, prevented): (i64, i64)) -> Event {
    Event::OrderDone(OrderDone {
        symbol: SymbolId(0),
        order: OrderId(order),
        account: AccountId(7),
        side: Side::Sell,
        status: OrderStatus::ExpiredInMatch,
        price: Price(100),
        open: Qty(open),
        prevented: Qty(prevented),
        rested: false,
        cancel_client: ClientOrderId::EMPTY,
    })
}

/// One order of `qty` on the first symbol, which nobody meets.
fn accepted(order: u64, qty: i64) -> Event {
    Event::OrderAccepted(schemas::event::OrderAccepted {
        symbol: SymbolId(0),
        order: OrderId(order),
        account: AccountId(7),
        client_order: ClientOrderId::EMPTY,
        side: Side::Sell,
        order_type: schemas::instrument::OrderType::Limit,
        time_in_force: schemas::instrument::TimeInForce::Gtc,
        self_trade: SelfTradePrevention::ExpireMaker,
        price: Price(100),
        qty: Qty(qty),
        quote_qty: schemas::units::Amount::ZERO,
        orders_10s: 1,
        orders_1d: 1,
    })
}

#[test]
fn a_match_holds_what_ended_with_its_orders() {
    use SelfTradePrevention::{ExpireBoth, ExpireMaker, ExpireTaker};
    let views = Views::new();
    assert_eq!(SYMBOLS, 2);
    feed(&views, 0, &Fake::new(1).listing());
    let orders = (1..=6).map(|order| accepted(order, order as i64 + 2));
    feed(&views, 1, &orders.collect::<Vec<_>>());
    let events = [
        met((5, 1), ExpireMaker, 0),
        over(1, (3, 3)),
        met((5, 2), ExpireMaker, 0),
        over(2, (4, 4)),
    ];
    feed(&views, 2, &events);
    let events = [met((6, 3), ExpireBoth, 0), over(3, (5, 5)), over(6, (8, 8))];
    feed(&views, 3, &events);
    let events = [met((5, 4), ExpireTaker, 0), over(5, (7, 7))];
    feed(&views, 4, &events);
    let numbers = |order: u64| {
        let page = PreventedPage {
            account: AccountId(7),
            symbol: SymbolId(0),
            of: PreventedOf::Order(OrderId(order), EventId(0)),
            limit: 10,
        };
        let found = views.prevented(&page);
        let told = found.iter().map(|it| {
            let orders = (it.taker_order.0, it.maker_order.0);
            (orders, it.taker_prevented.0, it.maker_prevented.0)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(5),
        [((5, 1), 0, 3), ((5, 2), 0, 4), ((5, 4), 7, 0)],
        "the end of the taker belongs to the match that expired it"
    );
    assert_eq!(numbers(3), [((6, 3), 8, 5)]);
}
