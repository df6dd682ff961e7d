//! Commissions, rebates, tiers and holds, to the atom.

use expect_test::expect;

use super::check;

#[test]
fn commission_is_rounded_up_per_fill_in_the_asset_received() {
    check(
        "fees 100000 200000
         ann sell 1500 @ 7
         cat buy 1001 @ 7
         show ann cat fees",
        expect![[r#"
            #2 cat takes 1001 @ 7 from #1 ann, fees 3 and 8
            ann: base 998500 + 499, quote 1006999 + 0
            cat: base 1000998 + 0, quote 992993 + 0
            fees: base 3 + 0, quote 8 + 0
            bid | price | ask
                |     7 | ann 499
        "#]],
    );
}

#[test]
fn a_rebate_is_rounded_down_and_the_fee_account_pays_it() {
    check(
        "fees -100000 100000
         ann sell 1500 @ 7
         cat buy 1500 @ 7
         show ann cat fees",
        expect![[r#"
            #2 cat takes 1500 @ 7 from #1 ann, fees 2 and -10
            ann: base 998500 + 0, quote 1010510 + 0
            cat: base 1001498 + 0, quote 989500 + 0
            fees: base 2 + 0, quote -10 + 0
        "#]],
    );
}

#[test]
fn dust_pays_at_least_one_atom() {
    check(
        "fees 1 1
         ann sell 1 @ 1
         cat buy 1 @ 1
         show ann cat fees",
        expect![[r#"
            #2 cat takes 1 @ 1 from #1 ann, fees 1 and 1
            ann: base 999999 + 0, quote 1000000 + 0
            cat: base 1000000 + 0, quote 999999 + 0
            fees: base 1 + 0, quote 1 + 0
        "#]],
    );
}

#[test]
fn a_tier_replaces_the_rates_of_its_accounts() {
    check(
        "fees 10000000 10000000
         tier 1 0 1000000
         cat tier 1
         ann sell 100 @ 100
         cat buy 100 @ 100
         show ann cat fees",
        expect![[r#"
            #2 cat takes 100 @ 100 from #1 ann, fees 1 and 1000
            ann: base 999900 + 0, quote 1009000 + 0
            cat: base 1000099 + 0, quote 990000 + 0
            fees: base 1 + 0, quote 1000 + 0
        "#]],
    );
}

#[test]
fn a_rebate_larger_than_the_fee_is_refused() {
    check(
        "fees -200000 100000
         tier 1 -2 1
         tier 0 1 1",
        expect![[r#"
            refused: InvalidFees
            refused: InvalidFees
            refused: InvalidFees
        "#]],
    );
}

#[test]
fn a_buyer_gets_back_what_a_better_price_saves() {
    check(
        "ann sell 5 @ 90
         cat has 0 base 500 quote
         cat buy 5 @ 100
         show cat",
        expect![[r#"
            #2 cat takes 5 @ 90 from #1 ann
            cat: base 5 + 0, quote 50 + 0
        "#]],
    );
}

#[test]
fn an_order_needs_free_money_for_all_of_it() {
    check(
        "cat has 10 base 500 quote
         cat buy 5 @ 100
         cat buy 1 @ 1
         cat sell 11 @ 200
         cat sell 10 @ 200
         show cat
         cat cancel-all
         show cat",
        expect![[r#"
            cat refused: InsufficientBalance
            cat refused: InsufficientBalance
            cat: base 0 + 10, quote 0 + 500
            #1 cat Canceled, 5 open
            #2 cat Canceled, 10 open
            cat: base 10 + 0, quote 500 + 0
        "#]],
    );
}
