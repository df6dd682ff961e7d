//! Commands with a producer's number: each once, in order, over a restart and for ever.

use engine::apply::Engine;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::AccountId;
use schemas::instrument::Side;
use schemas::numbered::{Numbered, Producer};
use schemas::reject::RejectReason;

use crate::venue::{Scales, Venue, limit};

fn producer(name: &str) -> Producer {
    Producer::new(name).expect("short")
}

fn said(name: &str, sequence: u64, command: Command) -> Command {
    let numbered = Numbered::new(producer(name), sequence, command);
    Command::Numbered(Box::new(numbered.expect("a command of trading")))
}

fn market() -> (Venue, AccountId, Command) {
    let mut venue = Venue::new();
    let pair = (venue.add_asset("BTC", 8), venue.add_asset("USDT", 8));
    let symbol = venue.add_symbol("BTCUSDT", pair, Scales { price: 2, qty: 4 });
    let account = venue.add_account();
    venue.deposit(account, pair.1, 1_000_000_000_000);
    let order = Command::PlaceOrder(limit(account, symbol, Side::Buy, (10_000, 10)));
    (venue, account, order)
}

fn accepted(events: &[Event]) -> usize {
    let is_order = |event: &&Event| matches!(event, Event::OrderAccepted(_));
    events.iter().filter(is_order).count()
}

fn refused(name: &str, sequence: u64, last: u64) -> Vec<Event> {
    vec![Event::SequenceRefused {
        producer: producer(name),
        sequence,
        last,
    }]
}

#[test]
fn a_number_is_used_once_and_in_order_for_each_producer() {
    let (mut venue, account, order) = market();
    for (name, sequence, expected) in [
        ("a", 0, Some(0)),
        ("a", 2, Some(0)),
        ("a", 1, None),
        ("a", 1, Some(1)),
        ("a", 3, Some(1)),
        ("b", 1, None),
        ("a", 2, None),
        ("a", 1, Some(2)),
        ("a", u64::MAX, Some(2)),
        ("b", 2, None),
    ] {
        let events = venue.complete(&said(name, sequence, order.clone()));
        match expected {
            Some(last) => assert_eq!(events, refused(name, sequence, last)),
            None => assert_eq!(accepted(&events), 1, "{name} {sequence}: {events:?}"),
        }
        // No window of time: said again much later it is still known.
        venue.now.0 += 3_600_000_000_000;
    }
    assert_eq!(venue.engine.open_orders(account).len(), 4);
    venue.engine.check_invariants().expect("every identity");
}

#[test]
fn a_refused_command_has_used_its_number_and_a_nameless_producer_none() {
    let (mut venue, account, order) = market();
    let Command::PlaceOrder(mut dear) = order.clone() else {
        panic!("an order");
    };
    dear.qty.0 = 1 << 40;
    let events = venue.complete(&said("a", 1, Command::PlaceOrder(dear)));
    assert!(
        matches!(events.as_slice(), [Event::OrderRejected(_)]),
        "{events:?}"
    );
    assert_eq!(
        venue.complete(&said("a", 1, order.clone())),
        refused("a", 1, 1)
    );
    // What an edge could make no command of takes its number, too.
    assert_eq!(venue.complete(&said("a", 2, Command::AdvanceClock)), []);
    assert_eq!(accepted(&venue.complete(&said("a", 3, order.clone()))), 1);
    let reason = RejectReason::InvalidName;
    let nameless = venue.complete(&said("", 1, order));
    assert_eq!(nameless, [Event::CommandRejected { reason }]);
    assert_eq!(venue.engine.open_orders(account).len(), 1);
}

#[test]
fn numbers_are_in_the_snapshot_and_the_root() {
    let (mut venue, _, order) = market();
    let names = |engine: &Engine| -> Vec<&str> {
        engine.sections().iter().map(|(name, _)| *name).collect()
    };
    let sections = |engine: &Engine| -> Vec<(String, Vec<u8>)> {
        let all = engine.sections().into_iter();
        all.map(|(name, bytes)| (name.to_owned(), bytes)).collect()
    };
    assert!(
        !names(&venue.engine).contains(&"producers"),
        "old roots stay"
    );
    venue.complete(&said("a", 1, order.clone()));
    venue.complete(&said("b", 1, order.clone()));
    let mut restored = Engine::restore(99, &sections(&venue.engine)).expect("it restores");
    assert_eq!(restored.root(), venue.engine.root());
    assert_eq!(restored.newest_of(&producer("a")), 1);
    std::mem::swap(&mut venue.engine, &mut restored);
    assert_eq!(
        venue.complete(&said("a", 1, order.clone())),
        refused("a", 1, 1)
    );
    assert_eq!(accepted(&venue.complete(&said("a", 2, order))), 1);
    let mut damaged = sections(&venue.engine);
    let section = damaged.iter_mut().find(|(name, _)| name == "producers");
    section.expect("it is there").1.pop();
    assert!(Engine::restore(1, &damaged).is_err());
}

#[test]
fn money_and_rules_have_no_number() {
    let (venue, _, order) = market();
    for (_, command) in &venue.journal {
        assert_eq!(
            Numbered::new(producer("a"), 1, command.clone()),
            None,
            "{command:?}"
        );
    }
    assert_eq!(Numbered::new(producer("a"), 2, said("a", 1, order)), None);
}
