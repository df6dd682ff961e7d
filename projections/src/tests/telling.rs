//! Every event, told in words, is what `schemas/kafka` says.

use std::collections::{BTreeMap, BTreeSet};

use schemas::event::{Event, OrderRejected};
use schemas::ids::{AccountId, ClientOrderId, Offset, SymbolId};
use schemas::instrument::SymbolKind;
use schemas::reject::RejectReason;
use schemas::units::TimeNs;
use schemas::wire::Wire;
use serde_json::Value;

use crate::names::Names;
use crate::projection::Answered;
use crate::telling::{Fact, Told, Topic};
use crate::tests::fake::Fake;

const TOPICS: &str = include_str!("../../../schemas/kafka/topics.json");
const VALUES: &str = include_str!("../../../schemas/kafka/values.v1.json");

/// The golden bytes of every event there is.
pub(crate) fn every_event() -> Vec<Event> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/golden");
    let entries = std::fs::read_dir(folder).expect("the golden files are there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|it| it.to_string_lossy().starts_with("event_"))
        })
        .collect();
    paths.sort();
    let events: Vec<_> = paths.iter().map(|path| golden(path)).collect();
    assert!(events.len() > 30, "{} golden events", events.len());
    events
}

fn golden(path: &std::path::Path) -> Event {
    let text = std::fs::read_to_string(path).expect("a text");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hex is text");
            u8::from_str_radix(pair, 16).expect("hex")
        })
        .collect();
    Event::take(&mut bytes.as_slice()).unwrap_or_else(|| panic!("{}", path.display()))
}

/// The messages of some commands: (topic, key, value).
pub(crate) fn told(commands: &[Answered]) -> Vec<(Topic, String, Value)> {
    let mut names = Names::default();
    let mut told = Told::default();
    for answered in commands {
        for (index, event) in answered.events.iter().enumerate() {
            names.learn(event);
            let fact = Fact {
                offset: answered.offset,
                index: index as u16,
                time: answered.time,
                event,
            };
            told.tell(&names, fact);
        }
    }
    let read = |bytes: &[u8]| serde_json::from_slice(bytes).expect("a value is JSON");
    told.messages()
        .map(|it| {
            (
                it.topic,
                String::from_utf8_lossy(it.key).into_owned(),
                read(it.value),
            )
        })
        .collect()
}

fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let topics: Value = serde_json::from_str(TOPICS).expect("JSON");
    let topics = topics["topics"].as_object().expect("a table").clone();
    let texts = |row: &Value| {
        let values = row["values"].as_array().expect("a list").iter();
        values
            .map(|it| it.as_str().expect("a text").to_string())
            .collect()
    };
    topics
        .iter()
        .map(|(name, row)| (name.clone(), texts(row)))
        .collect()
}

/// An order refused for every reason there is.
fn every_refusal() -> Answered {
    let refused = |reason: &RejectReason| {
        Event::OrderRejected(OrderRejected {
            account: AccountId(7),
            symbol: SymbolId(0),
            client_order: ClientOrderId::EMPTY,
            reason: *reason,
        })
    };
    Answered {
        offset: Offset(301),
        time: TimeNs(1),
        events: RejectReason::ALL.iter().map(refused).collect(),
    }
}

#[test]
fn every_value_is_what_its_schema_says() {
    let schema: Value = serde_json::from_str(VALUES).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let listed = listed();
    let mut fake = Fake::new(11);
    let mut commands: Vec<_> = (0..300).map(|offset| fake.step(offset)).collect();
    commands.push(Answered {
        offset: Offset(300),
        time: TimeNs(1),
        events: every_event(),
    });
    commands.push(every_refusal());
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (topic, _, value) in told(&commands) {
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|it| it.to_string())
            .collect();
        assert!(errors.is_empty(), "{value}: {errors:?}");
        let kind = value["type"].as_str().expect("a type").to_string();
        seen.entry(topic.name()).or_default().insert(kind);
    }
    for topic in Topic::ALL.map(Topic::name) {
        assert_eq!(seen.get(topic), listed.get(topic), "topics.json, {topic}");
    }
    let wrong = serde_json::json!({"v": 1, "type": "Trade", "id": "1"});
    assert!(!validator.is_valid(&wrong), "the schema refuses something");
}

/// A buyer on a spot symbol pays in what was bought; on a perpetual both pay in the quote.
#[test]
fn commissions_of_a_perpetual_are_in_its_quote_asset() {
    let mut fake = Fake::new(11);
    let mut commands: Vec<_> = (0..300).map(|offset| fake.step(offset)).collect();
    let paid = |commands: &[Answered], kind: &str| {
        let fees = told(commands)
            .into_iter()
            .map(|it| it.2)
            .filter(|it| it["type"] == kind && it["side"] == "BUY");
        fees.map(|it| it["fee_asset"].to_string())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(paid(&commands, "OrderFilled").len(), 1, "one symbol");
    let spot = paid(&commands, "OrderFilled");
    for event in commands.iter_mut().flat_map(|it| &mut it.events) {
        if let Event::SymbolAdded { kind, .. } = event {
            *kind = SymbolKind::Perpetual;
        }
    }
    let perpetual = paid(&commands, "OrderFilled");
    assert_eq!(spot, BTreeSet::from(["\"BASE\"".to_string()]));
    assert_eq!(perpetual, BTreeSet::from(["\"QUOTE\"".to_string()]));
}

/// Who else stood at the other end of a take-over is nobody's business.
#[test]
fn an_owner_is_told_of_no_other_account() {
    let commands = [Answered {
        offset: Offset(1),
        time: TimeNs(1),
        events: every_event(),
    }];
    let mut seen = 0;
    for (topic, key, value) in told(&commands) {
        let kind = value["type"].as_str().expect("a type");
        if topic != Topic::Notify || !matches!(kind, "PositionMoved" | "ProfitRealised") {
            continue;
        }
        seen += 1;
        assert_eq!(value["account"].to_string(), key, "{value}");
        let fields = value.as_object().expect("an object").keys();
        let accounts = fields.filter(|name| name.contains("account")).count();
        assert_eq!(accounts, 1, "{value}");
    }
    assert!(4 <= seen, "{seen} messages");
}

/// A search server refuses a document that has a name twice.
#[test]
fn no_value_uses_a_name_that_search_puts_before_it() {
    let commands = [Answered {
        offset: Offset(1),
        time: TimeNs(1),
        events: every_event(),
    }];
    for (_, _, value) in told(&commands) {
        for name in ["kind", "rank", "time", "accounts"] {
            assert_eq!(value.get(name), None, "{name}: {value}");
        }
    }
}

#[test]
fn what_everybody_sees_names_no_account() {
    let commands = [Answered {
        offset: Offset(1),
        time: TimeNs(1),
        events: every_event(),
    }];
    for (topic, key, value) in told(&commands) {
        if topic == Topic::Market {
            let fields = value.as_object().expect("an object");
            let private = fields.keys().find(|name| {
                name.contains("account") || name.contains("order") && !name.starts_with("orders_")
            });
            assert_eq!(private, None, "{key}: {value}");
        }
    }
}
