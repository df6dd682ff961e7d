//! Snapshots by replay, never by the live engine.
//!
//! The follower reads the journal like anyone else, up to what is durable, on a thread of
//! the lowest priority, and holds a copy of the state only while it makes a snapshot.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use journal::reader::Reader;
use journal::sync::Durable;
use replay_tool::progress::Progress;
use replay_tool::replay::{Replayer, StartState, skips_of, start_state};
use replay_tool::snapshot::{self, Taken};
use schemas::ids::Offset;
use views::Views;

use crate::failure::{Exit, Failure};
use crate::fault::FOLLOWER_THREAD;
use crate::history::History;
use crate::history_copy::HistoryCopy;
use crate::node::Node;

/// How often the follower looks whether a snapshot is due.
const LOOK: Duration = Duration::from_millis(200);
/// Commands replayed between two looks at a stop.
const STOP_STRIDE: u64 = 1_024;
/// The kindest priority.
const NICE: i32 = 19;

/// A snapshot that was made.
pub struct Made {
    pub path: PathBuf,
    /// The next command after it.
    pub next: Offset,
    pub root: [u8; 32],
}

/// How a snapshot is to be made.
pub struct Take<'a> {
    /// The data directory.
    pub dir: &'a Path,
    /// The node's own word for what is durable, inside the node.
    pub live: Option<&'a Durable>,
    /// SQL holds everything before: closed orders and trades of then need not be in it.
    pub history: Offset,
    /// Given up when this is set.
    pub stop: Option<&'a AtomicBool>,
    /// Brings a copy of the read models up to the snapshot.
    pub copy: Option<&'a mut HistoryCopy>,
}

/// Replays to the durable end (or to `live`'s) and writes a snapshot there.
///
/// # Errors
/// When the journal is damaged or the snapshot cannot be written.
pub fn take(order: Take<'_>) -> Result<Made, Failure> {
    let Take {
        dir,
        live,
        history,
        stop,
        mut copy,
    } = order;
    let at_most = copy.as_ref().map(|copy| copy.next());
    let StartState {
        engine,
        chain,
        views,
        next: from,
        ..
    } = start_state(dir, at_most)?;
    let views = if views.is_empty() {
        Some(Views::new())
    } else {
        Views::load(&views)
    };
    let views =
        views.ok_or_else(|| Failure::new(Exit::Damaged, format!("snapshot {}: views", from.0)))?;
    views.forget_before(history);
    let open = || {
        let reader = Reader::open(dir, from)?;
        Ok::<Reader, Failure>(match live {
            Some(durable) => reader.follow(durable.clone()),
            None => reader,
        })
    };
    let mut reader = open()?;
    let journal = reader.id();
    let end = live.map(|durable| Offset(durable.get()));
    let skips = skips_of(open()?, end)?;
    let mut replayer = Replayer::new(engine, chain, skips);
    let mut progress = Progress::new(end.map_or(0, |end| end.0 - from.0.min(end.0)));
    while end.is_none_or(|end| reader.position() < end) {
        let Some(frame) = reader.next()? else { break };
        let applied = replayer.step(&frame)?;
        let stamp = applied.stamp;
        views.apply(
            stamp.offset,
            stamp.time,
            applied.events,
            views::Wanted::default(),
        );
        if let Some(copy) = &mut copy {
            copy.take(stamp, applied.events)?;
        }
        progress.advance();
        if stamp.offset.0.is_multiple_of(STOP_STRIDE)
            && stop.is_some_and(|stop| stop.load(Ordering::Acquire))
        {
            return Err(Failure::new(Exit::Finding, "the node is stopping"));
        }
    }
    drop(progress);
    if let Some(copy) = &mut copy {
        copy.flush()?;
    }
    let root = replayer.engine.root();
    let next = replayer.engine.next();
    let taken = Taken {
        engine: &replayer.engine,
        chain: &replayer.chain,
        views: &views.save(),
        journal,
    };
    let path = snapshot::write(dir, &taken)?;
    Ok(Made { path, next, root })
}

/// The thread that takes a snapshot every so many commands.
pub struct Follower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts following; `every` = 0 never takes one.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(node: &Node, history: Arc<History>, every: u64) -> Result<Follower, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        if every == 0 {
            return Ok(Follower { stop, thread: None });
        }
        let (dir, durable) = (node.data_dir.clone(), node.pipeline.durable());
        let (stopping, fault) = (stop.clone(), node.pipeline.fault().is_some());
        let follow = move || {
            lower_priority();
            let newest = snapshot::list(&dir)
                .ok()
                .and_then(|list| list.last().copied());
            let mut last = newest.map_or(0, |offset| offset.0);
            while !stopping.load(Ordering::Acquire) {
                std::thread::sleep(LOOK);
                if fault || durable.get() < last + every {
                    continue;
                }
                match take(Take {
                    dir: &dir,
                    live: Some(&durable),
                    history: history.next(),
                    stop: Some(&stopping),
                    copy: None,
                }) {
                    Ok(made) => last = made.next.0,
                    Err(_) if stopping.load(Ordering::Acquire) => return,
                    Err(failure) => {
                        tracing::error!(%failure, "no snapshot was taken; trading goes on");
                        last = durable.get();
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name(FOLLOWER_THREAD.to_string())
            .spawn(follow);
        let thread = thread.map_err(|error| Failure::new(Exit::OurFault, error.to_string()))?;
        Ok(Follower {
            stop,
            thread: Some(thread),
        })
    }

    /// Stops after the snapshot under way, if any.
    pub fn stop(mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the follower panicked");
        }
    }
}

/// Gives this thread the lowest priority.
pub(crate) fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::warn!(%error, "the follower keeps the usual priority");
    }
}
