//! Conditional orders of perpetuals: by last price, by mark price, trailing, closing.

use engine::apply::Engine;
use schemas::command::{Command, RequestDigest};
use schemas::event::Event;
use schemas::ids::AccountId;
use schemas::instrument::{OrderStatus, OrderType, Side};
use schemas::perpetual::{PriceMatch, WorkingType};
use schemas::perpetual_command::{ModifyOrderV1, PlacePerpetualV1};
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty, TimeNs};

use super::world::{World, limit, market, reduce_only};

fn reason(events: &[Event]) -> Option<RejectReason> {
    events.iter().find_map(|event| match event {
        Event::OrderRejected(it) => Some(it.reason),
        _ => None,
    })
}

fn triggered(events: &[Event]) -> usize {
    let is_one = |event: &&Event| matches!(event, Event::OrderTriggered(_));
    events.iter().filter(is_one).count()
}

/// A conditional order at a stop price.
fn stop(
    account: AccountId,
    world: &World,
    (order_type, side, qty, price): (OrderType, Side, i64, i64),
) -> PlacePerpetualV1 {
    let mut place = market(account, world.symbols[0], side, qty);
    place.order.order_type = order_type;
    place.stop_price = Price(price);
    place
}

fn by_mark(mut place: PlacePerpetualV1) -> PlacePerpetualV1 {
    place.terms.working_type = WorkingType::MarkPrice;
    place
}

/// One long 10 lots against another, both at 1,000, and a book around.
fn world() -> (World, AccountId, AccountId) {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (long, short) = (world.trader(1_000_000), world.trader(10_000_000));
    world.place(&limit(short, symbol, (Side::Sell, 10, 1_000)));
    world.place(&limit(long, symbol, (Side::Buy, 10, 1_000)));
    for price in [970, 980, 990] {
        world.place(&limit(short, symbol, (Side::Buy, 20, price)));
    }
    (world, long, short)
}

#[test]
fn a_stop_by_last_price_sleeps_without_margin_and_closes_when_it_is_traded_through() {
    let (mut world, long, _) = world();
    let symbol = world.symbols[0];
    let other = world.trader(1_000_000);
    let mut order = stop(long, &world, (OrderType::StopLoss, Side::Sell, 25, 985));
    order.terms.reduce_only = true;
    assert_eq!(reason(&world.place(&order)), None);
    let leg = world
        .venue
        .engine
        .leg(long, symbol, schemas::perpetual::PositionSide::Both);
    assert_eq!((leg.bids, leg.asks, leg.reducing), (0, 0, 0));
    world.check();
    // 990 is above the trigger; 980 reaches it.
    world.place(&limit(other, symbol, (Side::Sell, 20, 990)));
    assert_eq!(world.position(long, symbol).0, 10);
    let events = world.place(&limit(other, symbol, (Side::Sell, 1, 980)));
    assert_eq!(triggered(&events), 1);
    assert_eq!(world.position(long, symbol), (0, 0));
    assert!(world.venue.engine.open_orders(long).is_empty());
    world.check();
}

#[test]
fn a_stop_by_mark_price_is_set_off_by_the_index_before_the_command_returns() {
    let (mut world, long, _) = world();
    let symbol = world.symbols[0];
    let mut order = by_mark(stop(
        long,
        &world,
        (OrderType::StopLoss, Side::Sell, 0, 960),
    ));
    order.terms.close_position = true;
    assert_eq!(reason(&world.place(&order)), None);
    assert_eq!(triggered(&world.price(symbol, 961)), 0);
    let events = world.price(symbol, 960);
    assert_eq!(triggered(&events), 1);
    assert_eq!(world.position(long, symbol), (0, 0));
    let closed = events
        .iter()
        .any(|event| matches!(event, Event::OrderAmended(it) if it.new_qty == Qty(10)));
    assert!(closed, "what it closes is told: {events:?}");
    world.check();
    // Nothing to close: it expires.
    let mut order = by_mark(stop(
        long,
        &world,
        (OrderType::StopLoss, Side::Sell, 0, 900),
    ));
    order.terms.close_position = true;
    world.place(&order);
    let events = world.price(symbol, 890);
    let expired = events
        .iter()
        .any(|event| matches!(event, Event::OrderDone(it) if it.status == OrderStatus::Expired));
    assert!(expired, "{events:?}");
    world.check();
}

#[test]
fn a_trigger_on_the_wrong_side_is_refused_and_a_sleeping_order_can_be_cancelled() {
    let (mut world, long, _) = world();
    let symbol = world.symbols[0];
    for order in [
        stop(long, &world, (OrderType::StopLoss, Side::Sell, 1, 1_000)),
        by_mark(stop(
            long,
            &world,
            (OrderType::StopLoss, Side::Sell, 1, 1_001),
        )),
        by_mark(stop(
            long,
            &world,
            (OrderType::TakeProfit, Side::Sell, 1, 999),
        )),
    ] {
        assert_eq!(
            reason(&world.place(&order)),
            Some(RejectReason::WouldTrigger)
        );
    }
    let order = by_mark(stop(
        long,
        &world,
        (OrderType::TakeProfit, Side::Sell, 1, 1_100),
    ));
    world.place(&order);
    let id = world.venue.engine.open_orders(long)[0].order.0;
    world.cancel(long, symbol, id);
    assert_eq!(triggered(&world.price(symbol, 1_100)), 0);
    world.check();
}

