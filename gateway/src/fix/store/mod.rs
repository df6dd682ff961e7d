//! What a FIX session must not forget, on disk: its two numbers, what it sent, what it told.
//!
//! The only file I/O of the gateway, behind the trait [`MessageStore`] of the session layer.
//! A record is handed to the operating system before its message leaves, so that a killed
//! process loses nothing; the disk is waited for at a reset, at a new segment and at the end
//! of a session.
//!
//! Reading order: `record` (the bytes), `files` (a folder of segments), then the trait here.

mod record;
mod files;

use std::io;
use std::path::Path;
use std::time::SystemTime;

use async_trait::async_trait;
use ironfix_core::error::StoreError;
use ironfix_core::message::MsgType;
use ironfix_store::{MessageStore, StoredMessage};
use parking_lot::Mutex;

use crate::fix::execution::ReportId;
use files::Files;
use record::Sent;

/// How much of its past a session keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// A segment that has grown beyond this is followed by the next, in bytes.
    pub segment_bytes: u64,
    /// Segments that are kept, the one in use included.
    pub segments: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            segment_bytes: 8 << 20,
            segments: 4,
        }
    }
}

/// The store of one session.
pub struct FileStore {
    state: Mutex<Files>,
    created: SystemTime,
}

impl FileStore {
    /// Opens a session's folder, made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(dir: &Path, bounds: Bounds) -> io::Result<FileStore> {
        Ok(FileStore {
            state: Mutex::new(Files::open(dir, bounds)?),
            created: SystemTime::now(),
        })
    }

    /// The last report that was filed for this session, or from where they begin.
    pub fn told(&self) -> Option<ReportId> {
        self.state.lock().numbers.told
    }

    /// From here on reports are due; kept until another is filed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin_at(&self, told: ReportId) -> io::Result<()> {
        let mut files = self.state.lock();
        files.numbers.told = Some(told);
        files.write_state()
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> io::Result<()> {
        self.state.lock().sync()
    }

    /// Keeps a message; `numbers` gives its number and the next from the next as it is.
    fn keep(
        &self,
        kind: &MsgType,
        frame: &[u8],
        numbers: impl FnOnce(u64) -> (u64, u64),
    ) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        let (number, next_sender) = numbers(files.numbers.next_sender);
        let sent = Sent {
            number,
            next_sender,
            kind: kind.as_str().as_bytes(),
            frame,
        };
        files.keep(&sent).map_err(|error| failed(&error))
    }
}

fn failed(error: &io::Error) -> StoreError {
    StoreError::Io(error.to_string())
}

/// Each call runs to its end in one poll, so that calls take effect in order.
#[async_trait]
impl MessageStore for FileStore {
    async fn store(&self, number: u64, kind: &MsgType, frame: &[u8]) -> Result<(), StoreError> {
        self.keep(kind, frame, |next_sender| (number, next_sender))
    }

    async fn file_outbound(
        &self,
        number: u64,
        kind: &MsgType,
        frame: &[u8],
        next_sender: u64,
    ) -> Result<(), StoreError> {
        self.keep(kind, frame, |_| (number, next_sender))
    }

    async fn get_range(&self, begin: u64, end: u64) -> Result<Vec<StoredMessage>, StoreError> {
        let last = if end == 0 { u64::MAX } else { end };
        let found = self.get_page(begin, last, usize::MAX).await?;
        if found.is_empty() {
            return Err(StoreError::RangeNotAvailable { begin, end });
        }
        Ok(found)
    }

    async fn get_page(
        &self,
        begin: u64,
        end: u64,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        if begin == 0 || end < begin {
            return Err(StoreError::InvalidRange { begin, end });
        }
        let files = self.state.lock();
        files.page(begin..=end, limit)
    }

    fn next_sender_seq(&self) -> u64 {
        self.state.lock().numbers.next_sender
    }

    fn next_target_seq(&self) -> u64 {
        self.state.lock().numbers.next_target
    }

    async fn set_next_sender_seq(&self, number: u64) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        files.numbers.next_sender = number;
        files.write_state().map_err(|error| failed(&error))
    }

    async fn set_next_target_seq(&self, number: u64) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        files
            .set_next_target(number)
            .map_err(|error| failed(&error))
    }

    async fn reset(&self) -> Result<(), StoreError> {
        self.reset_to(1, 1).await
    }

    async fn reset_to(&self, next_sender: u64, next_target: u64) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        files
            .start_over(next_sender, next_target)
            .map_err(|error| failed(&error))
    }

    fn reset_owed(&self) -> bool {
        self.state.lock().numbers.is_reset_owed
    }

    async fn set_reset_owed(&self, owed: bool) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        files.numbers.is_reset_owed = owed;
        let written = files.write_state().and_then(|()| files.sync());
        written.map_err(|error| failed(&error))
    }

    fn app_watermark(&self) -> u64 {
        self.state.lock().numbers.watermark
    }

    async fn set_app_watermark(&self, watermark: u64) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        files
            .set_watermark(watermark)
            .map_err(|error| failed(&error))
    }

    fn creation_time(&self) -> SystemTime {
        self.created
    }
}

#[cfg(test)]
mod tests;
