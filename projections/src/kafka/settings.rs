//! What the Kafka projection is told by the configuration.

use std::collections::BTreeMap;

/// How values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// JSON by `schemas/kafka/values.v1.json`.
    #[default]
    Json,
    /// The rkyv archive of [`crate::kafka::packed::PackedV1`].
    Rkyv,
}

/// Where and how the topics are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// `HOST:PORT[,HOST:PORT …]`.
    pub brokers: String,
    /// Stands before every topic's name and the transactional id; two venues on one cluster
    /// need two.
    pub prefix: String,
    /// Copies of each partition; `None` leaves it to the cluster's default.
    pub replication: Option<u16>,
    pub form: Form,
    /// Handed to librdkafka as they are: `security.protocol`, `sasl.username`, ….
    pub options: BTreeMap<String, String>,
}

impl Settings {
    /// The defaults at an address.
    pub fn at(brokers: &str) -> Settings {
        Settings {
            brokers: brokers.to_string(),
            prefix: String::new(),
            replication: None,
            form: Form::Json,
            options: BTreeMap::new(),
        }
    }

    /// The id by which brokers know the one writer of these topics.
    pub fn transactional_id(&self) -> String {
        format!("{}daybook-projection", self.prefix)
    }
}
