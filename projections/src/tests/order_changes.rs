//! Amendments and prevented matches: what the tables answer, by page, is what happened.

use schemas::event::{Event, OrderDone, TradePrevented};
use schemas::ids::{AccountId, ClientOrderId, EventId, Offset, OrderId};
use schemas::instrument::{OrderStatus, SelfTradePrevention, Side};
use schemas::page::{AmendmentPage, PreventedOf, PreventedPage};
use schemas::units::{Price, Qty};

use crate::order_change_reads::{amendments, prevented};
use crate::projection::{Answered, Projection};
use crate::sql::database::{Database, Statement};
use crate::sql::sink::SqlProjection;
use crate::tests::fake::{ACCOUNTS, Fake};
use crate::tests::{SYMBOL, batch, folder, open};

const ANN: AccountId = AccountId(7);

fn amendment_page(account: AccountId, order: OrderId) -> AmendmentPage {
    AmendmentPage {
        account,
        symbol: SYMBOL,
        order,
        from: EventId(0),
        limit: 1_000,
    }
}

#[tokio::test]
async fn amendments_of_an_order_come_by_page_and_are_made_again() {
    let dir = folder();
    let mut fake = Fake::new(31);
    let commands: Vec<_> = (0..600).map(|offset| fake.step(offset)).collect();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    for piece in commands.chunks(97) {
        sink.commit(&batch(piece)).await.expect("it commits");
    }
    let told = check_amendments(&database, &commands).await;
    assert!(told > 20, "{told} amendments are too few to tell");
    sink.reset().await.expect("thrown away");
    sink.commit(&batch(&commands)).await.expect("made again");
    assert_eq!(check_amendments(&database, &commands).await, told);
}

/// Compares each order's amendments with the events; how many there were.
async fn check_amendments(database: &Database, commands: &[Answered]) -> usize {
    let mut told = 0;
    let mut most = 0;
    let orders = commands.iter().flat_map(|answered| &answered.events);
    let orders = orders.filter(|event| matches!(event, Event::OrderAccepted(_)));
    for order in 1..=orders.count() as u64 {
        let mut expected = Vec::new();
        let mut owner = ANN;
        for answered in commands {
            for (index, event) in answered.events.iter().enumerate() {
                if let Event::OrderAmended(it) = event
                    && it.order == OrderId(order)
                {
                    let id = EventId::new(answered.offset, index as u16);
                    owner = it.account;
                    expected.push((id, it.old_qty, it.new_qty, it.old_client, it.new_client));
                }
            }
        }
        let page = amendment_page(owner, OrderId(order));
        let found = amendments(database, &page).await.expect("read");
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.id, it.old_qty, it.new_qty, it.old_client, it.new_client))
            .collect();
        assert_eq!(found, expected);
        if let [_, second, ..] = expected[..] {
            let from = AmendmentPage {
                from: second.0,
                limit: 1,
                ..page
            };
            let found = amendments(database, &from).await.expect("read");
            assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [second.0]);
        }
        for other in ACCOUNTS
            .map(AccountId)
            .into_iter()
            .filter(|it| *it != owner)
        {
            let page = amendment_page(other, OrderId(order));
            let found = amendments(database, &page).await.expect("read");
            assert_eq!(found, [], "another account's order");
        }
        told += expected.len();
        most = most.max(expected.len());
    }
    assert!(most > 1, "no order was amended twice");
    told
}

fn met(orders: (u64, u64), mode: SelfTradePrevention, qty: i64) -> Event {
    Event::TradePrevented(TradePrevented {
        symbol: SYMBOL,
        account: ANN,
        taker_order: OrderId(orders.0),
        maker_order: OrderId(orders.1),
        maker_side: Side::Sell,
        price: Price(100),
        taker_prevented: Qty(qty),
        maker_prevented: Qty(qty),
        mode,
    })
}

