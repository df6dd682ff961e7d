//! Stops, take profits and trailing stops.

use schemas::command::{Command, SetSymbolStateV1};
use schemas::event::Event;
use schemas::instrument::{CancelRestriction, OrderType, Side, SymbolState};

use super::{Stage, told};
use crate::oracle::{file, text};
use crate::venue::limit;

use OrderType::{StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit};
use Side::{Buy, Sell};

#[test]
fn a_stop_sleeps_until_a_trade_reaches_it_and_acts_in_that_command() {
    let mut stage = Stage::new();
    stage.print(100);
    assert_eq!(
        stage.place((Sell, 5), StopLossLimit, "stop 90 price 88"),
        "Waiting 3"
    );
    assert_eq!(stage.held(), (5, 0));
    stage.quote(Buy, (89, 10));
    stage.print(91);
    assert_eq!(stage.held(), (5, 0));
    let (sell, buy) = (stage.quote(Sell, (90, 1)), stage.quote(Buy, (90, 1)));
    assert_eq!(sell, "rests 7 1@90");
    assert_eq!(
        buy,
        "8 takes 1@90 of 7; Filled 8 open 0; triggered 3 at 90; 3 takes 5@89 of 4; Filled 3 open 0"
    );
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_stop_price_that_is_reached_already_is_refused() {
    let mut stage = Stage::new();
    // Without any trade so far nothing is reached.
    assert_eq!(stage.place((Buy, 1), StopLoss, "stop 90"), "Waiting 1");
    stage.cancel(1);
    stage.print(100);
    for (side, kind, stop) in [
        (Buy, StopLoss, 100),
        (Sell, StopLoss, 100),
        (Buy, TakeProfit, 101),
        (Sell, TakeProfit, 99),
    ] {
        let terms = format!("stop {stop}");
        assert_eq!(stage.place((side, 1), kind, &terms), "refused WouldTrigger");
    }
    assert_eq!(stage.place((Buy, 1), TakeProfit, "stop 99"), "Waiting 4");
    assert_eq!(stage.place((Sell, 1), TakeProfit, "stop 101"), "Waiting 5");
}

#[test]
fn shapes_that_make_no_sense_are_refused() {
    let mut stage = Stage::new();
    stage.print(100);
    for (kind, terms, reason) in [
        (StopLoss, "", "InvalidOrder"),
        (StopLoss, "stop 90 price 80", "InvalidOrder"),
        (StopLoss, "stop 90 ioc", "InvalidOrder"),
        (OrderType::Limit, "price 90 stop 80", "InvalidOrder"),
        (OrderType::Limit, "price 90 part 2 ioc", "InvalidOrder"),
        (OrderType::Limit, "price 90 part 5", "IcebergTooLarge"),
        (OrderType::Market, "part 2", "InvalidOrder"),
        (StopLossLimit, "stop 90", "PriceFilter"),
        (StopLoss, "trail 10001", "TrailingDelta"),
    ] {
        let found = stage.place((Sell, 5), kind, terms);
        assert_eq!(found, format!("refused {reason}"), "{kind:?} {terms}");
    }
}

#[test]
fn a_falling_price_sets_off_the_nearest_stop_first_then_the_oldest() {
    let mut stage = Stage::new();
    stage.print(100);
    for stop in [95, 97, 95] {
        stage.place((Sell, 1), StopLoss, &format!("stop {stop}"));
    }
    stage.quote(Buy, (94, 10));
    let found = stage.quote(Sell, (94, 1));
    assert_eq!(
        found,
        "7 takes 1@94 of 6; Filled 7 open 0; \
         triggered 4 at 94; 4 takes 1@94 of 6; Filled 4 open 0; \
         triggered 3 at 94; 3 takes 1@94 of 6; Filled 3 open 0; \
         triggered 5 at 94; 5 takes 1@94 of 6; Filled 5 open 0"
    );
}

#[test]
fn a_market_buy_that_cannot_pay_when_it_is_set_off_expires() {
    let mut stage = Stage::new();
    stage.print(100);
    let all = stage.venue.engine.balance(stage.user, stage.quote).0.0 as i64;
    let qty = all / 110;
    assert_eq!(stage.place((Buy, qty), StopLoss, "stop 110"), "Waiting 3");
    stage.quote(Sell, (200, 1_000_000));
    stage.quote(Sell, (150, 500_000_000));
    stage.quote(Sell, (151, 400_000_000));
    stage.quote(Sell, (152, 90_000_000));
    stage.quote(Sell, (110, 1));
    let found = stage.quote(Buy, (110, 1));
    assert!(found.contains("triggered 3 at 110"), "{found}");
    stage.check();
}

#[test]
fn triggers_sleep_while_the_symbol_is_halted() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.place((Sell, 1), StopLoss, "stop 95");
    let set = |state| {
        Command::SetSymbolState(SetSymbolStateV1 {
            symbol: schemas::ids::SymbolId(0),
            state,
        })
    };
    stage.venue.engine.limit_fires(0);
    stage.quote(Buy, (94, 10));
    let order = limit(stage.maker, stage.symbol, Sell, (94, 1));
    let events = stage.venue.apply(&Command::PlaceOrder(order));
    assert!(told(&events).ends_with("Filled 5 open 0"), "{events:?}");
    assert!(stage.venue.more, "it was set off and waits for its turn");
    stage.restore();
    stage.venue.engine.limit_fires(256);
    let events = stage.venue.apply(&set(SymbolState::Halt));
    // What was set off before runs before the command of the next frame.
    assert!(told(&events).contains("triggered 3 at 94"), "{events:?}");
    stage.check();
}

