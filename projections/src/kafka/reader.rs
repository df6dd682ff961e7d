//! Reading a topic back as its readers do: committed messages only, from the beginning.
//!
//! For audits and tests; everything is kept in memory.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset as At, TopicPartitionList};

use crate::error::SinkError;
use crate::kafka::client::{self, PATIENCE, Watched};
use crate::kafka::cursor::{self, Cursor, Until};
use crate::kafka::settings::Settings;

/// One committed message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub partition: i32,
    /// Its place in the partition; markers of transactions take places too.
    pub place: i64,
    pub key: String,
    pub value: Vec<u8>,
}

/// Where the topics stand; `None` when nothing was ever committed.
///
/// # Errors
/// When the brokers do not answer.
pub fn position(settings: &Settings) -> Result<Option<Cursor>, SinkError> {
    cursor::read(settings, Until::End).map(|said| said.cursor)
}

/// Every committed message of a topic, by partition and place.
///
/// # Errors
/// When the brokers do not answer or the topic does not exist.
pub fn read_all(settings: &Settings, topic: &str) -> Result<Vec<Record>, SinkError> {
    let watched = Watched::default();
    let fail = |error| client::failed(settings, &watched, ("read", error));
    let mut config = client::base(settings);
    config
        .set("group.id", settings.transactional_id())
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed");
    let consumer: BaseConsumer<Watched> =
        config.create_with_context(watched.clone()).map_err(fail)?;
    let metadata = consumer
        .fetch_metadata(Some(topic), PATIENCE)
        .map_err(fail)?;
    let partitions = metadata.topics().iter().flat_map(|it| it.partitions());
    let mut open: BTreeSet<i32> = partitions.map(|it| it.id()).collect();
    let mut from = TopicPartitionList::new();
    for partition in &open {
        from.add_partition_offset(topic, *partition, At::Beginning)
            .map_err(fail)?;
    }
    consumer.assign(&from).map_err(fail)?;
    let mut records = Vec::new();
    let mut heard = Instant::now();
    while !open.is_empty() {
        match consumer.poll(Duration::from_millis(100)) {
            None if heard.elapsed() < PATIENCE => {}
            None => {
                let code = rdkafka::types::RDKafkaErrorCode::OperationTimedOut;
                return Err(fail(KafkaError::Global(code)));
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => return Err(fail(error)),
            Some(Ok(message)) => {
                heard = Instant::now();
                records.push(Record {
                    partition: message.partition(),
                    place: message.offset(),
                    key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
                    value: message.payload().unwrap_or_default().to_vec(),
                });
            }
        }
    }
    records.sort_unstable_by_key(|record| (record.partition, record.place));
    Ok(records)
}
