//! One rule of perpetuals a test (RULES, Perpetuals).

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::{OrderType, Side, TimeInForce};
use schemas::perpetual::{MarginType, PositionSide, TakeoverCause, WalletDirection};
use schemas::perpetual_command::{
    AdjustMarginV1, ModifyOrderV1, RunFundingV1, SetMarginTypeV1, SetPositionModeV1,
};
use schemas::perpetual_event::{FundingFixed, FundingPaid, TradeSettled};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty, TimeNs};

use super::world::{World, limit, market, reduce_only};
use crate::venue::START;

fn reason(events: &[Event]) -> Option<RejectReason> {
    events.iter().find_map(|event| match event {
        Event::OrderRejected(it) => Some(it.reason),
        Event::CommandRejected { reason } => Some(*reason),
        Event::CancelRejected(it) | Event::ModifyRejected(it) => Some(it.reason),
        _ => None,
    })
}

fn settled(events: &[Event]) -> Vec<TradeSettled> {
    let found = events.iter().filter_map(|event| match event {
        Event::TradeSettled(it) => Some(*it),
        _ => None,
    });
    found.collect()
}

/// Two accounts, the first long and the second short, `qty` lots at `price`.
fn pair(world: &mut World, qty: i64, price: i64) -> (AccountId, AccountId) {
    let (long, short) = (world.trader(10_000_000), world.trader(10_000_000));
    meet(world, (long, short), (qty, price));
    (long, short)
}

fn meet(world: &mut World, (buyer, seller): (AccountId, AccountId), (qty, price): (i64, i64)) {
    let symbol = world.symbols[0];
    world.place(&limit(seller, symbol, (Side::Sell, qty, price)));
    let events = world.place(&limit(buyer, symbol, (Side::Buy, qty, price)));
    assert!(!settled(&events).is_empty(), "{events:?}");
}

#[test]
fn before_the_first_index_price_orders_are_refused_and_right_after_it_mark_is_index() {
    let world = World::new();
    let symbol = world.symbols[0];
    let contract = world.venue.engine.contract(symbol).expect("listed");
    assert_eq!(
        (contract.index, contract.mark),
        (Some(Price(1_000)), Some(Price(1_000)))
    );

    let spec = super::world::spec();
    let mut fresh = World::new();
    let base = fresh.venue.add_asset("XRP", 8);
    let events = fresh.apply(&Command::AddSymbol(schemas::command::AddSymbolV1 {
        opens_at: TimeNs(0),
        base,
        quote: fresh.quote,
        name: schemas::ids::Text::new("XRPUSDT").expect("short"),
        kind: schemas::instrument::SymbolKind::Perpetual,
        price_scale: 1,
        qty_scale: 2,
    }));
    assert!(matches!(events[0], Event::SymbolAdded { .. }));
    let symbol = SymbolId(2);
    let state = schemas::instrument::SymbolState::Trading;
    let opened = schemas::command::SetSymbolStateV1 { symbol, state };
    fresh.apply(&Command::SetSymbolState(opened));
    let account = fresh.trader(1_000_000);
    let order = limit(account, symbol, (Side::Buy, 1, 1_000));
    assert_eq!(
        reason(&fresh.place(&order)),
        Some(RejectReason::NoIndexPrice)
    );
    let set = schemas::perpetual_command::SetContractV1 { spec, symbol };
    fresh.apply(&Command::SetContract(set));
    assert_eq!(
        reason(&fresh.place(&order)),
        Some(RejectReason::NoIndexPrice)
    );
}

