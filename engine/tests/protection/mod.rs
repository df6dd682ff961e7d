//! What protects a symbol: scenarios by hand, auctions against a naive one, random streams.
//!
//! Reading order: this file (bands, depth, breaker), `auctions`, `streams`.

mod auctions;
mod streams;

use schemas::command::{AmendOrderV1, Command, SetFilterV1, SetSymbolStateV1};
use schemas::event::Event;
use schemas::ids::ClientOrderId;
use schemas::instrument::{ContingencyType, Filter, OrderType, Side, SymbolState, TimeInForce};
use schemas::protection::Protection;
use schemas::units::{Price, Qty, TimeNs};

use crate::terms::{Stage, told};
use crate::venue::{Scales, by_id, limit};

use Side::{Buy, Sell};

impl Stage {
    /// Switches protection on; the maker's trade at 100 is the reference price.
    fn protected(protection: Protection) -> Stage {
        let mut stage = Stage::new();
        stage.print(100);
        stage.protect(protection);
        stage
    }

    fn protect(&mut self, protection: Protection) {
        let symbol = self.symbol;
        let filter = Filter::Protection(protection);
        let events = self
            .venue
            .apply(&Command::SetFilter(SetFilterV1 { filter, symbol }));
        assert_eq!(events, [Event::FilterChanged { symbol, filter }]);
    }

