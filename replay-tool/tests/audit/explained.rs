//! `explain`: bytes, rules with the offset that set them, and the arithmetic of each step.

use schemas::command::{Command, CommandBuffer, SetFilterV1, SetSymbolFeesV1};
use schemas::instrument::{Filter, PriceFilter, Side};
use schemas::units::{Price, Rate};
use serde_json::Value;

use crate::perpetuals;
use crate::venue::{ANN, BOB, BTCUSDT, Plan, cancel, genesis, order, said, write};

/// The lines that `explain` says, as JSON.
fn explained(dir: &std::path::Path, what: [&str; 2]) -> Vec<Value> {
    let (code, text) = said(&["explain", what[0], what[1], "--json"], &[dir]);
    assert_eq!(code, 0, "{text}");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

fn steps<'v>(line: &'v Value, name: &str) -> Vec<&'v Value> {
    let all = line["steps"].as_array().expect("steps");
    all.iter().filter(|step| step["step"] == name).collect()
}

/// Rates of 0.033 % and 0.1 % from offset 8 on, a price filter from 9; Ann sells 3 of 7 lots
/// to Bob at 12.
fn traded(dir: &std::path::Path) -> Vec<Command> {
    let mut commands = genesis();
    commands.push(Command::SetSymbolFees(SetSymbolFeesV1 {
        maker: Rate(33_333),
        taker: Rate(100_000),
        symbol: BTCUSDT,
    }));
    commands.push(Command::SetFilter(SetFilterV1 {
        filter: Filter::Price(PriceFilter {
            min: Price(1),
            max: Price(9_000_000),
            tick: Price(1),
        }),
        symbol: BTCUSDT,
    }));
    commands.push(Command::Seal);
    commands.push(order(ANN, Side::Sell, (5_000_000, 7)));
    commands.push(order(BOB, Side::Buy, (5_000_000, 3)));
    commands.push(cancel(ANN, 1));
    write(dir, &commands, &Plan::default());
    commands
}

#[test]
fn a_trade_is_explained_to_the_byte_and_the_atom() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let commands = traded(dir.path());
    let lines = explained(dir.path(), ["--trade", "BTCUSDT:1"]);
    assert_eq!(lines.len(), 1, "one command made it");
    let line = &lines[0];
    assert_eq!(line["offset"], 12);
    let mut buffer = CommandBuffer::new();
    let length = commands[12].encode(&mut buffer);
    let bytes: String = buffer
        .first(length)
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    assert_eq!(line["bytes"], bytes, "as they lie in the journal");
    // 3 lots of 1e-5 at 50,000.00: 1.5 USDT. The seller's 0.00033333 of it is 49,999.5
    // atoms, rounded up; the buyer's 0.001 of 3,000 atoms is exact.
    let fees = steps(line, "Fee");
    let formulas: Vec<&str> = fees
        .iter()
        .filter_map(|it| it["formula"].as_str())
        .collect();
    assert_eq!(
        formulas,
        [
            "3000 x 100000 / 100000000 = 3, exact (rest 0)",
            "150000000 x 33333 / 100000000 = 50000, rounded up (rest 50000000)",
        ]
    );
    assert_eq!(steps(line, "Met")[0]["qty"], 3);
    let rules = line["rules"].as_array().expect("rules");
    let since = |name: &str| {
        let rule = rules
            .iter()
            .find(|it| it["rule"].to_string().contains(name));
        rule.unwrap_or_else(|| panic!("{name}: {line}"))["since"].as_u64()
    };
    assert_eq!(since("SymbolFeesChanged"), Some(8));
    assert_eq!(since("PRICE_FILTER"), Some(9));
    let (code, text) = said(&["explain", "--trade", "BTCUSDT:1"], &[dir.path()]);
    assert_eq!(code, 0);
    for part in [
        "offset 12 at ",
        "since offset 8: ",
        "commission of account 7: 150000000 x 33333 / 100000000 = 50000, rounded up",
        "PRICE_FILTER: holds",
        "3000 atoms",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn an_order_is_explained_from_its_acceptance_to_its_end() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    traded(dir.path());
    let lines = explained(dir.path(), ["--order", "spot:BTCUSDT:1"]);
    let offsets: Vec<_> = lines
        .iter()
        .filter_map(|it| it["offset"].as_u64())
        .collect();
    assert_eq!(offsets, [11, 12, 13]);
    // Held 7 lots, 3 are sold, 4 come back.
    let held = steps(&lines[0], "Hold");
    assert_eq!(held[0]["amount"], 7_000);
    assert_eq!(steps(&lines[2], "Hold")[0]["amount"], -4_000);
    let one = explained(dir.path(), ["--offset", "13"]);
    assert_eq!(one[0], lines[2]);
}

#[test]
fn funding_and_margin_are_explained() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut commands = perpetuals::commands();
    commands.push(perpetuals::funding());
    write(dir.path(), &commands, &Plan::default());
    let last = (commands.len() - 1).to_string();
    let lines = explained(dir.path(), ["--offset", &last]);
    let paid = steps(&lines[0], "Funding");
    assert_eq!(paid.len(), 2, "{}", lines[0]);
    let of = |index: usize, name: &str| paid[index][name].as_i64().expect("a number");
    assert_eq!(of(0, "value"), -of(1, "value"));
    assert_eq!(of(0, "rate"), of(1, "rate"));
    let formula = paid[0]["formula"].as_str().expect("a formula");
    let product = format!("{} x {} / 100000000", of(0, "value"), of(0, "rate"));
    assert!(formula.starts_with(&product), "{formula}");
    let lines = explained(dir.path(), ["--order", "perp:BTCUSDT:2"]);
    assert_eq!(lines.len(), 1);
    assert_eq!(steps(&lines[0], "Position").len(), 2);
}

#[test]
fn what_is_not_there_cannot_be_explained() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    traded(dir.path());
    for what in [
        ["--trade", "BTCUSDT:9"],
        ["--order", "ETHUSDT:1"],
        ["--order", "BTCUSDT"],
        ["--offset", "700"],
    ] {
        let (code, text) = said(&["explain", what[0], what[1]], &[dir.path()]);
        assert_eq!((code, text.as_str()), (2, ""), "{what:?}");
    }
}
