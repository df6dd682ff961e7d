//! The worked numbers of others, by the functions that the engine decides with.

use schemas::margin::{self, Table};
use schemas::perpetual::{Bracket, Holding};
use schemas::units::{Amount, Price, Qty, Rate};
use serde_json::Value;

use crate::oracle::{file, text};

/// Vectors of other rule books, with the rule that differs here.
const OTHERS: [(&str, &str); 5] = [
    (
        "MARK-P1-AEVO",
        "funding hourly and from the last rate alone; here the leg of eight hours",
    ),
    ("DYDX-", "equity-based liquidation prices without brackets"),
    (
        "VEGA-",
        "time-weighted prices by auction periods, disposal in steps by time",
    ),
    ("FEE-BNB", "no discount asset is set up"),
    ("FEE-1", "spot; told by the spot vectors"),
];

fn vectors() -> Option<Vec<Value>> {
    let path = file("financial-vectors.json")?;
    serde_json::from_str(&text(&path)).ok()
}

/// A decimal text as whole units of 10^-scale.
fn scaled(value: &Value, scale: u32) -> i128 {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let negative = whole.starts_with('-');
    let mut number: i128 = whole.trim_start_matches('-').parse().unwrap_or(0);
    for index in 0..scale as usize {
        let digit = part
            .as_bytes()
            .get(index)
            .map_or(0, |byte| i128::from(byte - b'0'));
        number = number * 10 + digit;
    }
    if negative { -number } else { number }
}

fn price_of(exact: margin::ExactPrice, decimals: u32) -> i128 {
    exact.numerator * 10_i128.pow(decimals) / exact.denominator
}

/// Prices of 2 decimals, lots of 3, money of 5 + `FINER` decimals.
const FINER: u32 = 8;

fn holding(side: i128, pos: &Value, entry: &Value) -> Holding {
    let lots = side * scaled(pos, 3);
    let cost = lots * scaled(entry, 2) * 10_i128.pow(FINER);
    Holding {
        size: Qty(i64::try_from(lots).expect("small")),
        cost: Amount(cost),
        isolated: Amount::ZERO,
    }
}

fn money(value: &Value) -> i128 {
    scaled(value, 5 + FINER)
}

