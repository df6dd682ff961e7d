//! `SINKS_DIR=DIR cargo bench -p projections --features kafka,search --bench sinks`
//!
//! The event log of a data directory into each sink, against that sink's own ceiling: the
//! same messages through a bare producer, the same documents through a bare `_bulk` or into
//! a bare index. Kafka and a search server are measured where `DAYBOOK_TEST_KAFKA` and
//! `DAYBOOK_TEST_SEARCH` name one. One line of JSON a sink.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use journal::event_reader::EventReader;
use projections::kafka::settings::Settings as KafkaSettings;
use projections::kafka::sink::{Identity, KafkaProjection};
use projections::names::Names;
use projections::projection::{Batch, Projection, next_batch};
use projections::search::embedded::EmbeddedProjection;
use projections::search::entries::{Entries, Entry};
use projections::search::server::{ServerProjection, Settings};
use projections::telling::{Fact, Told};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use schemas::ids::Offset;
use tantivy::schema::{FAST, INDEXED, STORED, STRING, Schema};
use tantivy::{Index, IndexWriter, TantivyDocument, Term};

/// Commands in one step, as the driver takes them.
const BATCH: usize = projections::driver::BATCH;

fn main() {
    let Some(dir) = std::env::var_os("SINKS_DIR").map(PathBuf::from) else {
        println!("SKIPPED sinks: SINKS_DIR names no data directory");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let batches = batches(&dir);
    let events = batches
        .iter()
        .flat_map(|it| &it.commands)
        .map(|it| it.events.len())
        .sum();
    println!(
        "{} commands, {events} events",
        batches.iter().map(|it| it.commands.len()).sum::<usize>()
    );
    runtime.block_on(async {
        let entered = tokio::spawn(async move { measure(&batches, events).await });
        entered.await.expect("no sink fails");
    });
}

fn batches(dir: &Path) -> Vec<Batch> {
    let mut reader = EventReader::open(dir, Offset(0));
    let mut batches: Vec<Batch> = Vec::new();
    loop {
        let from = batches.last().map_or(Offset(0), |batch| batch.next);
        match next_batch(&mut reader, from, BATCH).expect("the event log reads") {
            Some(batch) => batches.push(batch),
            None => return batches,
        }
    }
}

fn line(sink: &str, events: usize, (ours, bare): (Duration, Duration)) {
    let rate = |taken: Duration| events as f64 / taken.as_secs_f64();
    println!(
        "{{\"sink\":\"{sink}\",\"events_per_s\":{:.0},\"bare_events_per_s\":{:.0},\
         \"percent_of_bare\":{:.0},\"seconds\":{:.1}}}",
        rate(ours),
        rate(bare),
        100.0 * bare.as_secs_f64() / ours.as_secs_f64(),
        ours.as_secs_f64(),
    );
}

fn unique(name: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    format!("{name}-{}-", now.as_nanos())
}

async fn measure(batches: &[Batch], events: usize) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let index = EmbeddedProjection::open(folder.path(), "07", Names::default()).expect("opens");
    let ours = project(index, batches).await;
    line("embedded search", events, (ours, bare_index(batches)));
    match std::env::var("DAYBOOK_TEST_KAFKA") {
        Ok(brokers) => {
            let mut settings = KafkaSettings::at(&brokers);
            settings.prefix = unique("bench");
            let identity = Identity {
                journal: "07".to_string(),
                writer: "bench".to_string(),
            };
            let sink = KafkaProjection::new(settings.clone(), identity, Names::default());
            let ours = project(sink, batches).await;
            line("kafka", events, (ours, bare_producer(&settings, batches)));
        }
        Err(_) => println!("SKIPPED kafka: DAYBOOK_TEST_KAFKA names no broker"),
    }
    match std::env::var("DAYBOOK_TEST_SEARCH") {
        Ok(url) => {
            let settings = Settings {
                url,
                prefix: unique("bench"),
                user: None,
                timeout: Duration::from_secs(60),
            };
            let sink = ServerProjection::new(&settings, "07", Names::default());
            let ours = project(sink, batches).await;
            line(
                "search server",
                events,
                (ours, bare_bulk(&settings, batches)),
            );
        }
        Err(_) => println!("SKIPPED search server: DAYBOOK_TEST_SEARCH names none"),
    }
}

