//! `SINKS_DIR=DIR cargo bench -p projections --features kafka,search --bench sinks`
//!
//! The event log of a data directory into each sink, against that sink's own ceiling: the
//! rows that are left in the end by inserts of 512 rows, the same messages through a bare
//! producer, the same documents through a bare `_bulk` or into a bare index. Servers are
//! measured where `DAYBOOK_TEST_MYSQL`, `…_KAFKA`, `…_SEARCH` and `…_REDIS` name one. One
//! line of JSON a sink, and one for all of them at once.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use journal::event_reader::EventReader;
use projections::kafka::settings::Settings as KafkaSettings;
use projections::kafka::sink::{Identity, KafkaProjection};
use projections::names::Names;
use projections::projection::{Batch, Projection, next_batch};
use projections::redis::settings::Settings as RedisSettings;
use projections::redis::sink::RedisProjection;
use projections::search::embedded::EmbeddedProjection;
use projections::search::entries::{Entries, Entry};
use projections::search::server::{ServerProjection, Settings};
use projections::sql::database::{Database, Statement, Value};
use projections::sql::shard::Shard;
use projections::sql::sink::{Server, SqlProjection};
use projections::sql::tables::{TABLES, Table};
use projections::sql::{file, server};
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
/// Rows of one bare insert; the widest table then stays below the limit of values.
const INSERT_ROWS: usize = 512;

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

/// Where a server of the tests is, or a line that it is not measured.
fn address(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        println!("SKIPPED {variable} names no server");
    }
    found
}

async fn measure(batches: &[Batch], events: usize) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (database, sink) = embedded(folder.path()).await;
    let ours = project(sink, batches).await;
    let empty = tempfile::tempdir().expect("a temporary directory");
    let (other, mut sink) = embedded(empty.path()).await;
    sink.cursor().await.expect("its tables are made");
    let bare = bare_inserts(&database, &other).await;
    line("sqlite", events, (ours, bare));
    if let Some(url) = address("DAYBOOK_TEST_MYSQL") {
        let (database, sink) = mysql(&url).await;
        let ours = project(sink, batches).await;
        let (other, mut sink) = mysql(&url).await;
        sink.cursor().await.expect("its tables are made");
        let bare = bare_inserts(&database, &other).await;
        line("mysql", events, (ours, bare));
    }
    let index = EmbeddedProjection::open(folder.path(), "07", Names::default()).expect("opens");
    let ours = project(index, batches).await;
    line("embedded search", events, (ours, bare_index(batches)));
    if let Some(brokers) = address("DAYBOOK_TEST_KAFKA") {
        let (settings, sink) = kafka(&brokers);
        let ours = project(sink, batches).await;
        line("kafka", events, (ours, bare_producer(&settings, batches)));
    }
    if let Some(url) = address("DAYBOOK_TEST_SEARCH") {
        let (settings, sink) = search(&url);
        let ours = project(sink, batches).await;
        let bare = bare_bulk(&settings, batches);
        line("search server", events, (ours, bare));
    }
    if let Some(url) = address("DAYBOOK_TEST_REDIS") {
        let ours = project(redis(&url), batches).await;
        let rate = events as f64 / ours.as_secs_f64();
        println!("{{\"sink\":\"redis\",\"events_per_s\":{rate:.0}}}");
    }
    at_once(batches).await;
}