#[test]
fn a_stop_that_was_set_off_waits_out_a_halt() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.place((Sell, 1), StopLoss, "stop 95");
    stage.place((Sell, 1), StopLoss, "stop 95");
    stage.quote(Buy, (94, 10));
    stage.venue.engine.limit_fires(0);
    let order = limit(stage.maker, stage.symbol, Sell, (94, 1));
    stage.venue.apply(&Command::PlaceOrder(order));
    let symbol = stage.symbol;
    let set = |stage: &mut Stage, state| {
        let state = Command::SetSymbolState(SetSymbolStateV1 { symbol, state });
        told(&stage.venue.apply(&state))
    };
    assert_eq!(set(&mut stage, SymbolState::Halt), "");
    stage.venue.engine.limit_fires(256);
    let asleep = told(&stage.venue.apply(&Command::Continue));
    assert_eq!(asleep, "");
    assert!(!stage.venue.more, "a halted symbol asks for nothing");
    assert_eq!(stage.cancel(4), "Canceled 4 open 1");
    stage.restore();
    let awake = set(&mut stage, SymbolState::Trading);
    assert_eq!(
        awake,
        "triggered 3 at 94; 3 takes 1@94 of 5; Filled 3 open 0"
    );
    stage.check();
}

#[test]
fn a_cancel_may_ask_for_a_status() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.place((Sell, 5), OrderType::Limit, "price 110");
    let partly = CancelRestriction::OnlyPartiallyFilled;
    assert_eq!(stage.cancel_if(3, partly), "not cancelled CancelRestricted");
    stage.quote(Buy, (110, 2));
    let new = CancelRestriction::OnlyNew;
    assert_eq!(stage.cancel_if(3, new), "not cancelled CancelRestricted");
    assert_eq!(stage.cancel_if(3, partly), "Canceled 3 open 3");
}

