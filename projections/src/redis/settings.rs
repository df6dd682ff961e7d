//! Where and how Redis is written.

use std::time::Duration;

/// What the Redis projection is told by the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// `redis://[USER[:PASSWORD]@]HOST:PORT[/DATABASE]`.
    pub url: String,
    /// Before every key and channel; two venues in one Redis need two.
    pub prefix: String,
    /// How long one step may take.
    pub timeout: Duration,
}

impl Settings {
    /// The address as operators may read it: without user and password.
    pub fn address(&self) -> String {
        let (_, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        format!("Redis {place}")
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use std::time::Duration;

    #[test]
    fn an_address_tells_no_password() {
        for (url, told) in [
            ("redis://127.0.0.1:6379", "Redis 127.0.0.1:6379"),
            ("redis://ann:se@cret@host:1/2", "Redis host:1/2"),
        ] {
            let settings = Settings {
                url: url.to_string(),
                prefix: String::new(),
                timeout: Duration::from_secs(1),
            };
            assert_eq!(settings.address(), told);
        }
    }
}
