//! Saying commands as a bulk feeder does: an example of one, and what tests use.
//!
//! A feeder keeps its own next number. When it does not know what became of its last messages
//! it says them again: numbers that were used change nothing.

use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use crate::error::SinkError;
use crate::kafka::client::{self, PATIENCE, Watched};
use crate::kafka::inbox::COMMANDS;
use crate::kafka::settings::Settings;

/// The end of a topic that producers write to.
pub struct Feeder {
    settings: Settings,
    topic: String,
    watched: Watched,
    producer: ThreadedProducer<Watched>,
}

impl Feeder {
    /// A producer of commands; idempotent, so that what the brokers take stays in order.
    ///
    /// # Errors
    /// When an option makes no sense.
    pub fn new(settings: &Settings) -> Result<Feeder, SinkError> {
        let watched = Watched::default();
        let mut config = client::base(settings);
        config
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string());
        let producer = config.create_with_context(watched.clone());
        Ok(Feeder {
            producer: producer
                .map_err(|error| client::failed(settings, &watched, ("connect", error)))?,
            settings: settings.clone(),
            topic: format!("{}{COMMANDS}", settings.prefix),
            watched,
        })
    }

    /// Hands messages over under the producer's name and waits until the brokers have them.
    ///
    /// # Errors
    /// When some did not arrive; all may be said again.
    pub fn say(&self, producer: &str, messages: &[String]) -> Result<(), SinkError> {
        let failed = |error| client::failed(&self.settings, &self.watched, ("send", error));
        for message in messages {
            let record = BaseRecord::to(&self.topic).key(producer).payload(message);
            self.producer
                .send(record)
                .map_err(|(error, _)| failed(error))?;
        }
        self.producer.flush(PATIENCE).map_err(failed)?;
        match self.watched.undelivered() {
            Some(error) => Err(failed(error)),
            None => Ok(()),
        }
    }
}
