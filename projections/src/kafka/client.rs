//! What every client of the brokers shares: its options, its patience, its last complaint.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::types::RDKafkaErrorCode;

use crate::error::SinkError;
use crate::kafka::settings::Settings;

/// How long a broker may take to accept a connection.
const KNOCK: Duration = Duration::from_secs(3);
/// How long one step with the brokers may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Remembers the last complaint of librdkafka, which says more than "timed out".
#[derive(Clone, Default)]
pub(crate) struct Watched {
    complaint: Arc<Mutex<Option<String>>>,
    undelivered: Arc<Mutex<Option<KafkaError>>>,
}

impl Watched {
    /// Why a message did not arrive; `error` when that says more.
    pub(crate) fn cause_of(&self, error: KafkaError) -> KafkaError {
        let purged = |it: &KafkaError| {
            matches!(
                code_of(it),
                Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
            )
        };
        // What was thrown away was so because of `error`.
        let undelivered = self.undelivered.lock().clone();
        undelivered.filter(|it| !purged(it)).unwrap_or(error)
    }
}

impl Watched {
    /// Why a message did not arrive, if one did not.
    pub(crate) fn undelivered(&self) -> Option<KafkaError> {
        self.undelivered.lock().clone()
    }
}

impl ClientContext for Watched {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, text: &str) {
        tracing::debug!(?level, "librdkafka {fac}: {text}");
        // What goes wrong in a client of administration comes this way only.
        if matches!(level, RDKafkaLogLevel::Error) {
            *self.complaint.lock() = Some(text.to_string());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "librdkafka: {reason}");
        *self.complaint.lock() = Some(reason.to_string());
    }
}

impl ConsumerContext for Watched {}

impl ProducerContext for Watched {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            *self.undelivered.lock() = Some(error.clone());
        }
    }
}

/// The options that every client starts from.
pub(crate) fn base(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", settings.transactional_id())
        .set("socket.timeout.ms", PATIENCE.as_millis().to_string())
        .set("reconnect.backoff.max.ms", "1000")
        .set("log.connection.close", "false");
    for (name, value) in &settings.options {
        config.set(name, value);
    }
    config
}

/// Whether anybody listens at one of the brokers' addresses at all. Every client of
/// librdkafka has threads of its own, and what they used stays with the allocator: brokers
/// that are away are knocked at with nothing but a connection.
///
/// # Errors
/// [`SinkError::Unreachable`].
pub(crate) fn knock(settings: &Settings) -> Result<(), SinkError> {
    let mut reason = "no address".to_string();
    for broker in settings.brokers.split(',').map(str::trim) {
        let Some((host, port)) = broker.rsplit_once(':') else {
            continue;
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let Ok(port) = port.parse::<u16>() else {
            continue;
        };
        match (host, port).to_socket_addrs() {
            Ok(addresses) => {
                for address in addresses {
                    match TcpStream::connect_timeout(&address, KNOCK) {
                        Ok(_) => return Ok(()),
                        Err(error) => reason = format!("{broker}: {error}"),
                    }
                }
            }
            Err(error) => reason = format!("{broker}: {error}"),
        }
    }
    let address = format!("Kafka {}", settings.brokers);
    Err(SinkError::Unreachable { address, reason })
}

/// An error as operators read it.
pub(crate) fn failed(
    settings: &Settings,
    watched: &Watched,
    (doing, error): (&str, KafkaError),
) -> SinkError {
    let complaint = watched.complaint.lock().clone();
    let complaint = complaint.map_or(String::new(), |text| format!(" ({text})"));
    let complaint = complaint.replace('\n', " ");
    let address = settings.brokers.clone();
    // Brokers that turn a user away look like brokers that are away.
    if complaint.contains("uthentication") {
        return SinkError::Refused {
            reason: format!("Kafka at {address}: {doing}: {error}{complaint}"),
            todo: advice(Some(RDKafkaErrorCode::SaslAuthenticationFailed)).to_string(),
        };
    }
    if let KafkaError::ClientConfig(_, why, name, value) = &error {
        return SinkError::Refused {
            reason: format!("Kafka option {name} = {value}: {why}"),
            todo: "correct it in [kafka.options]".to_string(),
        };
    }
    match code_of(&error) {
        Some(
            RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::BrokerNotAvailable
            | RDKafkaErrorCode::Resolve,
        ) => SinkError::Unreachable {
            address: format!("Kafka {address}"),
            reason: format!("{doing}: {error}{complaint}"),
        },
        code => SinkError::Refused {
            reason: format!("Kafka at {address}: {doing}: {error}{complaint}"),
            todo: advice(code).to_string(),
        },
    }
}

/// The code inside an error, wherever it lies.
pub(crate) fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        KafkaError::Transaction(error) => Some(error.code()),
        error => error.rdkafka_error_code(),
    }
}

fn advice(code: Option<RDKafkaErrorCode>) -> &'static str {
    match code {
        Some(
            RDKafkaErrorCode::NotEnoughReplicas | RDKafkaErrorCode::NotEnoughReplicasAfterAppend,
        ) => "bring the missing brokers back",
        Some(RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::Authentication) => {
            "correct user and password in [kafka.options]"
        }
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
        ) => "let this user write the topics and use the transactional id",
        _ => "see the broker's log; it is tried again by itself",
    }
}
