//! One pays the other: what the working order buys is held for those that sell it.

use schemas::command::{Command, SetFilterV1, SetSymbolStateV1, WithdrawV1};
use schemas::event::Event;
use schemas::ids::{BusinessId, ClientOrderId};
use schemas::instrument::{
    ContingencyType, Filter, LotSize, NotionalFilter, OrderType, SelfTradePrevention, Side,
    SymbolState,
};
use schemas::order_command::ListLegV1;
use schemas::peg::{Peg, PlacePeggedListV1};
use schemas::units::{Amount, Price, Qty};

use super::{Stage, primary, told};
use crate::venue::{Scales, Venue, limit};

use ContingencyType::{Oco, Oto, Otoco};
use OrderType::{Limit, LimitMaker, Market, StopLoss, StopLossLimit};
use Side::{Buy, Sell};

/// A tenth for makers, a fifth for takers.
const FEES: (i64, i64) = (10_000_000, 20_000_000);

/// A user without base, on a symbol whose unit has ten atoms; a trade at 100 was seen.
pub fn poor() -> Stage {
    let mut venue = Venue::new();
    let base = venue.add_asset("BTC", 1);
    let quote = venue.add_asset("USDT", 0);
    let symbol = venue.add_symbol("BTCUSDT", (base, quote), Scales { price: 0, qty: 0 });
    let (user, maker) = (venue.add_account(), venue.add_account());
    venue.deposit(user, quote, 1_000_000_000);
    venue.deposit(maker, base, 1_000_000_000);
    venue.deposit(maker, quote, 1_000_000_000);
    let mut stage = Stage {
        venue,
        symbol,
        base,
        quote,
        user,
        maker,
    };
    stage.print(100);
    stage
}

impl Stage {
    fn filter(&mut self, filter: Filter) {
        let symbol = self.symbol;
        self.run(&Command::SetFilter(SetFilterV1 { filter, symbol }));
    }

    fn step(&mut self, step: i64) {
        let (min, max, step) = (Qty(0), Qty(0), Qty(step));
        self.filter(Filter::LotSize(LotSize { min, max, step }));
    }

    fn becomes(&mut self, state: SymbolState) -> String {
        let symbol = self.symbol;
        self.run(&Command::SetSymbolState(SetSymbolStateV1 { symbol, state }))
    }

    /// Halts the symbol in a frame in which nothing is set to work.
    fn halt_before_its_turn(&mut self) {
        let (symbol, state) = (self.symbol, SymbolState::Halt);
        let halt = Command::SetSymbolState(SetSymbolStateV1 { symbol, state });
        self.venue.apply(&halt);
        self.venue.engine.limit_fires(16);
    }

    /// What the user has free and held of the base.
    fn base(&self) -> (i128, i128) {
        let (free, held) = self.venue.engine.balance(self.user, self.base);
        (free.0, held.0)
    }

    /// Buy 5 at 95, then sell them at 120.
    fn five(&mut self) -> String {
        let working = self.leg((Buy, 5), Limit, "price 95");
        let pending = self.leg((Sell, 0), Limit, "price 120");
        self.paying(Oto, &[working, pending])
    }
}

#[test]
fn what_the_working_order_buys_is_held_until_it_is_for_sale() {
    let mut stage = poor();
    assert_eq!(stage.five(), "list 1; Working 3; Pending 4; rests 3 5@95");
    assert_eq!(stage.held(), (0, 475), "only the working order holds");
    stage.restore();
    stage.quote(Sell, (95, 3));
    assert_eq!(
        stage.base(),
        (0, 30),
        "three units are for the pending order"
    );
    stage.restore();
    let taken = Command::Withdraw(WithdrawV1 {
        amount: Amount(1),
        account: stage.user,
        asset: stage.base,
        business: BusinessId::EMPTY,
    });
    let events = stage.venue.complete(&taken);
    assert!(matches!(events[0], Event::CommandRejected { .. }));
    let found = stage.quote(Sell, (95, 2));
    assert_eq!(
        found,
        "6 takes 2@95 of 3; Filled 6 open 0; sized 4 to 5; activated 4 Working; rests 4 5@120"
    );
    assert_eq!(stage.base(), (0, 50));
    stage.restore();
    let found = stage.quote(Buy, (120, 5));
    assert_eq!(found, "7 takes 5@120 of 4; list 1 done; Filled 7 open 0");
    assert_eq!(stage.base(), (0, 0));
}

