//! Orders of which a part stands in the book.

use schemas::command::{Command, CreateAccountV1};
use schemas::ids::BusinessId;
use schemas::instrument::{OrderType, SelfTradePrevention, Side};

use super::Stage;
use crate::venue::limit;

use Side::{Buy, Sell};

#[test]
fn the_next_part_joins_the_queue_last() {
    let mut stage = Stage::new();
    let found = stage.place((Sell, 10), OrderType::Limit, "price 50 part 4");
    assert_eq!(found, "Working 1; rests 1 4@50");
    stage.quote(Sell, (50, 3));
    assert_eq!(stage.held(), (10, 0));
    assert_eq!(stage.venue.engine.levels(stage.symbol, Sell)[0].qty.0, 7);
    let found = stage.quote(Buy, (50, 9));
    assert_eq!(
        found,
        "3 takes 4@50 of 1; shows 4 of 1; 3 takes 3@50 of 2; 3 takes 2@50 of 1; Filled 3 open 0"
    );
    stage.restore();
    assert_eq!(stage.held(), (4, 0));
    let found = stage.quote(Buy, (50, 9));
    assert_eq!(
        found,
        "4 takes 2@50 of 1; shows 2 of 1; 4 takes 2@50 of 1; rests 4 5@50"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn what_a_market_or_fill_or_kill_order_would_meet_counts_the_hidden_parts() {
    let mut stage = Stage::new();
    stage.place((Sell, 10), OrderType::Limit, "price 50 part 3");
    stage.place((Sell, 10), OrderType::Limit, "price 50 part 4");
    stage.quote(Sell, (51, 5));
    let mut kill = limit(stage.maker, stage.symbol, Buy, (51, 26));
    kill.time_in_force = schemas::instrument::TimeInForce::Fok;
    let found = stage.run(&Command::PlaceOrder(kill));
    assert_eq!(found, "Expired 4 open 26");
    let business = BusinessId::EMPTY;
    stage
        .venue
        .apply(&Command::CreateAccount(CreateAccountV1 { business }));
    let poor = schemas::ids::AccountId(stage.maker.0 + 1);
    stage.venue.deposit(poor, stage.quote, 20 * 50 + 5 * 51);
    let mut sweep = limit(poor, stage.symbol, Buy, (0, 25));
    sweep.order_type = OrderType::Market;
    let found = stage.run(&Command::PlaceOrder(sweep));
    assert!(found.ends_with("Filled 5 open 0"), "{found}");
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn prevention_takes_part_after_part() {
    let mut stage = Stage::new();
    stage.place((Sell, 10), OrderType::Limit, "price 50 part 4");
    let mut own = limit(stage.user, stage.symbol, Buy, (50, 6));
    own.self_trade = SelfTradePrevention::Decrement;
    let found = stage.run(&Command::PlaceOrder(own));
    assert_eq!(
        found,
        "prevented 1; shows 4 of 1; prevented 1; ExpiredInMatch 2 open 0"
    );
    assert_eq!(stage.held(), (4, 0));
    own.self_trade = SelfTradePrevention::ExpireMaker;
    let found = stage.run(&Command::PlaceOrder(own));
    assert_eq!(found, "prevented 1; ExpiredInMatch 1 open 4; rests 3 6@50");
    assert_eq!(stage.held(), (0, 300));
}

#[test]
fn too_many_parts_are_refused() {
    let mut stage = Stage::new();
    let found = stage.place((Sell, 201), OrderType::Limit, "price 50 part 2");
    assert_eq!(found, "refused IcebergParts");
    let found = stage.place((Sell, 200), OrderType::Limit, "price 50 part 2");
    assert_eq!(found, "Working 1; rests 1 2@50");
    assert_eq!(stage.cancel(1), "Canceled 1 open 200");
    assert_eq!(stage.held(), (0, 0));
}
