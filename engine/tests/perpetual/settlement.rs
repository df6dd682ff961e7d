//! The end of a contract: nothing stays locked, nothing is made or lost.

use engine::apply::Engine;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId, Text};
use schemas::instrument::{OrderType, Side, SymbolState};
use schemas::perpetual::{MarginType, PositionSide, TakeoverCause, WalletDirection};
use schemas::perpetual_command::{
    RunFundingV1, SetMarginTypeV1, SetPositionModeV1, SettleContractV1,
};
use schemas::reject::RejectReason;
use schemas::units::Price;

use super::world::{World, limit, market, reduce_only};

fn settle(world: &mut World, symbol: SymbolId, price: i64) -> Vec<Event> {
    world.apply(&Command::SettleContract(SettleContractV1 {
        price: Price(price),
        symbol,
        business: Text::EMPTY,
    }))
}

fn causes(events: &[Event]) -> Vec<TakeoverCause> {
    let causes = events.iter().filter_map(|event| match event {
        Event::PositionTakenOver(it) => Some(it.cause),
        _ => None,
    });
    causes.collect()
}

/// Everything can be taken out, and the counterparty of all positions owes nobody.
fn check_over(world: &mut World, accounts: &[AccountId]) {
    let quote = world.quote;
    for account in accounts {
        let (free, held) = world.venue.engine.wallet(*account, quote);
        assert!(free.0 >= 0, "account {account:?} has {free:?}");
        assert_eq!(held.0, 0, "account {account:?}");
        for side in PositionSide::ALL {
            let leg = world.venue.engine.leg(*account, world.symbols[0], *side);
            assert!(leg.is_idle(), "{leg:?}");
        }
        if free.0 > 0 {
            let events = world.transfer(*account, free.0, WalletDirection::ToSpot);
            let moved = |event: &Event| matches!(event, Event::FuturesTransferred(_));
            assert!(events.iter().any(moved), "{events:?}");
        }
    }
    let clearing = world.venue.engine.wallet(AccountId::CLEARING, quote);
    assert_eq!(clearing.0.0, 0);
    world.check();
}

/// Longs and shorts of every kind, with open and with sleeping orders.
fn crowd(world: &mut World) -> Vec<AccountId> {
    let symbol = world.symbols[0];
    let accounts: Vec<_> = (0..4).map(|_| world.trader(10_000_000)).collect();
    let [cross, isolated, hedged, short] = accounts[..] else {
        panic!("four accounts");
    };
    world.apply(&Command::SetMarginType(SetMarginTypeV1 {
        account: isolated,
        symbol,
        margin_type: MarginType::Isolated,
    }));
    world.apply(&Command::SetPositionMode(SetPositionModeV1 {
        account: hedged,
        hedge: true,
    }));
    world.place(&limit(short, symbol, (Side::Sell, 30, 1_000)));
    world.place(&limit(cross, symbol, (Side::Buy, 5, 1_000)));
    world.place(&limit(isolated, symbol, (Side::Buy, 7, 1_000)));
    let mut long = limit(hedged, symbol, (Side::Buy, 6, 1_000));
    long.terms.position_side = PositionSide::Long;
    world.place(&long);
    world.place(&limit(cross, symbol, (Side::Buy, 2, 990)));
    let mut also_short = limit(hedged, symbol, (Side::Sell, 2, 990));
    also_short.terms.position_side = PositionSide::Short;
    world.place(&also_short);
    world.place(&limit(cross, symbol, (Side::Buy, 9, 950)));
    world.place(&reduce_only(limit(cross, symbol, (Side::Sell, 3, 1_050))));
    let mut stop = market(isolated, symbol, Side::Sell, 7);
    stop.order.order_type = OrderType::StopLoss;
    stop.stop_price = Price(900);
    let events = world.place(&stop);
    let waits = |event: &Event| matches!(event, Event::PerpetualAccepted(it) if it.waits);
    assert!(events.iter().any(waits), "{events:?}");
    accounts
}

#[test]
fn a_settled_contract_leaves_nothing_locked_on_either_side() {
    let mut world = World::new();
    let accounts = crowd(&mut world);
    let symbol = world.symbols[0];
    let before = world.wallet(accounts[0]);
    let (size, cost) = world.position(accounts[0], symbol);
    let events = settle(&mut world, symbol, 1_100);
    let settled =
        |event: &Event| matches!(event, Event::ContractSettled(it) if it.price.0 == 1_100);
    assert!(events.iter().any(settled), "{events:?}");
    let causes = causes(&events);
    assert!(
        causes
            .iter()
            .all(|cause| *cause == TakeoverCause::Settlement),
        "{causes:?}"
    );
    let profit = i128::from(size) * 1_100 * super::world::UNIT - cost;
    assert_eq!(
        world.wallet(accounts[0]),
        before + profit,
        "exactly, without a fee"
    );
    check_over(&mut world, &accounts);
    let contract = world.venue.engine.contract(symbol).expect("still there");
    assert_eq!(contract.longs, 0);
}

#[test]
fn a_settlement_in_small_frames_ends_the_same() {
    let end = |most: Option<usize>| {
        let mut world = World::new();
        let accounts = crowd(&mut world);
        if let Some(most) = most {
            world.venue.engine.limit_events(most);
        }
        let symbol = world.symbols[0];
        settle(&mut world, symbol, 1_037);
        let wallets: Vec<i128> = accounts.iter().map(|it| world.wallet(*it)).collect();
        world.venue.engine.limit_events(10_000);
        check_over(&mut world, &accounts);
        wallets
    };
    assert_eq!(end(Some(6)), end(None));
}

