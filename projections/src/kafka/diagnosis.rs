//! Why brokers that answer take nothing: they do not know us.
//!
//! librdkafka retries such a refusal until its time is over and then says that time is over,
//! as it does of brokers that are away. So, after a time-out, the brokers are asked.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::error::SinkError;
use crate::kafka::client::{self, Watched};
use crate::kafka::settings::Settings;

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

/// Asks as a reader, who is told of refusals that an administrator is not told of.
fn ask(settings: &Settings) -> Option<SinkError> {
    let watched = Watched::default();
    let mut config = client::base(settings);
    config.set("group.id", settings.transactional_id());
    let reader: BaseConsumer<Watched> = config.create_with_context(watched.clone()).ok()?;
    if reader.fetch_metadata(None, PATIENCE).is_ok() {
        return None;
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
