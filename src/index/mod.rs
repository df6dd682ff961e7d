//! The role `index`: asks venues for prices and tells the engine what the index price is.
//!
//! ```text
//! sources ─ asked each interval ─ not live: stale, silent, bad ─▶ judge ─ price ─▶ SetIndexPrice
//!                                                              └ too few ─▶ SetIndexSources
//! ```
//!
//! It is a client like any other: all that it finds out becomes commands, so that replay
//! needs no source. Absent: what a price sets off, which is the engine's.
//!
//! Reading order: `judge`, `ask`, this file.

pub mod judge;
pub mod ask;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gateway::submit::Submit;
use parking_lot::RwLock;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{BusinessId, SymbolId};
use schemas::instrument::SymbolKind;
use schemas::perpetual::PriceSource;
use schemas::perpetual_command::{SetIndexPriceV1, SetIndexSourcesV1};
use schemas::perpetual_report::IndexSource;
use schemas::report::SymbolReport;
use schemas::units::{Price, RATE_ONE, Rate};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use views::Views;

use crate::config::index::{Contract, Index, Source};
use crate::failure::{Exit, Failure};
use crate::index::ask::{Asker, SCALE, Trouble};
use crate::index::judge::{Belief, Reading, Verdict, judge};
use crate::node::Node;

/// What the sources say, for readers.
#[derive(Default)]
pub struct Board {
    rows: RwLock<BTreeMap<String, Vec<IndexSource>>>,
}

impl Board {
    /// The sources of a perpetual by its name; none where an operator says the price.
    pub fn of(&self, name: &str) -> Vec<IndexSource> {
        self.rows.read().get(name).cloned().unwrap_or_default()
    }

    /// One line a source: 1 when it counts.
    pub fn metrics(&self) -> String {
        let name = "daybook_index_source_live";
        let mut text = format!("# HELP {name} whether a source of an index price counts\n");
        text.push_str(&format!("# TYPE {name} gauge\n"));
        for (contract, sources) in &*self.rows.read() {
            for source in sources {
                let live = u8::from(source.weight != Rate(0));
                let labels = format!("contract=\"{contract}\",source=\"{}\"", source.name);
                text.push_str(&format!("{name}{{{labels}}} {live}\n"));
            }
        }
        text
    }
}

/// Through what the role sees and acts.
#[derive(Clone)]
pub struct Venue {
    pub submit: Arc<dyn Submit>,
    pub views: Arc<Views>,
}

impl Venue {
    /// The node's own ring and views.
    pub fn of(node: &Node) -> Venue {
        Venue {
            submit: node.pipeline.clone(),
            views: node.views.clone(),
        }
    }
}

/// What readers look at, and the tasks to end.
pub type Started = (Arc<Board>, Vec<JoinHandle<()>>);

/// Starts one task for each contract that venues are asked about; needs a tokio runtime.
///
/// # Errors
/// [`Exit::Config`] when certificates that are needed cannot be read.
pub fn start(config: &Index, node: &Node) -> Result<Started, Failure> {
    let (board, venue) = (Arc::<Board>::default(), Venue::of(node));
    let secrecy = secrecy(config)?;
    let tasks = config.asked().map(|(name, contract, sources)| {
        let feed = Feed::new(config, (name, contract, sources), secrecy.clone());
        tokio::spawn(feed.run(board.clone(), venue.clone()))
    });
    let tasks = tasks.collect();
    Ok((board, tasks))
}

/// What connections to `https` and `wss` are made with, if there are any.
fn secrecy(config: &Index) -> Result<Option<Arc<ClientConfig>>, Failure> {
    let is_secret = |source: &Source| source.address().is_some_and(|it| it.is_secret);
    if !config.asked().any(|(_, _, all)| all.iter().any(is_secret)) {
        return Ok(None);
    }
    let path = &config.roots;
    let refuse = |reason: &dyn std::fmt::Display| {
        let line = format!("index.roots = {}: {reason}", path.display());
        Failure::new(Exit::Config, line)
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(&error))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(refuse(&"no certificate in it"));
    }
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(Arc::new(client)))
}

