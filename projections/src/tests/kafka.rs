//! A real broker, by `DAYBOOK_TEST_KAFKA`; each test has topics of its own.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemas::ids::Offset;
use schemas::units::TimeNs;
use serde_json::Value;

use crate::error::SinkError;
use crate::kafka::packed::unpack;
use crate::kafka::reader::{position, read_all};
use crate::kafka::settings::{Form, Settings};
use crate::kafka::sink::{Identity, KafkaProjection};
use crate::kafka::topics::TopicNames;
use crate::projection::{Answered, Projection};
use crate::telling::Topic;
use crate::tests::batch;
use crate::tests::fake::Fake;
use crate::tests::telling::told;

/// Topics that nobody else writes, or a loud line.
fn settings(test: &str) -> Option<Settings> {
    let Ok(brokers) = std::env::var("DAYBOOK_TEST_KAFKA") else {
        println!("SKIPPED {test}: DAYBOOK_TEST_KAFKA names no broker");
        return None;
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let mut settings = Settings::at(&brokers);
    settings.prefix = format!("{test}-{}.", now.as_nanos());
    println!("topics {}*", settings.prefix);
    Some(settings)
}

fn writer(settings: &Settings, name: &str) -> KafkaProjection {
    let identity = Identity {
        journal: "0707".to_string(),
        writer: name.to_string(),
    };
    KafkaProjection::new(settings.clone(), identity, Fake::names())
}

/// The same, a moment ago: topics that are kept for days drop what is older.
fn recent(mut answered: Answered) -> Answered {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    answered.time = TimeNs::from_millis(now.as_millis() as u64);
    answered
}

type ByKey = BTreeMap<(Topic, String), Vec<Value>>;

/// What readers of one generation see: the values of each key, in order.
fn seen(settings: &Settings, generation: u32) -> ByKey {
    let names = TopicNames::of(&settings.prefix, generation);
    let mut seen = ByKey::new();
    for topic in Topic::ALL {
        for record in read_all(settings, names.name(topic)).expect("the topic reads") {
            let value = serde_json::from_slice(&record.value).expect("JSON");
            seen.entry((topic, record.key)).or_default().push(value);
        }
    }
    seen
}

fn expected(commands: &[Answered]) -> ByKey {
    let mut expected = ByKey::new();
    for (topic, key, value) in told(commands) {
        expected.entry((topic, key)).or_default().push(value);
    }
    expected
}

/// Commits in batches of random size; now and then another process goes on.
async fn commit_all(settings: &Settings, fake: &mut Fake, commands: &[Answered]) {
    let mut sink = writer(settings, "0");
    let mut done = sink.cursor().await.expect("a cursor").0 as usize;
    let mut process = 0;
    while done < commands.len() {
        let most = (1 + fake.below(60) as usize).min(commands.len() - done);
        sink.commit(&batch(&commands[done..done + most]))
            .await
            .expect("it commits");
        done += most;
        if fake.below(4) == 0 {
            process += 1;
            sink = writer(settings, &process.to_string());
            let cursor = sink.cursor().await.expect("a cursor");
            assert_eq!(
                cursor,
                Offset(done as u64),
                "messages and cursor move together"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_kafka_see_each_message_once_and_in_order_of_its_key() {
    let Some(settings) = settings("once") else {
        return;
    };
    let mut fake = Fake::new(1);
    let commands: Vec<_> = (0..500).map(|offset| recent(fake.step(offset))).collect();
    commit_all(&settings, &mut fake, &commands).await;
    assert_eq!(seen(&settings, 1), expected(&commands));
    let mut sink = writer(&settings, "rebuild");
    sink.cursor().await.expect("a cursor");
    sink.reset().await.expect("a new generation");
    assert_eq!(sink.cursor().await.expect("a cursor"), Offset(0));
    sink.commit(&batch(&commands))
        .await
        .expect("made again at once");
    let stands = position(&settings).expect("it reads").expect("a cursor");
    assert_eq!((stands.generation, stands.next), (2, Offset(500)));
    assert_eq!(
        seen(&settings, 2),
        expected(&commands),
        "the new generation is equal"
    );
    assert_eq!(
        seen(&settings, 1),
        expected(&commands),
        "the old one is left to its readers"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_the_older_stops_for_good_and_nothing_is_doubled() {
    let Some(settings) = settings("two") else {
        return;
    };
    let mut fake = Fake::new(2);
    let commands: Vec<_> = (0..60).map(|offset| recent(fake.step(offset))).collect();
    let (mut older, mut newer) = (writer(&settings, "older"), writer(&settings, "newer"));
    older.cursor().await.expect("a cursor");
    older
        .commit(&batch(&commands[..20]))
        .await
        .expect("it commits");
    assert_eq!(newer.cursor().await.expect("a cursor"), Offset(20));
    let refused = older
        .commit(&batch(&commands[20..30]))
        .await
        .expect_err("fenced");
    assert!(
        refused.to_string().contains("another node took over"),
        "{refused}"
    );
    for _ in 0..2 {
        let refused = older.cursor().await.expect_err("for good");
        assert!(
            refused.to_string().contains("another node took over"),
            "{refused}"
        );
    }
    newer
        .commit(&batch(&commands[20..]))
        .await
        .expect("the newer goes on");
    assert_eq!(seen(&settings, 1), expected(&commands));
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_another_journal_are_left_alone_until_a_rebuild() {
    let Some(settings) = settings("foreign") else {
        return;
    };
    let mut fake = Fake::new(3);
    let commands: Vec<_> = (0..20).map(|offset| recent(fake.step(offset))).collect();
    let mut ours = writer(&settings, "ours");
    ours.cursor().await.expect("a cursor");
    ours.commit(&batch(&commands[..10]))
        .await
        .expect("it commits");
    let identity = Identity {
        journal: "0808".to_string(),
        writer: "theirs".to_string(),
    };
    let mut theirs = KafkaProjection::new(settings.clone(), identity, Fake::names());
    let refused = theirs.cursor().await.expect_err("another journal");
    assert!(
        refused
            .to_string()
            .contains("tell of another journal, 0707"),
        "{refused}"
    );
    ours.commit(&batch(&commands[10..]))
        .await
        .expect("looking fences nobody");
    theirs.reset().await.expect("a new generation");
    assert_eq!(theirs.cursor().await.expect("a cursor"), Offset(0));
    assert_eq!(seen(&settings, 1), expected(&commands));
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_values_hold_the_event_itself() {
    let Some(mut settings) = settings("packed") else {
        return;
    };
    settings.form = Form::Rkyv;
    let mut fake = Fake::new(4);
    let commands: Vec<_> = (0..100).map(|offset| recent(fake.step(offset))).collect();
    let mut sink = writer(&settings, "0");
    sink.cursor().await.expect("a cursor");
    sink.commit(&batch(&commands)).await.expect("it commits");
    let topic = TopicNames::of(&settings.prefix, 1)
        .name(Topic::Trade)
        .to_string();
    let records = read_all(&settings, &topic).expect("the topic reads");
    let mut expected = commands.iter().flat_map(|answered| {
        let numbered = answered.events.iter().enumerate();
        numbered.map(move |(index, event)| (answered.offset.0 << 16 | index as u64, *event))
    });
    assert!(!records.is_empty(), "the fake trades");
    for record in records {
        let (packed, event) = unpack(&record.value).expect("it unpacks");
        let found = expected.find(|(id, _)| *id == packed.id);
        assert_eq!(found, Some((packed.id, event)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_brokers_is_said_in_one_line() {
    let nobody = Settings::at("127.0.0.1:1");
    let mut sink = writer(&nobody, "0");
    let refused = tokio::time::timeout(Duration::from_secs(50), sink.cursor()).await;
    let refused = refused.expect("it gives up").expect_err("nobody is there");
    assert!(
        matches!(refused, SinkError::Unreachable { .. }),
        "{refused:?}"
    );
    let line = refused.to_string();
    assert!(
        line.contains("127.0.0.1:1") && !line.contains('\n'),
        "{line}"
    );
    let mut wrong = Settings::at("127.0.0.1:1");
    wrong
        .options
        .insert("no.such.option".to_string(), "1".to_string());
    let line = writer(&wrong, "0")
        .cursor()
        .await
        .expect_err("no such option")
        .to_string();
    assert!(
        line.contains("no.such.option") && line.contains("[kafka.options]"),
        "{line}"
    );
    let Some(mut settings) = settings("copies") else {
        return;
    };
    settings.replication = Some(9);
    let line = writer(&settings, "0")
        .cursor()
        .await
        .expect_err("too few brokers")
        .to_string();
    assert!(
        line.contains("9 copies") && line.contains("lower `replication`"),
        "{line}"
    );
}
