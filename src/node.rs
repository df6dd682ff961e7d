//! Opening a data directory: recover, replay, start the threads.
//!
//! Nothing listens before this is done. Reading order: [`Node::open`], then `rebuild`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::apply::Stamp;
use journal::event_log::EventLog;
use journal::frame::{Frame, JournalId};
use journal::open::Opened;
use journal::reader::Reader;
use journal::snapshot_store::SnapshotStore;
use journal::writer::Settings;
use parking_lot::Mutex;
use replay_tool::progress::Progress;
use replay_tool::relay::Happened;
use replay_tool::replay::{Replayer, StartState, skips_of, start_state};
use schemas::ids::{AccountId, Offset};
use schemas::report::MarketUpdate;
use schemas::units::TimeNs;
use tokio::sync::broadcast;
use views::Views;

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::fault;
use crate::genesis;
use crate::pipeline::clock::{Clock, wall_clock};
use crate::pipeline::core::{Core, End, Shared};
use crate::pipeline::gate::{ChainAt, Gate};
use crate::pipeline::log::LocalLog;
use crate::pipeline::ring::{input_ring, output_ring};
use crate::pipeline::{Parts, Pipeline, Threads};
use crate::user_events::feeds::UserFeeds;

/// Most commands that may wait for the disk.
const LAG_MAX: u32 = 65_536;
/// Applied commands that may wait for the gate; a power of two.
const OUTPUT_RING: usize = 16_384;
/// Market updates a slow listener may fall behind.
const MARKET_BACKLOG: usize = 8_192;
/// A start further than this from the last frame needs `--accept-time`, in nanoseconds.
const CLOCK_TOLERANCE_NS: u64 = 3_600_000_000_000;

/// A running node without its edges.
pub struct Node {
    pub pipeline: Arc<Pipeline>,
    pub views: Arc<Views>,
    pub market: broadcast::Sender<Arc<MarketUpdate>>,
    pub users: Arc<UserFeeds>,
    pub journal: JournalId,
    pub data_dir: PathBuf,
    threads: Threads,
}

/// The state after the last durable command.
pub struct Rebuilt {
    pub replayer: Replayer,
    pub views: Views,
    pub event_log: EventLog,
    /// The node stands before this command, a fault of ours.
    pub fault: Option<Offset>,
}

impl Node {
    /// Recovers `config.data_dir`, or makes it, and starts the pipeline. Closed orders and
    /// trades before `history` are in SQL and need not be kept.
    ///
    /// # Errors
    /// One line with place, reason and CONTRACT's code.
    pub fn open(config: &Config, history: Offset) -> Result<Node, Failure> {
        let dir = &config.data_dir;
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
        let settings = Settings {
            segment_bytes: config.segment_bytes,
            max_lag: LAG_MAX,
            segments_ahead: config.segments_ahead as usize,
        };
        if !journal::open::exists(dir)? {
            journal::open::create(dir, &settings, Offset(0))?;
        }
        let opened = journal::open::open(dir, &settings)?;
        if let Some(torn) = &opened.recovered.torn {
            eprintln!("cut {torn}");
        }
        let rebuilt = rebuild(dir, &opened, history)?;
        // A restored journal may hold no frame yet: then the snapshot's time is the last one.
        let last = rebuilt.replayer.engine.now();
        let last = last.max(opened.recovered.last_time.unwrap_or_default());
        check_clock(last, opened.recovered.next, config.accept_time)?;
        if rebuilt.fault.is_none() {
            let settled = fault::settle(dir);
            settled.map_err(|error| Failure::io("put aside fault.json in", dir, &error))?;
        }
        start(config, opened, (rebuilt, last))
    }