    fn state(&mut self, state: SymbolState) -> Vec<Event> {
        let symbol = self.symbol;
        let events = self
            .venue
            .complete(&Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
        self.check();
        events
    }

    /// The user's limit order.
    fn order(&mut self, side: Side, at: (i64, i64), time_in_force: TimeInForce) -> String {
        let mut order = limit(self.user, self.symbol, side, at);
        order.time_in_force = time_in_force;
        self.run(&Command::PlaceOrder(order))
    }

    fn market(&mut self, side: Side, qty: i64) -> String {
        let mut order = limit(self.user, self.symbol, side, (0, qty));
        order.order_type = OrderType::Market;
        self.run(&Command::PlaceOrder(order))
    }

    fn amend(&mut self, order: u64, new_qty: i64) -> String {
        self.run(&Command::AmendOrder(AmendOrderV1 {
            target: by_id(order),
            new_qty: Qty(new_qty),
            valid_until: TimeNs(0),
            account: self.user,
            symbol: self.symbol,
            request: Default::default(),
            new_client: ClientOrderId::EMPTY,
        }))
    }

    /// Time passes; what the frame told.
    fn wait(&mut self, milliseconds: u64) -> Vec<Event> {
        self.venue.now = TimeNs(self.venue.now.0 + milliseconds * 1_000_000);
        let events = self.venue.complete(&Command::AdvanceClock);
        self.check();
        events
    }
}

const OFF: Protection = Protection {
    band: 0,
    market_depth: 0,
    breaker: 0,
    auction_ms: 0,
};

#[test]
fn what_would_trade_beyond_the_band_expires() {
    let mut stage = Stage::protected(Protection { band: 500, ..OFF });
    for price in [105, 106] {
        stage.quote(Sell, (price, 1));
    }
    let found = stage.order(Buy, (110, 3), TimeInForce::Gtc);
    assert_eq!(found, "5 takes 1@105 of 3; PriceRange; Expired 5 open 2");
    assert_eq!(stage.held(), (0, 0));
    // The reference price is 105 now: 110.25 is rounded to who is bounded.
    stage.quote(Sell, (111, 1));
    let found = stage.order(Buy, (111, 2), TimeInForce::Ioc);
    assert_eq!(found, "7 takes 1@106 of 4; PriceRange; Expired 7 open 1");
    // Fill or kill counts only what the band would let trade.
    let found = stage.order(Buy, (112, 1), TimeInForce::Fok);
    assert!(
        found.starts_with("8 takes 1@111"),
        "106 x 1.05 = 111.3: {found}"
    );
    stage.quote(Sell, (200, 5));
    assert_eq!(
        stage.order(Buy, (200, 1), TimeInForce::Fok),
        "Expired 10 open 1"
    );
    // A price within the book's distance but not reached rests as ever.
    assert_eq!(
        stage.order(Buy, (150, 1), TimeInForce::Gtc),
        "rests 11 1@150"
    );
    let found = stage.order(Sell, (100, 2), TimeInForce::Gtc);
    assert_eq!(
        found, "12 takes 1@150 of 11; rests 12 1@100",
        "better than the band"
    );
}

#[test]
fn a_seller_is_bounded_from_below() {
    let mut stage = Stage::protected(Protection { band: 500, ..OFF });
    for price in [95, 94] {
        stage.quote(Buy, (price, 1));
    }
    let found = stage.market(Sell, 2);
    assert_eq!(found, "5 takes 1@95 of 3; PriceRange; Expired 5 open 1");
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_market_order_does_not_run_through_a_thin_book() {
    let mut stage = Stage::protected(Protection {
        market_depth: 200,
        ..OFF
    });
    for (price, qty) in [(150, 1), (153, 1), (154, 9)] {
        stage.quote(Sell, (price, qty));
    }
    let found = stage.market(Buy, 5);
    assert_eq!(
        found,
        "6 takes 1@150 of 3; 6 takes 1@153 of 4; PriceRange; Expired 6 open 3"
    );
    // A limit order says itself how far it goes.
    let found = stage.order(Buy, (160, 2), TimeInForce::Gtc);
    assert_eq!(found, "7 takes 2@154 of 5; Filled 7 open 0");
    // A stop that acts as a market order is one.
    stage.order(Buy, (154, 7), TimeInForce::Gtc);
    stage.quote(Sell, (300, 1));
    stage.quote(Sell, (310, 8));
    stage.place((Buy, 9), OrderType::StopLoss, "stop 155");
    stage.quote(Sell, (155, 1));
    let found = stage.order(Buy, (155, 1), TimeInForce::Gtc);
    assert_eq!(
        found,
        "13 takes 1@155 of 12; Filled 13 open 0; triggered 11 at 155; 11 takes 1@300 of 9; \
         PriceRange; Expired 11 open 8"
    );
}

#[test]
fn the_first_to_trade_beyond_the_breaker_calls_an_auction() {
    let mut stage = Stage::protected(Protection {
        breaker: 1_000,
        auction_ms: 60_000,
        ..OFF
    });
    stage.quote(Sell, (110, 2));
    stage.quote(Sell, (111, 4));
    let mut order = limit(stage.user, stage.symbol, Buy, (120, 5));
    order.self_trade = schemas::instrument::SelfTradePrevention::None;
    let events = stage.venue.complete(&Command::PlaceOrder(order));
    stage.check();
    let tripped = events.iter().find_map(|event| match event {
        Event::BreakerTripped(tripped) => Some((tripped.bound, tripped.met)),
        _ => None,
    });
    assert_eq!(tripped, Some((Price(110), Price(111))));
    assert_eq!(told(&events), "5 takes 2@110 of 3; rests 5 3@120");
    // What may not rest is refused, cancels are not; other orders gather.
    assert_eq!(stage.market(Buy, 1), "refused MarketClosed");
    let found = stage.order(Buy, (111, 1), TimeInForce::Ioc);
    assert_eq!(found, "refused MarketClosed");
    let found = stage.place((Sell, 2), OrderType::StopLossLimit, "price 1 stop 90");
    assert_eq!(found, "refused MarketClosed");
    assert_eq!(
        stage.order(Buy, (112, 1), TimeInForce::Gtc),
        "rests 6 1@112"
    );
    assert_eq!(stage.cancel(6), "Canceled 6 open 1");
    stage.restore();
    let indicative = stage.wait(100);
    assert!(
        matches!(indicative.as_slice(), [Event::AuctionIndicative(told)]
            if (told.price, told.qty.0, told.surplus) == (Price(111), 3, -1)),
        "{indicative:?}"
    );
    assert!(stage.wait(59_000).is_empty(), "its time is not over");
    stage.restore();
    let events = stage.wait(900);
    assert_eq!(
        told(&events),
        "5 takes 3@111 of 4; Filled 5 open 0",
        "{events:?}"
    );
    assert_eq!(stage.held(), (0, 0));
    let found = stage.order(Buy, (111, 1), TimeInForce::Gtc);
    assert_eq!(
        found, "7 takes 1@111 of 4; Filled 7 open 0",
        "it trades again"
    );
}

/// What the events of an order tell, and whether it stopped the symbol.
fn stops(stage: &mut Stage, command: &Command) -> (String, bool) {
    let events = stage.venue.complete(command);
    stage.check();
    let is_trip = |event: &Event| matches!(event, Event::BreakerTripped(_));
    (told(&events), events.iter().any(is_trip))
}

#[test]
fn an_order_that_merely_asked_expires_and_stops_nobody() {
    let mut stage = Stage::protected(Protection {
        breaker: 1_000,
        ..OFF
    });
    stage.quote(Sell, (150, 2));
    for (kind, terms) in [(OrderType::Market, ""), (OrderType::Limit, "price 160 ioc")] {
        let command = Command::PlaceOrder(stage.asked((Buy, 1), kind, terms).order);
        let (found, tripped) = stops(&mut stage, &command);
        assert!(found.starts_with("PriceRange; Expired"), "{found}");
        assert!(!tripped, "{kind:?} staked nothing");
    }
    assert_eq!(
        stage.order(Buy, (100, 1), TimeInForce::Gtc),
        "rests 6 1@100",
        "the symbol trades on"
    );
}

#[test]
fn who_bought_all_there_was_trips_the_breaker() {
    let mut stage = Stage::protected(Protection {
        breaker: 1_000,
        ..OFF
    });
    stage.quote(Sell, (105, 1));
    stage.quote(Sell, (150, 2));
    let command = Command::PlaceOrder(stage.asked((Buy, 2), OrderType::Market, "").order);
    let (found, tripped) = stops(&mut stage, &command);
    assert_eq!(found, "5 takes 1@105 of 3; PriceRange; Expired 5 open 1");
    assert!(tripped);
    assert_eq!(stage.market(Buy, 1), "refused MarketClosed");
    // Without a time an operator reopens it, here without a trade.
    assert!(stage.wait(10_000_000).is_empty());
    let events = stage.state(SymbolState::Trading);
    assert!(matches!(events[0], Event::AuctionUncrossed(it) if it.qty.0 == 0));
    assert_eq!(
        stage.order(Buy, (100, 1), TimeInForce::Gtc),
        "rests 6 1@100"
    );
}

#[test]
fn an_order_in_an_auction_is_made_smaller_in_its_place() {
    let mut stage = Stage::protected(OFF);
    stage.order(Buy, (95, 4), TimeInForce::Gtc);
    stage.place((Sell, 5), OrderType::StopLossLimit, "price 80 stop 90");
    stage.state(SymbolState::Auction);
    stage.order(Buy, (95, 2), TimeInForce::Gtc);
    assert_eq!(stage.amend(3, 1), "amended 3 to 1");
    assert_eq!(stage.amend(4, 2), "amended 4 to 2", "one that sleeps, too");
    assert_eq!(stage.amend(3, 2), "not amended AmendNotSmaller");
    assert_eq!(stage.held(), (2, 95 + 190));
    stage.quote(Sell, (95, 2));
    let events = stage.state(SymbolState::Trading);
    assert!(told(&events).contains("3 takes 1@95 of 6; "), "{events:?}");
    assert!(told(&events).contains("5 takes 1@95 of 6"), "{events:?}");
    stage.state(SymbolState::Halt);
    assert_eq!(stage.amend(5, 1), "not amended MarketClosed");
}

#[test]
fn a_fault_halts_its_symbol_alone_and_ends_its_auction() {
    let mut stage = Stage::protected(Protection {
        auction_ms: 1_000,
        ..OFF
    });
    let pair = (stage.base, stage.quote);
    let other = stage
        .venue
        .add_symbol("BTCUSD", pair, Scales { price: 0, qty: 0 });
    stage.state(SymbolState::Auction);
    let too_much = (1 << 60, 1 << 60);
    assert_eq!(
        stage.order(Sell, too_much, TimeInForce::Gtc),
        "refused SymbolFault"
    );
    let elsewhere = limit(stage.user, other, Sell, (100, 1));
    let found = stage.run(&Command::PlaceOrder(elsewhere));
    assert_eq!(found, "rests 1 1@100");
    stage.restore();
    assert!(stage.wait(2_000).is_empty(), "no auction reopens it");
    let found = stage.order(Sell, (100, 1), TimeInForce::Gtc);
    assert_eq!(found, "refused MarketClosed");
    stage.state(SymbolState::Trading);
    let found = stage.order(Sell, (100, 1), TimeInForce::Gtc);
    assert_eq!(found, "rests 3 1@100");
    // A list is refused and halts it alike.
    let legs = [
        stage.leg(
            (Sell, 1 << 60),
            OrderType::Limit,
            &format!("price {}", 1i64 << 60),
        ),
        stage.leg((Sell, 1), OrderType::Limit, "price 100"),
    ];
    let found = stage.list(ContingencyType::Oto, &legs);
    assert_eq!(found, "list refused SymbolFault");
    let found = stage.order(Sell, (100, 1), TimeInForce::Gtc);
    assert_eq!(found, "refused MarketClosed");
}

#[test]
fn stops_sleep_through_an_auction_and_its_price_sets_them_off() {
    let mut stage = Stage::protected(OFF);
    stage.place((Sell, 1), OrderType::StopLossLimit, "price 200 stop 90");
    stage.state(SymbolState::Auction);
    stage.quote(Buy, (91, 3));
    stage.quote(Sell, (85, 3));
    // No lower price is left more unmatched; the reference price is nearer to 91.
    let events = stage.state(SymbolState::Trading);
    assert_eq!(
        told(&events),
        "rests 5 3@91; 4 takes 3@91 of 5; Filled 4 open 0"
    );
    stage.state(SymbolState::Auction);
    stage.quote(Buy, (89, 3));
    stage.quote(Sell, (80, 3));
    let events = stage.state(SymbolState::Trading);
    assert_eq!(
        told(&events),
        "rests 7 3@89; 6 takes 3@89 of 7; Filled 6 open 0; triggered 3 at 89; rests 3 1@200"
    );
}

#[test]
fn a_halted_auction_never_opens_crossed() {
    let mut stage = Stage::protected(OFF);
    stage.state(SymbolState::Auction);
    stage.quote(Buy, (105, 2));
    stage.quote(Sell, (95, 2));
    stage.state(SymbolState::Halt);
    let events = stage.state(SymbolState::Trading);
    // Both prices trade as much; 95 and 105 are as near to 100, so the lower one.
    assert_eq!(told(&events), "3 takes 2@95 of 4; Filled 3 open 0");
}

#[test]
fn a_later_auction_is_not_ended_by_the_timer_of_an_earlier_one() {
    let mut stage = Stage::protected(Protection {
        auction_ms: 1_000,
        ..OFF
    });
    stage.state(SymbolState::Auction);
    stage.wait(600);
    stage.state(SymbolState::Trading);
    stage.state(SymbolState::Auction);
    assert!(stage.wait(600).is_empty(), "400 ms are left");
    let events = stage.wait(400);
    assert!(
        matches!(events[0], Event::AuctionUncrossed(_)),
        "{events:?}"
    );
}

#[test]
fn without_a_reference_price_nothing_is_bounded() {
    let mut stage = Stage::new();
    stage.protect(Protection {
        band: 100,
        breaker: 100,
        ..OFF
    });
    stage.quote(Sell, (500, 1));
    assert_eq!(stage.market(Buy, 1), "2 takes 1@500 of 1; Filled 2 open 0");
}
