//! Random auctions against one that is said again in the plainest way.

use schemas::command::Command;
use schemas::event::Event;
use schemas::instrument::{SelfTradePrevention, Side, SymbolState};
use schemas::units::{Amount, Price};

use super::OFF;
use crate::swarm::Random;
use crate::terms::{Stage, told};
use crate::venue::limit;

/// Number, price, quantity.
type Said = (u64, i64, i64);

/// Every price of an order is tried; the best by RULES' words.
fn naive_price(bids: &[Said], asks: &[Said], reference: i64) -> Option<(i64, i64, i64)> {
    let mut found = Vec::new();
    for (_, price, _) in bids.iter().chain(asks) {
        let wanted: i64 = bids.iter().filter(|it| it.1 >= *price).map(|it| it.2).sum();
        let offered: i64 = asks.iter().filter(|it| it.1 <= *price).map(|it| it.2).sum();
        found.push((*price, wanted.min(offered), wanted - offered));
    }
    found.retain(|(_, qty, _)| *qty > 0);
    let most = found.iter().map(|it| it.1).max()?;
    found.retain(|it| it.1 == most);
    let least = found.iter().map(|it| it.2.abs()).min()?;
    found.retain(|it| it.2.abs() == least);
    let nearest = found.iter().map(|it| (it.0 - reference).abs()).min()?;
    found.retain(|it| (it.0 - reference).abs() == nearest);
    found.into_iter().min()
}

/// Who trades how much with whom at that price: buyers of the highest price first, sellers of
/// the lowest, then first come.
fn naive_pairs(bids: &[Said], asks: &[Said], price: i64) -> Vec<(u64, u64, i64)> {
    let mut bids: Vec<Said> = bids.iter().copied().filter(|it| it.1 >= price).collect();
    let mut asks: Vec<Said> = asks.iter().copied().filter(|it| it.1 <= price).collect();
    bids.sort_by_key(|it| (-it.1, it.0));
    asks.sort_by_key(|it| (it.1, it.0));
    let mut pairs = Vec::new();
    for bid in &mut bids {
        for ask in &mut asks {
            let qty = bid.2.min(ask.2);
            if qty > 0 {
                pairs.push((bid.0, ask.0, qty));
                bid.2 -= qty;
                ask.2 -= qty;
            }
        }
    }
    pairs
}

fn run(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut stage = Stage::protected(OFF);
    let small_frames = random.chance(30);
    stage.state(SymbolState::Auction);
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for number in 3..3 + random.between(2, 60) as u64 {
        let side = *random.pick(&[Side::Buy, Side::Sell]);
        let at = (random.between(90, 110), random.between(1, 9));
        let mut order = limit(stage.user, stage.symbol, side, at);
        if random.chance(50) {
            order.account = stage.maker;
        }
        order.self_trade = SelfTradePrevention::None;
        let found = stage.run(&Command::PlaceOrder(order));
        assert_eq!(
            found,
            format!("rests {number} {}@{}", at.1, at.0),
            "seed {seed}"
        );
        match side {
            Side::Buy => bids.push((number, at.0, at.1)),
            Side::Sell => asks.push((number, at.0, at.1)),
        }
    }
    let expected = naive_price(&bids, &asks, 100);
    let indicative = stage.wait(100);
    let shown = indicative.iter().find_map(|event| match event {
        Event::AuctionIndicative(it) => Some((it.price.0, it.qty.0, it.surplus)),
        _ => None,
    });
    assert_eq!(shown, expected, "seed {seed}");
    if small_frames {
        stage.venue.engine.limit_events(16);
    }
    if random.chance(30) {
        stage.restore();
    }
    let events = stage.state(SymbolState::Trading);
    let uncrossed = events.iter().find_map(|event| match event {
        Event::AuctionUncrossed(it) => Some((it.price, it.qty.0)),
        _ => None,
    });
    let (price, qty) = expected.map_or((0, 0), |found| (found.0, found.1));
    assert_eq!(uncrossed, Some((Price(price), qty)), "seed {seed}");
    let mut pairs = Vec::new();
    for event in &events {
        if let Event::Trade(trade) = event {
            assert_eq!(trade.price, Price(price), "seed {seed}");
            pairs.push((trade.taker_order.0, trade.maker_order.0, trade.qty.0));
        }
    }
    assert_eq!(pairs, naive_pairs(&bids, &asks, price), "seed {seed}");
    pairs.len()
}

