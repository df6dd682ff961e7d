//! FIX against a real node: reports that nobody was there to hear, sessions that end badly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::venue::client::Client;
use crate::venue::fix::{Fix, Message, Numbers};
use crate::venue::{Node, Start, Trader};

const MOMENT: Duration = Duration::from_millis(700);
/// Nothing comes any more.
const LATE: Duration = Duration::from_secs(20);
const FUNDS: [&str; 2] = ["BTC=100", "USDT=10000000"];

struct Stage {
    node: Node,
    ann: Trader,
    bob: Client,
}

fn stage(dir: &std::path::Path) -> Stage {
    let node = Start::default().node(dir);
    let ann = node.trader("ann", &FUNDS);
    let bob = node.trader("bob", &FUNDS);
    let bob = Client::new(&node.http, &bob);
    Stage { node, ann, bob }
}

impl Stage {
    fn ann(&self, name: &str, numbers: Numbers, extra: &[(u32, &str)]) -> Fix {
        let mut fix = Fix::logon(&self.node.fix, &self.ann, (name, numbers), extra);
        fix.expect("A");
        fix
    }

    /// Bob trades so much with whoever stands there.
    fn bob_sells(&self, qty: &str, name: &str) {
        let sold = self.bob.limit("SELL", qty, "50000", name);
        assert_eq!(sold.expect("answered").status, 200);
    }
}

#[test]
fn what_happened_while_a_session_was_away_is_told_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stage = stage(dir.path());
    let mut fix = stage.ann("ANN", Numbers::default(), &[]);
    fix.limit("BUY", ("0.3", "50000"), "bid");
    let new = fix.report("0", "bid");
    stage.bob_sells("0.1", "first");
    let first = fix.report("F", "bid");
    let numbers = fix.logout();

    stage.bob_sells("0.1", "second");
    let mut fix = stage.ann("ANN", numbers, &[]);
    let second = fix.report("F", "bid");
    assert!(!second.is_repetition(), "it was never sent before");
    assert_eq!(
        (second.get(14), second.get(151)),
        ("0.20000000", "0.10000000")
    );
    let numbers = fix.logout();

    // Nothing is left to tell: the next report is of what happens next.
    let mut fix = stage.ann("ANN", numbers, &[]);
    stage.bob_sells("0.1", "third");
    let third = fix.expect("8");
    assert_eq!((third.get(150), third.get(39)), ("F", "2"));
    let ids: BTreeSet<&str> = [&new, &first, &second, &third]
        .map(|report| report.get(17))
        .into();
    assert_eq!(ids.len(), 4, "every report has a name of its own");

    // A session that starts its numbers again is told of nothing that was before.
    fix.logout();
    let mut fix = stage.ann("ANN", Numbers::default(), &[(141, "Y")]);
    assert!(fix.hear(MOMENT).is_none());
    assert_eq!(stage.node.terminate().code, Some(0));
}

#[test]
fn a_drop_copy_hears_everything_and_enters_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stage = stage(dir.path());
    let mut copy = stage.ann("COPY", Numbers::default(), &[(9406, "Y")]);
    let mut fix = stage.ann("ANN", Numbers::default(), &[]);
    let mut acks = stage.ann("ACKS", Numbers::default(), &[(25036, "2")]);
    fix.limit("BUY", ("0.1", "50000"), "fix");
    fix.report("0", "fix");
    copy.report("0", "fix");
    let rest = Client::new(&stage.node.http, &stage.ann);
    rest.limit("BUY", "0.1", "49000", "rest").expect("answered");
    stage.bob_sells("0.1", "sold");
    for fix in [&mut copy, &mut fix] {
        fix.report("0", "rest");
        fix.report("F", "fix");
    }
    copy.limit("BUY", ("0.1", "48000"), "forbidden");
    assert_eq!(copy.expect("j").get(380), "6");
    acks.limit("BUY", ("0.1", "47000"), "acks");
    let only = acks.expect("8");
    assert_eq!((only.get(11), only.get(150)), ("acks", "0"));
    let order = rest.order("fix").expect("answered");
    assert_eq!(
        order.body["status"], "FILLED",
        "REST sees it under its ClOrdID"
    );
    assert_eq!(stage.node.terminate().code, Some(0));
}

