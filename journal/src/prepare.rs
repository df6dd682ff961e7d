//! Segments made ahead, by a thread of their own, so that the hot path only takes one.
//!
//! Each is written under a `.tmp` name, allocated, zeroed page by page, synced, renamed
//! to a `.spare` name, its folder synced, and mapped. A full disk is an error here and
//! nowhere later; the thread goes on trying, so writing goes on by itself once space is
//! freed. A failed sync is final, here as everywhere.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::bell::hold;
use crate::disk::{self, ZEROS};
use crate::error::{JournalError, Place};
use crate::files::{self, File};
use crate::region::Region;
use crate::segment::Tail;
use crate::sync::Shared;

/// How long to wait after a failed attempt.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// A zeroed, mapped segment under its spare name.
pub(crate) struct Prepared {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<File>,
    pub(crate) region: Region,
}

/// Where prepared segments wait.
pub(crate) struct Yard {
    state: Mutex<State>,
    changed: Condvar,
    ready: AtomicUsize,
    blocked: AtomicBool,
    ahead: usize,
    /// Tests make the disk look full.
    #[cfg(test)]
    pub(crate) refuse: AtomicBool,
}

struct State {
    ready: VecDeque<Prepared>,
    retired: Vec<Tail>,
    /// Whether segments are made until all are there.
    filling: bool,
    stop: bool,
}

impl Yard {
    pub(crate) fn new(ahead: usize) -> Yard {
        let ready = VecDeque::with_capacity(ahead);
        let state = State {
            ready,
            retired: Vec::with_capacity(4),
            filling: true,
            stop: false,
        };
        Yard {
            state: Mutex::new(state),
            changed: Condvar::new(),
            ready: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            ahead,
            #[cfg(test)]
            refuse: AtomicBool::new(false),
        }
    }

    /// How many segments are ready.
    #[inline]
    pub(crate) fn ready(&self) -> usize {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether the last attempt to make one failed: the disk is full, as far as we know.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }

    /// Takes the next segment, if one is ready.
    pub(crate) fn take(&self) -> Option<Prepared> {
        let mut state = hold(&self.state);
        let prepared = state.ready.pop_front()?;
        self.ready.store(state.ready.len(), Ordering::Release);
        self.changed.notify_all();
        Some(prepared)
    }

    /// Hands in a full segment; giving its memory back is too slow for the hot path.
    pub(crate) fn retire(&self, full: Tail) {
        hold(&self.state).retired.push(full);
        self.changed.notify_all();
    }