#[test]
fn random_auctions_are_those_of_the_naive_one() {
    let mut traded = 0;
    for seed in 0..400 {
        println!("seed {seed}");
        traded += run(seed);
    }
    assert!(traded > 2_000, "{traded} pairs say little");
}

#[test]
fn the_price_lets_most_trade_then_leaves_least_then_is_near() {
    for (bids, asks, reference, expected) in [
        // Most: at 101 and 102 three trade.
        (
            vec![(1, 103, 1), (2, 102, 2)],
            vec![(3, 100, 1), (4, 101, 2)],
            0,
            (101, 3, 0),
        ),
        // As much at each price, but at 100 nothing is left over.
        (
            vec![(1, 105, 2), (2, 101, 2)],
            vec![(3, 101, 2)],
            105,
            (105, 2, 0),
        ),
        // Alike; the nearest.
        (vec![(1, 105, 2)], vec![(2, 101, 2)], 104, (105, 2, 0)),
        (vec![(1, 105, 2)], vec![(2, 101, 2)], 103, (101, 2, 0)),
    ] {
        let found = naive_price(&bids, &asks, reference);
        assert_eq!(found, Some(expected), "{bids:?} {asks:?}");
    }
}

#[test]
fn both_sides_pay_the_maker_s_rate_and_the_difference_is_given_back() {
    let mut stage = Stage::protected(OFF);
    stage.venue.set_fees(stage.symbol, 10_000_000, 20_000_000);
    stage.state(SymbolState::Auction);
    let before = stage.venue.engine.balance(stage.user, stage.quote);
    let order = limit(stage.user, stage.symbol, Side::Buy, (110, 10));
    stage.run(&Command::PlaceOrder(order));
    assert_eq!(stage.held(), (0, 1_100));
    stage.quote(Side::Sell, (100, 10));
    let events = stage.state(SymbolState::Trading);
    let fees = events.iter().find_map(|event| match event {
        Event::Trade(it) => Some((it.price.0, it.taker_fee, it.maker_fee)),
        _ => None,
    });
    assert_eq!(
        fees,
        Some((100, Amount(1), Amount(100))),
        "a tenth of 10 and of 1,000"
    );
    let after = stage.venue.engine.balance(stage.user, stage.quote);
    assert_eq!(before.0.0 - after.0.0, 1_000);
    assert_eq!(after.1.0, 0);
}

#[test]
fn prevention_in_an_auction_is_the_buyer_s() {
    use SelfTradePrevention::{Decrement, ExpireBoth, ExpireMaker, ExpireTaker};
    for (mode, expected) in [
        (
            ExpireMaker,
            "prevented 4; ExpiredInMatch 4 open 2; 3 takes 3@100 of 5",
        ),
        (ExpireTaker, "prevented 4; ExpiredInMatch 3 open 3"),
        (
            ExpireBoth,
            "prevented 4; ExpiredInMatch 4 open 2; ExpiredInMatch 3 open 3",
        ),
        (
            Decrement,
            "prevented 4; ExpiredInMatch 4 open 0; rests 3 1@105; 3 takes 1@100 of 5",
        ),
    ] {
        let mut stage = Stage::protected(OFF);
        stage.state(SymbolState::Auction);
        for (side, at) in [(Side::Buy, (105, 3)), (Side::Sell, (99, 2))] {
            let mut order = limit(stage.user, stage.symbol, side, at);
            order.self_trade = mode;
            stage.run(&Command::PlaceOrder(order));
        }
        stage.quote(Side::Sell, (100, 3));
        let events = stage.state(SymbolState::Trading);
        let found = told(&events);
        assert!(found.starts_with(expected), "{mode:?}: {found}");
    }
}
