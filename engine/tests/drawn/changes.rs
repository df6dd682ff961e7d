//! Amendments, cancel-replace, states: what becomes of orders that rest.

use expect_test::expect;

use super::check;

#[test]
fn amend_lowers_the_quantity_and_keeps_the_place() {
    check(
        "ann sell 5 @ 100
         bob sell 5 @ 100
         ann amend #1 2
         show ann
         cat buy 3 @ 100",
        expect![[r#"
            #1 ann 5 -> 2, 2 open
            ann: base 999998 + 2, quote 1000000 + 0
            #3 cat takes 2 @ 100 from #1 ann
            #3 cat takes 1 @ 100 from #2 bob
            bid | price | ask
                |   100 | bob 4
        "#]],
    );
}

#[test]
fn amend_must_lower_and_stay_above_what_is_executed() {
    check(
        "ann sell 5 @ 100
         cat buy 2 @ 100
         ann amend #1 5
         ann amend #1 6
         ann amend #1 2
         ann amend #1 3
         bob amend #1 1
         ann amend #9 1",
        expect![[r#"
            #2 cat takes 2 @ 100 from #1 ann
            ann cannot amend: AmendNotSmaller
            ann cannot amend: AmendNotSmaller
            ann cannot amend: AmendNotSmaller
            #1 ann 5 -> 3, 1 open
            bob cannot amend: UnknownOrder
            ann cannot amend: UnknownOrder
            bid | price | ask
                |   100 | ann 1
        "#]],
    );
}

#[test]
fn replace_loses_the_place_and_may_trade() {
    check(
        "ann sell 5 @ 100
         bob sell 5 @ 100
         ann replace #1 sell 5 @ 100
         cat buy 1 @ 99
         bob replace #2 sell 5 @ 98",
        expect![[r#"
            #1 ann Canceled, 5 open
            #2 bob Canceled, 5 open
            #5 bob takes 1 @ 99 from #4 cat
            bid | price | ask
                |   100 | ann 5
                |    98 | bob 4
        "#]],
    );
}

#[test]
fn replace_uses_the_money_that_the_cancel_frees() {
    check(
        "ann has 0 base 500 quote
         ann buy 5 @ 100 id=a
         ann replace id=a buy 5 @ 90 id=a
         show ann",
        expect![[r#"
            #1 ann Canceled, 5 open
            ann: base 0 + 0, quote 50 + 450
              bid | price | ask
            ann 5 |    90 |
        "#]],
    );
}

#[test]
fn replace_checks_filters_before_it_cancels() {
    check(
        "ann sell 5 @ 100
         lot 1 4 1
         ann replace #1 sell 5 @ 101
         ann replace #1 sell 4 @ 101",
        expect![[r#"
            ann refused: LotSize
            #1 ann Canceled, 5 open
            bid | price | ask
                |   101 | ann 4
        "#]],
    );
}

#[test]
fn replace_stops_when_the_cancel_fails_unless_allowed() {
    check(
        "ann replace #7 sell 1 @ 100
         ann replace #7 sell 1 @ 100 allow",
        expect![[r#"
            ann cannot cancel: UnknownOrder
            ann cannot cancel: UnknownOrder
            bid | price | ask
                |   100 | ann 1
        "#]],
    );
}

#[test]
fn replace_half_done_keeps_the_cancel() {
    check(
        "ann has 5 base 0 quote
         ann sell 5 @ 100
         ann replace #1 sell 6 @ 100
         show ann",
        expect![[r#"
            #1 ann Canceled, 5 open
            ann refused: InsufficientBalance
            ann: base 5 + 0, quote 0 + 0
        "#]],
    );
}

#[test]
fn halted_symbols_refuse_orders_and_take_cancels() {
    check(
        "ann sell 5 @ 100
         ann buy 5 @ 90
         symbol Halt
         cat buy 1 @ 100
         ann cancel #1
         symbol CancelOnly
         cat buy 1 @ 100
         ann cancel #2
         symbol Trading
         cat buy 1 @ 100",
        expect![[r#"
            symbol Halt
            cat refused: MarketClosed
            #1 ann Canceled, 5 open
            symbol CancelOnly
            cat refused: MarketClosed
            #2 ann Canceled, 5 open
            symbol Trading
              bid | price | ask
            cat 1 |   100 |
        "#]],
    );
}

#[test]
fn delisting_cancels_every_order_and_frees_every_hold() {
    check(
        "ann sell 5 @ 100
         bob buy 5 @ 90
         symbol Delisted
         show ann bob
         ann sell 5 @ 100
         symbol Trading",
        expect![[r#"
            symbol Delisted
            #2 bob Canceled, 5 open
            #1 ann Canceled, 5 open
            ann: base 1000000 + 0, quote 1000000 + 0
            bob: base 1000000 + 0, quote 1000000 + 0
            ann refused: MarketClosed
            refused: InvalidState
        "#]],
    );
}

#[test]
fn a_frozen_account_cancels_and_does_nothing_else() {
    check(
        "ann sell 5 @ 100
         ann frozen
         ann sell 5 @ 100
         cat buy 2 @ 100
         ann cancel #1
         ann active
         ann sell 5 @ 100",
        expect![[r#"
            ann refused: AccountFrozen
            #2 cat takes 2 @ 100 from #1 ann
            #1 ann Canceled, 3 open
            bid | price | ask
                |   100 | ann 5
        "#]],
    );
}

#[test]
fn a_finer_rule_leaves_resting_orders_matchable() {
    check(
        "ann sell 7 @ 103
         lot 5 0 5
         price 0 0 10
         cat buy 5 @ 103
         cat buy 5 @ 110
         ann cancel #1",
        expect![[r#"
            cat refused: PriceFilter
            #2 cat takes 5 @ 103 from #1 ann
            #1 ann Canceled, 2 open
        "#]],
    );
}