#[test]
fn what_cannot_pay_its_margin_when_it_is_set_off_expires() {
    let (mut world, _, _) = world();
    let symbol = world.symbols[0];
    let poor = world.trader(1_000);
    let mut order = by_mark(stop(
        poor,
        &world,
        (OrderType::StopLossLimit, Side::Buy, 50, 1_010),
    ));
    order.order.price = Price(1_010);
    assert_eq!(reason(&world.place(&order)), None, "it needs nothing yet");
    let events = world.price(symbol, 1_010);
    assert_eq!(triggered(&events), 1);
    assert!(world.venue.engine.open_orders(poor).is_empty());
    world.check();
    world.fund(poor, 1_000_000);
    let mut order = by_mark(stop(
        poor,
        &world,
        (OrderType::StopLossLimit, Side::Buy, 50, 1_020),
    ));
    order.order.price = Price(1_020);
    world.place(&order);
    world.price(symbol, 1_020);
    let open = world.venue.engine.open_orders(poor);
    assert_eq!(
        (open.len(), open[0].open, open[0].price),
        (1, Qty(50), Price(1_020))
    );
    world.check();
}

/// Of the bids of [`world`] 3 lots at 980 are left, and what is below; the long one has a
/// reduce-only order at 1,100.
fn thin(world: &mut World, long: AccountId) {
    let symbol = world.symbols[0];
    let other = world.trader(10_000_000);
    world.place(&limit(other, symbol, (Side::Sell, 37, 980)));
    let order = reduce_only(limit(long, symbol, (Side::Sell, 10, 1_100)));
    assert_eq!(reason(&world.place(&order)), None);
}

/// Open quantity and price of each order of an account.
fn open(world: &World, account: AccountId) -> Vec<(i64, i64)> {
    let orders = world.venue.engine.open_orders(account);
    orders.iter().map(|it| (it.open.0, it.price.0)).collect()
}

#[test]
fn a_reduce_only_order_that_is_set_off_clips_those_that_rest_and_not_itself() {
    let (mut world, long, _) = world();
    let symbol = world.symbols[0];
    thin(&mut world, long);
    let kind = OrderType::StopLossLimit;
    let mut order = reduce_only(by_mark(stop(long, &world, (kind, Side::Sell, 10, 960))));
    order.order.price = Price(975);
    assert_eq!(reason(&world.place(&order)), None);
    assert_eq!(triggered(&world.price(symbol, 960)), 1);
    assert_eq!(world.position(long, symbol).0, 7);
    assert_eq!(open(&world, long), [(7, 1_100), (7, 975)]);
    world.check();
    // One that closes all: the others go, and it ends once.
    let order = by_mark(stop(
        long,
        &world,
        (OrderType::StopLoss, Side::Sell, 7, 950),
    ));
    world.place(&reduce_only(order));
    assert_eq!(triggered(&world.price(symbol, 950)), 1);
    assert_eq!(world.position(long, symbol), (0, 0));
    assert_eq!(open(&world, long), []);
    world.check();
}

#[test]
fn a_reduce_only_order_moved_to_where_it_trades_clips_those_that_rest_and_not_itself() {
    let (mut world, long, _) = world();
    let symbol = world.symbols[0];
    thin(&mut world, long);
    let order = reduce_only(limit(long, symbol, (Side::Sell, 10, 1_200)));
    assert_eq!(reason(&world.place(&order)), None);
    let number = world.venue.engine.open_orders(long)[1].order;
    let events = world.apply(&Command::ModifyOrder(ModifyOrderV1 {
        target: crate::venue::by_id(number.0),
        new_qty: Qty(10),
        new_price: Price(975),
        valid_until: TimeNs(0),
        account: long,
        symbol,
        request: RequestDigest::default(),
        side: Side::Sell,
        price_match: PriceMatch::None,
    }));
    let is_moved = |event: &Event| matches!(event, Event::OrderModified(_));
    assert!(events.iter().any(is_moved), "{events:?}");
    let is_clipped = |event: &&Event| matches!(event, Event::OrderAmended(_));
    assert_eq!(events.iter().filter(is_clipped).count(), 1, "{events:?}");
    assert_eq!(world.position(long, symbol).0, 7);
    assert_eq!(open(&world, long), [(7, 1_100), (7, 975)]);
    world.check();
}

#[test]
fn a_trailing_stop_by_mark_follows_the_best_price_by_its_callback_also_over_a_snapshot() {
    let (mut world, long, _) = world();
    let symbol = world.symbols[0];
    let mut order = by_mark(stop(long, &world, (OrderType::StopLoss, Side::Sell, 10, 0)));
    order.callback = 100;
    order.terms.reduce_only = true;
    assert_eq!(reason(&world.place(&order)), None);
    world.price(symbol, 1_050);
    let saved: Vec<(String, Vec<u8>)> = world
        .venue
        .engine
        .sections()
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let restored = Engine::restore(3, &saved).expect("its own sections");
    assert_eq!(restored.root(), world.venue.engine.root());
    world.venue.engine = restored;
    world.check();
    // One percent below 1,050 is 1,039.5.
    assert_eq!(triggered(&world.price(symbol, 1_040)), 0);
    assert_eq!(triggered(&world.price(symbol, 1_039)), 1);
    assert_eq!(world.position(long, symbol), (0, 0));
    world.check();
}