    /// Gives a new directory the symbols and rules of RULES.
    ///
    /// # Errors
    /// When the pipeline does not take them.
    pub fn found_venue(&self) -> Result<(), Failure> {
        let directory = self.views.directory();
        let begun = self.views.account(AccountId::FIRST_USER).is_some();
        let complete = directory
            .symbols
            .iter()
            .filter(|s| s.price.tick.0 != 0)
            .count()
            >= 2;
        if begun || complete || self.pipeline.fault().is_some() {
            return Ok(());
        }
        let commands = genesis::commands();
        for command in commands {
            let refused = |error| Failure::new(Exit::Io, format!("founding the venue: {error}"));
            self.pipeline.push(command).map_err(refused)?;
        }
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let complete = |views: &Views| {
            let directory = views.directory();
            directory.symbols.len() >= genesis::SYMBOLS
                && directory
                    .symbols
                    .iter()
                    .all(|symbol| symbol.state != schemas::instrument::SymbolState::PreTrading)
        };
        while !complete(&self.views) {
            if std::time::Instant::now() > deadline {
                return Err(Failure::new(
                    Exit::OurFault,
                    "founding the venue takes too long",
                ));
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Ok(())
    }

    /// Stops after what was taken, waits for the threads, closes the journal.
    ///
    /// # Errors
    /// [`Exit::Io`] when a sync failed, [`Exit::OurFault`] after a panic.
    pub fn stop(self) -> Result<(), Failure> {
        self.pipeline.stop();
        let core = self.threads.core.join();
        let gate = self.threads.gate.join();
        match core {
            Ok(End::Stopped) if gate.is_ok() => Ok(()),
            Ok(End::Stopped) => Err(Failure::new(Exit::OurFault, "the gate thread panicked")),
            Ok(End::Broken(failure)) => Err(Failure::new(
                Exit::Io,
                format!("{failure}; nothing after it was acknowledged; check the disk, then start"),
            )),
            Err(_) => Err(Failure::new(Exit::OurFault, "the core thread panicked")),
        }
    }

    /// Whether the core ended by itself: a sync failed.
    pub fn has_ended(&self) -> bool {
        self.threads.core.is_finished()
    }
}

fn check_clock(last: TimeNs, next: Offset, accept: bool) -> Result<(), Failure> {
    let now = wall_clock();
    if accept || last == TimeNs(0) || now.0.abs_diff(last.0) <= CLOCK_TOLERANCE_NS {
        return Ok(());
    }
    let minutes = now.0.abs_diff(last.0) / 60_000_000_000;
    let side = if now < last { "behind" } else { "ahead of" };
    let line = format!(
        "the clock is {minutes} minutes {side} the journal's last frame (offset {}); set the \
         clock, or start with --accept-time",
        next.0.saturating_sub(1)
    );
    Err(Failure::new(Exit::Config, line))
}

/// Removes snapshots of commands that the journal does not hold any more. One taken of a
/// stopped node may hold what only the page cache had; after a power cut the journal goes on
/// with other commands, and the snapshot must not be taken for their state.
fn forget_lost_snapshots(dir: &Path, next: Offset) -> Result<(), Failure> {
    let store = SnapshotStore::new(dir);
    for offset in store.list()? {
        if next < offset {
            store.remove(offset)?;
            eprintln!(
                "removed snapshot {}: the journal ends before it, at {}",
                offset.0, next.0
            );
        }
    }
    Ok(())
}

/// Newest snapshot, then every command after it; the event log is made whole beside.
///
/// # Errors
/// When the journal, or the newest snapshot's views, cannot be read.
pub fn rebuild(dir: &Path, opened: &Opened, history: Offset) -> Result<Rebuilt, Failure> {
    let next = opened.recovered.next;
    forget_lost_snapshots(dir, next)?;
    let mut event_log = EventLog::open(dir, opened.recovered.id, next)?;
    // A log that ends early is made whole from there; an empty one from the newest snapshot.
    let start = start_state(dir, event_log.next().or(Some(next)))?;
    let StartState {
        engine,
        chain,
        views,
        next: from,
        refused,
        ..
    } = start;
    if event_log.next().is_some_and(|logged| logged < from) {
        event_log.restart()?;
    }
    for line in refused {
        eprintln!("{line}; an older state is used");
    }
    let views = if views.is_empty() {
        Some(Views::new())
    } else {
        Views::load(&views)
    };
    let views = views.ok_or_else(|| {
        Failure::new(
            Exit::Damaged,
            format!("snapshot {}: its views do not decode", from.0),
        )
    })?;
    views.forget_before(history);
    let fault = fault::waiting(dir, next);
    let open = || Ok::<Reader, Failure>(Reader::open(dir, from)?.follow(opened.durable.clone()));
    let skips = skips_of(open()?, Some(next))?;
    let fault = fault.filter(|offset| from <= *offset && !skips.contains(offset));
    let mut rebuilt = Rebuilt {
        replayer: Replayer::new(engine, chain, skips),
        views,
        event_log,
        fault,
    };
    rebuilt.replay(open()?, fault.map_or(next, |offset| offset.min(next)))?;
    Ok(rebuilt)
}

impl Rebuilt {
    /// Two threads, as in the pipeline: the engine, and all that follows from its events.
    fn replay(&mut self, mut reader: Reader, end: Offset) -> Result<(), Failure> {
        let (views, event_log) = (&mut self.views, &mut self.event_log);
        let mut progress = Progress::new(end.0.saturating_sub(reader.position().0));
        let ahead = |frame: &Frame<'_>| fault::under_way(frame.offset);
        let follow = |happened: Happened<'_>| {
            let Stamp { offset, time } = happened.stamp;
            fault::under_way(offset);
            views.apply(offset, time, happened.events, views::Wanted::default());
            if event_log.next().is_none_or(|next| next <= offset) {
                event_log.append(offset, time, happened.encoded)?;
            }
            progress.advance();
            Ok::<(), Failure>(())
        };
        self.replayer.relay(&mut reader, end, (ahead, follow))?;
        fault::none_under_way();
        event_log.flush()?;
        Ok(())
    }
}

fn start(
    config: &Config,
    opened: Opened,
    (rebuilt, last): (Rebuilt, TimeNs),
) -> Result<Node, Failure> {
    let journal = opened.recovered.id;
    let shared = Arc::new(Shared::default());
    shared.visible.store(
        rebuilt.replayer.engine.next().0,
        std::sync::atomic::Ordering::Release,
    );
    fault::watch(&config.data_dir, shared.clone());
    let (producer, input) = input_ring(config.ring_commands);
    let (output_producer, output) = output_ring(OUTPUT_RING);
    let (market, _) = broadcast::channel(MARKET_BACKLOG);
    let users = Arc::new(UserFeeds::new(rebuilt.replayer.engine.next()));
    let chain_at = ChainAt {
        next: rebuilt.replayer.engine.next(),
        value: rebuilt.replayer.chain.value(),
    };
    let views = Arc::new(rebuilt.views);
    let gate = Gate {
        output,
        durable: opened.durable.clone(),
        chain: rebuilt.replayer.chain,
        event_log: Some(rebuilt.event_log),
        views: views.clone(),
        market: market.clone(),
        users: users.clone(),
        shared: shared.clone(),
        chain_at: Arc::new(Mutex::new(chain_at)),
    };
    let core = Core {
        log: Box::new(LocalLog::new(opened.writer)),
        engine: rebuilt.replayer.engine,
        clock: Clock::start(last),
        input,
        output: output_producer,
        shared,
        planted_fault: fault::planted(),
    };
    let parts = Parts {
        core,
        gate,
        producer,
        capacity: config.ring_commands,
        fault: rebuilt.fault,
    };
    let thread = |error| Failure::new(Exit::OurFault, format!("cannot start a thread: {error}"));
    let (pipeline, threads) = Pipeline::start(parts).map_err(thread)?;
    Ok(Node {
        pipeline: Arc::new(pipeline),
        views,
        market,
        users,
        journal,
        data_dir: config.data_dir.clone(),
        threads,
    })
}
