//! The hub: all streams that somebody listens to, and the task that feeds them.
//!
//! The task runs as long as there is a stream, so that a venue nobody watches makes no
//! market updates. When it cannot follow the venue, everyone is cut and comes back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use schemas::ids::SymbolId;
use schemas::market::AggregatePage;
use schemas::report::MarketUpdate;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::call::Parts;
use crate::wire::clock::TimeUnit;
use crate::ws::stream::feed::{Feed, Round};
use crate::ws::stream::inbox::{self, Inbox, Sender};
use crate::ws::stream::names::StreamName;

/// How often gathered streams are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Updates taken in one go.
const BATCH: usize = 256;
/// Aggregates looked through for the first one of a command.
const AGGREGATES: usize = 1_000;

/// All streams of a gateway.
pub struct Hub {
    parts: Parts,
    feeds: Arc<Mutex<Feeds>>,
    issued: AtomicU64,
}

#[derive(Default)]
struct Feeds {
    /// By time unit, whether it is of futures, and the name that was asked for.
    by_name: HashMap<(TimeUnit, bool, String), Feed>,
    is_running: bool,
}

impl Hub {
    /// Nobody listens yet.
    pub fn new(parts: Parts) -> Hub {
        Hub {
            parts,
            feeds: Arc::default(),
            issued: AtomicU64::new(0),
        }
    }

    /// The two ends of a new connection's inbox.
    pub fn connect(&self) -> (Sender, Inbox) {
        inbox::channel(self.issued.fetch_add(1, Ordering::Relaxed))
    }

    /// A connection listens to a stream from now on.
    pub fn listen(&self, listener: &Sender, unit: TimeUnit, (name, stream): (&str, StreamName)) {
        let mut feeds = self.feeds.lock();
        let feed = feeds
            .by_name
            .entry((unit, stream.is_futures(), name.to_owned()));
        let directory = self.parts.queries.directory();
        let feed = feed.or_insert_with(|| Feed::new(&directory, name, (stream, unit)));
        feed.listen(listener.clone());
        if !feeds.is_running {
            feeds.is_running = true;
            let pump = Pump {
                parts: self.parts.clone(),
                feeds: self.feeds.clone(),
                updates: self.parts.queries.market_updates(),
                batch: Vec::new(),
            };
            tokio::spawn(pump.run());
        }
    }

    /// A connection listens no longer.
    pub fn leave(&self, id: u64, (unit, is_futures): (TimeUnit, bool), name: &str) {
        let mut feeds = self.feeds.lock();
        if let Some(feed) = feeds.by_name.get_mut(&(unit, is_futures, name.to_owned())) {
            feed.leave(id);
        }
    }
}

/// The task of the hub.
struct Pump {
    parts: Parts,
    feeds: Arc<Mutex<Feeds>>,
    updates: Receiver<Arc<MarketUpdate>>,
    batch: Vec<Arc<MarketUpdate>>,
}

impl Pump {
    async fn run(mut self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let goes_on = tokio::select! {
                update = self.updates.recv() => match update {
                    Ok(update) => {
                        self.batch.push(update);
                        self.take().await
                    }
                    Err(RecvError::Lagged(_)) => self.cut(),
                    Err(RecvError::Closed) => return,
                },
                now = tick.tick() => self.flush(now),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Takes what is there by now.
    async fn take(&mut self) -> bool {
        while self.batch.len() < BATCH {
            match self.updates.try_recv() {
                Ok(update) => self.batch.push(update),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(_)) => return self.cut(),
            }
        }
        self.learn_aggregates().await;
        let directory = self.parts.queries.directory();
        let mut feeds = self.feeds.lock();
        for update in self.batch.drain(..) {
            for feed in feeds.by_name.values_mut() {
                feed.absorb(&update, &directory);
            }
        }
        true
    }

    /// Streams of aggregate trades count on from the id of the first one they tell.
    async fn learn_aggregates(&self) {
        let lacking: Vec<SymbolId> = {
            let feeds = self.feeds.lock();
            feeds
                .by_name
                .values()
                .filter_map(Feed::lacks_aggregate)
                .collect()
        };
        let mut known: BTreeMap<SymbolId, u64> = BTreeMap::new();
        for symbol in lacking {
            let mut updates = self.batch.iter().filter(|update| update.symbol == symbol);
            let Some(first) = updates.find_map(|update| update.trades.first()) else {
                continue;
            };
            let page = AggregatePage {
                symbol,
                from: None,
                start: Some(first.time),
                end: Some(first.time),
                limit: AGGREGATES,
            };
            let found = self
                .parts
                .queries
                .aggregates(page)
                .await
                .unwrap_or_default();
            let found = found
                .iter()
                .find(|aggregate| aggregate.first == first.trade);
            if let Some(aggregate) = found {
                known.insert(symbol, aggregate.id);
            }
        }
        let mut feeds = self.feeds.lock();
        for feed in feeds.by_name.values_mut() {
            for (symbol, id) in &known {
                feed.set_aggregate(*symbol, *id);
            }
        }
    }

    /// Tells what has gathered; false when nobody listens any more.
    fn flush(&mut self, now: Instant) -> bool {
        let queries = &*self.parts.queries;
        let directory = queries.directory();
        let round = Round {
            queries,
            directory: &directory,
            time: self.parts.submit.now(),
            now,
        };
        let mut feeds = self.feeds.lock();
        feeds.by_name.retain(|_, feed| !feed.is_idle());
        for feed in feeds.by_name.values_mut() {
            feed.flush(round);
        }
        feeds.is_running = !feeds.by_name.is_empty();
        feeds.is_running
    }

    /// Updates were lost: whoever listens has to begin anew.
    fn cut(&mut self) -> bool {
        tracing::warn!("the stream hub could not follow; every stream connection is cut");
        self.batch.clear();
        for feed in self.feeds.lock().by_name.values_mut() {
            feed.cut();
        }
        true
    }
}