#[test]
fn a_position_opens_grows_shrinks_flips_and_closes_at_exact_cost() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (long, short) = pair(&mut world, 3, 1_000);
    assert_eq!(world.position(long, symbol), (3, 30_000));
    assert_eq!(world.position(short, symbol), (-3, -30_000));
    meet(&mut world, (long, short), (4, 1_003));
    // 3 x 1,000 + 4 x 1,003 = 7,012 units of 10 atoms.
    assert_eq!(world.position(long, symbol), (7, 70_120));
    // Selling 2 of 7 releases 70,120 x 2 / 7 = 20,034.28…, toward zero.
    world.place(&limit(short, symbol, (Side::Buy, 2, 1_010)));
    let events = world.place(&limit(long, symbol, (Side::Sell, 2, 1_010)));
    let it = settled(&events)[0];
    assert_eq!(it.taker_realised, Amount(20_200 - 20_034));
    assert_eq!(world.position(long, symbol), (5, 70_120 - 20_034));
    // Selling 8 closes 5 and opens 3 short, all at 990.
    world.place(&limit(short, symbol, (Side::Buy, 8, 990)));
    let events = world.place(&limit(long, symbol, (Side::Sell, 8, 990)));
    assert_eq!(settled(&events)[0].taker_realised, Amount(49_500 - 50_086));
    assert_eq!(world.position(long, symbol), (-3, -29_700));
    assert_eq!(world.position(short, symbol), (3, 29_700));
    meet(&mut world, (long, short), (3, 1_000));
    assert_eq!(world.position(long, symbol), (0, 0));
    world.check();
    // All profit and all fees: what went in is still there.
    let fees = world.wallet(AccountId::FEES);
    assert_eq!(world.wallet(long) + world.wallet(short) + fees, 20_000_000);
}

#[test]
fn fees_are_in_quote_and_rounded_up() {
    let mut world = World::new();
    let (long, short) = pair(&mut world, 3, 1_001);
    // 30,030 atoms: 0.0002 is 6.006, 0.0004 is 12.012.
    assert_eq!(world.wallet(short), 10_000_000 - 7);
    assert_eq!(world.wallet(long), 10_000_000 - 13);
    assert_eq!(world.wallet(AccountId::FEES), 20);
}

#[test]
fn margin_comes_before_brackets_and_an_order_that_lowers_it_is_never_refused() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let poor = world.trader(1_000);
    // 1 lot at 1,000 is 10,000 atoms; at leverage 10 that needs 1,000 and a fee of 4.
    let order = limit(poor, symbol, (Side::Buy, 1, 1_000));
    assert_eq!(
        reason(&world.place(&order)),
        Some(RejectReason::InsufficientMargin)
    );
    world.fund(poor, 4);
    assert_eq!(reason(&world.place(&order)), None);
    // The other side of the same exposure needs nothing more.
    let sell = limit(poor, symbol, (Side::Sell, 1, 1_010));
    assert_eq!(reason(&world.place(&sell)), None);
    let rich = world.trader(1_000_000_000_000);
    world.leverage(rich, symbol, 50);
    let huge = limit(rich, symbol, (Side::Buy, 6_001, 1_000));
    assert_eq!(
        reason(&world.place(&huge)),
        Some(RejectReason::LeverageLimit)
    );
    let fits = limit(rich, symbol, (Side::Buy, 6_000, 1_000));
    assert_eq!(reason(&world.place(&fits)), None);
    let both = limit(poor, symbol, (Side::Buy, 60_000, 1_000));
    assert_eq!(
        reason(&world.place(&both)),
        Some(RejectReason::InsufficientMargin)
    );
    world.check();
}

#[test]
fn leverage_is_bounded_by_the_table_by_the_position_and_by_the_wallet() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let account = world.trader(2_000);
    assert_eq!(
        reason(&world.leverage(account, symbol, 0)),
        Some(RejectReason::InvalidLeverage)
    );
    let events = world.leverage(account, symbol, 126);
    assert_eq!(reason(&events), Some(RejectReason::InvalidLeverage));
    assert_eq!(reason(&world.leverage(account, symbol, 125)), None);
    world.place(&limit(account, symbol, (Side::Buy, 10, 1_000)));
    let events = world.leverage(account, symbol, 10);
    assert_eq!(reason(&events), Some(RejectReason::InsufficientMargin));
    world.check();
}

