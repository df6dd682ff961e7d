//! The sync thread: reads what was published, syncs the segment, publishes `durable`.
//!
//! Group commit falls out of it: while one sync runs, records gather for the next. A
//! sync that fails is final. What it had to make durable may be lost even though the
//! page cache still shows it, and the next sync would say all is well; so nothing is
//! ever called durable again and the thread ends.
//!
//! Only one segment can hold frames that are not durable: the first frame of a new
//! segment waits for the old one (`writer`).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crossbeam::utils::CachePadded;
use schemas::ids::Offset;

use crate::bell::{Bell, hold};
use crate::disk;
use crate::error::{JournalError, SyncFailure};
use crate::files::File;
use crate::mark::{MarkFile, Vouched};

/// The mark is at most this much older than `durable`.
const MARK_EVERY: Duration = Duration::from_secs(1);

/// The file that holds all frames not yet durable.
pub(crate) struct Target {
    pub(crate) file: Arc<File>,
    /// The segment's name in the journal.
    pub(crate) path: PathBuf,
    /// Its name as long as it was prepared only; renamed before anything in it is durable.
    pub(crate) spare: Option<PathBuf>,
}

/// What writer, sync thread and waiters share.
pub(crate) struct Shared {
    /// Low half of the next offset, then the last frame's crc: one word, so that the
    /// sync thread always has the two of one frame for the mark. It and `durable` have a
    /// cache line each, so that one thread's number does not slow another's.
    published: CachePadded<AtomicU64>,
    durable: CachePadded<AtomicU64>,
    failed: AtomicBool,
    failure: OnceLock<SyncFailure>,
    stop: AtomicU8,
    /// In a simulation the work of both threads, done by whoever waits.
    #[cfg(feature = "simulation")]
    pub(crate) hands: Mutex<Option<crate::simulation::steps::Hands>>,
    mark_wanted: AtomicU32,
    mark_written: AtomicU32,
    target: Mutex<Target>,
    work: Bell,
    progress: Bell,
    syncs: AtomicU64,
    syncs_us: AtomicU64,
}

/// How often the journal was synced since it was opened, and how long that took in all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Syncs {
    pub count: u64,
    /// Microseconds.
    pub total_us: u64,
}

const RUN: u8 = 0;
const CLOSE: u8 = 1;
const ABANDON: u8 = 2;

fn pack(next: Offset, crc: u32) -> u64 {
    next.0 << 32 | u64::from(crc)
}

impl Shared {
    pub(crate) fn new(next: Offset, last: Option<Vouched>, target: Target) -> Shared {
        Shared {
            published: CachePadded::new(AtomicU64::new(pack(
                next,
                last.map_or(0, |frame| frame.crc),
            ))),
            durable: CachePadded::new(AtomicU64::new(next.0)),
            failed: AtomicBool::new(false),
            failure: OnceLock::new(),
            stop: AtomicU8::new(RUN),
            #[cfg(feature = "simulation")]
            hands: Mutex::new(None),
            mark_wanted: AtomicU32::new(0),
            mark_written: AtomicU32::new(0),
            target: Mutex::new(target),
            work: Bell::new(),
            progress: Bell::new(),
            syncs: AtomicU64::new(0),
            syncs_us: AtomicU64::new(0),
        }
    }

    fn synced(&self, taken: Duration) {
        let us = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        self.syncs_us.fetch_add(us, Ordering::Relaxed);
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// All frames below `next` are stored; the last one has this crc.
    #[inline]
    pub(crate) fn publish(&self, next: Offset, crc: u32) {
        self.published.store(pack(next, crc), Ordering::Release);
        self.work.ring();
    }

    pub(crate) fn set_target(&self, target: Target) {
        *hold(&self.target) = target;
    }

    /// Remembers the first failure; from here on nothing becomes durable.
    pub(crate) fn fail(&self, failure: SyncFailure) {
        tracing::error!(%failure, "a sync failed: nothing is acknowledged any more");
        if self.failure.set(failure).is_ok() {
            self.failed.store(true, Ordering::Release);
        }
        self.work.ring();
        self.progress.ring();
    }

    pub(crate) fn stop(&self, sync_first: bool) {
        self.stop
            .store(if sync_first { CLOSE } else { ABANDON }, Ordering::Release);
        self.work.ring();
    }

    pub(crate) fn failure(&self) -> Option<SyncFailure> {
        self.failure.get().cloned()
    }
}

/// How far the disk is; cheap to copy and to ask from any thread.
#[derive(Clone)]
pub struct Durable {
    pub(crate) shared: Arc<Shared>,
}

impl Durable {
    /// The first offset that is not yet durable: all below it are.
    #[inline]
    pub fn get(&self) -> u64 {
        self.shared.durable()
    }

    /// Waits until [`Durable::get`] is above `seen`, a sync has failed, or `timeout` has
    /// passed; gives what it is then. After a failure it returns at once: ask
    /// [`Durable::failed`].
    pub fn wait_past(&self, seen: u64, timeout: Duration) -> u64 {
        let shared = &self.shared;
        #[cfg(feature = "simulation")]
        if shared.step_all() {
            return shared.durable();
        }
        let deadline = Some(Instant::now() + timeout);
        shared
            .progress
            .wait(deadline, || seen < shared.durable() || shared.is_failed());
        shared.durable()
    }

    /// How often the journal was synced, and how long that took.
    pub fn syncs(&self) -> Syncs {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Syncs {
            count: load(&self.shared.syncs),
            total_us: load(&self.shared.syncs_us),
        }
    }

    /// The first sync that failed, if one did. It is final.
    pub fn failed(&self) -> Option<SyncFailure> {
        self.shared.failure()
    }