#[test]
fn commission_is_taken_from_what_else_is_free_if_it_is_enough() {
    for (free, first, sized, last) in [
        (0, (0, 81), 9, (0, 90)),
        (9, (0, 90), 9, (9, 90)),
        (10, (1, 90), 10, (0, 100)),
    ] {
        let mut stage = poor();
        stage.venue.set_fees(stage.symbol, FEES.0, FEES.1);
        if free != 0 {
            stage.venue.deposit(stage.user, stage.base, free);
        }
        let working = stage.leg((Buy, 10), Limit, "price 95");
        let pending = stage.leg((Sell, 0), Limit, "price 120");
        stage.paying(Oto, &[working, pending]);
        // 90 atoms for a commission of 9, then 10 for 1.
        stage.quote(Sell, (95, 9));
        assert_eq!(stage.base(), first, "{free}");
        let found = stage.quote(Sell, (95, 1));
        let words = format!("sized 4 to {sized}; activated 4 Working; rests 4 {sized}@120");
        assert!(found.ends_with(&words), "{free}: {found}");
        assert_eq!(stage.base(), last, "{free}");
    }
}

#[test]
fn what_is_below_the_step_is_free_again() {
    let mut stage = poor();
    stage.step(4);
    let working = stage.leg((Buy, 12), Limit, "price 95");
    let pending = stage.leg((Sell, 0), Limit, "price 120");
    stage.venue.set_fees(stage.symbol, FEES.0, FEES.1);
    stage.paying(Oto, &[working, pending]);
    let found = stage.quote(Sell, (95, 12));
    assert!(found.ends_with("sized 4 to 8; activated 4 Working; rests 4 8@120"));
    // 120 atoms less 12 of commission, of which 80 are for sale.
    assert_eq!(stage.base(), (28, 80));
    // A lot filter that lets nothing of it pass.
    stage.step(3);
    let working = stage.leg((Buy, 3), Limit, "price 94");
    stage.run(&Command::Withdraw(WithdrawV1 {
        amount: Amount(28),
        account: stage.user,
        asset: stage.base,
        business: BusinessId::EMPTY,
    }));
    stage.paying_as("other", (Oto, &[working, pending]));
    let found = stage.quote(Sell, (94, 3));
    assert!(
        found.ends_with("Rejected; Expired 7 open 0; list 2 done"),
        "{found}"
    );
    assert_eq!(stage.base(), (27, 80), "all of it is free");
}

impl Stage {
    fn paying_as(&mut self, name: &str, (kind, legs): (ContingencyType, &[ListLegV1])) -> String {
        let mut list = self.asked_list(kind, legs);
        list.list_client = ClientOrderId::new(name).expect("short");
        let pegs = [Peg::NONE; 3];
        let command = PlacePeggedListV1 { list, pegs };
        self.run(&Command::PlacePayingList(Box::new(command)))
    }
}

#[test]
fn the_largest_quantity_of_the_filters_bounds_what_is_for_sale() {
    let mut stage = poor();
    let (min, max, step) = (Qty(0), Qty(7), Qty(2));
    stage.filter(Filter::MarketLotSize(LotSize { min, max, step }));
    stage.step(3);
    let working = stage.leg((Buy, 12), Limit, "price 95");
    let pending = stage.leg((Sell, 0), StopLoss, "stop 90");
    stage.paying(Oto, &[working, pending]);
    let found = stage.quote(Sell, (95, 12));
    // At most 7, in steps of both 3 and 2.
    assert!(
        found.ends_with("sized 4 to 6; activated 4 Waiting"),
        "{found}"
    );
    assert_eq!(stage.base(), (60, 60));
}

