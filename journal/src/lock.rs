//! One writer per data directory: an advisory lock on `DIR/lock`.
//!
//! Readers never take it; they may ask whether it is held. The lock goes away with the
//! process, however it ends.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{JournalError, Place};
use crate::files::{File, Mode};

/// How often a writer asks again: a reader's question holds the lock for microseconds.
const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(5);

/// Holds the lock of a data directory until dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock, making the file when it is missing. [`JournalError::InUse`] when
    /// another process (or another owner in this one) has it.
    pub fn take(dir: &Path) -> Result<DirectoryLock, JournalError> {
        let path = path_in(dir);
        let file = File::open(&path, Mode::Keep).place("open", &path)?;
        for attempt in 1..=ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(DirectoryLock { _file: file }),
                Err(TryLockError::Error(error)) => {
                    return Err(JournalError::system("lock", &path, error));
                }
                Err(TryLockError::WouldBlock) if attempt == ATTEMPTS => {}
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_ATTEMPTS),
            }
        }
        Err(JournalError::InUse { path })
    }
}

/// Whether somebody writes to this directory now. False when there is no lock file.
pub fn is_held(dir: &Path) -> bool {
    let Ok(file) = File::open(&path_in(dir), Mode::Read) else {
        return false;
    };
    // Closing the file gives a lock taken here back.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join("lock")
}
