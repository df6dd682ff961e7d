//! `dump`, `state` and `diff`.

use schemas::instrument::Side;

use crate::venue::{ANN, BOB, Plan, busy, cancel, genesis, json, order, said, write};

#[test]
fn equal_directories_do_not_differ() {
    let (a, b) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    write(
        a.path(),
        &busy(90),
        &Plan {
            snapshots: vec![50],
            ..Plan::default()
        },
    );
    write(b.path(), &busy(90), &Plan::default());
    let (code, same) = json(&["diff"], &[a.path(), b.path()]);
    assert_eq!(code, 0, "{same}");
    assert_eq!(
        (same["equal"].as_bool(), same["frames"].as_u64()),
        (Some(true), Some(99))
    );
}

#[test]
fn the_first_difference_is_named() {
    let (a, b) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    let mut commands = busy(90);
    write(a.path(), &commands, &Plan::default());
    commands[40] = order(BOB, Side::Buy, (5_000_001, 1));
    write(b.path(), &commands, &Plan::default());
    let (code, found) = json(&["diff"], &[a.path(), b.path()]);
    assert_eq!(code, 1, "{found}");
    assert_eq!(found["offset"], 40);
    assert!(
        ["payload", "kind"].contains(&found["what"].as_str().expect("a word")),
        "{found}"
    );
    assert_eq!(found["b"]["command"]["qty"], 1);
}

#[test]
fn a_shorter_journal_differs_at_its_end() {
    let (a, b) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    write(a.path(), &busy(90), &Plan::default());
    write(b.path(), &busy(90)[..70], &Plan::default());
    let (code, found) = json(&["diff"], &[a.path(), b.path()]);
    assert_eq!((code, found["what"].as_str()), (1, Some("end")), "{found}");
    assert_eq!(found["offset"], 70);
    assert!(found["b"].is_null());
}

#[test]
fn dump_says_commands_and_events_by_their_names() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut commands = genesis();
    commands.push(order(ANN, Side::Sell, (5_000_000, 300)));
    commands.push(order(BOB, Side::Buy, (5_000_000, 200)));
    commands.push(cancel(ANN, 1));
    write(dir.path(), &commands, &Plan::default());
    let (code, text) = said(&["dump"], &[dir.path()]);
    assert_eq!(code, 0);
    expect_test::expect_file!["dump.jsonl"].assert_eq(&text);
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        assert!(value["events"].is_array());
    }
    let (code, some) = said(&["dump", "--from", "8", "--to", "9"], &[dir.path()]);
    let expected: Vec<&str> = text.lines().skip(8).take(2).collect();
    assert_eq!((code, some.lines().collect::<Vec<_>>()), (0, expected));
}

#[test]
fn state_shows_what_was() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut commands = genesis();
    commands.push(order(ANN, Side::Sell, (5_000_000, 300)));
    commands.push(order(BOB, Side::Buy, (5_000_000, 200)));
    commands.push(cancel(ANN, 1));
    write(
        dir.path(),
        &commands,
        &Plan {
            snapshots: vec![9],
            ..Plan::default()
        },
    );
    let state = |at: &str, what: [&str; 2]| {
        let (code, value) = json(&["state", "--at", at, what[0], what[1]], &[dir.path()]);
        assert_eq!(code, 0, "{value}");
        value
    };
    let book = state("8", ["--symbol", "BTCUSDT"]);
    assert_eq!(book["symbol"], "spot:BTCUSDT");
    assert_eq!(book["asks"][0]["qty"], 300, "{book}");
    assert_eq!(
        state("9", ["--symbol", "spot:BTCUSDT"])["asks"][0]["qty"],
        100
    );
    assert_eq!(
        state("10", ["--symbol", "BTCUSDT"])["asks"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
    let open = state("9", ["--order", "BTCUSDT:1"]);
    assert_eq!(
        (open["status"].as_str(), open["executed"].as_i64()),
        (Some("PARTIALLY_FILLED"), Some(200))
    );
    assert_eq!(
        state("10", ["--order", "spot:BTCUSDT:1"])["status"],
        "CANCELED"
    );
    assert_eq!(state("10", ["--order", "BTCUSDT:2"])["status"], "FILLED");
    let ann = state("9", ["--account", "7"]);
    assert_eq!(ann["open_orders"][0]["open"], 100, "{ann}");
    assert_eq!(ann["balances"][0]["asset"], "BTC");
    // 0.001 BTC is open, 0.002 are sold; 10,000 were there.
    assert_eq!(ann["balances"][0]["held"], 100_000, "{ann}");
    let (code, text) = said(&["state", "--at", "9", "--account", "7"], &[dir.path()]);
    assert_eq!(code, 0);
    assert!(
        text.contains("BTC free 9999.99700000 held 0.00100000"),
        "{text}"
    );
    assert_eq!(
        said(
            &["state", "--at", "9", "--order", "BTCUSDT:9"],
            &[dir.path()]
        )
        .0,
        2
    );
    assert_eq!(
        said(&["state", "--at", "9", "--account", "700"], &[dir.path()]).0,
        2
    );
}