#[test]
fn a_list_that_ends_half_way_gives_back_what_was_bought() {
    let mut stage = poor();
    for (which, words) in [
        (0, "Canceled 3 open 2; Canceled 4 open 0; list 1 done"),
        (1, "Canceled 7 open 0; Canceled 6 open 2; list 2 done"),
    ] {
        stage.five();
        stage.quote(Sell, (95, 3));
        let bought = 30 * (1 + which as i128);
        assert_eq!(stage.base().1, 30);
        let order = if which == 0 { 3 } else { 7 };
        assert_eq!(stage.cancel(order), words);
        assert_eq!(stage.base(), (bought, 0));
        assert_eq!(stage.held(), (0, 0));
        stage.restore();
    }
    // By itself: what an IOC order does not get expires the list.
    stage.quote(Sell, (101, 2));
    let working = stage.leg((Buy, 5), Limit, "price 105 ioc");
    let pending = stage.leg((Sell, 0), Market, "");
    let found = stage.paying(Oto, &[working, pending]);
    assert_eq!(
        found,
        "list 3; Working 10; Pending 11; 10 takes 2@101 of 9; Expired 10 open 3; \
         OtoPhaseOneExpired; Expired 11 open 0; list 3 done"
    );
    assert_eq!(stage.base(), (80, 0));
    stage.five();
    stage.quote(Sell, (95, 1));
    assert_eq!(stage.base(), (80, 10));
    let found = stage.becomes(SymbolState::Delisted);
    assert!(found.ends_with("list 4 done"), "{found}");
    assert_eq!((stage.base(), stage.held()), ((90, 0), (0, 0)));
}

#[test]
fn a_pending_pair_shares_what_was_bought() {
    let mut stage = poor();
    let working = stage.leg((Buy, 5), Limit, "price 101");
    let above = stage.leg((Sell, 0), LimitMaker, "price 110");
    let below = stage.leg((Sell, 0), StopLossLimit, "stop 90 price 88");
    stage.quote(Sell, (101, 5));
    let found = stage.paying(Otoco, &[working, above, below]);
    assert_eq!(
        found,
        "list 1; Working 4; Pending 5; Pending 6; 4 takes 5@101 of 3; Filled 4 open 0; \
         sized 5 to 5; sized 6 to 5; activated 5 Working; rests 5 5@110; activated 6 Waiting"
    );
    assert_eq!(stage.base(), (0, 50));
    stage.restore();
    stage.quote(Buy, (89, 9));
    let found = stage.quote(Sell, (89, 1));
    assert_eq!(
        found,
        "8 takes 1@89 of 7; Filled 8 open 0; triggered 6 at 89; OcoTrigger; Expired 5 open 5; \
         6 takes 5@89 of 7; Filled 6 open 0; list 1 done"
    );
    assert_eq!(stage.base(), (0, 0));
}

#[test]
fn self_trade_prevention_buys_nothing() {
    for mode in [
        SelfTradePrevention::Decrement,
        SelfTradePrevention::Transfer,
    ] {
        let mut stage = poor();
        stage.venue.deposit(stage.user, stage.base, 20);
        let mut own = limit(stage.user, stage.symbol, Sell, (99, 2));
        own.self_trade = mode;
        stage.run(&Command::PlaceOrder(own));
        stage.quote(Sell, (100, 3));
        let working = stage.leg((Buy, 5), Limit, "price 100");
        let pending = stage.leg((Sell, 0), Limit, "price 120");
        let mut list = stage.asked_list(Oto, &[working, pending]);
        list.self_trade = mode;
        let pegs = [Peg::NONE; 3];
        let command = PlacePeggedListV1 { list, pegs };
        let found = stage.run(&Command::PlacePayingList(Box::new(command)));
        assert!(
            found.ends_with("sized 6 to 3; activated 6 Working; rests 6 3@120"),
            "{mode:?}: {found}"
        );
        assert_eq!(stage.base(), (20, 30));
        // Nothing was bought at all: it ends, and so does the list.
        let mut own = limit(stage.user, stage.symbol, Sell, (90, 2));
        own.self_trade = mode;
        stage.run(&Command::PlaceOrder(own));
        list.legs[0].qty = Qty(2);
        list.list_client = ClientOrderId::EMPTY;
        let command = PlacePeggedListV1 { list, pegs };
        let found = stage.run(&Command::PlacePayingList(Box::new(command)));
        assert!(found.ends_with("list 2 done"), "{mode:?}: {found}");
        assert_eq!(stage.base(), (20, 30));
    }
}