/// The events of a session's own command may be there before its receipt is: with every
/// processor busy they often are.
#[test]
fn a_session_told_of_its_own_commands_alone_is_told_of_each() {
    const ORDERS: usize = 400;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stage = stage(dir.path());
    let mut acks = stage.ann("ACKS", Numbers::default(), &[(25036, "2")]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let told = (0..ORDERS).all(|index| {
            let name = format!("own-{index}");
            acks.limit("BUY", ("0.001", "40000"), &name);
            let report = acks.hear(LATE);
            report.is_some_and(|it| (it.get(11), it.get(150)) == (&name, "0"))
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(told, "each order has its report");
    });
    assert_eq!(stage.node.terminate().code, Some(0));
}

#[test]
fn orders_of_a_session_that_is_cut_are_cancelled_if_it_asked_for_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stage = stage(dir.path());
    let rest = Client::new(&stage.node.http, &stage.ann);
    rest.limit("BUY", "0.1", "40000", "by-rest")
        .expect("answered");
    let mut fix = stage.ann("CAREFUL", Numbers::default(), &[(8013, "Y")]);
    let mut other = stage.ann("OTHER", Numbers::default(), &[]);
    fix.limit("BUY", ("0.1", "41000"), "mine");
    other.limit("BUY", ("0.1", "42000"), "theirs");
    fix.report("0", "mine");
    other.report("0", "theirs");
    drop(fix);
    other.report("4", "mine");
    for (name, status) in [("mine", "CANCELED"), ("theirs", "NEW"), ("by-rest", "NEW")] {
        let order = rest.order(name).expect("answered");
        assert_eq!(order.body["status"], status, "{name}");
    }
    assert_eq!(stage.node.terminate().code, Some(0));
}

/// Orders are sent ahead, the node is killed in the middle, and after the restart every
/// order that the venue has was reported exactly once, repetitions marked as such.
#[test]
fn a_killed_node_loses_no_report_and_doubles_none() {
    const ORDERS: usize = 400;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let Stage { node, ann, bob } = stage(dir.path());
    drop(bob);
    let mut fix = Fix::logon(&node.fix, &ann, ("ANN", Numbers::default()), &[]);
    fix.expect("A");
    for index in 0..ORDERS {
        fix.limit("BUY", ("0.001", "40000"), &format!("o{index}"));
    }
    let mut heard: Vec<Message> = Vec::new();
    while heard.len() < ORDERS / 4 {
        heard.push(fix.expect("8"));
    }
    node.kill();
    while let Some(message) = fix.hear(MOMENT) {
        heard.push(message);
    }
    let numbers = fix.numbers.clone();

    let node = Start::default().node(dir.path());
    let mut fix = Fix::logon(&node.fix, &ann, ("ANN", numbers), &[]);
    while let Some(message) = fix.hear(MOMENT * 3) {
        heard.push(message);
    }
    let mut reported: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for message in heard.iter().filter(|message| message.get(150) == "0") {
        let is_first = seen.insert(message.get(17).to_owned());
        assert!(is_first || message.is_repetition(), "doubled: {message:?}");
        if is_first {
            *reported.entry(message.get(11).to_owned()).or_default() += 1;
        }
    }
    let rest = Client::new(&node.http, &ann);
    for index in 0..ORDERS {
        let name = format!("o{index}");
        let exists = rest.order(&name).expect("answered").status == 200;
        let reports = reported.get(&name).copied().unwrap_or(0);
        assert_eq!(reports, usize::from(exists), "{name}");
    }
    assert!(reported.len() >= ORDERS / 4);
    assert_eq!(node.terminate().code, Some(0));
}
