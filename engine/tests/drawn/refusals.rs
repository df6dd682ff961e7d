//! One refusal each, and which comes first.

use expect_test::expect;

use super::check;

#[test]
fn zero_and_off_grid_are_the_filters() {
    check(
        "price 5 1000 5
         lot 2 100 2
         ann buy 2 @ 0
         ann buy 0 @ 10
         ann buy 2 @ 11
         ann buy 3 @ 10
         ann buy 2 @ 1005
         ann buy 102 @ 10
         ann buy 2 @ 10",
        expect![[r#"
            ann refused: PriceFilter
            ann refused: LotSize
            ann refused: PriceFilter
            ann refused: LotSize
            ann refused: PriceFilter
            ann refused: LotSize
              bid | price | ask
            ann 2 |    10 |
        "#]],
    );
}

#[test]
fn notional_is_price_times_quantity() {
    check(
        "notional 50 200
         ann buy 4 @ 10
         ann buy 21 @ 10
         ann buy 5 @ 10",
        expect![[r#"
            ann refused: Notional
            ann refused: Notional
              bid | price | ask
            ann 5 |    10 |
        "#]],
    );
}

#[test]
fn percent_price_binds_only_after_a_trade() {
    check(
        "percent 12000 8000
         ann sell 1 @ 100
         bob buy 1 @ 100
         bob buy 1 @ 121
         bob buy 1 @ 79
         bob buy 1 @ 80
         ann sell 1 @ 120",
        expect![[r#"
            #2 bob takes 1 @ 100 from #1 ann
            bob refused: PercentPrice
            bob refused: PercentPrice
              bid | price | ask
                  |   120 | ann 1
            bob 1 |    80 |
        "#]],
    );
}

#[test]
fn open_orders_and_position_are_bounded() {
    check(
        "orders 2
         ann sell 1 @ 100
         ann sell 1 @ 101
         ann sell 1 @ 102
         orders 0
         position 12
         cat has 5 base 9999 quote
         cat buy 4 @ 10
         cat buy 4 @ 10
         cat buy 3 @ 10",
        expect![[r#"
            ann refused: MaxNumOrders
            cat refused: MaxPosition
                     bid | price | ask
                         |   101 | ann 1
                         |   100 | ann 1
            cat 4, cat 3 |    10 |
        "#]],
    );
}

#[test]
fn a_client_order_id_is_unique_among_open_orders() {
    check(
        "ann buy 1 @ 10 id=a
         ann buy 1 @ 11 id=a
         bob buy 1 @ 10 id=a
         ann cancel id=a
         ann buy 1 @ 11 id=a",
        expect![[r#"
            ann refused: DuplicateOrder
            #1 ann Canceled, 1 open
              bid | price | ask
            ann 1 |    11 |
            bob 1 |    10 |
        "#]],
    );
}

#[test]
fn the_same_signed_request_within_a_minute_is_a_duplicate() {
    check(
        "ann buy 1 @ 10 request
         ann cancel #1
         wait 59
         ann buy 1 @ 10 request
         wait 2
         ann buy 1 @ 10 request",
        expect![[r#"
            #1 ann Canceled, 1 open
            ann refused: DuplicateOrder
              bid | price | ask
            ann 1 |    10 |
        "#]],
    );
}

#[test]
fn a_request_past_its_window_is_too_late() {
    check(
        "ann buy 1 @ 10 late",
        expect![[r#"
        ann refused: TooLate
    "#]],
    );
}

#[test]
fn filters_speak_before_money_and_money_before_would_match() {
    check(
        "ann sell 1 @ 10
         lot 1 100 1
         cat has 0 base 5 quote
         cat buy 101 @ 10
         cat buy 1 @ 10 maker
         bob buy 1 @ 10 maker",
        expect![[r#"
            cat refused: LotSize
            cat refused: InsufficientBalance
            bob refused: WouldMatch
            bid | price | ask
                |    10 | ann 1
        "#]],
    );
}

#[test]
fn foreign_orders_are_unknown_and_both_names_must_agree() {
    check(
        "ann buy 1 @ 10 id=a
         ann buy 1 @ 11 id=b
         bob cancel #1
         ann cancel #1 id=b
         ann cancel #1 id=a",
        expect![[r#"
            bob cannot cancel: UnknownOrder
            ann cannot cancel: OrderIdMismatch
            #1 ann Canceled, 1 open
              bid | price | ask
            ann 1 |    11 |
        "#]],
    );
}
