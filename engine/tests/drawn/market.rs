//! MARKET by base and by quote (RULES, Spot).

use expect_test::expect;

use super::check;

#[test]
fn market_by_base_that_finds_too_little_expires_with_what_it_got() {
    check(
        "ann sell 3 @ 101
         cat buy 5 market
         cat buy 5 market",
        expect![[r#"
            #2 cat takes 3 @ 101 from #1 ann
            #2 cat Expired, 2 open
            #3 cat Expired, 5 open
        "#]],
    );
}

#[test]
fn market_buy_by_base_needs_only_the_exact_cost_of_its_sweep() {
    check(
        "ann sell 3 @ 101
         ann sell 3 @ 200
         cat has 0 base 503 quote
         cat buy 4 market
         show cat",
        expect![[r#"
            #3 cat takes 3 @ 101 from #1 ann
            #3 cat takes 1 @ 200 from #2 ann
            cat: base 4 + 0, quote 0 + 0
            bid | price | ask
                |   200 | ann 2
        "#]],
    );
}

#[test]
fn market_buy_by_base_is_refused_one_atom_short() {
    check(
        "ann sell 3 @ 101
         ann sell 3 @ 200
         cat has 0 base 502 quote
         cat buy 4 market
         show cat",
        expect![[r#"
            cat refused: InsufficientBalance
            cat: base 0 + 0, quote 502 + 0
            bid | price | ask
                |   200 | ann 3
                |   101 | ann 3
        "#]],
    );
}

#[test]
fn market_sell_by_base_needs_the_whole_quantity() {
    check(
        "ann buy 3 @ 101
         cat has 4 base 0 quote
         cat sell 5 market
         cat sell 4 market
         show cat",
        expect![[r#"
            cat refused: InsufficientBalance
            #2 cat takes 3 @ 101 from #1 ann
            #2 cat Expired, 1 open
            cat: base 1 + 0, quote 303 + 0
        "#]],
    );
}

#[test]
fn market_by_quote_spends_level_by_level_and_is_filled() {
    check(
        "ann sell 3 @ 100
         ann sell 9 @ 150
         cat buy 640 quote
         show cat",
        expect![[r#"
            #3 cat takes 3 @ 100 from #1 ann
            #3 cat takes 2 @ 150 from #2 ann
            cat: base 1000005 + 0, quote 999400 + 0
            bid | price | ask
                |   150 | ann 7
        "#]],
    );
}

#[test]
fn market_by_quote_rounds_each_level_to_the_step() {
    check(
        "lot 1 0 1
         ann sell 7 @ 100
         ann sell 9 @ 110
         lot 5 0 5
         cat buy 1900 quote
         show cat",
        expect![[r#"
            #3 cat takes 7 @ 100 from #1 ann
            #3 cat takes 9 @ 110 from #2 ann
            cat: base 1000016 + 0, quote 998310 + 0
        "#]],
    );
}

#[test]
fn market_by_quote_expires_when_the_book_ends_first() {
    check(
        "ann sell 3 @ 100
         cat buy 640 quote
         show cat",
        expect![[r#"
            #2 cat takes 3 @ 100 from #1 ann
            #2 cat Expired, 0 open
            cat: base 1000003 + 0, quote 999700 + 0
        "#]],
    );
}

#[test]
fn market_by_quote_meets_an_empty_book_or_too_little_money() {
    check(
        "cat buy 640 quote
         ann sell 3 @ 100
         cat buy 99 quote",
        expect![[r#"
            cat refused: NoLiquidity
            cat refused: LotSize
            bid | price | ask
                |   100 | ann 3
        "#]],
    );
}

#[test]
fn market_sell_by_quote_needs_the_base_of_its_sweep() {
    check(
        "ann buy 3 @ 100
         ann buy 3 @ 90
         cat has 4 base 0 quote
         cat sell 500 quote
         cat sell 390 quote
         show cat",
        expect![[r#"
            cat refused: InsufficientBalance
            #3 cat takes 3 @ 100 from #1 ann
            #3 cat takes 1 @ 90 from #2 ann
            cat: base 0 + 0, quote 390 + 0
              bid | price | ask
            ann 2 |    90 |
        "#]],
    );
}