#[test]
fn reduce_only_never_opens_and_is_clipped_when_the_position_shrinks() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let flat = world.trader(1_000_000);
    let order = reduce_only(limit(flat, symbol, (Side::Sell, 1, 1_000)));
    assert_eq!(reason(&world.place(&order)), Some(RejectReason::ReduceOnly));
    let (long, short) = pair(&mut world, 5, 1_000);
    let wrong = reduce_only(limit(long, symbol, (Side::Buy, 1, 1_000)));
    assert_eq!(reason(&world.place(&wrong)), Some(RejectReason::ReduceOnly));
    let closing = reduce_only(limit(long, symbol, (Side::Sell, 9, 1_020)));
    world.place(&closing);
    let open = world.venue.engine.open_orders(long);
    assert_eq!((open[0].qty, open[0].open), (Qty(5), Qty(5)));
    world.place(&limit(short, symbol, (Side::Buy, 3, 1_000)));
    world.place(&limit(long, symbol, (Side::Sell, 3, 1_000)));
    let open = world.venue.engine.open_orders(long);
    assert_eq!((open[0].qty, open[0].open), (Qty(2), Qty(2)));
    world.place(&limit(short, symbol, (Side::Buy, 2, 1_000)));
    let events = world.place(&limit(long, symbol, (Side::Sell, 2, 1_000)));
    assert!(
        world.venue.engine.open_orders(long).is_empty(),
        "{events:?}"
    );
    assert_eq!(world.position(long, symbol), (0, 0));
    world.check();
}

#[test]
fn profit_that_is_not_realised_opens_positions_and_never_leaves() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (long, _) = pair(&mut world, 100, 1_000);
    world.price(symbol, 1_100);
    // 100 lots won 100 x 100 x 10 = 100,000 atoms; margin is 110,000.
    let wallet = world.wallet(long);
    let most = wallet - 110_000;
    let events = world.transfer(long, most + 1, WalletDirection::ToSpot);
    assert_eq!(reason(&events), Some(RejectReason::InsufficientBalance));
    assert_eq!(
        reason(&world.transfer(long, most, WalletDirection::ToSpot)),
        None
    );
    world.check();
    let order = limit(long, symbol, (Side::Buy, 80, 1_100));
    assert_eq!(reason(&world.place(&order)), None, "profit is margin");
}

#[test]
fn post_only_refuses_to_take_and_fill_or_kill_kills() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (long, short) = pair(&mut world, 5, 1_000);
    world.place(&limit(short, symbol, (Side::Sell, 2, 1_001)));
    let mut gtx = limit(long, symbol, (Side::Buy, 2, 1_001));
    gtx.order.order_type = OrderType::LimitMaker;
    assert_eq!(reason(&world.place(&gtx)), Some(RejectReason::WouldMatch));
    let mut fok = limit(long, symbol, (Side::Buy, 3, 1_001));
    fok.order.time_in_force = TimeInForce::Fok;
    assert!(settled(&world.place(&fok)).is_empty());
    let mut ioc = fok;
    ioc.order.time_in_force = TimeInForce::Ioc;
    assert_eq!(settled(&world.place(&ioc)).len(), 1);
    assert!(world.venue.engine.open_orders(long).is_empty());
    let sweep = market(long, symbol, Side::Buy, 1);
    assert!(
        settled(&world.place(&sweep)).is_empty(),
        "an empty book: expired"
    );
    world.check();
}

#[test]
fn good_till_date_expires_by_itself() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let account = world.trader(1_000_000);
    let mut order = limit(account, symbol, (Side::Buy, 1, 1_000));
    order.terms.good_till = TimeNs(START.0 + 60_000_000_000);
    world.place(&order);
    world.venue.now = TimeNs(START.0 + 59_000_000_000);
    world.apply(&Command::AdvanceClock);
    assert_eq!(world.venue.engine.open_orders(account).len(), 1);
    world.venue.now = TimeNs(START.0 + 60_000_000_000);
    world.apply(&Command::AdvanceClock);
    assert!(world.venue.engine.open_orders(account).is_empty());
    world.check();
}

