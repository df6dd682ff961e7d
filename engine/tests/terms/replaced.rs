//! A replacement whose quantity counts what the replaced order has traded.

use schemas::command::Command;
use schemas::instrument::{CancelReplaceMode, CancelRestriction, OrderType, Side};
use schemas::order_command::CancelReplaceWithTermsV1;

use super::Stage;
use crate::venue::by_id;

use Side::{Buy, Sell};

fn replace(stage: &mut Stage, order: u64, qty: i64, terms: &str) -> String {
    let new = stage.asked((Sell, qty), OrderType::Limit, terms);
    stage.run(&Command::ReplaceRest(Box::new(CancelReplaceWithTermsV1 {
        new,
        target: by_id(order),
        cancel_client: schemas::ids::ClientOrderId::EMPTY,
        mode: CancelReplaceMode::StopOnFailure,
        restriction: CancelRestriction::Any,
    })))
}

#[test]
fn a_fill_on_the_way_is_counted_and_nothing_is_sold_twice() {
    for (terms, told) in [
        ("price 60", "Canceled 1 open 6; rests 3 4@60"),
        (
            "price 60 part 2",
            "Canceled 1 open 6; Working 3; rests 3 2@60",
        ),
    ] {
        let mut stage = Stage::new();
        stage.place((Sell, 10), OrderType::Limit, "price 50");
        // Whoever asks for 8 in all has not heard of these 4 yet.
        stage.quote(Buy, (50, 4));
        assert_eq!(replace(&mut stage, 1, 8, terms), told);
        assert_eq!(
            stage.held(),
            (4, 0),
            "4 were sold and 4 are offered: 8 in all"
        );
        stage.restore();
    }
}

#[test]
fn what_was_traded_whole_is_not_replaced() {
    let mut stage = Stage::new();
    stage.place((Sell, 10), OrderType::Limit, "price 50");
    stage.quote(Buy, (50, 8));
    for qty in [8, 7, 0, -1] {
        let found = replace(&mut stage, 1, qty, "price 60");
        assert_eq!(found, "not cancelled CancelRestricted", "{qty}");
    }
    assert_eq!(stage.held(), (2, 0), "the rest stands as it did");
    assert_eq!(
        replace(&mut stage, 7, 5, "price 60"),
        "not cancelled UnknownOrder"
    );
    stage.quote(Buy, (50, 2));
    let found = replace(&mut stage, 1, 12, "price 60");
    assert_eq!(found, "not cancelled UnknownOrder", "it is gone");
    let none = replace(&mut stage, 1, 5, "price -1");
    assert!(none.contains("refused"), "{none}");
}
