//! What taking one command costs; printed, and bounded only far above what is expected.

use std::time::Instant;

use schemas::event::{BalanceChanged, Event, OrderDone};
use schemas::ids::{AccountId, AssetId, ClientOrderId, Offset, OrderId};
use schemas::instrument::OrderStatus;
use schemas::units::{Amount, Price};

use crate::tests::fake::Fake;
use crate::{Views, Wanted};

/// Orders that are open at a time.
const OPEN: u64 = 1_000;
const STEPS: u64 = 100_000;

/// Each command either adds an order far down the book or cancels the oldest.
fn commands(accepted: &[Event]) -> Vec<Vec<Event>> {
    let (Event::OrderAccepted(order), Event::OrderRested(rested)) = (accepted[0], accepted[1])
    else {
        return Vec::new();
    };
    let account = AccountId(7);
    let asset = AssetId(1);
    let balance = BalanceChanged {
        account,
        asset,
        free: Amount(1),
        held: Amount(1),
    };
    let of = |step: u64| {
        let id = OrderId(2 + step);
        let price = Price(1 + (step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as i64);
        let name = ClientOrderId::new(&format!("x-12345678-{step}")).expect("fits");
        (id, price, name)
    };
    let mut commands = Vec::new();
    for step in 0..STEPS {
        let (id, price, name) = of(step);
        let mut order = order;
        (order.order, order.price, order.client_order) = (id, price, name);
        let mut rested = rested;
        (rested.order, rested.price) = (id, price);
        commands.push(vec![
            Event::OrderAccepted(order),
            Event::OrderRested(rested),
            Event::BalanceChanged(balance),
        ]);
        let Some(old) = step.checked_sub(OPEN) else {
            continue;
        };
        let (id, price, _) = of(old);
        let done = OrderDone {
            symbol: order.symbol,
            order: id,
            account,
            side: order.side,
            status: OrderStatus::Canceled,
            price,
            open: rested.open,
            prevented: schemas::units::Qty(0),
            rested: true,
            cancel_client: ClientOrderId::EMPTY,
        };
        commands.push(vec![Event::OrderDone(done), Event::BalanceChanged(balance)]);
    }
    commands
}

#[test]
fn a_command_is_taken_in_well_under_ten_microseconds() {
    let mut fake = Fake::new(1);
    let views = Views::new();
    let listing = fake.listing();
    views.apply(Offset(0), Fake::time(0), &listing, Wanted::default());
    let first = (1..1_000)
        .map(|seed| Fake::new(seed).place(AccountId(7), Fake::time(1)))
        .find(|events| matches!(events[..], [Event::OrderAccepted(_), Event::OrderRested(_)]))
        .expect("some seed's first order just rests");
    views.apply(Offset(1), Fake::time(1), &first, Wanted::default());
    let commands = commands(&first);
    views.forget_before(Offset(u64::MAX));
    let mut best = u128::MAX;
    let mut step = 2;
    for piece in commands.chunks(5_000) {
        let start = Instant::now();
        for events in piece {
            views.apply(Offset(step), Fake::time(step), events, Wanted::default());
            step += 1;
        }
        best = best.min(start.elapsed().as_nanos() / piece.len() as u128);
    }
    println!("{best} ns a command, the best of pieces of 5,000");
    assert!(best < 10_000);
}