#[test]
fn a_countdown_cancels_what_is_open_when_it_runs_out() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.place((Sell, 5), StopLoss, "stop 90");
    stage.place((Sell, 5), OrderType::Limit, "price 110 part 2");
    assert_eq!(stage.countdown(1_000), "countdown");
    assert_eq!(stage.countdown(5_000), "countdown");
    stage.restore();
    stage.venue.now.0 += 4_999;
    assert_eq!(stage.run(&Command::AdvanceClock), "");
    stage.venue.now.0 += 1;
    assert_eq!(
        stage.run(&Command::AdvanceClock),
        "countdown over; Canceled 3 open 5; Canceled 4 open 5"
    );
    assert_eq!(stage.held(), (0, 0));
    stage.countdown(7);
    assert_eq!(stage.countdown(0), "countdown off");
    assert_eq!(stage.venue.engine.wake_at(), None);
}

#[test]
fn an_amended_stop_holds_for_what_is_left() {
    let mut stage = Stage::new();
    stage.print(100);
    stage.place((Buy, 10), StopLossLimit, "stop 110 price 112");
    assert_eq!(stage.held(), (0, 1_120));
    let amend = schemas::command::AmendOrderV1 {
        target: crate::venue::by_id(3),
        new_qty: schemas::units::Qty(4),
        valid_until: schemas::units::TimeNs(0),
        account: stage.user,
        symbol: stage.symbol,
        request: Default::default(),
        new_client: schemas::ids::ClientOrderId::EMPTY,
    };
    assert_eq!(stage.run(&Command::AmendOrder(amend)), "amended 3 to 4");
    assert_eq!(stage.held(), (0, 448));
}