#[test]
fn one_s_own_sale_that_is_on_its_way_pays_no_commission() {
    let mut stage = poor();
    stage.venue.set_fees(stage.symbol, FEES.0, FEES.1);
    let working = stage.leg((Buy, 5), Limit, "price 95");
    let pending = stage.leg((Sell, 0), Limit, "price 120");
    stage.paying(Oto, &[working, pending]);
    stage.quote(Buy, (94, 5));
    stage.venue.deposit(stage.user, stage.base, 100);
    // The user sells ten units: five to himself, five to the maker.
    let own = limit(stage.user, stage.symbol, Sell, (94, 10));
    let found = stage.run(&Command::PlaceOrder(own));
    assert_eq!(
        found,
        "6 takes 5@95 of 3; 6 takes 5@94 of 5; Filled 6 open 0; sized 4 to 4; \
         activated 4 Working; rests 4 4@120"
    );
    // 50 atoms bought, 5 of commission, 40 for sale.
    assert_eq!(stage.base(), (5, 40));
}

#[test]
fn a_halt_between_keeps_what_was_bought() {
    let mut stage = poor();
    stage.five();
    stage.venue.engine.limit_fires(0);
    let last = limit(stage.maker, stage.symbol, Sell, (95, 5));
    stage.venue.apply(&Command::PlaceOrder(last));
    stage.check();
    assert_eq!(stage.base(), (0, 50), "filled, and not placed yet");
    stage.halt_before_its_turn();
    stage.restore();
    assert_eq!(stage.base(), (0, 50));
    let found = stage.becomes(SymbolState::Trading);
    assert_eq!(found, "sized 4 to 5; activated 4 Working; rests 4 5@120");
    assert_eq!(stage.base(), (0, 50));
    stage.cancel(4);
    // Cancelled meanwhile.
    stage.five();
    stage.venue.engine.limit_fires(0);
    let last = limit(stage.maker, stage.symbol, Sell, (95, 5));
    stage.venue.apply(&Command::PlaceOrder(last));
    stage.halt_before_its_turn();
    assert_eq!(stage.cancel_list(2), "Canceled 7 open 0; list 2 done");
    assert_eq!(stage.base(), (100, 0));
    assert_eq!(stage.becomes(SymbolState::Trading), "");
}

#[test]
fn an_auction_buys_for_a_list_as_well() {
    let mut stage = poor();
    stage.five();
    stage.becomes(SymbolState::Auction);
    let ask = limit(stage.maker, stage.symbol, Sell, (90, 2));
    stage.run(&Command::PlaceOrder(ask));
    stage.becomes(SymbolState::Trading);
    assert_eq!(stage.base(), (0, 20));
    stage.becomes(SymbolState::Auction);
    let ask = limit(stage.maker, stage.symbol, Sell, (90, 3));
    stage.run(&Command::PlaceOrder(ask));
    let found = stage.becomes(SymbolState::Trading);
    assert!(
        found.ends_with("sized 4 to 5; activated 4 Working; rests 4 5@120"),
        "{found}"
    );
    assert_eq!(stage.base(), (0, 50));
}

#[test]
fn the_quantity_is_judged_when_it_is_known() {
    let mut stage = poor();
    let filter = NotionalFilter {
        min: Amount(400),
        max: Amount(0),
        apply_min_to_market: true,
        apply_max_to_market: false,
    };
    stage.filter(Filter::Notional(filter));
    let working = stage.leg((Buy, 5), Limit, "price 95");
    let cheap = stage.leg((Sell, 0), Limit, "price 60");
    let found = stage.paying(Oto, &[working, cheap]);
    assert!(found.starts_with("list 1"), "{found}");
    let found = stage.quote(Sell, (95, 5));
    assert!(
        found.ends_with("Rejected; Expired 4 open 0; list 1 done"),
        "{found}"
    );
    assert_eq!(stage.base(), (50, 0));
    // A part of an iceberg has to be smaller than what was bought, commission considered.
    stage.run(&Command::Withdraw(WithdrawV1 {
        amount: Amount(50),
        account: stage.user,
        asset: stage.base,
        business: BusinessId::EMPTY,
    }));
    stage.venue.set_fees(stage.symbol, FEES.0, FEES.1);
    let iceberg = stage.leg((Sell, 0), Limit, "price 120 part 4");
    let found = stage.paying(Oto, &[working, iceberg]);
    assert!(found.starts_with("list 2"), "{found}");
    let found = stage.quote(Sell, (95, 5));
    assert!(
        found.ends_with("Rejected; Expired 7 open 0; list 2 done"),
        "{found}"
    );
}