fn over(order: u64, prevented: i64) -> Event {
    Event::OrderDone(OrderDone {
        symbol: SYMBOL,
        order: OrderId(order),
        account: ANN,
        side: Side::Sell,
        status: OrderStatus::ExpiredInMatch,
        price: Price(100),
        open: Qty(prevented),
        prevented: Qty(prevented),
        rested: true,
        cancel_client: ClientOrderId::EMPTY,
    })
}

/// Every mode once, and a taker that expires two makers.
fn matches() -> Vec<Vec<Event>> {
    use SelfTradePrevention::{Decrement, ExpireBoth, ExpireMaker, ExpireTaker};
    vec![
        vec![
            met((5, 1), ExpireMaker, 0),
            over(1, 3),
            met((5, 2), ExpireMaker, 0),
            over(2, 4),
        ],
        vec![met((6, 3), ExpireBoth, 0), over(3, 2), over(6, 9)],
        vec![met((7, 4), Decrement, 2), over(7, 0)],
        vec![met((8, 4), ExpireTaker, 0), over(8, 6)],
    ]
}

#[tokio::test]
async fn a_prevented_match_holds_what_ended_with_its_orders() {
    let dir = folder();
    let mut fake = Fake::new(2);
    let mut commands = vec![fake.step(0)];
    commands.extend((1..=8).map(|offset| fake.accepted(offset)));
    let events = matches().into_iter().zip(9..);
    commands.extend(events.map(|(events, offset)| Answered {
        offset: Offset(offset),
        time: Fake::time(offset),
        events,
    }));
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    sink.commit(&batch(&commands[..10])).await.expect("commits");
    sink.commit(&batch(&commands[10..])).await.expect("commits");
    let id = |offset, index| EventId::new(Offset(offset), index);
    let all = [
        (id(9, 0), 5, 1, 0, 3),
        (id(9, 2), 5, 2, 0, 4),
        (id(10, 0), 6, 3, 9, 2),
        (id(11, 0), 7, 4, 2, 2),
        (id(12, 0), 8, 4, 6, 0),
    ];
    let ask = async |account: AccountId, of: PreventedOf, limit: usize| {
        let page = PreventedPage {
            account,
            symbol: SYMBOL,
            of,
            limit,
        };
        let found = prevented(&database, &page).await.expect("read");
        let numbers = |it: &schemas::order_change::PreventedReport| {
            let (taker, maker) = (it.taker_order.0, it.maker_order.0);
            (
                it.id,
                taker,
                maker,
                it.taker_prevented.0,
                it.maker_prevented.0,
            )
        };
        found.iter().map(numbers).collect::<Vec<_>>()
    };
    for one in all {
        assert_eq!(ask(ANN, PreventedOf::Match(one.0), 500).await, [one]);
        let other = ask(AccountId(8), PreventedOf::Match(one.0), 500).await;
        assert_eq!(other, [], "another account's match");
    }
    let of = |order, from| PreventedOf::Order(OrderId(order), from);
    assert_eq!(ask(ANN, of(5, EventId(0)), 500).await, all[..2]);
    assert_eq!(ask(ANN, of(5, EventId(0)), 1).await, all[..1]);
    assert_eq!(ask(ANN, of(5, id(9, 1)), 500).await, all[1..2]);
    assert_eq!(ask(ANN, of(4, EventId(0)), 500).await, all[3..]);
    assert_eq!(ask(ANN, of(9, EventId(0)), 500).await, []);
}

#[tokio::test]
async fn rows_of_an_older_schema_are_made_again() {
    let dir = folder();
    let mut fake = Fake::new(44);
    let commands: Vec<_> = (0..50).map(|offset| fake.step(offset)).collect();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    sink.commit(&batch(&commands)).await.expect("it commits");
    // What the second schema lacks.
    for text in [
        "DROP TABLE amendments",
        "DROP INDEX prevented_of_taker",
        "DROP INDEX prevented_of_maker",
        "DELETE FROM _sqlx_migrations WHERE version = 3",
    ] {
        database.execute(Statement::new(text)).await.expect("done");
    }
    database.close().await;
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    assert_eq!(sink.cursor().await.expect("a cursor"), Offset(0));
    sink.commit(&batch(&commands)).await.expect("made again");
}