#[test]
fn a_price_beyond_the_band_around_the_mark_is_refused() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    world.apply(&Command::SetFilter(schemas::command::SetFilterV1 {
        filter: schemas::instrument::Filter::PercentPrice(schemas::instrument::PercentPrice {
            bid_up: 11_500,
            bid_down: 8_500,
            ask_up: 11_500,
            ask_down: 8_500,
            minutes: 0,
        }),
        symbol,
    }));
    let account = world.trader(1_000_000);
    let buy = |price| limit(account, symbol, (Side::Buy, 1, price));
    assert_eq!(
        reason(&world.place(&buy(1_151))),
        Some(RejectReason::PercentPrice)
    );
    assert_eq!(
        reason(&world.place(&buy(849))),
        Some(RejectReason::PercentPrice)
    );
    assert_eq!(reason(&world.place(&buy(850))), None);
    world.price(symbol, 900);
    assert_eq!(
        reason(&world.place(&buy(1_036))),
        Some(RejectReason::PercentPrice)
    );
}

#[test]
fn a_modified_order_keeps_its_number_and_its_place_only_when_it_shrinks() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (first, second) = (world.trader(1_000_000), world.trader(1_000_000));
    world.place(&limit(first, symbol, (Side::Buy, 5, 990)));
    world.place(&limit(second, symbol, (Side::Buy, 5, 990)));
    let modify = |qty, price| {
        Command::ModifyOrder(ModifyOrderV1 {
            target: schemas::command::OrderRef {
                order: schemas::ids::OrderId(1),
                client_order: schemas::ids::ClientOrderId::EMPTY,
            },
            new_qty: Qty(qty),
            new_price: Price(price),
            valid_until: TimeNs(0),
            account: first,
            symbol,
            request: schemas::command::RequestDigest::default(),
            side: Side::Buy,
            price_match: schemas::perpetual::PriceMatch::None,
        })
    };
    assert_eq!(
        reason(&world.apply(&modify(5, 990))),
        Some(RejectReason::Unmodified)
    );
    world.apply(&modify(3, 990));
    let queue = |world: &World| {
        let queue = world.venue.engine.queue(symbol, Side::Buy);
        queue
            .iter()
            .map(|it| (it.order.0, it.open.0))
            .collect::<Vec<_>>()
    };
    assert_eq!(queue(&world), [(1, 3), (2, 5)]);
    world.apply(&modify(4, 990));
    assert_eq!(queue(&world), [(2, 5), (1, 4)]);
    world.check();
    world.place(&limit(second, symbol, (Side::Sell, 2, 1_000)));
    let events = world.apply(&modify(6, 1_000));
    assert_eq!(settled(&events).len(), 1, "it walks as a new order would");
    assert_eq!(world.position(first, symbol), (2, 20_000));
    assert_eq!(queue(&world), [(1, 4), (2, 5)]);
    world.check();
}

