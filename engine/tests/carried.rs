//! Bounded work: what a command carries over, what may come between, what a snapshot keeps.

use schemas::command::{CancelAllV1, Command};
use schemas::event::Event;
use schemas::instrument::{Side, SymbolState};
use schemas::reject::RejectReason;
use schemas::units::TimeNs;

use engine::apply::Engine;

use crate::venue::{Scales, Venue, limit};

#[test]
fn a_cancel_all_stops_at_its_bound_and_nothing_comes_between() {
    let mut venue = Venue::new();
    let (base, quote) = (venue.add_asset("BASE", 0), venue.add_asset("QUOTE", 0));
    let symbol = venue.add_symbol("PAIR", (base, quote), Scales { price: 0, qty: 0 });
    let (ann, bob) = (venue.add_account(), venue.add_account());
    for account in [ann, bob] {
        venue.deposit(account, base, 1_000);
        venue.deposit(account, quote, 1_000);
    }
    for price in 100..130 {
        venue.apply(&Command::PlaceOrder(limit(
            ann,
            symbol,
            Side::Sell,
            (price, 1),
        )));
    }
    venue.engine.limit_events(10);
    let valid_until = TimeNs(0);
    let cancel_all = Command::CancelAll(CancelAllV1 {
        valid_until,
        account: ann,
        symbol,
    });
    let first = venue.apply(&cancel_all);
    assert!(venue.more);
    let done = |events: &[Event]| {
        events
            .iter()
            .filter(|event| matches!(event, Event::OrderDone(_)))
            .count()
    };
    assert!((1..=10).contains(&done(&first)), "{first:?}");

    // A snapshot in the middle goes on as well.
    let sections: Vec<(String, Vec<u8>)> = venue
        .engine
        .sections()
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let restored = Engine::restore(5, &sections).expect("its own sections");
    assert_eq!(restored.root(), venue.engine.root());
    assert!(restored.more());
    venue.engine = restored;
    venue.engine.limit_events(10);

    // The next command first makes the carried work go on; as long as some is left, it is
    // refused as busy.
    let order = Command::PlaceOrder(limit(bob, symbol, Side::Buy, (1, 1)));
    let second = venue.apply(&order);
    let busy = second.iter().any(|event| {
        matches!(event, Event::OrderRejected(refused) if refused.reason == RejectReason::Busy)
    });
    assert!(busy, "{second:?}");
    let mut cancelled = done(&first) + done(&second);
    while venue.more {
        cancelled += done(&venue.apply(&Command::Continue));
    }
    assert_eq!(cancelled, 30);
    assert_eq!(venue.engine.balance(ann, base).1.0, 0);
    venue.engine.check_invariants().expect("a sound state");
    let symbol_state = venue.engine.symbols()[symbol.0 as usize].state;
    assert_eq!(symbol_state, SymbolState::Trading);
}
