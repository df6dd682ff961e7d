//! Orders that take their price from the book.

use schemas::command::{Command, SetFilterV1};
use schemas::event::Event;
use schemas::ids::ClientOrderId;
use schemas::instrument::{
    CancelReplaceMode, CancelRestriction, ContingencyType, Filter, OrderType, PriceFilter, Side,
};
use schemas::order_command::CancelReplaceWithTermsV1;
use schemas::peg::{Peg, ReplacePeggedV1};
use schemas::units::Price;

use super::{Stage, market, primary};
use crate::venue::by_id;

use ContingencyType::{Oco, Oto};
use OrderType::{Limit, LimitMaker, StopLoss, StopLossLimit, TakeProfitLimit};
use Side::{Buy, Sell};

/// Bids at 99, 98, 96 and asks at 101, 103 of the maker, after a trade at 100.
fn quoted() -> Stage {
    let mut stage = Stage::new();
    stage.print(100);
    for (side, price) in [(Buy, 99), (Buy, 98), (Buy, 96), (Sell, 101), (Sell, 103)] {
        stage.quote(side, (price, 5));
    }
    stage
}

#[test]
fn a_peg_is_read_once_and_the_price_stands() {
    let mut stage = quoted();
    let found = stage.pegged((Buy, 2), Limit, ("", primary(0)));
    assert_eq!(found, "Working 8; pegged 8 at 99; rests 8 2@99");
    assert_eq!(stage.held(), (0, 198));
    // A better bid moves nobody.
    stage.quote(Buy, (100, 1));
    let found = stage.pegged((Buy, 2), LimitMaker, ("", primary(1)));
    assert_eq!(found, "Working 10; pegged 10 at 99; rests 10 2@99");
    let found = stage.pegged((Sell, 1), Limit, ("", primary(1)));
    assert_eq!(found, "Working 11; pegged 11 at 103; rests 11 1@103");
    stage.restore();
    assert_eq!(stage.cancel(8), "Canceled 8 open 2");
    assert_eq!(stage.cancel(10), "Canceled 10 open 2");
    assert_eq!(stage.cancel(11), "Canceled 11 open 1");
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_market_peg_takes_that_level_and_no_worse() {
    let mut stage = quoted();
    let found = stage.pegged((Buy, 7), Limit, ("ioc", market(0)));
    assert_eq!(
        found,
        "Working 8; pegged 8 at 101; 8 takes 5@101 of 6; Expired 8 open 2"
    );
    let found = stage.pegged((Sell, 12), Limit, ("", market(2)));
    assert_eq!(
        found,
        "Working 9; pegged 9 at 96; 9 takes 5@99 of 3; 9 takes 5@98 of 4; 9 takes 2@96 of 5; \
         Filled 9 open 0"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn the_owner_s_own_price_is_the_worst_he_gets() {
    let mut stage = quoted();
    let found = stage.pegged((Buy, 1), Limit, ("price 97", primary(0)));
    assert_eq!(found, "Working 8; pegged 8 at 97; rests 8 1@97");
    let found = stage.pegged((Buy, 1), Limit, ("price 100", primary(0)));
    assert_eq!(found, "Working 9; pegged 9 at 99; rests 9 1@99");
    let found = stage.pegged((Sell, 1), Limit, ("price 105", market(0)));
    assert_eq!(found, "Working 10; pegged 10 at 105; rests 10 1@105");
    let new = stage.asked((Buy, 1), Limit, "price 98");
    let events = stage
        .venue
        .complete(&Command::PlacePegged(schemas::peg::PlacePeggedV1 {
            new,
            peg: market(0),
        }));
    let told = events.iter().find_map(|event| match event {
        Event::OrderPegged(told) => Some((told.peg, told.limit, told.price)),
        _ => None,
    });
    assert_eq!(told, Some((market(0), Price(98), Price(98))));
}

#[test]
fn what_cannot_be_pegged_is_refused() {
    let mut stage = quoted();
    let refused = |stage: &mut Stage, kind, asked| stage.pegged((Buy, 1), kind, asked);
    for (kind, asked, reason) in [
        (Limit, ("", primary(3)), "PegLiquidity"),
        (Limit, ("", market(2)), "PegLiquidity"),
        (Limit, ("ioc", primary(0)), "PegPriceType"),
        (Limit, ("fok", primary(0)), "PegPriceType"),
        (LimitMaker, ("", market(0)), "PegPriceType"),
        (StopLoss, ("stop 105", primary(0)), "PegOrderType"),
        (OrderType::Market, ("", market(0)), "PegOrderType"),
        (Limit, ("", primary(101)), "InvalidOrder"),
        (Limit, ("", Peg::NONE), "InvalidOrder"),
        (StopLossLimit, ("stop 90", primary(0)), "WouldTrigger"),
    ] {
        assert_eq!(
            refused(&mut stage, kind, asked),
            format!("refused {reason}")
        );
    }
    let found = stage.pegged((Buy, 1), Limit, ("", market(0)));
    assert!(
        found.starts_with("Working 8"),
        "no number was used: {found}"
    );
    let mut empty = Stage::new();
    let found = empty.pegged((Buy, 1), Limit, ("price 5", primary(0)));
    assert_eq!(found, "refused PegLiquidity");
    assert_eq!(empty.held(), (0, 0));
}

#[test]
fn both_prices_pass_the_filters() {
    let mut stage = quoted();
    let (symbol, filter) = (
        stage.symbol,
        Filter::Price(PriceFilter {
            min: Price(97),
            max: Price(102),
            tick: Price(1),
        }),
    );
    stage.run(&Command::SetFilter(SetFilterV1 { filter, symbol }));
    for (terms, peg, reason) in [
        ("", primary(2), "PriceFilter"),
        ("price 120", primary(0), "PriceFilter"),
        ("", market(1), "PriceFilter"),
    ] {
        let found = stage.pegged((Buy, 1), Limit, (terms, peg));
        assert_eq!(found, format!("refused {reason}"), "{terms} {peg:?}");
    }
    // A stop is asked again when it is set off.
    let found = stage.pegged((Buy, 1), StopLossLimit, ("stop 101", market(1)));
    assert_eq!(found, "Waiting 8; pegged 8 at 0");
    let found = stage.quote(Buy, (101, 1));
    assert!(
        found.ends_with("triggered 8 at 101; Rejected; Expired 8 open 1"),
        "{found}"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_stop_gets_its_price_when_it_is_set_off() {
    let mut stage = quoted();
    let found = stage.pegged((Buy, 3), StopLossLimit, ("stop 101", primary(0)));
    assert_eq!(found, "Waiting 8; pegged 8 at 0");
    assert_eq!(stage.held(), (0, 303), "three at the stop price");
    let found = stage.pegged((Sell, 2), TakeProfitLimit, ("stop 101 price 90", market(0)));
    assert_eq!(found, "Waiting 9; pegged 9 at 0");
    stage.quote(Buy, (100, 2));
    stage.restore();
    let found = stage.quote(Buy, (101, 1));
    assert_eq!(
        found,
        "11 takes 1@101 of 6; Filled 11 open 0; \
         triggered 8 at 101; pegged 8 at 100; rests 8 3@100; \
         triggered 9 at 101; pegged 9 at 100; 9 takes 2@100 of 10; Filled 9 open 0"
    );
    assert_eq!(stage.held(), (0, 300));
    // A waiting one is cancelled like any other, and nothing is left of it.
    stage.pegged((Buy, 1), StopLossLimit, ("stop 105", market(0)));
    assert_eq!(stage.cancel(12), "Canceled 12 open 1");
    assert_eq!(stage.cancel(8), "Canceled 8 open 3");
    assert!(
        stage
            .venue
            .engine
            .sections()
            .iter()
            .all(|it| it.0 != "pegs")
    );
}

#[test]
fn a_stop_whose_level_is_gone_expires() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.pegged((Sell, 3), StopLossLimit, ("stop 95", market(1)));
    stage.quote(Buy, (95, 1));
    stage.quote(Buy, (94, 1));
    let found = stage.quote(Sell, (95, 1));
    assert_eq!(
        found,
        "6 takes 1@95 of 4; Filled 6 open 0; triggered 3 at 95; InsufficientLiquidity; \
         Expired 3 open 3"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_replacement_reads_the_book_without_the_order_it_replaces() {
    let mut stage = quoted();
    stage.pegged((Buy, 1), Limit, ("price 97", primary(0)));
    let replace = |stage: &mut Stage, target: u64, asked: (i64, Peg)| {
        let new = stage.asked((Buy, asked.0), Limit, "");
        stage.run(&Command::ReplacePegged(Box::new(ReplacePeggedV1 {
            replace: CancelReplaceWithTermsV1 {
                new,
                target: by_id(target),
                cancel_client: ClientOrderId::EMPTY,
                mode: CancelReplaceMode::StopOnFailure,
                restriction: CancelRestriction::Any,
            },
            peg: asked.1,
        })))
    };
    // Levels 99, 98, 97 (its own), 96.
    let found = replace(&mut stage, 8, (2, primary(2)));
    assert_eq!(
        found,
        "Canceled 8 open 1; Working 9; pegged 9 at 96; rests 9 2@96"
    );
    // Not alone at its price: the level stays.
    let found = replace(&mut stage, 9, (3, primary(2)));
    assert_eq!(
        found,
        "Canceled 9 open 2; Working 10; pegged 10 at 96; rests 10 3@96"
    );
    let found = replace(&mut stage, 10, (1, primary(3)));
    assert_eq!(found, "refused PegLiquidity", "nothing was done");
    let found = replace(&mut stage, 99, (1, primary(0)));
    assert_eq!(found, "not cancelled UnknownOrder");
    assert_eq!(stage.held(), (0, 288));
}

#[test]
fn legs_of_lists_are_pegged_when_they_go_to_work() {
    let mut stage = quoted();
    let above = stage.leg((Sell, 2), LimitMaker, "");
    let below = stage.leg((Sell, 2), StopLossLimit, "stop 98");
    let found = stage.pegged_list(Oco, &[(above, primary(1)), (below, market(1))]);
    assert_eq!(
        found,
        "list 1; Working 8; pegged 8 at 103; Waiting 9; pegged 9 at 0; rests 8 2@103"
    );
    assert_eq!(stage.held(), (2, 0));
    stage.restore();
    let found = stage.quote(Sell, (98, 6));
    assert_eq!(
        found,
        "10 takes 5@99 of 3; 10 takes 1@98 of 4; Filled 10 open 0; triggered 9 at 98; \
         OcoTrigger; Expired 8 open 2; pegged 9 at 96; 9 takes 2@98 of 4; Filled 9 open 0; \
         list 1 done"
    );
    // A pending order is pegged when the working one is filled.
    let working = stage.leg((Buy, 5), Limit, "");
    let pending = stage.leg((Sell, 5), LimitMaker, "");
    let legs = [(working, market(0)), (pending, primary(0))];
    let found = stage.pegged_list(Oto, &legs);
    assert_eq!(
        found,
        "list 2; Working 11; pegged 11 at 101; Pending 12; pegged 12 at 0; \
         11 takes 5@101 of 6; Filled 11 open 0; activated 12 Working; pegged 12 at 103; \
         rests 12 5@103"
    );
    let found = stage.pegged_list(Oto, &[(working, primary(9)), (pending, primary(0))]);
    assert_eq!(found, "list refused PegLiquidity");
}

#[test]
fn a_pending_order_without_its_level_is_rejected() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.quote(Sell, (101, 5));
    let working = stage.leg((Buy, 5), Limit, "price 101");
    let pending = stage.leg((Sell, 5), Limit, "");
    let legs = [(working, Peg::NONE), (pending, primary(0))];
    let found = stage.pegged_list(Oto, &legs);
    assert_eq!(
        found,
        "list 1; Working 4; Pending 5; pegged 5 at 0; 4 takes 5@101 of 3; Filled 4 open 0; \
         Rejected; Expired 5 open 5; list 1 done"
    );
    assert_eq!(stage.held(), (0, 0));
}