#[test]
fn the_side_of_a_position_fits_the_mode_and_modes_change_only_when_nothing_is_open() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (long, short) = pair(&mut world, 5, 1_000);
    let mode = |account, hedge| Command::SetPositionMode(SetPositionModeV1 { account, hedge });
    let isolate = |account| {
        Command::SetMarginType(SetMarginTypeV1 {
            account,
            symbol,
            margin_type: MarginType::Isolated,
        })
    };
    assert_eq!(
        reason(&world.apply(&mode(long, true))),
        Some(RejectReason::PositionModePosition)
    );
    assert_eq!(
        reason(&world.apply(&mode(long, false))),
        Some(RejectReason::PositionModeUnchanged)
    );
    assert_eq!(
        reason(&world.apply(&isolate(long))),
        Some(RejectReason::MarginTypePosition)
    );
    let hedger = world.trader(1_000_000);
    world.place(&limit(hedger, symbol, (Side::Buy, 1, 900)));
    assert_eq!(
        reason(&world.apply(&mode(hedger, true))),
        Some(RejectReason::PositionModeOrders)
    );
    assert_eq!(
        reason(&world.apply(&isolate(hedger))),
        Some(RejectReason::MarginTypeOrders)
    );
    world.cancel(hedger, symbol, 3);
    assert_eq!(reason(&world.apply(&mode(hedger, true))), None);
    let plain = limit(hedger, symbol, (Side::Buy, 2, 1_000));
    assert_eq!(
        reason(&world.place(&plain)),
        Some(RejectReason::PositionSide)
    );
    let mut hedged = plain;
    hedged.terms.position_side = PositionSide::Long;
    world.place(&limit(short, symbol, (Side::Sell, 2, 1_000)));
    assert_eq!(reason(&world.place(&hedged)), None);
    let mut shorting = limit(hedger, symbol, (Side::Sell, 3, 1_000));
    shorting.terms.position_side = PositionSide::Short;
    world.place(&limit(long, symbol, (Side::Buy, 3, 1_000)));
    world.place(&shorting);
    let size = |side| world.venue.engine.leg(hedger, symbol, side).holding.size.0;
    assert_eq!(
        (size(PositionSide::Long), size(PositionSide::Short)),
        (2, -3)
    );
    world.check();
}

#[test]
fn isolated_margin_moves_with_the_position_and_stands_alone() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (one, other) = (world.trader(1_000_000), world.trader(1_000_000));
    let set = SetMarginTypeV1 {
        account: one,
        symbol,
        margin_type: MarginType::Isolated,
    };
    assert_eq!(reason(&world.apply(&Command::SetMarginType(set))), None);
    assert_eq!(
        reason(&world.apply(&Command::SetMarginType(set))),
        Some(RejectReason::MarginTypeUnchanged)
    );
    meet(&mut world, (one, other), (10, 1_000));
    // 100,000 atoms at leverage 10, and a fee of 40 from the wallet.
    let beside = |world: &World| world.venue.engine.wallet(one, world.quote).1.0;
    assert_eq!((world.wallet(one), beside(&world)), (989_960, 10_000));
    let adjust = |amount| {
        Command::AdjustMargin(AdjustMarginV1 {
            amount: Amount(amount),
            account: one,
            symbol,
            side: PositionSide::Both,
        })
    };
    assert_eq!(
        reason(&world.apply(&adjust(-1))),
        Some(RejectReason::MarginNeeded)
    );
    assert_eq!(reason(&world.apply(&adjust(5_000))), None);
    assert_eq!(reason(&world.apply(&adjust(-5_000))), None);
    world.check();
    meet(&mut world, (other, one), (4, 1_010));
    // 4 of 10: 4,000 of margin and 400 of profit come back, 17 of fee go.
    assert_eq!(beside(&world), 6_000);
    world.check();
    // Liquidated alone: the wallet stays as it is but for nothing.
    let wallet = world.wallet(one);
    world.insure(1_000_000);
    world.price(symbol, 880);
    assert_eq!(world.position(one, symbol), (0, 0));
    assert_eq!((world.wallet(one), beside(&world)), (wallet, 0));
    world.check();
}