/// One source and what it said last.
struct Heard {
    source: Source,
    asker: Asker,
    /// In 1e-8, and when.
    last: Option<(i64, Instant)>,
    trouble: Option<String>,
}

/// The index price of one contract.
struct Feed {
    name: String,
    heard: Vec<Heard>,
    belief: Belief,
    interval: Duration,
    patience: Duration,
    stale: Duration,
    /// Whether enough sources lived, as the engine was told last.
    told: Option<bool>,
    /// What the engine was told last.
    price: Option<Price>,
}

impl Feed {
    fn new(
        config: &Index,
        (name, contract, sources): (&str, &Contract, &[Source]),
        secrecy: Option<Arc<ClientConfig>>,
    ) -> Feed {
        let stale = Duration::from_millis(config.stale_ms);
        let heard = sources.iter().map(|source| Heard {
            source: source.clone(),
            asker: Asker::new(source, stale, secrecy.clone()).expect("the URL was checked"),
            last: None,
            trouble: None,
        });
        Feed {
            name: name.to_owned(),
            heard: heard.collect(),
            belief: Belief {
                deviation: config.deviation().expect("it was checked"),
                needed: contract.needed as usize,
            },
            interval: Duration::from_millis(config.interval_ms),
            patience: Duration::from_millis(config.timeout_ms),
            stale,
            told: None,
            price: None,
        }
    }

