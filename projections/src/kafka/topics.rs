//! The topics: their names by prefix and generation, and how they are made.
//!
//! `schemas/kafka/topics.json` holds partitions and retention; it is compiled in, so that
//! what is documented is what is made.

use std::collections::BTreeMap;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;
use serde_json::Value;

use crate::error::SinkError;
use crate::kafka::client::{self, Watched};
use crate::kafka::inbox::{ANSWERS, COMMANDS};
use crate::kafka::settings::Settings;
use crate::telling::Topic;

/// The table of topics as committed.
pub const TABLE: &str = include_str!("../../../schemas/kafka/topics.json");
/// The topic of cursors, which has no generation.
pub const CURSORS: &str = "cursors";

/// The topics of one generation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicNames {
    names: [String; Topic::ALL.len()],
}

impl TopicNames {
    /// `PREFIXtrade` for the first generation, `PREFIXtrade.g2` for the second.
    pub fn of(prefix: &str, generation: u32) -> TopicNames {
        TopicNames {
            names: Topic::ALL.map(|topic| {
                let name = topic.name();
                match generation {
                    0 | 1 => format!("{prefix}{name}"),
                    later => format!("{prefix}{name}.g{later}"),
                }
            }),
        }
    }

    /// The name of one topic.
    pub fn name(&self, topic: Topic) -> &str {
        &self.names[topic as usize]
    }
}

/// The name of the topic of cursors.
pub fn cursors(prefix: &str) -> String {
    format!("{prefix}{CURSORS}")
}

/// What the table says of one topic.
struct Shape {
    partitions: i32,
    config: BTreeMap<String, String>,
}

fn shape(name: &str) -> Shape {
    let table: Value = serde_json::from_str(TABLE).expect("the committed table is JSON");
    let row = &table["topics"][name];
    let partitions = row["partitions"]
        .as_i64()
        .and_then(|it| i32::try_from(it).ok());
    let config = row["config"].as_object().expect("every topic has a config");
    let text = |value: &Value| value.as_str().expect("configs are texts").to_string();
    Shape {
        partitions: partitions.expect("every topic has partitions"),
        config: config
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect(),
    }
}

/// Makes what does not exist yet: the topic of cursors.
pub(crate) async fn make_cursors(settings: &Settings) -> Result<(), SinkError> {
    let named = [(cursors(&settings.prefix), shape(CURSORS))];
    make(settings, &named).await
}

/// Makes what does not exist yet of one generation.
pub(crate) async fn make_generation(settings: &Settings, generation: u32) -> Result<(), SinkError> {
    let names = TopicNames::of(&settings.prefix, generation);
    let named = Topic::ALL.map(|topic| (names.name(topic).to_string(), shape(topic.name())));
    make(settings, &named).await
}

/// Makes what does not exist yet of the topics for commands and their answers.
pub(crate) async fn make_inbox(settings: &Settings) -> Result<(), SinkError> {
    let named = [COMMANDS, ANSWERS].map(|name| {
        let full = format!("{}{name}", settings.prefix);
        (full, shape(name))
    });
    make(settings, &named).await
}

async fn make(settings: &Settings, named: &[(String, Shape)]) -> Result<(), SinkError> {
    let watched = Watched::default();
    let config = client::base(settings);
    let admin: AdminClient<Watched> = config
        .create_with_context(watched.clone())
        .map_err(|error| client::failed(settings, &watched, ("connect", error)))?;
    let replication = settings.replication.map_or(-1, i32::from);
    let topics: Vec<_> = named
        .iter()
        .map(|(name, shape)| {
            let fixed = TopicReplication::Fixed(replication);
            let mut topic = NewTopic::new(name, shape.partitions, fixed);
            for (key, value) in &shape.config {
                topic = topic.set(key, value);
            }
            topic
        })
        .collect();
    let options = AdminOptions::new()
        .operation_timeout(Some(client::PATIENCE))
        .request_timeout(Some(client::PATIENCE));
    let answers = admin.create_topics(&topics, &options).await;
    let answers =
        answers.map_err(|error| client::failed(settings, &watched, ("create topics", error)))?;
    for answer in answers {
        match answer {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(refused(settings, &name, code)),
        }
    }
    Ok(())
}

fn refused(settings: &Settings, name: &str, code: RDKafkaErrorCode) -> SinkError {
    let replication = match settings.replication {
        Some(copies) => copies.to_string(),
        None => "the cluster's default number of".to_string(),
    };
    let todo = match code {
        RDKafkaErrorCode::InvalidReplicationFactor => {
            "start more brokers, or lower `replication` in [kafka]".to_string()
        }
        RDKafkaErrorCode::TopicAuthorizationFailed
        | RDKafkaErrorCode::ClusterAuthorizationFailed => {
            "let this user create topics, or create them by schemas/kafka/topics.json".to_string()
        }
        RDKafkaErrorCode::InvalidTopic => "choose another `prefix` in [kafka]".to_string(),
        _ => format!("create it by hand by schemas/kafka/topics.json ({code:?})"),
    };
    SinkError::Refused {
        reason: format!(
            "Kafka at {} does not make the topic {name} with {replication} copies: {code}",
            settings.brokers
        ),
        todo,
    }
}