#[test]
fn funding_is_paid_once_a_slot_and_sums_to_zero_with_its_rounding() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let (long, short) = pair(&mut world, 7, 1_003);
    let before = (world.wallet(long), world.wallet(short));
    world.venue.now = TimeNs(START.0 + 8 * 3_600_000_000_000);
    let events = world.apply(&Command::AdvanceClock);
    let fixed: Vec<FundingFixed> = events
        .iter()
        .filter_map(|event| match event {
            Event::FundingFixed(it) if it.symbol == symbol => Some(*it),
            _ => None,
        })
        .collect();
    assert_eq!(fixed.len(), 1);
    assert_eq!(fixed[0].rate.0, 10_000, "nothing sampled: interest alone");
    let value = 7 * i128::from(fixed[0].mark.0) * 10;
    let paid: Vec<FundingPaid> = events
        .iter()
        .filter_map(|event| match event {
            Event::FundingPaid(it) if it.symbol == symbol => Some(*it),
            _ => None,
        })
        .collect();
    assert_eq!(paid.len(), 2);
    let (pays, gets) = (-(value * 10_000 + 99_999_999) / 100_000_000, value / 10_000);
    assert_eq!(world.wallet(long), before.0 + pays);
    assert_eq!(world.wallet(short), before.1 + gets);
    assert_eq!(world.wallet(AccountId::ROUNDING), -(pays + gets));
    let again = world.apply(&Command::AdvanceClock);
    assert!(
        !again
            .iter()
            .any(|event| matches!(event, Event::FundingPaid(_)))
    );
    let run = RunFundingV1 {
        symbol,
        business: schemas::ids::Text::new("by-hand").expect("short"),
    };
    let events = world.apply(&Command::RunFunding(run));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::FundingPaid(_)))
    );
    let events = world.apply(&Command::RunFunding(run));
    assert!(matches!(events[0], Event::AlreadyDone { .. }));
    world.check();
}

#[test]
fn what_a_liquidation_cannot_sell_goes_to_insurance_and_then_to_the_best_ranked() {
    for insured in [1_000_000, 0] {
        let mut world = World::new();
        let symbol = world.symbols[0];
        let (long, short) = (world.trader(11_000), world.trader(1_000_000));
        meet(&mut world, (long, short), (10, 1_000));
        if insured > 0 {
            world.insure(insured);
        }
        let events = world.price(symbol, 880);
        let taken: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::PositionTakenOver(it) => Some(*it),
                _ => None,
            })
            .collect();
        assert_eq!(taken.len(), 1, "{events:?}");
        let (cause, to) = match insured {
            0 => (TakeoverCause::Deleveraging, short),
            _ => (TakeoverCause::Insurance, AccountId::INSURANCE),
        };
        assert_eq!(
            (taken[0].cause, taken[0].to, taken[0].size),
            (cause, to, Qty(10))
        );
        // 10,960 atoms over 100 atoms a price unit: 890.4, to the tick that leaves no debt.
        assert_eq!(taken[0].price, Price(891));
        assert_eq!(world.wallet(long), 11_000 - 40 - 10_900);
        assert_eq!(world.position(long, symbol), (0, 0));
        world.check();
    }
}

#[test]
fn a_cascade_of_falling_prices_with_an_insurance_that_runs_dry_owes_nobody() {
    let mut world = World::new();
    let symbol = world.symbols[0];
    let short = world.trader(1_000_000_000);
    let mut longs = Vec::new();
    for number in 0..150 {
        let long = world.trader(100_000 + 1_000 * number);
        meet(&mut world, (long, short), (40 + number as i64 % 60, 1_000));
        longs.push(long);
    }
    world.insure(200_000);
    let mut deleveraged = 0;
    for price in [970, 930, 890, 820, 700, 500, 100] {
        let events = world.price(symbol, price);
        let by_rank = |event: &&Event| {
            matches!(event, Event::PositionTakenOver(it)
                if it.cause == TakeoverCause::Deleveraging)
        };
        deleveraged += events.iter().filter(by_rank).count();
        world.check();
        assert_eq!(world.venue.engine.liquidations(), 0);
    }
    assert!(deleveraged > 0, "the fund ran dry");
    let total: i128 = longs.iter().map(|long| world.wallet(*long)).sum();
    assert!(total >= 0);
}
