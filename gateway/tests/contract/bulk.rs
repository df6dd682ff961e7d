//! Messages of bulk feeders: every one has an answer, and a number is used once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway::bulk::{Bulk, Stopped};
use gateway::call::Parts;
use gateway::submit::{Pending, Receipt, Submit, SubmitError};
use gateway::ws::life::Sockets;
use parking_lot::Mutex;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{ClientOrderId, Offset};
use schemas::numbered::Producer;
use schemas::reject::RejectReason;
use schemas::units::TimeNs;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::venue::{ALICE, Venue};

/// The venue behind the engine's rule of numbers, said again.
struct Sequencer {
    venue: Arc<Venue>,
    newest: Mutex<BTreeMap<Producer, u64>>,
    /// What the next commands are told instead.
    next: Mutex<Vec<SubmitError>>,
    /// How many meet bounded work yet.
    busy: Mutex<usize>,
}

impl Submit for Sequencer {
    fn submit(&self, command: Command) -> Result<Pending, SubmitError> {
        let Command::Numbered(numbered) = command else {
            panic!("a feeder's command without a number: {command:?}");
        };
        if let Some(error) = self.next.lock().pop() {
            return Err(error);
        }
        let answer = |events| {
            let (sender, pending) = oneshot::channel();
            let receipt = Receipt {
                offset: Offset(7),
                time: self.now(),
                events,
            };
            sender.send(Ok(receipt)).expect("it is here");
            Ok(pending)
        };
        let mut busy = self.busy.lock();
        if *busy > 0 {
            *busy -= 1;
            let reason = RejectReason::Busy;
            return answer(vec![Event::CommandRejected { reason }]);
        }
        let (producer, sequence) = (*numbered.producer(), numbered.sequence());
        let mut newest = self.newest.lock();
        let last = newest.get(&producer).copied().unwrap_or(0);
        if last + 1 != sequence {
            return answer(vec![Event::SequenceRefused {
                producer,
                sequence,
                last,
            }]);
        }
        newest.insert(producer, sequence);
        match numbered.command() {
            Command::AdvanceClock => answer(Vec::new()),
            command => self.venue.submit(command.clone()),
        }
    }

    fn now(&self) -> TimeNs {
        self.venue.now()
    }
}

fn desk() -> (Arc<Venue>, Arc<Sequencer>, Bulk) {
    let venue = Venue::new();
    let sequencer = Arc::new(Sequencer {
        venue: venue.clone(),
        newest: Mutex::default(),
        next: Mutex::default(),
        busy: Mutex::default(),
    });
    let parts = Parts {
        submit: sequencer.clone(),
        queries: venue.clone(),
        keys: venue.clone(),
        sockets: Sockets::default(),
        traces: None,
    };
    let accounts = BTreeSet::from([ALICE]);
    let rights = BTreeMap::from([
        ("desk".to_owned(), accounts),
        ("idle".to_owned(), BTreeSet::new()),
    ]);
    (venue, sequencer, Bulk::new(parts, rights, Arc::default()))
}

fn place(sequence: u64, client: &str) -> Value {
    json!({
        "v": 1, "producer": "desk", "sequence": sequence, "account": ALICE.0,
        "method": "order.place",
        "params": {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.001", "price": "20000", "newClientOrderId": client,
        },
    })
}

async fn say(bulk: &mut Bulk, messages: &[Value]) -> Vec<Value> {
    let texts: Vec<String> = messages.iter().map(Value::to_string).collect();
    let said = bulk.take(&texts).await.expect("the node runs");
    let texts = said.iter().map(|said| said.json((3, 40)));
    texts
        .map(|text| serde_json::from_str(&text).expect("JSON"))
        .collect()
}

fn statuses(answers: &[Value]) -> Vec<&str> {
    answers
        .iter()
        .map(|it| it["status"].as_str().expect("a word"))
        .collect()
}

