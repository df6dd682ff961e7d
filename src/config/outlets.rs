//! The tables of the configuration that name servers.

use std::collections::BTreeMap;

use schemas::ids::AccountId;
use serde::Deserialize;

/// `[kafka]`: where events go as messages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// `HOST:PORT[,HOST:PORT …]`.
    pub brokers: String,
    /// Before every topic's name.
    #[serde(default)]
    pub prefix: String,
    /// Copies of each partition; the cluster's default unless given.
    pub replication: Option<u16>,
    #[serde(default)]
    pub form: Form,
    /// Handed to librdkafka as they are.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Commands that come in; nobody's unless given.
    pub commands: Option<Commands>,
}

/// `[kafka.commands]`: who may say commands through the topic `commands`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// The accounts that each producer may act for.
    pub producers: BTreeMap<String, Vec<u32>>,
}

/// How values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    #[default]
    Json,
    Rkyv,
}

#[cfg(feature = "kafka")]
impl From<Form> for projections::kafka::settings::Form {
    fn from(form: Form) -> Self {
        match form {
            Form::Json => projections::kafka::settings::Form::Json,
            Form::Rkyv => projections::kafka::settings::Form::Rkyv,
        }
    }
}

impl Kafka {
    /// Whether the values can be used at all; the line says what is wrong.
    ///
    /// # Errors
    /// The line for the operator.
    pub fn check(&self) -> Result<(), String> {
        let is_address = |it: &str| {
            let parts = it.rsplit_once(':');
            parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        if !self.brokers.split(',').all(is_address) {
            return Err(format!(
                "kafka.brokers = {:?}: HOST:PORT, or some of them with commas between",
                self.brokers
            ));
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !self.prefix.bytes().all(fits) || 100 < self.prefix.len() {
            return Err(format!(
                "kafka.prefix = {:?}: at most 100 letters, digits, dots, dashes, underscores",
                self.prefix
            ));
        }
        if self.replication == Some(0) {
            return Err("kafka.replication = 0: at least one copy".to_string());
        }
        self.commands.as_ref().map_or(Ok(()), Commands::check)
    }
}

impl Commands {
    fn check(&self) -> Result<(), String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        for (name, accounts) in &self.producers {
            if !name.bytes().all(fits) || name.is_empty() || 31 < name.len() {
                return Err(format!(
                    "kafka.commands.producers: {name:?}: 1 to 31 letters, digits, dots, dashes, \
                     underscores"
                ));
            }
            let first = AccountId::FIRST_USER.0;
            if let Some(account) = accounts.iter().find(|it| **it < first) {
                return Err(format!(
                    "kafka.commands.producers.{name}: account {account} is the venue's; those \
                     of clients begin at {first}"
                ));
            }
        }
        Ok(())
    }
}

/// `[search]`: where documents are found.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// Off: nothing is indexed and nothing found.
    pub enabled: bool,
    /// `http://HOST:PORT` of Elasticsearch or OpenSearch; an index in the data directory
    /// unless given.
    pub url: Option<String>,
    /// Before every index, alias and template.
    pub prefix: String,
    pub user: Option<String>,
    pub password: Option<String>,
}

impl Default for Search {
    fn default() -> Search {
        Search {
            enabled: true,
            url: None,
            prefix: "daybook-".to_string(),
            user: None,
            password: None,
        }
    }
}

impl Search {
    /// Whether the values can be used at all; the line says what is wrong.
    ///
    /// # Errors
    /// The line for the operator.
    pub fn check(&self) -> Result<(), String> {
        let is_url = |url: &String| url.starts_with("http://") && !url[7..].is_empty();
        if let Some(url) = self.url.as_ref().filter(|url| !is_url(url)) {
            return Err(format!(
                "search.url = {url:?}: http://HOST:PORT (TLS is for a proxy beside the node)"
            ));
        }
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let letter = self
            .prefix
            .bytes()
            .next()
            .is_none_or(|byte| byte.is_ascii_lowercase());
        if !self.prefix.bytes().all(fits) || !letter || 100 < self.prefix.len() {
            return Err(format!(
                "search.prefix = {:?}: at most 100 lower-case letters, digits and dashes, a \
                 letter first",
                self.prefix
            ));
        }
        if self.user.is_some() != self.password.is_some() {
            return Err("search.user and search.password: both, or neither".to_string());
        }
        Ok(())
    }
}

/// `[redis]`: where the newest prices, books and tickers go.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://[USER[:PASSWORD]@]HOST:PORT[/DATABASE]`.
    pub url: String,
    /// Before every key and channel.
    #[serde(default = "redis_prefix")]
    pub prefix: String,
}

fn redis_prefix() -> String {
    "daybook:".to_string()
}