#[test]
fn oracle_liquidation_and_bankruptcy_prices() {
    let Some(all) = vectors() else {
        return;
    };
    let unit = 10_u64.pow(FINER);
    let mut seen = 0;
    for vector in &all {
        let id = vector["id"].as_str().unwrap_or("");
        let (input, expected) = (&vector["input"], &vector["expected"]);
        if id.starts_with("LIQ-CROSS") {
            let (this, other) = (&input["this"], &input["other"]);
            let own = holding(1, &this["pos"], &this["EP"]);
            let theirs = holding(1, &other["pos"], &other["EP"]);
            let mark = Price(i64::try_from(scaled(&other["mark"], 2)).expect("small"));
            let profit = margin::unrealised(&theirs, mark, unit).expect("small");
            assert_eq!(profit.0, money(&expected["UPNL1"]), "{id}");
            let notional = margin::notional(theirs.size, mark, unit).expect("small");
            let due = notional.0 * scaled(&other["MMR"], 8) / 100_000_000 - money(&other["cum"]);
            assert_eq!(due, money(&expected["TMM1"]), "{id}");
            let balance = Amount(money(&input["WB"]) + profit.0 - due);
            let rate = Rate(i64::try_from(scaled(&this["MMR"], 8)).expect("small"));
            let deduction = money(&this["cum"]) * 100_000_000;
            let exact = margin::price_of_loss(&own, balance, (rate, deduction), unit);
            // Half up at the second decimal.
            let price = (price_of(exact.expect("small"), 1) + 5) / 10;
            assert_eq!(price, scaled(&expected["LP_2dp"], 2), "{id}");
            seen += 1;
        } else if id.starts_with("LIQ-") {
            let side = i128::from(input["side"].as_i64().unwrap_or(1));
            let own = holding(side, &input["pos"], &input["EP"]);
            let rate = Rate(i64::try_from(scaled(&input["MMR"], 8)).expect("small"));
            let deduction = money(&input["cum"]) * 100_000_000;
            let balance = Amount(money(&input["WB"]));
            let exact = margin::price_of_loss(&own, balance, (rate, deduction), unit);
            let price = price_of(exact.expect("small"), 4);
            assert!(
                (price - scaled(&expected["LP"], 6)).abs() <= 1,
                "{id}: {price}"
            );
            seen += 1;
        } else if id.starts_with("BK-ISO") {
            let leverage = input["leverage"].as_i64().unwrap_or(1);
            for (side, name) in [(1, "long"), (-1, "short")] {
                let own = holding(side, &Value::from("1"), &input["EP"]);
                let balance = margin::margin_rounded_up(
                    Amount(own.cost.0.abs()),
                    u32::try_from(leverage).expect("small"),
                );
                let exact = margin::price_of_loss(&own, balance, (Rate(0), 0), unit);
                let price = price_of(exact.expect("small"), 0);
                assert_eq!(price, scaled(&expected[name], 2), "{id} {name}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen} vectors");
}

fn brackets(all: &[Value]) -> Vec<Bracket> {
    let vector = all.iter().find(|it| it["id"] == "BRACKETS-BTCUSDT");
    let rows = vector.and_then(|it| it["input"]["brackets"].as_array());
    let row = |row: &Value| Bracket {
        floor: Amount(scaled(&row["floor"], 8)),
        maintenance: Rate(i64::try_from(scaled(&row["mmr"], 8)).expect("small")),
        max_leverage: u32::try_from(row["max_leverage"].as_u64().unwrap_or(0)).expect("small"),
    };
    rows.into_iter().flatten().map(row).collect()
}

#[test]
fn oracle_brackets_and_maintenance_margins() {
    let Some(all) = vectors() else {
        return;
    };
    let rows = brackets(&all);
    let table = Table::new(&rows).expect("a table");
    let vector = all
        .iter()
        .find(|it| it["id"] == "BRACKETS-BTCUSDT")
        .expect("it is there");
    for (index, row) in vector["input"]["brackets"]
        .as_array()
        .expect("rows")
        .iter()
        .enumerate()
    {
        assert_eq!(
            table.deduction(index).0,
            scaled(&row["cum"], 8),
            "row {index}"
        );
    }
    for row in &rows[1..] {
        // Continuous: an atom above the floor needs an atom's rate more, rounded up.
        let (below, above) = (
            table.maintenance_rounded_up(row.floor),
            table.maintenance_rounded_up(Amount(row.floor.0 + 1)),
        );
        assert!((0..=1).contains(&(above.0 - below.0)), "{row:?}");
    }
    for vector in &all {
        let id = vector["id"].as_str().unwrap_or("");
        if id.starts_with("MM-") && !vector["input"]["notional"].is_null() {
            let notional = Amount(scaled(&vector["input"]["notional"], 8));
            let due = table.maintenance_rounded_up(notional).0;
            assert_eq!(due, scaled(&vector["expected"]["MM"], 8), "{id}");
        }
        if id == "MM-OLD-L5" {
            let row = |floor: i128, rate: i64, max_leverage| Bracket {
                floor: Amount(floor * 100_000_000),
                maintenance: Rate(rate),
                max_leverage,
            };
            // The row before has a deduction of 50: 0.004 up to 50,000.
            let old = [
                row(0, 400_000, 125),
                row(50_000, 500_000, 100),
                row(250_000, 1_000_000, 50),
            ];
            let old = Table::new(&old).expect("a table");
            assert_eq!(
                old.deduction(2).0,
                scaled(&vector["expected"]["cum"], 8),
                "{id}"
            );
        }
    }
    assert_eq!(table.notional_max(20), Some(rows[6].floor));
    assert_eq!(table.notional_max(125), Some(rows[1].floor));
    assert_eq!(table.notional_max(1), None);
    assert_eq!(
        table.cap_below(rows[1].floor),
        None,
        "a floor belongs to the row below"
    );
}

#[test]
fn oracle_premium_and_funding() {
    let Some(all) = vectors() else {
        return;
    };
    let table = Table::new(&brackets(&all)).expect("a table");
    let mut seen = 0;
    for vector in &all {
        let id = vector["id"].as_str().unwrap_or("");
        let (input, expected) = (&vector["input"], &vector["expected"]);
        if id == "FUND-WAVG" {
            let sum: i128 = (1..=480)
                .map(|number: i128| number * number * 1_000_000_000)
                .sum();
            let weights = (1..=480).sum();
            let average = i128::from(margin::average_premium(sum, weights));
            let exact = scaled(&expected["average"], 9);
            assert_eq!(average, exact, "{id}");
            seen += 1;
        } else if id.starts_with("FUND-") {
            let premium = i64::try_from(scaled(&input["P"], 12)).expect("small");
            let interest = Rate(i64::try_from(scaled(&input["I"], 8)).expect("small"));
            let rate = margin::funding_rate(premium, interest, table.funding_cap());
            assert_eq!(i128::from(rate.0), scaled(&expected["F"], 8), "{id}");
            seen += 1;
        } else if id.starts_with("PREM-") {
            let price = |name: &str| Price(i64::try_from(scaled(&input[name], 2)).expect("small"));
            let (bid, ask) = (price("impact_bid"), price("impact_ask"));
            let premium = margin::premium(Some(bid), Some(ask), price("index"));
            let premium = i128::from(premium.expect("an index"));
            assert_eq!(premium, scaled(&expected["P"], 12), "{id}");
            seen += 1;
        } else {
            let differs = OTHERS.iter().any(|(other, _)| id.starts_with(other));
            let known = ["LIQ-", "BRACKETS-", "MM-", "BK-", "TRAIL-", "STP-"];
            assert!(
                differs || known.iter().any(|it| id.starts_with(it)),
                "{id} is unknown"
            );
        }
    }
    assert!(seen >= 8, "{seen} vectors");
    assert_eq!(table.funding_cap(), Rate(300_000), "0.75 x 0.004");
    let capped = margin::funding_rate(100_000_000_000, Rate(10_000), table.funding_cap());
    assert_eq!(capped, Rate(300_000));
}

#[test]
fn oracle_premiums_of_hyperliquid() {
    let Some(path) = file("funding/hl_premium.csv") else {
        return;
    };
    let text = text(&path);
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<Value> = line.split(',').map(Value::from).collect();
        let price = |index: usize| Price(i64::try_from(scaled(&fields[index], 8)).expect("small"));
        let (index, bid, ask) = (price(0), price(1), price(2));
        let premium = margin::premium(Some(bid), Some(ask), index).expect("an index");
        let off = i128::from(premium) - scaled(&fields[3], 12);
        assert!(off.abs() <= 100, "{line}: {premium}");
        rows += 1;
    }
    assert!(rows > 0);
}