fn placed(venue: &Venue) -> Vec<ClientOrderId> {
    let commands = venue.commands();
    let orders = commands.iter().filter_map(|command| match command {
        Command::PlaceOrder(order) => Some(order.client_order),
        _ => None,
    });
    orders.collect()
}

#[tokio::test]
async fn every_message_has_its_answer() {
    let (venue, _, mut bulk) = desk();
    let mut foreign = place(3, "foreign");
    foreign["account"] = 8.into();
    let mut off_grid = place(2, "off-grid");
    off_grid["params"]["price"] = "0.0000000001".into();
    let mut unknown = place(4, "unknown");
    unknown["method"] = "asset.transfer".into();
    let mut extra = place(5, "extra");
    extra["acount"] = 7.into();
    let mut nobody = place(1, "nobody");
    nobody["producer"] = "desks".into();
    let long = json!({ "producer": "desk", "sequence": 6, "v": "x".repeat(17_000) });
    let messages = [
        place(1, "first"),
        off_grid,
        foreign,
        unknown,
        extra,
        nobody,
        long,
        place(5, "again"),
        place(7, "early"),
        json!([1]),
        json!({ "producer": "desk" }),
        json!({ "producer": "desk", "sequence": 0 }),
        place(6, "last"),
    ];
    let answers = say(&mut bulk, &messages).await;
    let expected = [
        "done",
        "refused",
        "refused",
        "refused",
        "refused",
        "denied",
        "oversized",
        "repeated",
        "gap",
        "malformed",
        "malformed",
        "malformed",
        "done",
    ];
    assert_eq!(statuses(&answers), expected, "{answers:#?}");
    let client = |id: &str| ClientOrderId::new(id).expect("short");
    assert_eq!(placed(&venue), [client("first"), client("last")]);
    assert_eq!(answers[0]["result"]["clientOrderId"], "first");
    assert_eq!(
        answers[0]["message"],
        json!({ "partition": 3, "offset": 40 })
    );
    assert!(answers[0]["offset"].is_u64(), "{}", answers[0]);
    let code = |index: usize| answers[index]["error"]["code"].clone();
    assert_eq!(
        [code(1), code(2), code(3), code(4)],
        [-1111, -2015, -1020, -1135]
    );
    let hint = answers[2]["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("`desk` may not act for account 8"), "{hint}");
    let reason = answers[5]["reason"].as_str().expect("a reason");
    assert!(reason.contains("desks"), "{reason}");
    assert_eq!(
        (&answers[7]["newest"], &answers[8]["expected"]),
        (&json!(5), &json!(6))
    );
}

#[tokio::test]
async fn what_waits_keeps_its_place_and_nothing_is_done_twice() {
    let (venue, sequencer, mut bulk) = desk();
    let all: Vec<Value> = (1..=40)
        .map(|number| place(number, &format!("o{number}")))
        .collect();
    sequencer
        .next
        .lock()
        .extend([SubmitError::Busy, SubmitError::DiskFull]);
    *sequencer.busy.lock() = 3;
    let answers = say(&mut bulk, &all).await;
    assert!(
        statuses(&answers).iter().all(|it| *it == "done"),
        "{answers:#?}"
    );
    // The same queue read again, as after a crash before its place was committed.
    assert!(
        statuses(&say(&mut bulk, &all).await)
            .iter()
            .all(|it| *it == "repeated")
    );
    let names: Vec<String> = placed(&venue).iter().map(ToString::to_string).collect();
    let expected: Vec<String> = (1..=40).map(|number| format!("o{number}")).collect();
    assert_eq!(names, expected, "each once, in order");
}

#[tokio::test]
async fn a_node_that_stops_answers_nothing() {
    let (_, sequencer, mut bulk) = desk();
    sequencer.next.lock().push(SubmitError::Stopped);
    let texts = [place(1, "x").to_string()];
    assert_eq!(bulk.take(&texts).await.err(), Some(Stopped));
    assert_eq!(statuses(&say(&mut bulk, &[place(1, "x")]).await), ["done"]);
}
