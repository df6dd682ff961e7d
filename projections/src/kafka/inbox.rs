//! Commands that come in: read in order from `commands`, answered in `answers`.
//!
//! How far it was read is committed after the answers are with the brokers, so that a message
//! may be read twice and none is left out; the journal knows which were done (ADR 0034). All
//! partitions are read by one node: no group shares them.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset as At, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use crate::error::SinkError;
use crate::kafka::client::{self, PATIENCE, Watched};
use crate::kafka::settings::Settings;
use crate::kafka::topics;

/// The topic that producers write.
pub const COMMANDS: &str = "commands";
/// The topic that they read.
pub const ANSWERS: &str = "answers";

/// One message of a producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    pub partition: i32,
    pub place: i64,
    pub value: Vec<u8>,
}

impl AsRef<[u8]> for Letter {
    fn as_ref(&self) -> &[u8] {
        &self.value
    }
}

/// The open ends of both topics.
pub struct Inbox {
    settings: Settings,
    commands: String,
    answers: String,
    watched: Watched,
    consumer: BaseConsumer<Watched>,
    producer: ThreadedProducer<Watched>,
}

impl Inbox {
    /// Makes the topics if need be and stands where reading was committed last; at the
    /// beginning when it never was, or longer ago than the brokers remember. Blocks.
    ///
    /// # Errors
    /// [`SinkError`] when the brokers are away or refuse.
    pub async fn open(settings: &Settings) -> Result<Inbox, SinkError> {
        client::knock(settings)?;
        topics::make_inbox(settings).await?;
        let watched = Watched::default();
        let fail = |doing, error| client::failed(settings, &watched, (doing, error));
        let mut config = client::base(settings);
        config
            .set("group.id", format!("{}daybook-commands", settings.prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer<Watched> = config
            .create_with_context(watched.clone())
            .map_err(|error| fail("connect", error))?;
        let mut config = client::base(settings);
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "1")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string());
        let producer: ThreadedProducer<Watched> = config
            .create_with_context(watched.clone())
            .map_err(|error| fail("connect", error))?;
        let commands = format!("{}{COMMANDS}", settings.prefix);
        let from = positions(&consumer, &commands).map_err(|error| fail("read offsets", error))?;
        consumer
            .assign(&from)
            .map_err(|error| fail("read commands", error))?;
        Ok(Inbox {
            answers: format!("{}{ANSWERS}", settings.prefix),
            settings: settings.clone(),
            commands,
            watched,
            consumer,
            producer,
        })
    }

    /// The next messages, at most so many; none when none came for so long.
    ///
    /// # Errors
    /// [`SinkError`]; then the inbox is to be opened again.
    pub fn take(&self, most: usize, wait: Duration) -> Result<Vec<Letter>, SinkError> {
        let mut letters = Vec::new();
        let mut wait = wait;
        while letters.len() < most {
            match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => letters.push(Letter {
                    partition: message.partition(),
                    place: message.offset(),
                    value: message.payload().unwrap_or_default().to_vec(),
                }),
                // librdkafka goes on by itself when brokers come back.
                Some(Err(KafkaError::MessageConsumption(code))) if is_passing(code) => {}
                Some(Err(error)) => return Err(self.failed("read commands", error)),
            }
            wait = Duration::ZERO;
        }
        Ok(letters)
    }

    /// Writes the answers, each under its producer's name, and then commits the messages.
    ///
    /// # Errors
    /// [`SinkError`]; the messages are read again after the inbox was opened again.
    pub fn answer(
        &self,
        letters: &[Letter],
        answers: &[(String, String)],
    ) -> Result<(), SinkError> {
        for (key, value) in answers {
            self.send(BaseRecord::to(&self.answers).key(key).payload(value))?;
        }
        self.producer
            .flush(PATIENCE)
            .map_err(|error| self.failed("answer", error))?;
        if let Some(error) = self.watched.undelivered() {
            return Err(self.failed("answer", error));
        }
        let mut read = TopicPartitionList::new();
        let mut next = std::collections::BTreeMap::new();
        for letter in letters {
            next.insert(letter.partition, letter.place + 1);
        }
        for (partition, next) in next {
            read.add_partition_offset(&self.commands, partition, At::Offset(next))
                .map_err(|error| self.failed("commit", error))?;
        }
        self.consumer
            .commit(&read, CommitMode::Sync)
            .map_err(|error| self.failed("commit", error))
    }

    fn send(&self, record: BaseRecord<'_, String, String>) -> Result<(), SinkError> {
        let started = Instant::now();
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again))
                    if started.elapsed() < PATIENCE =>
                {
                    record = again;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err((error, _)) => return Err(self.failed("answer", error)),
            }
        }
    }

    fn failed(&self, doing: &'static str, error: KafkaError) -> SinkError {
        client::failed(&self.settings, &self.watched, (doing, error))
    }
}

/// Where reading goes on, for each partition.
fn positions(
    consumer: &BaseConsumer<Watched>,
    topic: &str,
) -> Result<TopicPartitionList, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let mut asked = TopicPartitionList::new();
    for topic in metadata.topics() {
        // A topic that was just made may not be known everywhere yet.
        if topic.error().is_some() || topic.partitions().is_empty() {
            let code = RDKafkaErrorCode::UnknownTopicOrPartition;
            return Err(KafkaError::MetadataFetch(code));
        }
        for partition in topic.partitions() {
            asked.add_partition(topic.name(), partition.id());
        }
    }
    let committed = consumer.committed_offsets(asked, PATIENCE)?;
    let mut from = TopicPartitionList::new();
    for it in committed.elements() {
        let at = match it.offset() {
            At::Offset(place) => At::Offset(place),
            _ => At::Beginning,
        };
        from.add_partition_offset(it.topic(), it.partition(), at)?;
    }
    Ok(from)
}

fn is_passing(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut
    )
}
