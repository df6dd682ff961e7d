//! An open file of a simulated disk.

use std::fs::TryLockError;
use std::io::{self, SeekFrom};
use std::sync::Arc;

use crate::region::Memory;
use crate::simulation::disk::{Canary, Shelf};
use crate::simulation::inode::Id;

/// Reads and writes one file; knows its own position.
pub(crate) struct Handle {
    shelf: Arc<Shelf>,
    id: Id,
    /// In which life of the disk it was opened.
    life: u64,
    /// Whether it holds frames of the command journal.
    is_segment: bool,
    position: u64,
    locked: std::sync::atomic::AtomicBool,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "file {}", self.id)
    }
}

impl Handle {
    pub(crate) fn new(shelf: Arc<Shelf>, id: Id, life: u64, is_segment: bool) -> Handle {
        Handle {
            shelf,
            id,
            life,
            is_segment,
            position: 0,
            locked: false.into(),
        }
    }

    /// The page cache of the first `bytes`, as a map sees it.
    pub(crate) fn memory(&self, bytes: usize) -> io::Result<Memory> {
        let mut state = self.shelf.hold();
        state.alive()?;
        let file = state.file(self.id)?;
        assert!(bytes <= file.bytes, "a map past the end of its file");
        Ok(file.memory.clone())
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.shelf.hold().file(self.id)?.bytes as u64)
    }

    pub(crate) fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.shelf.hold();
        state.alive()?;
        state.file(self.id)?.set_len(bytes as usize);
        Ok(())
    }

    pub(crate) fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.shelf.hold();
        state.alive()?;
        let held = state.file(self.id)?.bytes;
        let more = (bytes as usize).saturating_sub(held);
        if 0 < more {
            state.reserve(more)?;
            state.file(self.id)?.set_len(bytes as usize);
        }
        Ok(())
    }

    pub(crate) fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut state = self.shelf.hold();
        state.alive()?;
        let mut at = position as usize;
        let canary = state.recovery_canary().filter(|_| self.is_segment);
        let zeros = bytes.iter().all(|byte| *byte == 0);
        match canary {
            Some(Canary::TailNotCut) if zeros => return Ok(()),
            Some(Canary::CutTooEarly) if zeros => at = at.saturating_sub(64).max(64),
            _ => {}
        }
        let held = state.file(self.id)?.bytes;
        let more = (at + bytes.len()).saturating_sub(held);
        if 0 < more {
            state.reserve(more)?;
        }
        let lazily = canary == Some(Canary::NoWriteBack);
        state.file(self.id)?.write(at, bytes, lazily);
        Ok(())
    }

    pub(crate) fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.shelf.hold();
        let file = state.file(self.id)?;
        let at = (position as usize).min(file.bytes);
        let taken = into.len().min(file.bytes - at);
        file.memory.read(at, &mut into[..taken]);
        Ok(taken)
    }

    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.read_at(into, self.position)?;
        self.position += taken as u64;
        Ok(taken)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_at(bytes, self.position)?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    pub(crate) fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let held = self.len()?;
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::End(by) => held.saturating_add_signed(by),
            SeekFrom::Current(by) => self.position.saturating_add_signed(by),
        };
        Ok(self.position)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut state = self.shelf.hold();
        state.alive()?;
        state.sync(self.id, self.is_segment)
    }

    pub(crate) fn try_lock(&self) -> Result<(), TryLockError> {
        let mut state = self.shelf.hold();
        state.alive().map_err(TryLockError::Error)?;
        if state.locks.contains(&self.id) {
            return Err(TryLockError::WouldBlock);
        }
        state.locks.push(self.id);
        self.locked
            .store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn try_lock_shared(&self) -> Result<(), TryLockError> {
        let state = self.shelf.hold();
        if state.locks.contains(&self.id) {
            return Err(TryLockError::WouldBlock);
        }
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !*self.locked.get_mut() {
            return;
        }
        let mut state = self.shelf.hold();
        // What was locked before a crash is not locked any more.
        if state.life == self.life {
            state.locks.retain(|id| *id != self.id);
        }
    }
}