#[test]
fn a_settlement_goes_on_from_a_snapshot_taken_in_its_middle() {
    let begun = || {
        let mut world = World::new();
        let accounts = crowd(&mut world);
        world.venue.engine.limit_events(6);
        let symbol = world.symbols[0];
        world
            .venue
            .apply(&Command::SettleContract(SettleContractV1 {
                price: Price(1_037),
                symbol,
                business: Text::EMPTY,
            }));
        (world, accounts)
    };
    let (mut whole, accounts) = begun();
    let mut parts = 0;
    while whole.venue.engine.more() {
        whole.venue.apply(&Command::Continue);
        parts += 1;
    }
    assert!(parts > 3, "it takes several frames: {parts}");
    for cut in 0..parts {
        let (mut world, _) = begun();
        for _ in 0..cut {
            world.venue.apply(&Command::Continue);
        }
        let saved: Vec<(String, Vec<u8>)> = world
            .venue
            .engine
            .sections()
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .collect();
        let mut restored = Engine::restore(9, &saved).expect("its own sections");
        assert_eq!(restored.root(), world.venue.engine.root(), "cut {cut}");
        restored.limit_events(6);
        world.venue.engine = restored;
        while world.venue.engine.more() {
            world.venue.apply(&Command::Continue);
        }
        assert_eq!(
            world.venue.engine.root(),
            whole.venue.engine.root(),
            "cut {cut}"
        );
        world.venue.engine.limit_events(10_000);
        check_over(&mut world, &accounts);
    }
}

#[test]
fn who_owes_more_than_he_has_is_paid_for_by_the_fund_or_by_the_best_ranked() {
    for (fund, cause) in [
        (100_000_000, TakeoverCause::Insurance),
        (0, TakeoverCause::Deleveraging),
    ] {
        let mut world = World::new();
        let symbol = world.symbols[0];
        if fund > 0 {
            world.insure(fund);
        }
        let (poor, rich) = (world.trader(120_000), world.trader(10_000_000));
        world.place(&limit(rich, symbol, (Side::Sell, 100, 1_000)));
        world.place(&limit(poor, symbol, (Side::Buy, 100, 1_000)));
        assert_eq!(world.position(poor, symbol).0, 100);
        // A loss of 400,000 against a wallet of less than 120,000.
        let events = settle(&mut world, symbol, 600);
        assert_eq!(causes(&events)[0], cause, "{events:?}");
        assert!(world.wallet(poor) < 1_000, "next to nothing is left");
        let equity = world.wallet(AccountId::INSURANCE);
        assert!(equity >= 0 && equity <= fund, "{equity}");
        check_over(&mut world, &[poor, rich]);
    }
}

#[test]
fn what_is_no_settlement_is_refused_and_what_is_settled_is_over() {
    let mut world = World::new();
    let accounts = crowd(&mut world);
    let symbol = world.symbols[0];
    let reason = |events: &[Event]| match events {
        [Event::CommandRejected { reason }] => Some(*reason),
        _ => None,
    };
    for (symbol, price, expected) in [
        (SymbolId(9), 1_000, RejectReason::UnknownSymbol),
        (symbol, 0, RejectReason::InvalidPrice),
        (symbol, -5, RejectReason::InvalidPrice),
        (symbol, i64::MAX, RejectReason::InvalidPrice),
    ] {
        let root = world
            .venue
            .engine
            .leg(accounts[0], world.symbols[0], PositionSide::Both);
        assert_eq!(reason(&settle(&mut world, symbol, price)), Some(expected));
        let after = world
            .venue
            .engine
            .leg(accounts[0], world.symbols[0], PositionSide::Both);
        assert_eq!(root, after, "nothing happened");
    }
    settle(&mut world, symbol, 1_000);
    let again = settle(&mut world, symbol, 900);
    assert_eq!(reason(&again), Some(RejectReason::InvalidState));
    let price = world.price(symbol, 1_010);
    assert_eq!(reason(&price), Some(RejectReason::InvalidState));
    let order = world.place(&limit(accounts[0], symbol, (Side::Buy, 1, 1_000)));
    let refused = |event: &Event| matches!(event, Event::OrderRejected(_));
    assert!(order.iter().any(refused), "{order:?}");
    let funded = world.apply(&Command::RunFunding(RunFundingV1 {
        symbol,
        business: Text::EMPTY,
    }));
    let paid = |event: &Event| matches!(event, Event::FundingPaid(_));
    assert!(!funded.iter().any(paid), "nobody holds it any more");
    let other = world.symbols[1];
    let traded = world.place(&limit(accounts[0], other, (Side::Buy, 1, 1_000)));
    assert!(!traded.iter().any(refused), "the other contract goes on");
    let listed = world.venue.engine.contract(other).expect("listed");
    assert_eq!(listed.mark, Some(Price(1_000)));
    let delisted = Command::SetSymbolState(schemas::command::SetSymbolStateV1 {
        symbol,
        state: SymbolState::Trading,
    });
    assert_eq!(
        reason(&world.apply(&delisted)),
        Some(RejectReason::InvalidState)
    );
    check_over(&mut world, &accounts[1..]);
}
