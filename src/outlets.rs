//! Sinks that need a server or a feature: what the configuration asks for is added here.
//!
//! A sink that is not configured does not exist; one that is configured and out of reach
//! waits and says so, and trading goes on.

use std::sync::Arc;
use std::time::Duration;

use projections::names::Names;
use projections::redis::settings::Settings;
use projections::redis::sink::RedisProjection;
use schemas::search::{SearchPage, SearchQuery};

use crate::config::Config;
use crate::config::outlets::Redis;
use crate::failure::Failure;
use crate::node::Node;
use crate::sinks::Sinks;

/// How long Redis may take for one step.
const REDIS_PATIENCE: Duration = Duration::from_secs(10);

/// Answers a question of search; blocks.
pub type Find = Arc<dyn Fn(&SearchQuery) -> Result<SearchPage, String> + Send + Sync>;

/// What the sinks offer to others.
#[derive(Default)]
pub struct Outlets {
    /// `None` when nothing is indexed.
    pub find: Option<Find>,
}

/// Adds every configured sink.
///
/// # Errors
/// [`crate::failure::Exit::Config`] when this build lacks what is asked for.
pub fn add(config: &Config, node: &Node, sinks: &Sinks) -> Result<Outlets, Failure> {
    if let Some(kafka) = &config.kafka {
        kafka::add(kafka, node, sinks)?;
    }
    if let Some(redis) = &config.redis {
        add_redis(redis, node, sinks);
    }
    Ok(Outlets {
        find: search::add(&config.search, node, sinks)?,
    })
}

/// The journal's name in hex.
fn journal(node: &Node) -> String {
    let bytes = node.journal.0.iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn add_redis(redis: &Redis, node: &Node, sinks: &Sinks) {
    let settings = Settings {
        url: redis.url.clone(),
        prefix: redis.prefix.clone(),
        timeout: REDIS_PATIENCE,
    };
    let names = Names::of(&node.views.directory());
    let projection = RedisProjection::new(settings, &journal(node), names);
    sinks.add(projection, |_| {});
}

/// What clients of the brokers are told.
#[cfg(feature = "kafka")]
pub(crate) fn kafka_settings(
    kafka: &crate::config::outlets::Kafka,
) -> projections::kafka::settings::Settings {
    projections::kafka::settings::Settings {
        brokers: kafka.brokers.clone(),
        prefix: kafka.prefix.clone(),
        replication: kafka.replication,
        form: kafka.form.into(),
        options: kafka.options.clone(),
    }
}

#[cfg(feature = "kafka")]
mod kafka {
    use projections::kafka::sink::{Identity, KafkaProjection};
    use projections::names::Names;

    use crate::config::outlets::Kafka;
    use crate::failure::Failure;
    use crate::node::Node;
    use crate::sinks::Sinks;

    pub(super) fn add(kafka: &Kafka, node: &Node, sinks: &Sinks) -> Result<(), Failure> {
        let settings = super::kafka_settings(kafka);
        let identity = Identity {
            journal: super::journal(node),
            writer: format!("{:032x}", rand::random::<u128>()),
        };
        let names = Names::of(&node.views.directory());
        sinks.add(KafkaProjection::new(settings, identity, names), |_| {});
        Ok(())
    }
}

#[cfg(not(feature = "kafka"))]
mod kafka {
    use crate::config::outlets::Kafka;
    use crate::failure::{Exit, Failure};
    use crate::node::Node;
    use crate::sinks::Sinks;

    pub(super) fn add(_: &Kafka, _: &Node, _: &Sinks) -> Result<(), Failure> {
        let line = "[kafka]: this build has no Kafka; build with `--features kafka`, or take \
                    the table out";
        Err(Failure::new(Exit::Config, line))
    }
}

#[cfg(feature = "search")]
mod search {
    use std::sync::Arc;
    use std::time::Duration;

    use projections::error::SinkError;
    use projections::names::Names;
    use projections::search::embedded::EmbeddedProjection;
    use projections::search::server::{ServerProjection, ServerSearch, Settings};
    use schemas::search::SearchQuery;

    use crate::config::outlets::Search;
    use crate::failure::{Exit, Failure};
    use crate::node::Node;
    use crate::outlets::Find;
    use crate::sinks::Sinks;

    /// How long a server may take for one request.
    const PATIENCE: Duration = Duration::from_secs(20);

    pub(super) fn add(
        search: &Search,
        node: &Node,
        sinks: &Sinks,
    ) -> Result<Option<Find>, Failure> {
        let (journal, names) = (super::journal(node), Names::of(&node.views.directory()));
        let text = |error: SinkError| error.to_string();
        if !search.enabled {
            return Ok(None);
        }
        let Some(url) = &search.url else {
            let refused = |error: SinkError| Failure::new(Exit::Io, text(error));
            let projection = EmbeddedProjection::open(&node.data_dir, &journal, names);
            let projection = projection.map_err(refused)?;
            let index = projection.search();
            sinks.add(projection, |_| {});
            return Ok(Some(Arc::new(move |query: &SearchQuery| {
                index.find(query).map_err(text)
            })));
        };
        let user = search.user.clone().zip(search.password.clone());
        let settings = Settings {
            url: url.clone(),
            prefix: search.prefix.clone(),
            user,
            timeout: PATIENCE,
        };
        sinks.add(ServerProjection::new(&settings, &journal, names), |_| {});
        let server = ServerSearch::new(&settings);
        Ok(Some(Arc::new(move |query: &SearchQuery| {
            server.find(query).map_err(text)
        })))
    }
}

#[cfg(not(feature = "search"))]
mod search {
    use crate::config::outlets::Search;
    use crate::failure::{Exit, Failure};
    use crate::node::Node;
    use crate::outlets::Find;
    use crate::sinks::Sinks;

    pub(super) fn add(search: &Search, _: &Node, _: &Sinks) -> Result<Option<Find>, Failure> {
        if search.url.is_none() {
            return Ok(None);
        }
        let line = "[search]: this build has no search; build with `--features search`, or take \
                    the table out";
        Err(Failure::new(Exit::Config, line))
    }
}
