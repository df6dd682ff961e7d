//! OCO, OTO and OTOCO.

use schemas::instrument::{ContingencyType, OrderType, Side};

use super::Stage;

use ContingencyType::{Oco, Oto, Otoco};
use OrderType::{Limit, LimitMaker, StopLoss, StopLossLimit, TakeProfit};
use Side::{Buy, Sell};

/// Sell 10: a limit maker at 110 above, a stop at 90 (limit 88) below.
fn oco(stage: &mut Stage) -> String {
    let above = stage.leg((Sell, 10), LimitMaker, "price 110 client above");
    let below = stage.leg((Sell, 10), StopLossLimit, "stop 90 price 88 client below");
    stage.list(Oco, &[above, below])
}

#[test]
fn both_legs_of_a_pair_share_one_hold() {
    let mut stage = Stage::new();
    stage.print(100);
    let found = oco(&mut stage);
    assert_eq!(found, "list 1; Working 3; Waiting 4; rests 3 10@110");
    assert_eq!(stage.held(), (10, 0));
    stage.restore();
    let again = oco(&mut stage);
    assert_eq!(again, "list refused DuplicateOrder");
    assert_eq!(
        stage.cancel(4),
        "Canceled 4 open 10; Canceled 3 open 10; list 1 done"
    );
    assert_eq!(stage.held(), (0, 0));
    // A bid needs more for its stop than for its limit.
    let above = stage.leg((Buy, 10), StopLossLimit, "stop 110 price 112");
    let below = stage.leg((Buy, 10), LimitMaker, "price 90");
    let found = stage.list(Oco, &[above, below]);
    assert_eq!(found, "list 2; Waiting 5; Working 6; rests 6 10@90");
    assert_eq!(stage.held(), (0, 1_120));
    stage.restore();
    assert_eq!(
        stage.cancel_list(2),
        "Canceled 5 open 10; Canceled 6 open 10; list 2 done"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_limit_leg_that_trades_expires_the_stop() {
    let mut stage = Stage::new();
    stage.print(100);
    oco(&mut stage);
    let found = stage.quote(Buy, (110, 4));
    assert_eq!(
        found,
        "5 takes 4@110 of 3; OcoTrigger; Expired 4 open 10; Filled 5 open 0"
    );
    assert_eq!(stage.held(), (6, 0));
    let found = stage.quote(Buy, (110, 6));
    assert_eq!(found, "6 takes 6@110 of 3; list 1 done; Filled 6 open 0");
}

#[test]
fn a_stop_leg_that_is_set_off_expires_the_limit() {
    let mut stage = Stage::new();
    stage.print(100);
    oco(&mut stage);
    stage.quote(Buy, (90, 1));
    let found = stage.quote(Sell, (90, 1));
    assert_eq!(
        found,
        "6 takes 1@90 of 5; Filled 6 open 0; triggered 4 at 90; OcoTrigger; Expired 3 open 10; \
         rests 4 10@88"
    );
    assert_eq!(stage.held(), (10, 0));
    stage.restore();
    assert_eq!(stage.cancel(4), "Canceled 4 open 10; list 1 done");
}

#[test]
fn prices_that_do_not_enclose_the_market_are_refused() {
    let mut stage = Stage::new();
    stage.print(100);
    let above = stage.leg((Sell, 1), LimitMaker, "price 99");
    let below = stage.leg((Sell, 1), StopLoss, "stop 90");
    assert_eq!(stage.list(Oco, &[above, below]), "list refused ListPrices");
    let above = stage.leg((Sell, 1), TakeProfit, "stop 110");
    let late = stage.leg((Sell, 1), StopLoss, "stop 101");
    assert_eq!(stage.list(Oco, &[above, late]), "list refused ListPrices");
    assert_eq!(
        stage.list(Oco, &[below, above]),
        "list refused InvalidOrder"
    );
    let other = stage.leg((Buy, 1), StopLoss, "stop 90");
    assert_eq!(
        stage.list(Oco, &[above, other]),
        "list refused InvalidOrder"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_pending_order_is_placed_when_the_working_one_is_filled() {
    let mut stage = Stage::new();
    stage.print(100);
    let working = stage.leg((Buy, 5), Limit, "price 95");
    let pending = stage.leg((Sell, 5), Limit, "price 120 part 2");
    let found = stage.list(Oto, &[working, pending]);
    assert_eq!(found, "list 1; Working 3; Pending 4; rests 3 5@95");
    assert_eq!(stage.held(), (0, 475));
    stage.restore();
    stage.quote(Sell, (95, 3));
    assert_eq!(stage.held(), (0, 190));
    let found = stage.quote(Sell, (95, 2));
    assert_eq!(
        found,
        "6 takes 2@95 of 3; Filled 6 open 0; activated 4 Working; rests 4 2@120"
    );
    assert_eq!(stage.held(), (5, 0));
    assert_eq!(stage.cancel(4), "Canceled 4 open 5; list 1 done");
}

#[test]
fn pending_orders_go_with_the_working_one() {
    let mut stage = Stage::new();
    stage.print(100);
    let working = stage.leg((Buy, 5), Limit, "price 105 ioc");
    let pending = stage.leg((Sell, 5), StopLoss, "stop 90");
    let found = stage.list(Oto, &[working, pending]);
    assert_eq!(
        found,
        "list 1; Working 3; Pending 4; Expired 3 open 5; OtoPhaseOneExpired; Expired 4 open 5; \
         list 1 done"
    );
    let working = stage.leg((Buy, 5), Limit, "price 95");
    stage.list(Oto, &[working, pending]);
    assert_eq!(
        stage.cancel(6),
        "Canceled 6 open 5; Canceled 5 open 5; list 2 done"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_filled_working_order_places_a_pair() {
    let mut stage = Stage::new();
    stage.print(100);
    let working = stage.leg((Buy, 5), Limit, "price 101");
    let above = stage.leg((Sell, 5), LimitMaker, "price 110");
    let below = stage.leg((Sell, 5), StopLoss, "stop 90");
    stage.quote(Sell, (101, 5));
    let found = stage.list(Otoco, &[working, above, below]);
    assert_eq!(
        found,
        "list 1; Working 4; Pending 5; Pending 6; 4 takes 5@101 of 3; Filled 4 open 0; \
         activated 5 Working; rests 5 5@110; activated 6 Waiting"
    );
    assert_eq!(stage.held(), (5, 0));
    stage.restore();
    stage.quote(Buy, (89, 9));
    let found = stage.quote(Sell, (89, 1));
    assert_eq!(
        found,
        "8 takes 1@89 of 7; Filled 8 open 0; triggered 6 at 89; OcoTrigger; Expired 5 open 5; \
         6 takes 5@89 of 7; Filled 6 open 0; list 1 done"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_pending_order_that_may_not_enter_expires() {
    let mut stage = Stage::new();
    stage.print(100);
    let working = stage.leg((Buy, 5), Limit, "price 95");
    let pending = stage.leg((Sell, 2_000_000_000), Limit, "price 120");
    stage.list(Oto, &[working, pending]);
    let found = stage.quote(Sell, (95, 5));
    assert_eq!(
        found,
        "5 takes 5@95 of 3; Filled 5 open 0; Rejected; Expired 4 open 2000000000; list 1 done"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn cancel_all_ends_lists_whole() {
    let mut stage = Stage::new();
    stage.print(100);
    oco(&mut stage);
    let found = stage.cancel_all();
    assert_eq!(found, "Canceled 3 open 10; Canceled 4 open 10; list 1 done");
    assert_eq!(stage.held(), (0, 0));
}