async fn project(mut sink: impl Projection, batches: &[Batch]) -> Duration {
    sink.cursor().await.expect("a cursor");
    let started = Instant::now();
    for batch in batches {
        sink.commit(batch).await.expect("it commits");
    }
    started.elapsed()
}

/// The same messages, told beforehand, by a producer without transactions.
fn bare_producer(settings: &KafkaSettings, batches: &[Batch]) -> Duration {
    let (mut names, mut told) = (Names::default(), Told::default());
    let producer: ThreadedProducer<_> = ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .set("acks", "all")
        .set("compression.type", "lz4")
        .set("linger.ms", "2")
        .set("batch.num.messages", "10000")
        .create()
        .expect("a producer");
    let mut taken = Duration::ZERO;
    for batch in batches {
        told.clear();
        tell(&mut names, &mut told, batch);
        let started = Instant::now();
        for message in told.messages() {
            let topic = format!("{}{}", settings.prefix, message.topic.name());
            let mut record = BaseRecord::to(&topic)
                .key(message.key)
                .payload(message.value);
            while let Err((error, again)) = producer.send(record) {
                let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
                assert_eq!(error, full);
                record = again;
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        taken += started.elapsed();
    }
    let started = Instant::now();
    producer.flush(Duration::from_secs(60)).expect("all arrive");
    taken + started.elapsed()
}

fn tell(names: &mut Names, told: &mut Told, batch: &Batch) {
    for answered in &batch.commands {
        for (index, event) in answered.events.iter().enumerate() {
            names.learn(event);
            let fact = Fact {
                offset: answered.offset,
                index: index as u16,
                time: answered.time,
                event,
            };
            told.tell(names, fact);
        }
    }
}

/// The documents of each batch, made beforehand.
fn documents(batches: &[Batch]) -> Vec<Vec<Entry>> {
    let mut entries = Entries::default();
    let make = |batch: &Batch| entries.of(batch, Vec::new()).expect("no order is missing");
    batches.iter().map(make).collect()
}

/// The same documents into a plain index, committed as often.
fn bare_index(batches: &[Batch]) -> Duration {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut builder = Schema::builder();
    let name = builder.add_text_field("name", STRING);
    let rank = builder.add_u64_field("rank", INDEXED | FAST | STORED);
    let body = builder.add_bytes_field("body", STORED);
    let index = Index::create_in_dir(folder.path(), builder.build()).expect("an index");
    let writer = index.writer_with_num_threads(1, 64 << 20);
    let mut writer: IndexWriter = writer.expect("a writer");
    let mut taken = Duration::ZERO;
    for entries in documents(batches) {
        let started = Instant::now();
        for entry in &entries {
            let mut document = TantivyDocument::default();
            document.add_text(name, &entry.name);
            document.add_u64(rank, entry.rank);
            document.add_bytes(body, &entry.body);
            if entry.is_update {
                writer.delete_term(Term::from_field_text(name, &entry.name));
            }
            writer.add_document(document).expect("it is taken");
        }
        writer.commit().expect("it commits");
        taken += started.elapsed();
    }
    taken
}

/// The same documents by `_bulk` alone, into an index of their own.
fn bare_bulk(settings: &Settings, batches: &[Batch]) -> Duration {
    let index = unique("bare");
    let url = format!("{}/_bulk?filter_path=errors", settings.url);
    let mut taken = Duration::ZERO;
    for entries in documents(batches) {
        let mut lines = Vec::new();
        for entry in &entries {
            let action = format!(
                "{{\"index\":{{\"_index\":\"{index}\",\"_id\":\"{}\"}}}}\n",
                entry.name
            );
            lines.extend_from_slice(action.as_bytes());
            lines.extend_from_slice(&entry.body);
            lines.push(b'\n');
        }
        let started = Instant::now();
        let request = ureq::post(&url).header("content-type", "application/x-ndjson");
        request.send(lines.as_slice()).expect("it is taken");
        taken += started.elapsed();
    }
    taken
}
