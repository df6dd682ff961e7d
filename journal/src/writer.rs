//! Appending: one thread, no allocation, no system call, no waiting for a file.
//!
//! [`Writer::append`] stores a frame in mapped memory; [`Writer::publish`] hands all
//! stored so far to the sync thread; [`Durable`] says how far the disk is. The one wait
//! is at a roll: the first frame of a new segment must not reach the disk before the old
//! segment is durable to its end, so that append waits for one sync.
//!
//! What is not durable is bounded in frames and in bytes. The bounds are back-pressure,
//! and recovery relies on them: nothing that is not durable lies further ahead.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use schemas::ids::Offset;

use crate::error::SyncFailure;
use crate::frame::{self, Record};
use crate::lock::DirectoryLock;
use crate::mark::Vouched;
use crate::prepare::Yard;
use crate::segment::{Header, Tail, name_of};
use crate::sync::{Durable, Shared, Target};

/// Payload and header may take this part of a segment: 2 KiB of the smallest.
const FRAME_PART: u64 = 32;
/// The part of the last segment that a full disk leaves to [`Class::Reserved`].
const RESERVE_PART: u64 = 16;
/// Bytes that may wait for the disk, per frame of the lag.
const LAG_BYTES_EACH: u64 = 256;

/// How a journal is made and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of a segment of a new journal, a multiple of 4,096 from 65,536. An existing
    /// journal keeps its own.
    pub segment_bytes: u64,
    /// How many frames may wait for the disk.
    pub max_lag: u32,
    /// How many segments are kept ready ahead.
    pub segments_ahead: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            segment_bytes: 256 << 20,
            max_lag: 65_536,
            segments_ahead: 2,
        }
    }
}

impl Settings {
    /// Bytes that may wait for the disk.
    pub(crate) fn lag_bytes(&self) -> u64 {
        u64::from(self.max_lag)
            .saturating_mul(LAG_BYTES_EACH)
            .max(1 << 16)
    }
}

/// Who may use what a full disk has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Refused while the disk is full and only the reserve is left.
    Order,
    /// Cancels, seals, administration: may use the reserve.
    Reserved,
}

/// Why a record was not appended. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The disk is full; what is left is kept for cancels and administration.
    #[error("the disk is full: orders are refused until space is freed")]
    Full,
    /// The next segment is being prepared; it passes by itself.
    #[error("the next segment is not ready yet")]
    NotReady,
    /// Too much is waiting for the disk; it passes by itself.
    #[error("too many records wait for the disk")]
    LagBound,
    /// The record is longer than this journal takes.
    #[error("a record of {bytes} bytes, at most {limit} fit")]
    TooLong {
        /// Bytes of the payload.
        bytes: usize,
        /// The most a payload may have.
        limit: usize,
    },
    /// A sync failed; this journal takes nothing any more.
    #[error("a sync failed: the journal takes nothing any more")]
    Broken,
}

/// The journal, opened for writing. Dropped without [`Writer::close`] it stops its
/// threads and leaves the rest to recovery, as a crash would.
pub struct Writer {
    tail: Tail,
    header: Header,
    seed: u32,
    next: Offset,
    last_crc: u32,
    reserve_bytes: usize,
    payload_bytes_max: usize,
    max_lag: u64,
    waiting_bytes: WaitingBytes,
    folder: PathBuf,
    shared: Arc<Shared>,
    yard: Arc<Yard>,
    threads: Vec<JoinHandle<()>>,
    _lock: DirectoryLock,
}

/// What [`Writer::new`] is made from.
pub(crate) struct Parts {
    pub(crate) tail: Tail,
    pub(crate) header: Header,
    pub(crate) next: Offset,
    pub(crate) last: Option<Vouched>,
    pub(crate) settings: Settings,
    pub(crate) folder: PathBuf,
    pub(crate) shared: Arc<Shared>,
    pub(crate) yard: Arc<Yard>,
    pub(crate) threads: Vec<JoinHandle<()>>,
    pub(crate) lock: DirectoryLock,
}

/// Bounds the bytes between the disk and the append position with two remembered places.
struct WaitingBytes {
    older: (u64, u64),
    newer: (u64, u64),
    position: u64,
    max: u64,
}

impl WaitingBytes {
    fn new(next: Offset, max: u64) -> WaitingBytes {
        WaitingBytes {
            older: (next.0, 0),
            newer: (next.0, 0),
            position: 0,
            max,
        }
    }

    /// Whether `bytes` more may wait, when `next` comes next and `durable` is durable.
    #[inline]
    fn admit(&mut self, bytes: usize, next: Offset, durable: u64) -> bool {
        if self.position - self.newer.1 > self.max / 4 && self.newer.0 <= durable {
            self.older = self.newer;
            self.newer = (next.0, self.position);
        }
        if self.position - self.older.1 + bytes as u64 > self.max {
            if durable < next.0 {
                return false;
            }
            self.older = (next.0, self.position);
            self.newer = self.older;
        }
        true
    }
}

