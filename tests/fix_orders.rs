//! Orders over FIX against a real node: replacements by XCN, prices from the book.

use std::time::Duration;

use crate::venue::client::Client;
use crate::venue::fix::{Fix, Message, Numbers};
use crate::venue::{Node, Start, Trader};

/// Nothing comes any more.
const LATE: Duration = Duration::from_secs(20);
const FUNDS: [&str; 2] = ["BTC=100", "USDT=10000000"];

/// A node, Ann, and a session of hers.
fn session(dir: &std::path::Path) -> (Node, Trader, Fix) {
    let node = Start::default().node(dir);
    let ann = node.trader("ann", &FUNDS);
    let mut fix = Fix::logon(&node.fix, &ann, ("ANN", Numbers::default()), &[]);
    fix.expect("A");
    (node, ann, fix)
}

/// XCN: `old` goes, and `new` comes, of 0.2 at that price.
fn instead(fix: &mut Fix, (old, new): (&str, &str), price: &str, extra: &[(u32, &str)]) {
    let fields = [
        (11, new),
        (41, old),
        (55, "BTCUSDT"),
        (54, "1"),
        (38, "0.2"),
        (40, "2"),
        (44, price),
        (59, "1"),
    ];
    fix.send("XCN", &[&fields[..], extra].concat());
}

fn shown(message: &Message, tags: &[u32]) -> Vec<String> {
    let tags = tags.iter();
    tags.map(|tag| message.get(*tag).to_owned()).collect()
}

/// With ALLOW_FAILURE both are told, in either order: the cancel that failed, and the new
/// order.
fn both_halves_are_told(fix: &mut Fix) {
    instead(fix, ("gone", "fourth"), "42000", &[(25033, "2")]);
    let mut told = [(); 2].map(|()| fix.hear(LATE).expect("two messages"));
    told.sort_by_key(|message| message.kind().to_owned());
    let [placed, refused] = told;
    assert_eq!(
        shown(&placed, &[35, 150, 39, 11]),
        ["8", "0", "0", "fourth"]
    );
    assert_eq!(
        shown(&refused, &[35, 41, 434, 25016]),
        ["9", "gone", "1", "-2011"]
    );
}

#[test]
fn xcn_cancels_one_order_and_places_another() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (node, ann, mut fix) = session(dir.path());
    let rest = Client::new(&node.http, &ann);
    let status = |name: &str| {
        let order = rest.order(name).expect("answered").body;
        order["status"].as_str().unwrap_or("none").to_owned()
    };
    fix.limit("BUY", ("0.1", "40000"), "first");
    fix.report("0", "first");

    // The cancel has a name of its own, and so has the new order.
    instead(
        &mut fix,
        ("first", "second"),
        "41000",
        &[(25033, "1"), (25034, "bye")],
    );
    let cancelled = fix.expect("8");
    assert_eq!(
        shown(&cancelled, &[150, 39, 11, 41]),
        ["4", "4", "bye", "first"]
    );
    let new = fix.expect("8");
    assert_eq!(
        shown(&new, &[150, 39, 11, 38, 44, 14]),
        [
            "0",
            "0",
            "second",
            "0.20000000",
            "41000.00000000",
            "0.00000000"
        ]
    );
    assert_ne!(new.get(37), cancelled.get(37), "another order");
    assert_eq!(
        (status("first"), status("second")),
        ("CANCELED".into(), "NEW".into())
    );

    // Nothing to cancel: with STOP_ON_FAILURE nothing is placed.
    instead(&mut fix, ("gone", "third"), "42000", &[(25033, "1")]);
    let refused = fix.expect("9");
    assert_eq!(
        shown(&refused, &[11, 41, 434, 25016]),
        ["third", "gone", "1", "-2011"]
    );
    assert_eq!(status("third"), "none");

    both_halves_are_told(&mut fix);
    assert_eq!(status("fourth"), "NEW");

    // Only one that has not traded: this one has.
    let bob = node.trader("bob", &FUNDS);
    let bob = Client::new(&node.http, &bob);
    let sold = bob.limit("SELL", "0.05", "42000", "sold");
    assert_eq!(sold.expect("answered").status, 200);
    fix.report("F", "fourth");
    let only_new = [(25033, "1"), (25002, "1")];
    instead(&mut fix, ("fourth", "fifth"), "40000", &only_new);
    fix.expect("9");
    assert_eq!(
        (status("fourth"), status("fifth")),
        ("PARTIALLY_FILLED".into(), "none".into())
    );

    // A mode is required (373=1 names 25033).
    instead(&mut fix, ("fourth", "sixth"), "40000", &[]);
    let rejected = fix.expect("3");
    assert_eq!(shown(&rejected, &[371, 373]), ["25033", "1"]);
    assert_eq!(node.terminate().code, Some(0));
}

