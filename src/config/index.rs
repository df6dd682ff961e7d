//! `[index]`: who says what the index price of a perpetual is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hyper::Uri;
use schemas::units::{RATE_ONE, Rate};
use serde::Deserialize;

use crate::decimal::parse_amount;

/// Sources of index prices and how far they are believed.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Index {
    /// Every source is asked, and a price made, every so many milliseconds.
    pub interval_ms: u64,
    /// How long one source may take for one answer, in milliseconds.
    pub timeout_ms: u64,
    /// A source whose last good answer is older does not live, in milliseconds.
    pub stale_ms: u64,
    /// A price further than this part of the median from it is put aside; below 1.
    pub deviation: String,
    /// Whom `https` and `wss` trust: certificates in PEM.
    pub roots: PathBuf,
    /// By the name of the perpetual.
    pub contracts: BTreeMap<String, Contract>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            interval_ms: 1_000,
            timeout_ms: 1_000,
            stale_ms: 10_000,
            deviation: "0.05".to_owned(),
            roots: PathBuf::from("/etc/ssl/certs/ca-certificates.crt"),
            contracts: BTreeMap::new(),
        }
    }
}

/// One perpetual.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// So many sources have to live, or the price stands and nothing is liquidated.
    #[serde(default = "one")]
    pub needed: u32,
    pub sources: Sources,
}

/// Venues, or the word `manual`: an operator says it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Sources {
    Word(String),
    Venues(Vec<Source>),
}

/// A venue that speaks the dialect.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What messages and `constituents` call it.
    pub name: String,
    /// `http://HOST[:PORT]` and `https://` are asked by REST, `ws://` and `wss://` by the
    /// WebSocket API.
    pub url: String,
    /// What the venue calls the spot symbol.
    pub symbol: String,
    #[serde(default = "one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

impl Index {
    /// The part of the median that a price may be away from it.
    pub fn deviation(&self) -> Option<Rate> {
        let part = parse_amount(&self.deviation, 8)?;
        let part = i64::try_from(part.0).ok()?;
        (0 < part && i128::from(part) < RATE_ONE).then_some(Rate(part))
    }

    /// The contracts that venues are asked about.
    pub fn asked(&self) -> impl Iterator<Item = (&String, &Contract, &[Source])> {
        let venues = |(name, contract)| {
            let contract: &Contract = contract;
            match &contract.sources {
                Sources::Word(_) => None,
                Sources::Venues(venues) => Some((name, contract, venues.as_slice())),
            }
        };
        self.contracts.iter().filter_map(venues)
    }

    /// Whether the values can be used at all; the line says what is wrong.
    ///
    /// # Errors
    /// The line for the operator.
    pub fn check(&self) -> Result<(), String> {
        if self.interval_ms < 100 || self.timeout_ms < 1 || self.stale_ms < self.interval_ms {
            return Err(format!(
                "index: interval_ms = {} is at least 100, timeout_ms = {} at least 1, stale_ms = \
                 {} at least the interval",
                self.interval_ms, self.timeout_ms, self.stale_ms
            ));
        }
        if self.deviation().is_none() {
            let line = "a part above 0 and below 1, of at most 8 decimals";
            return Err(format!("index.deviation = {:?}: {line}", self.deviation));
        }
        for (name, contract) in &self.contracts {
            contract
                .check()
                .map_err(|line| format!("index.contracts.{name}: {line}"))?;
        }
        Ok(())
    }
}

impl Contract {
    fn check(&self) -> Result<(), String> {
        let venues = match &self.sources {
            Sources::Word(word) if word == "manual" => return Ok(()),
            Sources::Word(word) => {
                return Err(format!(
                    "sources = {word:?}: \"manual\", or a list of venues"
                ));
            }
            Sources::Venues(venues) => venues,
        };
        if !(1..=venues.len()).contains(&(self.needed as usize)) {
            let count = venues.len();
            return Err(format!("needed = {} of {count} sources", self.needed));
        }
        for (number, venue) in venues.iter().enumerate() {
            if venues[..number]
                .iter()
                .any(|other| other.name == venue.name)
            {
                return Err(format!("source {:?}: twice", venue.name));
            }
            let fits = |text: &str| {
                let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                !text.is_empty() && text.len() <= 40 && text.bytes().all(letter)
            };
            if !fits(&venue.name) || !fits(&venue.symbol) {
                let line = "1 to 40 letters, digits, dots, dashes, underscores";
                return Err(format!(
                    "source {:?}: name and symbol are {line}",
                    venue.name
                ));
            }
            if venue.weight == 0 || venue.weight > 1_000_000 {
                return Err(format!(
                    "source {:?}: weight = {}: from 1 to 1000000",
                    venue.name, venue.weight
                ));
            }
            if venue.address().is_none() {
                return Err(format!(
                    "source {:?}: url = {:?}: http, https, ws or wss, ://HOST[:PORT][/PATH]",
                    venue.name, venue.url
                ));
            }
        }
        Ok(())
    }
}

/// A URL, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    pub host: String,
    pub port: u16,
    /// Without a slash at its end.
    pub path: String,
    pub is_socket: bool,
    pub is_secret: bool,
}

impl Source {
    /// Where it is; `None` for what is no URL of the four kinds.
    pub fn address(&self) -> Option<Address> {
        let uri: Uri = self.url.parse().ok()?;
        let (is_socket, is_secret) = match uri.scheme_str()? {
            "http" => (false, false),
            "https" => (false, true),
            "ws" => (true, false),
            "wss" => (true, true),
            _ => return None,
        };
        let usual = if is_secret { 443 } else { 80 };
        Some(Address {
            host: uri.host().filter(|host| !host.is_empty())?.to_owned(),
            port: uri.port_u16().unwrap_or(usual),
            path: uri.path().trim_end_matches('/').to_owned(),
            is_socket,
            is_secret,
        })
    }
}