impl Writer {
    pub(crate) fn new(parts: Parts) -> Writer {
        let bytes = parts.header.segment_bytes;
        let frame_bytes_max = usize::try_from(bytes / FRAME_PART).unwrap_or(usize::MAX);
        Writer {
            tail: parts.tail,
            header: parts.header,
            seed: parts.header.id.seed(),
            next: parts.next,
            last_crc: parts.last.map_or(0, |frame| frame.crc),
            reserve_bytes: usize::try_from(bytes / RESERVE_PART).unwrap_or(usize::MAX),
            payload_bytes_max: frame_bytes_max - frame::HEADER_BYTES,
            max_lag: u64::from(parts.settings.max_lag),
            waiting_bytes: WaitingBytes::new(parts.next, parts.settings.lag_bytes()),
            folder: parts.folder,
            shared: parts.shared,
            yard: parts.yard,
            threads: parts.threads,
            _lock: parts.lock,
        }
    }

    /// The offset the next record gets.
    #[inline]
    pub fn next(&self) -> Offset {
        self.next
    }

    /// How far the disk is.
    pub fn durable(&self) -> Durable {
        Durable {
            shared: Arc::clone(&self.shared),
        }
    }

    /// How many bytes a payload may have.
    pub fn payload_bytes_max(&self) -> usize {
        self.payload_bytes_max
    }

    /// Whether orders are refused because no segment can be made.
    pub fn is_full(&self) -> bool {
        self.yard.ready() == 0
            && self.yard.is_blocked()
            && self.tail.room() < self.reserve_bytes + self.payload_bytes_max
    }

    /// Waits until `count` segments are ready ahead (a bench does); false when the time is
    /// over first.
    pub fn wait_prepared(&self, count: usize, timeout: Duration) -> bool {
        self.yard.wait_ready(count, timeout)
    }

    /// Stores a record and gives its offset. It is neither visible to the sync thread nor
    /// durable before [`Writer::publish`]. On an error nothing was stored;
    /// [`AppendError::LagBound`] passes only when what was appended is published.
    #[inline]
    pub fn append(&mut self, record: &Record<'_>, class: Class) -> Result<Offset, AppendError> {
        let offset = self.next;
        if self.shared.is_failed() {
            return Err(AppendError::Broken);
        }
        let bytes = record.payload.len();
        if self.payload_bytes_max < bytes {
            return Err(AppendError::TooLong {
                bytes,
                limit: self.payload_bytes_max,
            });
        }
        let need = frame::span(bytes);
        if self.tail.room() < need + self.reserve_bytes {
            self.make_room(need, class)?;
        }
        let durable = self.shared.durable();
        let lag = offset.0 - durable;
        if self.max_lag <= lag || !self.waiting_bytes.admit(need, offset, durable) {
            return Err(AppendError::LagBound);
        }
        let sealed = frame::seal(self.seed, offset, lag as u32, record);
        self.tail.push(&sealed, record.payload);
        self.waiting_bytes.position += need as u64;
        self.last_crc = frame::sealed_crc(&sealed);
        self.next = offset.next();
        Ok(offset)
    }

    /// Makes all records appended so far visible to the sync thread.
    #[inline]
    pub fn publish(&mut self) {
        self.shared.publish(self.next, self.last_crc);
    }

    /// The end of the segment is near: keep the reserve, or roll.
    #[cold]
    fn make_room(&mut self, need: usize, class: Class) -> Result<(), AppendError> {
        let fits = need <= self.tail.room();
        if self.yard.ready() == 0 {
            if fits && class == Class::Reserved {
                return Ok(());
            }
            let full = self.yard.is_blocked();
            return Err(if full {
                AppendError::Full
            } else {
                AppendError::NotReady
            });
        }
        if fits { Ok(()) } else { self.roll() }
    }

    fn roll(&mut self) -> Result<(), AppendError> {
        self.publish();
        let durable = self.durable();
        let mut seen = durable.get();
        while seen < self.next.0 {
            if self.shared.is_failed() {
                return Err(AppendError::Broken);
            }
            seen = durable.wait_past(seen, Duration::from_secs(1));
        }
        let Some(prepared) = self.yard.take() else {
            return Err(AppendError::NotReady);
        };
        self.header.previous = self.header.first;
        self.header.first = self.next;
        let full = std::mem::replace(&mut self.tail, Tail::start(prepared.region, &self.header));
        self.yard.retire(full);
        self.shared.set_target(Target {
            file: prepared.file,
            path: self.folder.join(name_of(self.next)),
            spare: Some(prepared.path),
        });
        Ok(())
    }

    /// Makes everything appended durable, writes the mark and stops the threads.
    pub fn close(mut self) -> Result<(), SyncFailure> {
        self.publish();
        self.end(true);
        self.shared.failure().map_or(Ok(()), Err)
    }

    fn end(&mut self, sync_first: bool) {
        self.shared.stop(sync_first);
        self.yard.stop();
        #[cfg(feature = "simulation")]
        self.shared.end_steps();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the journal panicked");
            }
        }
    }

    /// The journal folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    #[cfg(test)]
    pub(crate) fn yard(&self) -> &Yard {
        &self.yard
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A simulation has no threads, and ends its steps like them.
        if !self.threads.is_empty() || cfg!(feature = "simulation") {
            self.end(false);
        }
    }
}