#[test]
fn a_pegged_pending_order_is_priced_when_it_is_paid_for() {
    let mut stage = poor();
    stage.quote(Sell, (101, 5));
    stage.quote(Sell, (103, 5));
    let working = stage.leg((Buy, 5), Limit, "price 101");
    let pending = stage.leg((Sell, 0), LimitMaker, "");
    let list = stage.asked_list(Oto, &[working, pending]);
    let pegs = [Peg::NONE, primary(0), Peg::NONE];
    let command = PlacePeggedListV1 { list, pegs };
    let found = stage.run(&Command::PlacePayingList(Box::new(command)));
    assert_eq!(
        found,
        "list 1; Working 5; Pending 6; pegged 6 at 0; 5 takes 5@101 of 3; Filled 5 open 0; \
         sized 6 to 5; activated 6 Working; pegged 6 at 103; rests 6 5@103"
    );
    assert_eq!(stage.base(), (0, 50));
}

#[test]
fn what_cannot_pay_is_refused() {
    let mut stage = poor();
    stage.venue.deposit(stage.user, stage.base, 1_000);
    let buys = stage.leg((Buy, 5), Limit, "price 95");
    let sells = stage.leg((Sell, 5), Limit, "price 105");
    let pending = stage.leg((Sell, 0), Limit, "price 120");
    let buyer = stage.leg((Buy, 0), Limit, "price 90");
    let above = stage.leg((Sell, 0), LimitMaker, "price 110");
    let below = stage.leg((Sell, 0), StopLoss, "stop 90");
    let sized = stage.leg((Sell, 1), Limit, "price 120");
    let coarse = stage.leg((Sell, 0), Limit, "price 120 part 5");
    let worthless = stage.leg((Sell, 0), Limit, "");
    let stopless = stage.leg((Sell, 0), StopLoss, "");
    let dear = stage.leg((Buy, 5), Limit, "price 900000000");
    for (kind, legs, reason) in [
        (Oto, vec![sells, pending], "InvalidOrder"),
        (Oto, vec![buys, buyer], "InvalidOrder"),
        (Oto, vec![buys, sized], "InvalidOrder"),
        (Oco, vec![above, below], "InvalidOrder"),
        (Otoco, vec![buys, below, above], "InvalidOrder"),
        (Oto, vec![buys, coarse], "IcebergTooLarge"),
        (Oto, vec![buys, worthless], "PriceFilter"),
        (Oto, vec![buys, stopless], "InvalidOrder"),
        (Oto, vec![dear, pending], "InsufficientBalance"),
    ] {
        let found = stage.paying(kind, &legs);
        assert_eq!(found, format!("list refused {reason}"), "{legs:?}");
    }
    // Without a quantity only such a list may come.
    let found = stage.list(Oto, &[buys, pending]);
    assert_eq!(found, "list refused LotSize");
    assert_eq!(stage.held(), (0, 0));
}

#[test]
fn a_walk_over_many_frames_buys_as_one() {
    let mut stage = poor();
    for price in 101..121 {
        stage.quote(Sell, (price, 1));
    }
    stage.venue.engine.limit_events(6);
    let working = stage.leg((Buy, 20), Limit, "price 120");
    let pending = stage.leg((Sell, 0), Market, "");
    stage.quote(Buy, (99, 50));
    let list = stage.asked_list(Oto, &[working, pending]);
    let pegs = [Peg::NONE; 3];
    let command = PlacePeggedListV1 { list, pegs };
    let mut events = stage
        .venue
        .apply(&Command::PlacePayingList(Box::new(command)));
    let mut frames = 1;
    while stage.venue.more {
        stage.check();
        if frames == 3 {
            assert_ne!(stage.base().1, 0, "bought on the way");
            stage.restore();
            stage.venue.engine.limit_events(6);
        }
        events.extend(stage.venue.apply(&Command::Continue));
        frames += 1;
    }
    stage.check();
    assert!(frames > 4, "{frames} frames");
    let found = told(&events);
    assert!(
        found.contains("sized 25 to 20; activated 25 Working"),
        "{found}"
    );
    assert_eq!(stage.base(), (0, 0));
    assert_eq!(stage.venue.engine.symbols()[0].last_trade, Some(Price(99)));
}
