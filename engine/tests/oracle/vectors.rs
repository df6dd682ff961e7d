//! `financial-vectors.json`: the spot rows; the others are listed with the reason.

use schemas::command::Command;
use schemas::event::Event;
use schemas::instrument::{OrderType, Side};
use schemas::units::Price;
use serde_json::{Value, json};

use super::self_trade::{Fate, fates, status};
use super::{file, in_1e_8, text};
use crate::venue::{Scales, Venue, limit};

/// `B 1.2@1.1` as an order of the self-trade scenarios.
fn order(words: &str, mode: &str) -> Value {
    let words: Vec<&str> = words.split_whitespace().collect();
    let (qty, price) = words[1].split_once('@').expect("quantity@price");
    json!({"side": words[0], "type": "LIMIT", "qty": qty, "px": price, "stp": mode})
}

fn play(makers: &[&str], taker: &str, mode: &str) -> Vec<Fate> {
    let mut orders: Vec<Value> = makers.iter().map(|maker| order(maker, "NONE")).collect();
    orders.push(order(taker, mode));
    fates(&orders)
}

/// Checks one row if it is about what the spot venue does; else says why not.
fn check(row: &Value) -> Result<(), String> {
    let input = &row["input"];
    let words = |key: &str| {
        input[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}: {row}"))
    };
    let maker = || {
        words("maker")
            .split(" EXPIRE")
            .next()
            .expect("a first part")
            .to_owned()
    };
    let taker = || {
        let words: Vec<&str> = words("taker").split_whitespace().take(2).collect();
        words.join(" ")
    };
    let ends = |fates: &[Fate]| -> Vec<String> {
        fates
            .iter()
            .map(|fate| format!("{} {}", status(fate.status), fate.prevented))
            .collect()
    };
    match row["id"].as_str().expect("an id") {
        "STP-A" => {
            let fates = play(&[&maker()], &taker(), "NONE");
            assert_eq!(ends(&fates), ["FILLED 0", "FILLED 0"]);
        }
        "STP-B" => {
            let makers: Vec<&str> = input["makers"]
                .as_array()
                .expect("makers")
                .iter()
                .map(|maker| maker.as_str().expect("an order"))
                .collect();
            let fates = play(&makers, words("taker"), "EXPIRE_MAKER");
            let expired = ["12000", "13000", "81000"].map(|qty| format!("EXPIRED_IN_MATCH {qty}"));
            assert_eq!(ends(&fates)[..3], expired);
            assert_eq!((status(fates[3].status), fates[3].qty), ("NEW", 30_000));
        }
        "STP-D" => {
            let fates = play(&[&maker()], &taker(), "EXPIRE_BOTH");
            assert_eq!(
                ends(&fates),
                ["EXPIRED_IN_MATCH 10000", "EXPIRED_IN_MATCH 30000"]
            );
        }
        "STP-E" => {
            let fates = play(&[&maker()], &taker(), "EXPIRE_TAKER");
            assert_eq!(ends(&fates), ["NEW 0", "EXPIRED_IN_MATCH 10000"]);
        }
        "STP-G" => {
            let fates = play(&[&maker()], &taker(), "DECREMENT");
            assert_eq!(ends(&fates), ["NEW 20000", "EXPIRED_IN_MATCH 20000"]);
        }
        "FEE-1" => check_commission(row),
        "STP-H" => return Err("STP mode TRANSFER is not among the venue's modes".to_owned()),
        "FEE-BNB" => return Err("only the standard commission is set, no discount".to_owned()),
        id if id.starts_with("TRAIL") => return Err("triggers come later".to_owned()),
        _ => return Err("a perpetual's formula".to_owned()),
    }
    Ok(())
}

/// The standard commission of a seller taker in the quote received, rounded up to the atom.
fn check_commission(row: &Value) {
    let (input, expected) = (&row["input"], &row["expected"]);
    let mut venue = Venue::new();
    let (base, quote) = (venue.add_asset("BTC", 8), venue.add_asset("USDT", 8));
    let symbol = venue.add_symbol("BTCUSDT", (base, quote), Scales { price: 2, qty: 5 });
    let rate = in_1e_8(&input["taker_plus_seller"]["standard"]);
    venue.set_fees(symbol, 0, rate);
    let (buyer, seller) = (venue.add_account(), venue.add_account());
    venue.deposit(buyer, quote, 10_000_000_000_000);
    venue.deposit(seller, base, 100_000_000);
    let (price, qty) = (
        in_1e_8(&input["price"]) / 1_000_000,
        in_1e_8(&input["qty"]) / 1_000,
    );
    venue.apply(&Command::PlaceOrder(limit(
        buyer,
        symbol,
        Side::Buy,
        (price, qty),
    )));
    let mut sell = limit(seller, symbol, Side::Sell, (0, qty));
    (sell.order_type, sell.price) = (OrderType::Market, Price(0));
    let events = venue.apply(&Command::PlaceOrder(sell));
    let trade = events
        .iter()
        .find_map(|event| match event {
            Event::Trade(trade) => Some(*trade),
            _ => None,
        })
        .expect("the orders meet");
    assert_eq!(trade.quote.0, i128::from(in_1e_8(&expected["notional"])));
    // 0.010494750000: exact at 8 decimals is 0.01049475.
    let exact = expected["standard"]
        .as_str()
        .expect("a decimal")
        .trim_end_matches('0');
    assert_eq!(trade.taker_fee.0, i128::from(in_1e_8(&json!(exact))));
    assert_eq!(
        venue.engine.balance(seller, quote).0.0,
        trade.quote.0 - trade.taker_fee.0
    );
}

#[test]
fn oracle_vectors_of_spot_give_their_results() {
    let Some(path) = file("financial-vectors.json") else {
        return;
    };
    let rows: Value = serde_json::from_str(&text(&path)).expect("JSON");
    let mut passed = 0;
    for row in rows.as_array().expect("a list of vectors") {
        let id = row["id"].as_str().expect("an id");
        match check(row) {
            Ok(()) => {
                passed += 1;
                println!("{id}: equal");
            }
            Err(reason) => println!("not run: {id}: {reason}"),
        }
    }
    println!("{passed} vectors give their results");
}