    /// Waits until `count` segments are ready; false when the time is over first.
    pub(crate) fn wait_ready(&self, count: usize, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = hold(&self.state);
        while state.ready.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.stop {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(crate) fn stop(&self) {
        hold(&self.state).stop = true;
        self.changed.notify_all();
    }
}

/// What the preparation thread owns.
pub(crate) struct Preparer {
    yard: Arc<Yard>,
    shared: Arc<Shared>,
    folder: PathBuf,
    segment_bytes: u64,
    number: u64,
    left_over: Vec<PathBuf>,
}

impl Preparer {
    /// Begins with what an earlier run left.
    pub(crate) fn new(
        yard: &Arc<Yard>,
        shared: &Arc<Shared>,
        folder: &Path,
        segment_bytes: u64,
    ) -> Preparer {
        Preparer {
            yard: Arc::clone(yard),
            shared: Arc::clone(shared),
            folder: folder.to_path_buf(),
            segment_bytes,
            number: 0,
            left_over: spares_in(folder),
        }
    }

    /// Runs until it is stopped or a sync fails.
    pub(crate) fn run(mut self) {
        while self.wait_for_work() {
            match self.turn() {
                Ok(()) => {}
                Err(JournalError::SyncFailed(failure)) => {
                    self.shared.fail(failure);
                    return;
                }
                Err(error) => self.put_off(&error, RETRY_AFTER),
            }
        }
    }

    /// Makes one segment ready, or looks at one left over.
    fn turn(&mut self) -> Result<(), JournalError> {
        let made = match self.left_over.pop() {
            Some(path) => self.reuse(&path)?,
            None => {
                self.number += 1;
                Some(self.make(self.number)?)
            }
        };
        if let Some(prepared) = made {
            self.offer(prepared);
        }
        Ok(())
    }

    /// What [`Preparer::run`] does between two waits; for a simulation, which never waits.
    #[cfg(feature = "simulation")]
    pub(crate) fn step(&mut self) {
        let mut state = hold(&self.yard.state);
        let retired = std::mem::take(&mut state.retired);
        let wanted = !state.stop && state.ready.len() < self.yard.ahead;
        drop(state);
        drop(retired);
        if !wanted || self.shared.is_failed() {
            return;
        }
        match self.turn() {
            Ok(()) => {}
            Err(JournalError::SyncFailed(failure)) => self.shared.fail(failure),
            Err(error) => self.put_off(&error, Duration::ZERO),
        }
    }

    /// False when it is time to end.
    fn wait_for_work(&self) -> bool {
        let mut state = hold(&self.yard.state);
        loop {
            if state.stop {
                return false;
            }
            if !state.retired.is_empty() {
                let retired = std::mem::take(&mut state.retired);
                drop(state);
                drop(retired);
                state = hold(&self.yard.state);
                continue;
            }
            // Refilled from half on: what was prepared for a burst is not made again in it.
            if state.ready.len() <= self.yard.ahead / 2 {
                state.filling = true;
            }
            if state.filling && state.ready.len() < self.yard.ahead {
                return true;
            }
            state.filling = false;
            state = self
                .yard
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn offer(&self, prepared: Prepared) {
        let mut state = hold(&self.yard.state);
        state.ready.push_back(prepared);
        self.yard.ready.store(state.ready.len(), Ordering::Release);
        self.yard.changed.notify_all();
        if self.yard.blocked.swap(false, Ordering::AcqRel) {
            tracing::info!("a segment could be prepared again: orders are taken");
        }
    }

    fn put_off(&self, error: &JournalError, pause: Duration) {
        if !self.yard.blocked.swap(true, Ordering::AcqRel) {
            tracing::warn!(%error, "no segment can be prepared: trying again until it works");
        }
        let state = hold(&self.yard.state);
        if !state.stop {
            drop(self.yard.changed.wait_timeout(state, pause));
        }
    }

    fn make(&self, number: u64) -> Result<Prepared, JournalError> {
        let path = free_name(&self.folder, number);
        #[cfg(test)]
        if self.yard.refuse.load(Ordering::Acquire) {
            return Err(JournalError::NoSpace { path });
        }
        make_zeroed(&path, self.segment_bytes)
    }

    /// A spare left by an earlier run is as good as new when nothing was written to it.
    fn reuse(&self, path: &Path) -> Result<Option<Prepared>, JournalError> {
        let file = disk::open_writable(path)?;
        let bytes = file.len().place("look at", path)?;
        if bytes == self.segment_bytes {
            disk::allocate(&file, bytes, path)?;
            let region = map(&file, bytes, path)?;
            if is_zero(region.bytes()) {
                let path = path.to_path_buf();
                return Ok(Some(Prepared {
                    path,
                    file: Arc::new(file),
                    region,
                }));
            }
        }
        disk::remove(path)?;
        Ok(None)
    }
}

/// Whether all bytes are zero, a page at a time.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(ZEROS.len())
        .all(|page| *page == ZEROS[..page.len()])
}

/// Makes a zeroed segment under the name `path`.
pub(crate) fn make_zeroed(path: &Path, bytes: u64) -> Result<Prepared, JournalError> {
    let beside = path.with_extension("tmp");
    let made = make_beside(path, &beside, bytes);
    if made.is_err() {
        // What was written of it would keep the disk full.
        drop(disk::remove(&beside));
    }
    made
}

fn make_beside(path: &Path, beside: &Path, bytes: u64) -> Result<Prepared, JournalError> {
    let mut file = disk::create(beside)?;
    disk::allocate(&file, bytes, beside)?;
    disk::write_zeros(&mut file, bytes, beside)?;
    disk::sync_all(&file, beside)?;
    disk::rename(beside, path)?;
    disk::sync_folder(path.parent().expect("a segment lies in a folder"))?;
    let region = map(&file, bytes, path)?;
    Ok(Prepared {
        path: path.to_path_buf(),
        file: Arc::new(file),
        region,
    })
}

/// Maps a whole segment.
pub(crate) fn map(file: &File, bytes: u64, path: &Path) -> Result<Region, JournalError> {
    let bytes = usize::try_from(bytes).expect("a segment fits the address space");
    Region::map(file, bytes).place("map", path)
}

fn free_name(folder: &Path, number: u64) -> PathBuf {
    let mut number = number;
    loop {
        let path = folder.join(format!("{number:08}.spare"));
        if !files::exists(&path) {
            return path;
        }
        number += 1;
    }
}

/// Spares an earlier run left; half-made files are removed.
fn spares_in(folder: &Path) -> Vec<PathBuf> {
    let mut spares = Vec::new();
    for path in disk::entries(folder).unwrap_or_default() {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("spare") => spares.push(path),
            Some("tmp") => drop(disk::remove(&path)),
            _ => {}
        }
    }
    spares
}
