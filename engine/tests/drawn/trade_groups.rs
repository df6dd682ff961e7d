//! Self-trade prevention among the accounts of one trade group.

use expect_test::expect;

use super::check;

#[test]
fn accounts_of_one_group_prevent_trades_by_the_taker_s_mode() {
    check(
        "ann group 7
         bob group 7
         ann sell 3 @ 100
         ann sell 3 @ 101
         bob buy 2 @ 100 none
         bob buy 2 @ 100 expire-taker
         bob buy 2 @ 100 expire-maker
         bob buy 2 @ 101 decrement
         show ann bob",
        expect![[r#"
            #3 bob takes 2 @ 100 from #1 ann
            #4 bob meets own #1
            #4 ann meets own #1
            #4 bob ExpiredInMatch, 2 open, 2 prevented
            #5 bob meets own #1
            #5 ann meets own #1
            #1 ann ExpiredInMatch, 1 open, 1 prevented
            #6 bob meets own #2, taker less 2
            #6 ann meets own #2, maker less 2
            #6 bob ExpiredInMatch, 0 open
            ann: base 999997 + 1, quote 1000200 + 0
            bob: base 1000002 + 0, quote 999600 + 200
              bid | price | ask
                  |   101 | ann 1
            bob 2 |   100 |
        "#]],
    );
}

#[test]
fn other_groups_and_no_group_trade() {
    check(
        "ann group 7
         bob group 8
         ann sell 3 @ 100
         bob buy 1 @ 100 expire-both
         cat buy 1 @ 100 expire-both
         bob group 7
         bob buy 1 @ 100 expire-both
         cat sell 1 @ 90
         bob group 0
         ann buy 1 @ 90 expire-both",
        expect![[r#"
            #2 bob takes 1 @ 100 from #1 ann
            #3 cat takes 1 @ 100 from #1 ann
            #4 bob meets own #1
            #4 ann meets own #1
            #1 ann ExpiredInMatch, 1 open, 1 prevented
            #4 bob ExpiredInMatch, 1 open, 1 prevented
            #6 ann takes 1 @ 90 from #5 cat
        "#]],
    );
}

#[test]
fn transfer_moves_what_both_orders_offered_without_a_trade() {
    check(
        "fees 100000 200000
         ann group 7
         bob group 7
         ann sell 3 @ 100 transfer
         bob buy 5 @ 102 transfer
         ann sell 4 @ 102 transfer
         show ann bob fees",
        expect![[r#"
            #2 bob meets own #1, taker less 3
            #2 ann meets own #1, maker less 3
            ann moves 3 to bob for 300
            #1 ann ExpiredInMatch, 0 open
            #3 ann meets own #2, taker less 2
            #3 bob meets own #2, maker less 2
            ann moves 2 to bob for 204
            #2 bob ExpiredInMatch, 0 open
            ann: base 999993 + 2, quote 1000504 + 0
            bob: base 1000005 + 0, quote 999496 + 0
            fees: base 0 + 0, quote 0 + 0
            bid | price | ask
                |   102 | ann 2
        "#]],
    );
}

#[test]
fn transfer_needs_both_orders_and_two_accounts() {
    check(
        "ann group 7
         bob group 7
         ann sell 3 @ 100 decrement
         bob buy 1 @ 100 transfer
         bob sell 2 @ 99 transfer
         bob buy 1 @ 99 transfer
         show ann bob",
        expect![[r#"
            #2 bob meets own #1, taker less 1
            #2 ann meets own #1, maker less 1
            #2 bob ExpiredInMatch, 0 open
            #4 bob meets own #3, both less 1
            #4 bob ExpiredInMatch, 0 open
            ann: base 999998 + 2, quote 1000000 + 0
            bob: base 999999 + 1, quote 1000000 + 0
            bid | price | ask
                |   100 | ann 2
                |    99 | bob 1
        "#]],
    );
}

#[test]
fn a_market_order_has_to_pay_for_what_it_is_transferred() {
    check(
        "ann group 7
         bob group 7
         ann sell 3 @ 100 transfer
         cat sell 3 @ 101
         bob has 10 base 401 quote
         bob buy 6 market transfer
         bob buy 4 market transfer
         cat buy 2 @ 90
         ann buy 2 @ 90 transfer
         bob sell 360 quote transfer
         show ann bob",
        expect![[r#"
            bob refused: InsufficientBalance
            #3 bob meets own #1, taker less 3
            #3 ann meets own #1, maker less 3
            ann moves 3 to bob for 300
            #1 ann ExpiredInMatch, 0 open
            #3 bob takes 1 @ 101 from #2 cat
            #6 bob takes 2 @ 90 from #4 cat
            #6 bob meets own #5, taker less 2
            #6 ann meets own #5, maker less 2
            bob moves 2 to ann for 180
            #5 ann ExpiredInMatch, 0 open
            #6 bob ExpiredInMatch, 0 open
            ann: base 999999 + 0, quote 1000120 + 0
            bob: base 10 + 0, quote 360 + 0
            bid | price | ask
                |   101 | cat 2
        "#]],
    );
}

#[test]
fn fok_counts_no_transfer() {
    check(
        "ann group 7
         bob group 7
         ann sell 3 @ 100 transfer
         cat sell 3 @ 101
         bob buy 4 @ 101 fok transfer
         bob buy 3 @ 101 fok expire-maker",
        expect![[r#"
            #3 bob Expired, 4 open
            #4 bob meets own #1
            #4 ann meets own #1
            #1 ann ExpiredInMatch, 3 open, 3 prevented
            #4 bob takes 3 @ 101 from #2 cat
        "#]],
    );
}
