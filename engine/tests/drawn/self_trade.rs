//! Self-trade prevention: the taker's mode decides.

use expect_test::expect;

use super::check;

#[test]
fn none_lets_own_orders_trade() {
    check(
        "ann sell 3 @ 100
         ann buy 2 @ 100 none
         show ann",
        expect![[r#"
            #2 ann takes 2 @ 100 from #1 ann
            ann: base 999999 + 1, quote 1000000 + 0
            bid | price | ask
                |   100 | ann 1
        "#]],
    );
}

#[test]
fn expire_taker_stops_at_the_first_own_order_and_keeps_its_fills() {
    check(
        "bob sell 1 @ 100
         ann sell 3 @ 101
         ann buy 5 @ 102 expire-taker
         show ann",
        expect![[r#"
            #3 ann takes 1 @ 100 from #1 bob
            #3 ann meets own #2
            #3 ann ExpiredInMatch, 4 open, 4 prevented
            ann: base 999998 + 3, quote 999900 + 0
            bid | price | ask
                |   101 | ann 3
        "#]],
    );
}

#[test]
fn expire_maker_expires_each_own_maker_met_and_goes_on() {
    check(
        "ann sell 3 @ 100
         bob sell 2 @ 101
         ann sell 3 @ 102
         ann buy 4 @ 102 expire-maker
         show ann",
        expect![[r#"
            #4 ann meets own #1
            #1 ann ExpiredInMatch, 3 open, 3 prevented
            #4 ann takes 2 @ 101 from #2 bob
            #4 ann meets own #3
            #3 ann ExpiredInMatch, 3 open, 3 prevented
            ann: base 1000002 + 0, quote 999594 + 204
              bid | price | ask
            ann 2 |   102 |
        "#]],
    );
}

#[test]
fn expire_both_expires_both_once() {
    check(
        "ann sell 3 @ 100
         ann sell 3 @ 100
         ann buy 9 @ 100 expire-both
         show ann",
        expect![[r#"
            #3 ann meets own #1
            #1 ann ExpiredInMatch, 3 open, 3 prevented
            #3 ann ExpiredInMatch, 9 open, 9 prevented
            ann: base 999997 + 3, quote 1000000 + 0
            bid | price | ask
                |   100 | ann 3
        "#]],
    );
}

#[test]
fn decrement_takes_the_smaller_off_both() {
    check(
        "ann sell 3 @ 100
         bob sell 4 @ 100
         ann buy 5 @ 100 decrement
         ann sell 9 @ 105
         ann buy 4 @ 105 decrement
         show ann",
        expect![[r#"
            #3 ann meets own #1, both less 3
            #1 ann ExpiredInMatch, 0 open
            #3 ann takes 2 @ 100 from #2 bob
            #5 ann takes 2 @ 100 from #2 bob
            #5 ann meets own #4, both less 2
            #5 ann ExpiredInMatch, 0 open
            ann: base 999997 + 7, quote 999600 + 0
            bid | price | ask
                |   105 | ann 7
        "#]],
    );
}

#[test]
fn fok_counts_only_what_prevention_lets_trade() {
    check(
        "bob sell 2 @ 100
         ann sell 3 @ 100
         bob sell 2 @ 100
         ann buy 5 @ 100 fok expire-maker
         ann buy 4 @ 100 fok decrement
         ann buy 3 @ 100 fok expire-taker
         ann buy 4 @ 100 fok expire-maker",
        expect![[r#"
            #4 ann Expired, 5 open
            #5 ann Expired, 4 open
            #6 ann Expired, 3 open
            #7 ann takes 2 @ 100 from #1 bob
            #7 ann meets own #2
            #2 ann ExpiredInMatch, 3 open, 3 prevented
            #7 ann takes 2 @ 100 from #3 bob
        "#]],
    );
}

#[test]
fn a_market_order_that_only_meets_its_own_expires() {
    check(
        "ann buy 3 @ 100
         ann sell 3 market expire-maker
         show ann",
        expect![[r#"
            #2 ann meets own #1
            #1 ann ExpiredInMatch, 3 open, 3 prevented
            #2 ann Expired, 3 open
            ann: base 1000000 + 0, quote 1000000 + 0
        "#]],
    );
}
