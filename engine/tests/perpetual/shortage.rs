//! Who pays at the end of a position: its own margin first, and at last the venue.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::AccountId;
use schemas::instrument::Side;
use schemas::perpetual::MarginType;
use schemas::perpetual_command::{SetIndexSourcesV1, SetMarginTypeV1};

use super::world::{World, limit, reduce_only};

/// A long of ten lots at 1,000, isolated with 10,000 atoms beside it, against a short.
fn isolated_long(world: &mut World) -> AccountId {
    let symbol = world.symbols[0];
    let (long, short) = (world.trader(1_000_000), world.trader(1_000_000));
    world.apply(&Command::SetMarginType(SetMarginTypeV1 {
        account: long,
        symbol,
        margin_type: MarginType::Isolated,
    }));
    world.place(&limit(short, symbol, (Side::Sell, 10, 1_000)));
    world.place(&limit(long, symbol, (Side::Buy, 10, 1_000)));
    assert_eq!(world.position(long, symbol).0, 10);
    long
}

#[test]
fn the_fee_of_an_isolated_position_that_was_sold_whole_reaches_the_insurance() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let long = isolated_long(&mut world);
    let bidder = world.trader(1_000_000);
    world.place(&limit(bidder, symbol, (Side::Buy, 10, 901)));
    let before = world.wallet(long);
    let events = world.price(symbol, 903);
    let fee = events.iter().find_map(|event| match event {
        Event::LiquidationFee(it) if it.account == long => Some(it.amount.0),
        _ => None,
    });
    let fee = fee.expect("it was sold, and that costs");
    assert_eq!(world.position(long, symbol), (0, 0));
    assert_eq!(world.position(bidder, symbol).0, 10);
    // 10,000 were beside it, and 9,900 are lost at 901: of 1,126 atoms 100 are left to take,
    // and the wallet stays as it was.
    assert_eq!(fee, 100);
    assert_eq!(world.wallet(long), before);
    assert_eq!(world.wallet(AccountId::INSURANCE), fee);
    world.check();
}

/// docs/perpetuals.md: "a fill that would leave the margin balance of a side below zero does
/// not happen", also not one that does it good.
#[test]
fn who_owes_more_than_he_has_is_not_filled_but_waits_for_his_liquidation() {
    let mut world = World::new();
    let [symbol, second] = world.symbols;
    let (poor, other) = (world.trader(30_000), world.trader(10_000_000));
    for contract in [symbol, second] {
        world.place(&limit(other, contract, (Side::Sell, 10, 1_000)));
        world.place(&limit(poor, contract, (Side::Buy, 10, 1_000)));
        assert_eq!(world.position(poor, contract).0, 10);
    }
    // Too few sources for the second contract: nobody who is in it is liquidated.
    let sources = |live| {
        Command::SetIndexSources(SetIndexSourcesV1 {
            symbol: second,
            live,
            needed: 2,
        })
    };
    world.apply(&sources(1));
    // 40,000 are lost where 30,000 were.
    let events = world.price(symbol, 600);
    assert!(!events.iter().any(|event| is_start(event, poor)));
    let before = (world.wallet(poor), world.position(poor, second));
    world.place(&limit(other, second, (Side::Buy, 10, 1_010)));
    let close = limit(poor, second, (Side::Sell, 10, 1_010));
    let events = world.place(&reduce_only(close));
    let trades = events.iter().filter(|it| matches!(it, Event::Trade(_)));
    assert_eq!(trades.count(), 0, "{events:?}");
    assert_eq!(
        (world.wallet(poor), world.position(poor, second)),
        before,
        "nothing was settled"
    );
    world.check();
    let events = world.apply(&sources(2));
    assert!(events.iter().any(|event| is_start(event, poor)));
    assert_eq!(world.position(poor, symbol).0, 0);
    assert!(world.wallet(poor) >= 0);
    world.check();
}

fn is_start(event: &Event, account: AccountId) -> bool {
    matches!(event, Event::LiquidationStarted(it) if it.account == account)
}
