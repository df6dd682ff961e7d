//! What protects those who trade: calls for margin, no liquidation without an index price,
//! price protection of conditional orders.

use engine::apply::Engine;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId, Text};
use schemas::instrument::{ExpiryReason, OrderType, Side};
use schemas::perpetual::{MarginType, PositionSide, PriceSource};
use schemas::perpetual_command::{
    SetContractGuardV1, SetIndexPriceV1, SetIndexSourcesV1, SetMarginTypeV1,
};
use schemas::perpetual_event::MarginCalled;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Rate};

use super::world::{World, limit, market};

const FOUR_FIFTHS: i64 = 80_000_000;

fn guard(world: &mut World, trigger_protect: i64, margin_call: i64) -> Vec<Event> {
    let symbol = world.symbols[0];
    world.apply(&Command::SetContractGuard(SetContractGuardV1 {
        trigger_protect: Rate(trigger_protect),
        margin_call: Rate(margin_call),
        symbol,
    }))
}

fn sources(world: &mut World, symbol: SymbolId, live: u32) -> Vec<Event> {
    world.apply(&Command::SetIndexSources(SetIndexSourcesV1 {
        symbol,
        live,
        needed: 2,
    }))
}

/// A price that venues gave, and no operator.
fn heard(world: &mut World, price: i64) -> Vec<Event> {
    let symbol = world.symbols[0];
    world.apply(&Command::SetIndexPrice(SetIndexPriceV1 {
        price: Price(price),
        symbol,
        business: Text::EMPTY,
        source: PriceSource::Sources,
    }))
}

fn calls(events: &[Event]) -> Vec<MarginCalled> {
    let calls = events.iter().filter_map(|event| match event {
        Event::MarginCalled(it) => Some(*it),
        _ => None,
    });
    calls.collect()
}

fn is_liquidated(events: &[Event]) -> bool {
    let started = |event: &Event| matches!(event, Event::LiquidationStarted(_));
    events.iter().any(started)
}

/// Long 100 lots at 1,000 on a wallet of 103,750: maintenance is 4 x the price, so that the
/// ratio is 0.76 at 901, 0.96 at 900, and at 899 it is over.
fn thin(world: &mut World) -> AccountId {
    let symbol = world.symbols[0];
    let (rich, poor) = (world.trader(100_000_000), world.trader(104_150));
    world.place(&limit(rich, symbol, (Side::Sell, 100, 1_000)));
    world.place(&limit(poor, symbol, (Side::Buy, 100, 1_000)));
    assert_eq!(world.wallet(poor), 103_750);
    poor
}

fn reload(world: &mut World) {
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
}

#[test]
fn thin_margin_is_called_once_until_it_was_calm() {
    let mut world = World::new();
    guard(&mut world, 0, FOUR_FIFTHS);
    let poor = thin(&mut world);
    let symbol = world.symbols[0];
    assert_eq!(calls(&world.price(symbol, 901)), []);
    let told = calls(&world.price(symbol, 900));
    let [it] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((it.account, it.side), (poor, PositionSide::Both));
    assert_eq!(it.margin_type, MarginType::Cross);
    assert_eq!((it.mark, it.holding.size.0), (Price(900), 100));
    assert_eq!(it.unrealised, Amount(-100_000));
    assert_eq!(it.maintenance, Amount(3_600));
    assert_eq!(it.cross, Amount(103_750));
    // 0.76 is more than nine tenths of 0.8: not calm yet.
    for price in [901, 900, 901, 900] {
        reload(&mut world);
        assert_eq!(calls(&world.price(symbol, price)), [], "at {price}");
    }
    world.price(symbol, 902);
    reload(&mut world);
    assert_eq!(calls(&world.price(symbol, 900)).len(), 1);
    let events = world.price(symbol, 899);
    assert!(is_liquidated(&events) && calls(&events).is_empty());
    world.check();
}

#[test]
fn a_deposit_calms_and_a_jump_is_called_before_it_liquidates() {
    let mut world = World::new();
    guard(&mut world, 0, FOUR_FIFTHS);
    let poor = thin(&mut world);
    let symbol = world.symbols[0];
    assert_eq!(calls(&world.price(symbol, 900)).len(), 1);
    world.fund(poor, 10_000);
    let out = schemas::perpetual::WalletDirection::ToSpot;
    assert_eq!(calls(&world.transfer(poor, 10_000, out)), []);
    let events = world.price(symbol, 880);
    let called = calls(&events).len();
    assert_eq!(called, 1, "it was calm in between: {events:?}");
    assert!(is_liquidated(&events));
    world.check();
}