/// A pegged order (40=P): the book gives its price.
fn pegged(fix: &mut Fix, (name, side): (&str, &str), extra: &[(u32, &str)]) {
    let fields = [
        (11, name),
        (55, "BTCUSDT"),
        (54, side),
        (38, "0.1"),
        (40, "P"),
        (835, "1"),
    ];
    fix.send("D", &[&fields[..], extra].concat());
}

/// What is asked for by half is refused, and so is a level that is not there.
fn what_is_half_a_peg_is_refused(fix: &mut Fix) {
    pegged(fix, ("half", "1"), &[]);
    let refused = fix.expect("8");
    assert_eq!(shown(&refused, &[39, 25016]), ["8", "-1102"]);
    pegged(fix, ("deep", "2"), &[(1094, "5"), (836, "3"), (211, "7")]);
    assert_eq!(fix.expect("8").get(25016), "-2010");
    let limit = [
        (11, "plain"),
        (55, "BTCUSDT"),
        (54, "1"),
        (38, "1"),
        (40, "2"),
        (44, "1000"),
    ];
    fix.send("D", &[&limit[..], &[(1094, "5")]].concat());
    assert_eq!(fix.expect("8").get(25016), "-1106");
}

#[test]
fn a_pegged_order_over_fix_gets_its_price_from_the_book() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (node, ann, mut fix) = session(dir.path());
    let bob = node.trader("bob", &FUNDS);
    let bob = Client::new(&node.http, &bob);
    for (side, price) in [("BUY", "49000"), ("BUY", "48000"), ("SELL", "51000")] {
        let placed = bob.limit(side, "1", price, &format!("{side}-{price}"));
        assert_eq!(placed.expect("answered").status, 200);
    }
    pegged(
        &mut fix,
        ("behind", "1"),
        &[(1094, "5"), (836, "3"), (211, "1")],
    );
    let told = fix.report("0", "behind");
    assert_eq!(
        shown(&told, &[40, 839, 44, 1094, 835, 836, 211]),
        ["P", "48000.00000000", "", "5", "1", "3", "1"]
    );
    // Its own price is the worst that it gets; a limit maker by 18=6.
    pegged(
        &mut fix,
        ("maker", "1"),
        &[(1094, "5"), (18, "6"), (44, "48500")],
    );
    let told = fix.report("0", "maker");
    assert_eq!(
        shown(&told, &[40, 839, 44, 18]),
        ["P", "48500.00000000", "48500.00000000", "6"]
    );
    // A stop reads the book when it is set off.
    let stop = [(1094, "4"), (1102, "48600"), (1109, "D")];
    pegged(&mut fix, ("stop", "2"), &stop);
    let told = fix.report("0", "stop");
    assert_eq!(shown(&told, &[40, 99, 839]), ["P", "48600.00000000", ""]);
    // Over REST it is the same order.
    let rest = Client::new(&node.http, &ann);
    let order = rest.order("behind").expect("answered").body;
    assert_eq!(order["peggedPrice"], "48000.00000000", "{order}");
    assert_eq!(
        rest.order("stop").expect("answered").body["type"],
        "STOP_LOSS_LIMIT"
    );
    // XCN takes pegs as well.
    let fields = [
        (11, "other"),
        (41, "behind"),
        (55, "BTCUSDT"),
        (54, "1"),
        (38, "0.1"),
        (40, "P"),
        (835, "1"),
        (1094, "5"),
        (25033, "1"),
    ];
    fix.send("XCN", &fields);
    assert_eq!(fix.expect("8").get(150), "4");
    assert_eq!(fix.report("0", "other").get(839), "49000.00000000");
    what_is_half_a_peg_is_refused(&mut fix);
    assert_eq!(node.terminate().code, Some(0));
}
