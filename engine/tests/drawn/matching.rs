//! Price first, then time; what rests and what does not.

use expect_test::expect;

use super::check;

#[test]
fn taker_sweeps_best_price_first_then_rests() {
    check(
        "ann sell 3 @ 101
         bob sell 5 @ 102
         ann buy  1 @ 99
         cat buy  9 @ 102",
        expect![[r#"
            #4 cat takes 3 @ 101 from #1 ann
            #4 cat takes 5 @ 102 from #2 bob
              bid | price | ask
            cat 1 |   102 |
            ann 1 |    99 |
        "#]],
    );
}

#[test]
fn equal_prices_trade_oldest_first_at_the_makers_price() {
    check(
        "ann buy 2 @ 100
         bob buy 2 @ 100
         ann buy 2 @ 100
         cat sell 5 @ 90",
        expect![[r#"
            #4 cat takes 2 @ 100 from #1 ann
            #4 cat takes 2 @ 100 from #2 bob
            #4 cat takes 1 @ 100 from #3 ann
              bid | price | ask
            ann 1 |   100 |
        "#]],
    );
}

#[test]
fn a_partly_filled_maker_keeps_its_place() {
    check(
        "ann sell 5 @ 100
         bob sell 5 @ 100
         cat buy 2 @ 100
         cat buy 4 @ 100",
        expect![[r#"
            #3 cat takes 2 @ 100 from #1 ann
            #4 cat takes 3 @ 100 from #1 ann
            #4 cat takes 1 @ 100 from #2 bob
            bid | price | ask
                |   100 | bob 4
        "#]],
    );
}

#[test]
fn ioc_takes_what_there_is_and_expires() {
    check(
        "ann sell 3 @ 101
         ann sell 3 @ 103
         cat buy 5 @ 102 ioc
         cat buy 5 @ 102 ioc",
        expect![[r#"
            #3 cat takes 3 @ 101 from #1 ann
            #3 cat Expired, 2 open
            #4 cat Expired, 5 open
            bid | price | ask
                |   103 | ann 3
        "#]],
    );
}

#[test]
fn fok_takes_all_or_nothing() {
    check(
        "ann sell 3 @ 101
         bob sell 3 @ 102
         cat buy 7 @ 102 fok
         cat buy 4 @ 101 fok
         cat buy 5 @ 102 fok",
        expect![[r#"
            #3 cat Expired, 7 open
            #4 cat Expired, 4 open
            #5 cat takes 3 @ 101 from #1 ann
            #5 cat takes 2 @ 102 from #2 bob
            bid | price | ask
                |   102 | bob 1
        "#]],
    );
}

#[test]
fn limit_maker_is_refused_when_it_would_take_even_its_own() {
    check(
        "ann sell 3 @ 101
         cat buy 1 @ 101 maker
         ann buy 1 @ 102 maker
         cat buy 1 @ 100 maker",
        expect![[r#"
            cat refused: WouldMatch
            ann refused: WouldMatch
              bid | price | ask
                  |   101 | ann 3
            cat 1 |   100 |
        "#]],
    );
}

#[test]
fn a_level_far_away_is_found_again_after_the_near_ones_are_gone() {
    check(
        "ann sell 1 @ 5
         ann sell 1 @ 700000
         ann sell 1 @ 70
         bob has 0 base 1000000 quote
         bob buy 2 @ 70
         bob buy 1 @ 700000",
        expect![[r#"
            #4 bob takes 1 @ 5 from #1 ann
            #4 bob takes 1 @ 70 from #3 ann
            #5 bob takes 1 @ 700000 from #2 ann
        "#]],
    );
}

#[test]
fn cancel_frees_the_hold_and_the_next_in_line_moves_up() {
    check(
        "ann sell 5 @ 100
         bob sell 5 @ 100
         ann cancel #1
         show ann
         cat buy 1 @ 100",
        expect![[r#"
            #1 ann Canceled, 5 open
            ann: base 1000000 + 0, quote 1000000 + 0
            #3 cat takes 1 @ 100 from #2 bob
            bid | price | ask
                |   100 | bob 4
        "#]],
    );
}

#[test]
fn cancel_all_takes_own_orders_on_both_sides_only() {
    check(
        "ann buy 5 @ 90
         bob buy 5 @ 90
         ann sell 5 @ 110
         ann buy 1 @ 95
         ann cancel-all
         show ann
         ann cancel-all",
        expect![[r#"
            #1 ann Canceled, 5 open
            #3 ann Canceled, 5 open
            #4 ann Canceled, 1 open
            ann: base 1000000 + 0, quote 1000000 + 0
            ann cannot cancel: UnknownOrder
              bid | price | ask
            bob 5 |    90 |
        "#]],
    );
}