    /// Has the mark written at what is durable now and waits for it (a snapshot asks).
    pub fn write_mark(&self) -> Result<(), SyncFailure> {
        let shared = &self.shared;
        let ticket = shared.mark_wanted.fetch_add(1, Ordering::AcqRel) + 1;
        shared.work.ring();
        #[cfg(feature = "simulation")]
        shared.step_all();
        let written = || ticket <= shared.mark_written.load(Ordering::Acquire);
        let over = || shared.is_failed() || shared.stop.load(Ordering::Acquire) != RUN;
        shared.progress.wait(None, || written() || over());
        match shared.failure() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Durable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Durable").field(&self.get()).finish()
    }
}

/// What the sync thread owns.
pub(crate) struct SyncThread {
    pub(crate) shared: Arc<Shared>,
    folder: PathBuf,
    mark: MarkFile,
    durable: u64,
    last: Option<Vouched>,
    mark_due: Option<Instant>,
}

impl SyncThread {
    pub(crate) fn new(shared: Arc<Shared>, folder: &Path, mark: MarkFile) -> SyncThread {
        let durable = shared.durable();
        let last = mark.last();
        SyncThread {
            shared,
            folder: folder.to_path_buf(),
            mark,
            durable,
            last,
            mark_due: None,
        }
    }

    /// Runs until it is stopped or a sync fails.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while !shared.is_failed() {
            let word = pack(Offset(self.durable), self.last.map_or(0, |frame| frame.crc));
            let marked = shared.mark_written.load(Ordering::Relaxed);
            shared.work.wait(self.mark_due, || {
                (shared.published.load(Ordering::Acquire) ^ word) >> 32 != 0
                    || shared.stop.load(Ordering::Acquire) != RUN
                    || shared.mark_wanted.load(Ordering::Acquire) != marked
                    || shared.is_failed()
            });
            if shared.is_failed() {
                break;
            }
            let due = self.mark_due.is_some_and(|due| due <= Instant::now());
            if !self.turn(due) {
                break;
            }
        }
        shared.progress.ring();
    }

    /// One look at what is to be done; false when it was the last.
    pub(crate) fn turn(&mut self, mark_due: bool) -> bool {
        let stop = self.shared.stop.load(Ordering::Acquire);
        if stop == ABANDON || self.shared.is_failed() {
            return false;
        }
        if let Err(error) = self.round(stop == CLOSE, mark_due) {
            self.shared.fail(as_failure(error, &self.folder));
            return false;
        }
        stop != CLOSE
    }

    fn round(&mut self, closing: bool, due: bool) -> Result<(), JournalError> {
        let wanted = self.shared.mark_wanted.load(Ordering::Acquire);
        let rolled = self.sync()?;
        let asked = wanted != self.shared.mark_written.load(Ordering::Relaxed);
        if rolled || due || asked || closing {
            self.write_mark()?;
            self.shared.mark_written.store(wanted, Ordering::Release);
            self.shared.progress.ring();
        }
        Ok(())
    }

    /// Makes what is published durable and says so. True when a new segment was begun.
    fn sync(&mut self) -> Result<bool, JournalError> {
        let word = self.shared.published.load(Ordering::Acquire);
        let ahead = ((word >> 32) as u32).wrapping_sub(self.durable as u32);
        if ahead == 0 {
            return Ok(false);
        }
        let (file, path, spare) = {
            let mut target = hold(&self.shared.target);
            (
                Arc::clone(&target.file),
                target.path.clone(),
                target.spare.take(),
            )
        };
        #[cfg(feature = "simulation")]
        self.mark_ahead(word)?;
        let started = Instant::now();
        disk::sync_data(&file, &path)?;
        self.shared.synced(started.elapsed());
        if let Some(spare) = &spare {
            // The header went with the sync above; the name comes before the promise.
            disk::rename(spare, &path)?;
            disk::sync_folder(&self.folder)?;
        }
        self.durable += u64::from(ahead);
        self.last = Some(Vouched {
            offset: Offset(self.durable - 1),
            crc: word as u32,
        });
        self.shared.durable.store(self.durable, Ordering::Release);
        self.shared.progress.ring();
        if self.mark_due.is_none() {
            self.mark_due = Some(Instant::now() + MARK_EVERY);
        }
        Ok(spare.is_some())
    }

    /// A canary: the mark vouches for what is not there yet.
    #[cfg(feature = "simulation")]
    fn mark_ahead(&mut self, word: u64) -> Result<(), JournalError> {
        use crate::simulation::disk::Canary;
        if !crate::simulation::is_planted(&self.folder, Canary::MarkAhead) {
            return Ok(());
        }
        self.mark.write(Vouched {
            offset: Offset((word >> 32) - 1),
            crc: word as u32,
        })
    }

    fn write_mark(&mut self) -> Result<(), JournalError> {
        self.mark_due = None;
        let Some(last) = self.last else { return Ok(()) };
        if self.mark.last() == Some(last) {
            return Ok(());
        }
        match self.mark.write(last) {
            Err(JournalError::SyncFailed(failure)) => Err(failure.into()),
            Err(error) => {
                // An older mark guards a little less; that is no reason to stop.
                tracing::warn!(%error, "the mark could not be written");
                self.mark_due = Some(Instant::now() + MARK_EVERY);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// Whatever went wrong while making frames durable, they are not.
pub(crate) fn as_failure(error: JournalError, path: &Path) -> SyncFailure {
    match error {
        JournalError::SyncFailed(failure) => failure,
        other => SyncFailure {
            action: "keep durable",
            path: path.to_path_buf(),
            message: other.to_string(),
        },
    }
}