/// Type, side, stop price, delta, trade prices, and the one that triggers.
type Scenario = (OrderType, Side, i64, u32, &'static [i64], i64);

/// The FAQ's scenarios; the price of D's end is rounded down to a whole one.
const FAQ: [Scenario; 5] = [
    (
        StopLossLimit,
        Buy,
        44_000,
        500,
        &[37_000, 44_000, 45_000, 46_000, 42_000, 44_099],
        44_100,
    ),
    (
        StopLossLimit,
        Sell,
        39_000,
        1_000,
        &[41_500, 39_000, 37_000, 41_000, 36_901],
        36_900,
    ),
    (
        TakeProfitLimit,
        Buy,
        38_000,
        850,
        &[42_000, 38_000, 37_000, 39_000, 38_000, 40_144],
        40_145,
    ),
    (
        TakeProfitLimit,
        Sell,
        42_000,
        750,
        &[41_500, 39_000, 42_000, 45_000, 44_000, 46_500, 43_013],
        43_012,
    ),
    (
        StopLossLimit,
        Sell,
        0,
        700,
        &[42_000, 39_500, 45_500, 42_316],
        42_315,
    ),
];

fn trail(kind: OrderType, side: Side, (stop, delta): (i64, u32)) -> Stage {
    let mut stage = Stage::new();
    stage.print(40_000);
    let price = if side == Buy { 50_000 } else { 30_000 };
    let terms = format!("stop {stop} trail {delta} price {price}");
    let found = stage.place((side, 1), kind, &terms);
    assert!(found.starts_with("Waiting 3"), "{found}");
    stage
}

#[test]
fn oracle_trailing_stops_of_the_documents_trigger_where_they_say() {
    for (kind, side, stop, delta, before, at) in FAQ {
        let mut stage = trail(kind, side, (stop, delta));
        for price in before {
            let found = stage.print(*price);
            assert!(!found.contains("triggered"), "{kind:?} {side:?}: {found}");
            stage.restore();
        }
        let found = stage.print(at);
        let wanted = format!("triggered 3 at {at}");
        assert!(found.contains(&wanted), "{kind:?} {side:?}: {found}");
    }
}

#[test]
fn oracle_trailing_vectors_of_the_library_trigger_where_they_say() {
    let Some(path) = file("financial-vectors.json") else {
        return;
    };
    let vectors: serde_json::Value = serde_json::from_str(&text(&path)).expect("JSON");
    let mut checked = 0;
    for vector in vectors.as_array().expect("a list") {
        let id = vector["id"].as_str().expect("an id");
        if !id.starts_with("TRAIL-") {
            continue;
        }
        let order = vector["input"]["order"].as_str().expect("an order");
        let words: Vec<&str> = order.split_whitespace().collect();
        let [kind, side, "stop", stop, "delta", delta] = words[..] else {
            panic!("{id}: {order}");
        };
        let kind = match kind {
            "STOP_LOSS_LIMIT" => StopLossLimit,
            "TAKE_PROFIT_LIMIT" => TakeProfitLimit,
            other => panic!("{other}"),
        };
        let side = if side == "BUY" { Buy } else { Sell };
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let mut stage = trail(kind, side, (number(stop), number(delta) as u32));
        let expected = vector["expected"]["triggers_at"].as_str().expect("a price");
        let prices = vector["input"]["trade_prices"].as_array().expect("prices");
        let mut triggered = None;
        for price in &prices[1..] {
            let price = price.as_i64().expect("a price");
            let found = stage.print(price);
            if found.contains("triggered 3") {
                assert_eq!(triggered, None, "{id}");
                triggered = Some(price);
            }
        }
        assert_eq!(triggered, Some(number(expected)), "{id}");
        checked += 1;
    }
    assert!(checked >= 2, "the vectors are there");
}

#[test]
fn a_trailing_order_before_the_first_trade_tracks_from_it() {
    let mut stage = Stage::new();
    let found = stage.place((Sell, 1), StopLoss, "trail 1000");
    assert_eq!(found, "Waiting 1; tracks 1 from 0");
    stage.restore();
    stage.print(100);
    stage.print(200);
    assert!(!stage.print(181).contains("triggered"));
    assert!(stage.print(180).contains("triggered 1 at 180"));
}

#[test]
fn a_hundred_thousand_stops_at_once_do_not_stall_other_symbols() {
    let mut stage = Stage::new();
    let (base, quote) = (stage.base, stage.quote);
    let scales = crate::venue::Scales { price: 0, qty: 0 };
    let other = stage.venue.add_symbol("OTHER", (base, quote), scales);
    stage.print(100);
    let stops = if cfg!(debug_assertions) {
        20_000
    } else {
        100_000
    };
    for number in 0..stops {
        let order = stage.asked((Sell, 1), StopLoss, &format!("stop {}", 50 + number % 40));
        stage.venue.apply(&Command::PlaceOrderWithTerms(order));
    }
    stage.venue.apply(&Command::PlaceOrder(limit(
        stage.maker,
        stage.symbol,
        Buy,
        (10, 200_000),
    )));
    let crash = limit(stage.maker, stage.symbol, Sell, (10, 1));
    let events = stage.venue.apply(&Command::PlaceOrder(crash));
    let fired = |events: &[Event]| {
        let is_fired = |event: &&Event| matches!(event, Event::OrderTriggered(_));
        events.iter().filter(is_fired).count()
    };
    let (mut triggered, mut frames) = (fired(&events), 0);
    assert!(triggered <= 256, "a slice in one frame");
    while stage.venue.more {
        // Another symbol trades in every frame; this one takes cancels, but no new order.
        let order = limit(stage.maker, other, Buy, (10, 1));
        let events = stage.venue.apply(&Command::PlaceOrder(order));
        let accepted = |event: &Event| matches!(event, Event::OrderAccepted(_));
        assert!(events.iter().any(accepted), "the other symbol goes on");
        triggered += fired(&events);
        frames += 1;
        if frames == 3 {
            let order = limit(stage.maker, stage.symbol, Buy, (10, 1));
            let events = stage.venue.apply(&Command::PlaceOrder(order));
            assert!(told(&events).ends_with("refused Busy"), "{events:?}");
            triggered += fired(&events);
            stage.restore();
        }
    }
    println!("{stops} stops in {frames} frames");
    assert_eq!(triggered, stops as usize);
    stage.check();
}