    async fn run(mut self, board: Arc<Board>, venue: Venue) {
        let mut clock = tokio::time::interval(self.interval);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            if !self.step(&board, &venue).await {
                return;
            }
        }
    }

    /// Asks everybody once. False when there is nothing to be told any more.
    async fn step(&mut self, board: &Board, venue: &Venue) -> bool {
        let Some(symbol) = self.listed(&venue.views) else {
            return true;
        };
        self.ask_all().await;
        let last = self.last_index(&venue.views, &symbol);
        let verdict = judge(&self.readings(), last, self.belief);
        self.note(&verdict);
        let rows = self.rows(&verdict);
        board.rows.write().insert(self.name.clone(), rows);
        self.tell(&*venue.submit, &symbol, &verdict).await
    }

    /// The perpetual, if it is listed by now.
    fn listed(&self, views: &Views) -> Option<SymbolReport> {
        let directory = views.directory();
        let is_it = |symbol: &&SymbolReport| {
            symbol.kind == SymbolKind::Perpetual && symbol.name.as_str() == self.name
        };
        directory.symbols.iter().find(is_it).copied()
    }

    /// Everybody at once, each with the same patience.
    async fn ask_all(&mut self) {
        let patience = self.patience;
        let asked = self.heard.iter_mut().map(|heard| heard.asker.ask(patience));
        let answers = join_all(asked).await;
        for (heard, answer) in self.heard.iter_mut().zip(answers) {
            match answer {
                Ok(price) => {
                    heard.last = Some((price, Instant::now()));
                    heard.say(&self.name, None);
                }
                Err(trouble) => {
                    if matches!(trouble, Trouble::Bad(_)) {
                        heard.last = None;
                    }
                    heard.say(&self.name, Some(trouble.reason().to_owned()));
                }
            }
        }
    }

    /// What lives: said not too long ago.
    fn readings(&self) -> Vec<Option<Reading>> {
        let reading = |heard: &Heard| {
            let (price, at) = heard.last?;
            (at.elapsed() <= self.stale).then_some(Reading {
                price,
                weight: heard.source.weight,
            })
        };
        self.heard.iter().map(reading).collect()
    }

    /// The venue's index price in 1e-8, whoever said it.
    fn last_index(&self, views: &Views, symbol: &SymbolReport) -> Option<i64> {
        let index = views.mark(symbol.symbol)?.index;
        let finer = 10_i64.checked_pow(u32::from(SCALE.checked_sub(symbol.price_scale)?))?;
        index.0.checked_mul(finer).filter(|price| *price > 0)
    }

    /// Names the sources that say something else than the others.
    fn note(&mut self, verdict: &Verdict) {
        let Some(median) = verdict.median else {
            return;
        };
        for (heard, counted) in self.heard.iter_mut().zip(&verdict.counted) {
            if let Some((price, at)) = heard.last
                && !counted
                && at.elapsed() <= self.stale
            {
                let (price, median) = (decimal(price), decimal(median));
                heard.say(
                    &self.name,
                    Some(format!("{price} is too far from {median}")),
                );
            }
        }
    }

    fn rows(&self, verdict: &Verdict) -> Vec<IndexSource> {
        let counted = self.heard.iter().zip(&verdict.counted);
        let weights: i128 = counted
            .clone()
            .filter(|(_, counts)| **counts)
            .map(|(heard, _)| i128::from(heard.source.weight))
            .sum();
        let row = |(heard, counts): (&Heard, &bool)| {
            let weight = match counts {
                true => i128::from(heard.source.weight) * RATE_ONE / weights,
                false => 0,
            };
            IndexSource {
                name: heard.source.name.clone(),
                symbol: heard.source.symbol.clone(),
                price: heard.last.map(|(price, _)| price),
                weight: Rate(i64::try_from(weight).expect("a part of one")),
            }
        };
        counted.map(row).collect()
    }

    /// Tells the engine what is new: first the price, then that it is one again. False when
    /// there is nothing to be told any more.
    async fn tell(
        &mut self,
        submit: &dyn Submit,
        symbol: &SymbolReport,
        verdict: &Verdict,
    ) -> bool {
        let number = symbol.symbol;
        if let Some(price) = verdict.price {
            let Some(coarser) = SCALE.checked_sub(symbol.price_scale) else {
                tracing::error!(
                    contract = self.name,
                    "its prices are finer than sources say"
                );
                return false;
            };
            let price = Price(price / 10_i64.pow(coarser.into()));
            if self.price != Some(price) {
                let command = Command::SetIndexPrice(SetIndexPriceV1 {
                    price,
                    symbol: number,
                    business: BusinessId::EMPTY,
                    source: PriceSource::Sources,
                });
                match self.submit(submit, command).await {
                    Told::Done => self.price = Some(price),
                    Told::Later => return true,
                    Told::Never => return false,
                }
            }
        }
        let is_fed = verdict.price.is_some();
        if self.told == Some(is_fed) {
            return true;
        }
        let live = verdict.counted.iter().filter(|counts| **counts).count();
        if !is_fed {
            let needed = self.belief.needed;
            tracing::warn!(
                contract = self.name,
                live,
                needed,
                "too few sources: the price stands"
            );
        }
        match self.submit(submit, self.sources(number, live)).await {
            Told::Done => self.told = Some(is_fed),
            Told::Later => {}
            Told::Never => return false,
        }
        true
    }

    fn sources(&self, symbol: SymbolId, live: usize) -> Command {
        Command::SetIndexSources(SetIndexSourcesV1 {
            symbol,
            live: u32::try_from(live).expect("a short list"),
            needed: u32::try_from(self.belief.needed).expect("it was a u32"),
        })
    }

    async fn submit(&self, submit: &dyn Submit, command: Command) -> Told {
        let kind = Command::kind_name(command.kind());
        let answer = match submit.submit(command) {
            Ok(pending) => pending.await,
            // Busy, or no room: the next interval brings another price.
            Err(_) => return Told::Later,
        };
        let Ok(Ok(receipt)) = answer else {
            return Told::Later;
        };
        match receipt.events.as_slice() {
            [Event::CommandRejected { reason }, ..] => {
                tracing::error!(contract = self.name, kind, ?reason, "no more prices for it");
                Told::Never
            }
            _ => Told::Done,
        }
    }
}

/// What became of a command.
enum Told {
    Done,
    Later,
    Never,
}

impl Heard {
    /// Says what is wrong with it, once; and that nothing is any more.
    fn say(&mut self, contract: &str, trouble: Option<String>) {
        let source = &self.source.name;
        match (&self.trouble, &trouble) {
            (None, Some(reason)) => {
                tracing::warn!(
                    contract,
                    source,
                    reason,
                    "a source of the index price is in trouble"
                );
            }
            (Some(_), None) => tracing::info!(contract, source, "a source answers again"),
            _ => {}
        }
        self.trouble = trouble;
    }
}

fn decimal(price: i64) -> String {
    crate::decimal::print_amount(schemas::units::Amount(price.into()), SCALE)
}