#[test]
fn nobody_is_called_where_no_guard_is_set() {
    let mut world = World::new();
    thin(&mut world);
    let symbol = world.symbols[0];
    assert_eq!(calls(&world.price(symbol, 900)), []);
    let names: Vec<_> = world.venue.engine.sections();
    let has = names.iter().any(|(name, _)| *name == "guards");
    assert!(!has, "older journals keep their roots");
    for part in [-1, 100_000_001] {
        let refused = guard(&mut world, 0, part);
        let [Event::CommandRejected { reason }] = refused[..] else {
            panic!("{refused:?}");
        };
        assert_eq!(reason, RejectReason::InvalidContract);
    }
    // Set, it calls who is thin already.
    assert_eq!(calls(&guard(&mut world, 0, FOUR_FIFTHS)).len(), 1);
}

#[test]
fn an_isolated_position_is_called_for_itself() {
    let mut world = World::new();
    guard(&mut world, 0, FOUR_FIFTHS);
    let symbol = world.symbols[0];
    let (rich, poor) = (world.trader(100_000_000), world.trader(1_000_000));
    world.apply(&Command::SetMarginType(SetMarginTypeV1 {
        account: poor,
        symbol,
        margin_type: MarginType::Isolated,
    }));
    world.place(&limit(rich, symbol, (Side::Sell, 100, 1_000)));
    world.place(&limit(poor, symbol, (Side::Buy, 100, 1_000)));
    // 100,000 stand beside it: 4,500 less at 904.5, where maintenance is 3,618.
    assert_eq!(calls(&world.price(symbol, 906)), []);
    let told = calls(&world.price(symbol, 904));
    let [it] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(it.margin_type, MarginType::Isolated);
    assert_eq!(
        (it.cross, it.holding.isolated),
        (Amount(0), Amount(100_000))
    );
    world.check();
}

#[test]
fn nobody_is_liquidated_while_too_few_sources_live() {
    for by_operator in [false, true] {
        let mut world = World::new();
        thin(&mut world);
        let symbol = world.symbols[0];
        sources(&mut world, symbol, 1);
        reload(&mut world);
        let events = heard(&mut world, 899);
        assert!(!is_liquidated(&events), "{events:?}");
        world.check();
        reload(&mut world);
        let other = world.symbols[1];
        assert!(!is_liquidated(&sources(&mut world, other, 2)));
        let events = match by_operator {
            true => world.price(symbol, 899),
            false => sources(&mut world, symbol, 2),
        };
        assert!(is_liquidated(&events), "{by_operator}: {events:?}");
        world.check();
    }
}

#[test]
fn a_liquidation_under_way_stops_when_the_sources_die() {
    let mut world = World::new();
    let poor = thin(&mut world);
    let symbol = world.symbols[0];
    world.venue.engine.limit_events(1);
    // Fifty orders to cancel, one a step.
    for price in 1..=50 {
        world.place(&limit(poor, symbol, (Side::Buy, 1, price)));
    }
    let command = Command::SetIndexPrice(SetIndexPriceV1 {
        price: Price(899),
        symbol,
        business: Text::EMPTY,
        source: PriceSource::Sources,
    });
    let begun = world.venue.apply(&command);
    assert!(is_liquidated(&begun) && world.venue.engine.more());
    sources(&mut world, symbol, 0);
    assert_eq!(world.position(poor, symbol).0, 100, "it is left alone");
    assert_eq!(world.venue.engine.liquidations(), 0);
    world.check();
    sources(&mut world, symbol, 3);
    assert_eq!(world.position(poor, symbol).0, 0);
    world.check();
}

#[test]
fn sources_of_what_is_no_perpetual_are_refused() {
    let mut world = World::new();
    let refused = sources(&mut world, SymbolId(9), 1);
    assert!(
        matches!(
            refused[..],
            [Event::CommandRejected {
                reason: RejectReason::UnknownSymbol
            }]
        ),
        "{refused:?}"
    );
}

#[test]
fn a_protected_stop_is_not_set_off_while_last_and_mark_lie_apart() {
    const PART: i64 = 5_000_000;
    // Set off at a last price while the mark stays at 1,000.
    for (last, part, protects, fires) in [
        (1_050, PART, true, true),
        (1_051, PART, true, false),
        (1_051, PART, false, true),
        (1_051, 0, true, true),
    ] {
        let mut world = World::new();
        guard(&mut world, part, 0);
        let symbol = world.symbols[0];
        let (maker, taker) = (world.trader(10_000_000), world.trader(10_000_000));
        let owner = world.trader(1_000_000);
        let mut stop = market(owner, symbol, Side::Buy, 1);
        stop.order.order_type = OrderType::StopLoss;
        stop.stop_price = Price(1_040);
        stop.terms.price_protect = protects;
        world.place(&stop);
        world.place(&limit(maker, symbol, (Side::Sell, 10, last)));
        let events = world.place(&limit(taker, symbol, (Side::Buy, 1, last)));
        let bought = world.position(owner, symbol).0;
        assert_eq!(bought, i64::from(fires), "{last} {part} {protects}");
        let expired = events.iter().any(|event| match event {
            Event::OrderExpiring(it) => it.reason == ExpiryReason::Rejected,
            _ => false,
        });
        assert_eq!(expired, !fires, "{events:?}");
        world.check();
    }
}