impl Redis {
    /// Whether the values can be used at all; the line says what is wrong.
    ///
    /// # Errors
    /// The line for the operator; the password is not repeated.
    pub fn check(&self) -> Result<(), String> {
        let place = self.url.strip_prefix("redis://");
        if place.is_none_or(str::is_empty) {
            return Err(
                "redis.url: redis://[USER[:PASSWORD]@]HOST:PORT (TLS is for a proxy beside the \
                 node)"
                    .to_string(),
            );
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte);
        if !self.prefix.bytes().all(fits) || 100 < self.prefix.len() {
            return Err(format!(
                "redis.prefix = {:?}: at most 100 letters, digits, dots, dashes, colons, \
                 underscores",
                self.prefix
            ));
        }
        Ok(())
    }
}

/// `[telemetry]`: where traces go.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// `http://HOST:PORT` of a collector of OpenTelemetry (OTLP over HTTP).
    pub otlp: String,
    /// One of so many requests is traced.
    #[serde(default = "one_in")]
    pub one_in: u64,
}

fn one_in() -> u64 {
    100
}

impl Telemetry {
    /// Whether the values can be used at all; the line says what is wrong.
    ///
    /// # Errors
    /// The line for the operator.
    pub fn check(&self) -> Result<(), String> {
        let place = self.otlp.strip_prefix("http://");
        if place.is_none_or(str::is_empty) {
            return Err(format!(
                "telemetry.otlp = {:?}: http://HOST:PORT (TLS is for a proxy beside the node)",
                self.otlp
            ));
        }
        if self.one_in == 0 {
            return Err("telemetry.one_in = 0: 1 traces every request".to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Kafka, Redis, Search, Telemetry};

    #[test]
    fn telemetry_needs_a_collector_over_plain_http() {
        let read = |text: &str| {
            let found: Telemetry = toml::from_str(text).map_err(|error| error.to_string())?;
            found.check().map(|()| found.one_in)
        };
        assert_eq!(read("otlp = \"http://a:4318\""), Ok(100));
        for (text, named) in [
            ("one_in = 1", "otlp"),
            ("otlp = \"a:4317\"", "telemetry.otlp"),
            ("otlp = \"http://a\"\none_in = 0", "telemetry.one_in"),
        ] {
            let line = read(text).expect_err(text);
            assert!(line.contains(named), "{text}: {line}");
        }
    }

    #[test]
    fn redis_needs_an_address_and_a_plain_prefix() {
        let read = |text: &str| {
            let redis: Redis = toml::from_str(text).map_err(|error| error.to_string())?;
            redis.check().map(|()| redis.prefix)
        };
        let plain = read("url = \"redis://:s3cret@a:1/2\"");
        assert_eq!(plain, Ok("daybook:".to_string()));
        for (text, named) in [
            ("prefix = \"x\"", "url"),
            ("url = \"http://s3cret@a\"", "redis.url"),
            ("url = \"redis://a:1\"\nprefix = \"a b\"", "redis.prefix"),
        ] {
            let line = read(text).expect_err(text);
            assert!(line.contains(named) && !line.contains("s3cret"), "{line}");
        }
    }

    fn read(text: &str) -> Result<(), String> {
        let kafka: Kafka = toml::from_str(text).map_err(|error| error.to_string())?;
        kafka.check()
    }

    #[test]
    fn kafka_needs_addresses_and_a_plain_prefix() {
        assert_eq!(
            read("brokers = \"a:1,b.c:2\"\nprefix = \"x.\"\nform = \"rkyv\""),
            Ok(())
        );
        for (text, named) in [
            ("prefix = \"x\"", "brokers"),
            ("brokers = \"a\"", "kafka.brokers"),
            ("brokers = \"a:1,\"", "kafka.brokers"),
            ("brokers = \"a:99999\"", "kafka.brokers"),
            ("brokers = \"a:1\"\nprefix = \"a b\"", "kafka.prefix"),
            ("brokers = \"a:1\"\nreplication = 0", "kafka.replication"),
            ("brokers = \"a:1\"\nform = \"xml\"", "xml"),
            ("brokers = \"a:1\"\nbroker = \"b\"", "broker"),
            ("brokers = \"a:1\"\n[commands]", "producers"),
            (
                "brokers = \"a:1\"\n[commands.producers]\n\"a b\" = [7]",
                "a b",
            ),
            (
                "brokers = \"a:1\"\n[commands.producers]\na = [6]",
                "account 6",
            ),
        ] {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(named), "{text}: {refused}");
        }
    }

    #[test]
    fn search_needs_plain_http_and_a_lower_case_prefix() {
        let read = |text: &str| {
            let search: Search = toml::from_str(text).map_err(|error| error.to_string())?;
            search.check()
        };
        assert_eq!(read(""), Ok(()));
        assert_eq!(read("url = \"http://a:9200\"\nprefix = \"x-1\""), Ok(()));
        for (text, named) in [
            ("url = \"https://a\"", "search.url"),
            ("url = \"http://\"", "search.url"),
            ("prefix = \"X\"", "search.prefix"),
            ("prefix = \"_x\"", "search.prefix"),
            ("user = \"x\"", "search.user"),
            ("urls = \"x\"", "urls"),
        ] {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(named), "{text}: {refused}");
        }
    }
}