/// N2: every sink at the same time, each in a task of its own.
async fn at_once(batches: &[Batch]) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let batches: std::sync::Arc<Vec<Batch>> = std::sync::Arc::new(batches.to_vec());
    let mut running = tokio::task::JoinSet::new();
    let mut sinks = vec!["sqlite", "embedded search"];
    let started = Instant::now();
    let (_, sink) = embedded(folder.path()).await;
    let index = EmbeddedProjection::open(folder.path(), "07", Names::default()).expect("opens");
    let all = batches.clone();
    running.spawn(async move { project(sink, &all).await });
    let all = batches.clone();
    running.spawn(async move { project(index, &all).await });
    if let Ok(url) = std::env::var("DAYBOOK_TEST_MYSQL") {
        let (all, (_, sink)) = (batches.clone(), mysql(&url).await);
        running.spawn(async move { project(sink, &all).await });
        sinks.push("mysql");
    }
    if let Ok(brokers) = std::env::var("DAYBOOK_TEST_KAFKA") {
        let (all, (_, sink)) = (batches.clone(), kafka(&brokers));
        running.spawn(async move { project(sink, &all).await });
        sinks.push("kafka");
    }
    if let Ok(url) = std::env::var("DAYBOOK_TEST_SEARCH") {
        let (all, (_, sink)) = (batches.clone(), search(&url));
        running.spawn(async move { project(sink, &all).await });
        sinks.push("search server");
    }
    if let Ok(url) = std::env::var("DAYBOOK_TEST_REDIS") {
        let (all, sink) = (batches.clone(), redis(&url));
        running.spawn(async move { project(sink, &all).await });
        sinks.push("redis");
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no sink fails");
    }
    println!(
        "{{\"all_at_once_s\":{:.1},\"sinks\":\"{}\"}}",
        started.elapsed().as_secs_f64(),
        sinks.join(", ")
    );
}

async fn embedded(folder: &Path) -> (Database, SqlProjection) {
    let database = file::open(&folder.join("read-models.sqlite")).await;
    let database = database.expect("it opens");
    (database.clone(), SqlProjection::embedded(database))
}

/// A new database on a server.
async fn mysql(url: &str) -> (Database, SqlProjection) {
    let name = unique("bench").replace('-', "_");
    let root = server::parse(&format!("{url}/mysql")).expect("an address");
    let root = server::connect(&root).await.expect("the server answers");
    let made = root.execute(Statement::new(format!("CREATE DATABASE {name}")));
    made.await.expect("root may do that");
    let options = server::parse(&format!("{url}/{name}")).expect("an address");
    let sink = SqlProjection::server(Server {
        options: options.clone(),
        name: "mysql".to_string(),
        shard: Shard::WHOLE,
        journal: "07".to_string(),
    });
    (server::reader(&options), sink)
}

fn kafka(brokers: &str) -> (KafkaSettings, KafkaProjection) {
    let mut settings = KafkaSettings::at(brokers);
    settings.prefix = unique("bench");
    let identity = Identity {
        journal: "07".to_string(),
        writer: "bench".to_string(),
    };
    let sink = KafkaProjection::new(settings.clone(), identity, Names::default());
    (settings, sink)
}

fn search(url: &str) -> (Settings, ServerProjection) {
    let settings = Settings {
        url: url.to_string(),
        prefix: unique("bench"),
        user: None,
        timeout: Duration::from_secs(60),
    };
    let sink = ServerProjection::new(&settings, "07", Names::default());
    (settings, sink)
}

fn redis(url: &str) -> RedisProjection {
    let settings = RedisSettings {
        url: url.to_string(),
        prefix: unique("bench"),
        timeout: Duration::from_secs(60),
    };
    RedisProjection::new(settings, "07", Names::default())
}

/// The rows of one database into another, many by one statement, a transaction a table.
async fn bare_inserts(from: &Database, to: &Database) -> Duration {
    let mut taken = Duration::ZERO;
    for table in TABLES {
        let rows = rows_of(from, table).await;
        let started = Instant::now();
        let mut transaction = to.begin().await.expect("it begins");
        for piece in rows.chunks(INSERT_ROWS) {
            let row = format!("({})", vec!["?"; table.columns.len()].join(","));
            let text = format!(
                "INSERT INTO {} ({}) VALUES {}",
                table.name,
                table.column_list(),
                vec![row; piece.len()].join(",")
            );
            let statement = Statement::values(text.into(), piece.concat());
            transaction
                .execute(statement)
                .await
                .expect("they are taken");
        }
        transaction.commit().await.expect("it commits");
        taken += started.elapsed();
    }
    taken
}

async fn rows_of(database: &Database, table: &Table) -> Vec<Vec<Value>> {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| format!("CAST({column} AS CHAR) AS {column}"))
        .collect();
    let text = format!("SELECT {} FROM {}", columns.join(", "), table.name);
    let rows = database.rows(Statement::new(text)).await.expect("it reads");
    let value = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    rows.iter()
        .map(|row| {
            let columns = table.columns.iter();
            columns
                .map(|column| value(row.optional_text(column).expect("text")))
                .collect()
        })
        .collect()
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
