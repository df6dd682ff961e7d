//! Why brokers that answer take nothing: they do not know us, or copies are missing.
//!
//! librdkafka retries such refusals until its time is over and then says that time is over,
//! as it does of brokers that are away. So, after a time-out, the brokers are asked.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;

use crate::error::SinkError;
use crate::kafka::client::{self, Watched};
use crate::kafka::settings::Settings;
use crate::kafka::topics;
use crate::telling::Topic;

/// How long the brokers may take to say how they are.
const PATIENCE: Duration = Duration::from_secs(3);

/// A better reason than time that is over, if the brokers have one.
pub(crate) fn explain(settings: &Settings, error: SinkError) -> SinkError {
    if !matches!(error, SinkError::Unreachable { .. }) {
        return error;
    }
    let asked = tokio::task::block_in_place(|| {
        // Nobody is there to be asked.
        client::knock(settings).ok()?;
        ask(settings)
    });
    asked.unwrap_or(error)
}

/// The first of our topics of which copies are missing: what a partition without enough of
/// them refuses is retried until time is over, too.
fn missing(settings: &Settings, metadata: &Metadata) -> Option<SinkError> {
    let topics = metadata.topics().iter();
    for topic in topics.filter(|topic| is_ours(settings, topic.name())) {
        for partition in topic.partitions() {
            let (here, all) = (partition.isr().len(), partition.replicas().len());
            if partition.leader() < 0 || here < all {
                return Some(SinkError::Refused {
                    reason: format!(
                        "Kafka at {}: the topic {} has {here} of {all} copies in sync",
                        settings.brokers,
                        topic.name()
                    ),
                    todo: "bring the missing brokers back; it goes on by itself".to_string(),
                });
            }
        }
    }
    None
}

fn is_ours(settings: &Settings, name: &str) -> bool {
    let Some(name) = name.strip_prefix(&settings.prefix) else {
        return false;
    };
    let first = name.split_once(".g").map_or(name, |(first, _)| first);
    name == topics::CURSORS || Topic::ALL.iter().any(|topic| topic.name() == first)
}

/// Asks as a reader, who is told of refusals that an administrator is not told of.
fn ask(settings: &Settings) -> Option<SinkError> {
    let watched = Watched::default();
    let mut config = client::base(settings);
    config.set("group.id", settings.transactional_id());
    let reader: BaseConsumer<Watched> = config.create_with_context(watched.clone()).ok()?;
    if let Ok(metadata) = reader.fetch_metadata(None, PATIENCE) {
        return missing(settings, &metadata);
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let error = match reader.poll(Duration::from_millis(100)) {
            Some(Err(error)) => error,
            _ => KafkaError::Global(RDKafkaErrorCode::OperationTimedOut),
        };
        let error = client::failed(settings, &watched, ("ask", error));
        if matches!(error, SinkError::Refused { .. }) {
            return Some(error);
        }
    }
    None
}
