//! Tailing the event log: frames in order, as far as they have been written.
//!
//! The log is written only after a command is durable, so all that is in it may be read.
//! It may be absent, shorter than it was, or end in the middle of a frame: each means
//! "not yet", and the reader asks again when it is asked again.

use std::path::{Path, PathBuf};

use schemas::ids::Offset;

use crate::disk;
use crate::error::{Damage, JournalError, Place};
use crate::event_log::{files_in, folder_in, name_of};
use crate::files::{self, File};
use crate::frame::{ALIGN, Frame, FrameError, HEADER_BYTES, length_of};
use crate::region::{bytes_of, bytes_of_mut};
use crate::segment::{self, Header, Magic};

/// Bytes read from the file at once, unless one frame is longer.
const CHUNK_BYTES: usize = 1 << 20;

/// A place in the event log from which frames are read.
pub struct EventReader {
    folder: PathBuf,
    wanted: Offset,
    file: Option<Tailed>,
    buffer: Buffer,
}

struct Tailed {
    path: PathBuf,
    file: File,
    seed: u32,
    next: Offset,
    first: Offset,
    /// Position in the file of the next frame.
    position: u64,
}

/// A piece of the file, aligned as its frames are.
struct Buffer {
    words: Vec<u128>,
    /// Position in the file of the first byte held.
    start: u64,
    bytes: usize,
}

impl Buffer {
    fn held(&self, position: u64) -> &[u8] {
        let Some(skip) = position.checked_sub(self.start) else {
            return &[];
        };
        let bytes = bytes_of(&self.words);
        bytes[..self.bytes].get(skip as usize..).unwrap_or(&[])
    }

    /// Reads at least `need` bytes from `position` on, if the file has them.
    fn fill(&mut self, file: &File, position: u64, need: usize) -> std::io::Result<()> {
        let words = need.max(CHUNK_BYTES).div_ceil(ALIGN);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
        self.start = position;
        self.bytes = 0;
        let bytes = bytes_of_mut(&mut self.words);
        while self.bytes < need {
            let read = file.read_at(&mut bytes[self.bytes..], position + self.bytes as u64)?;
            if read == 0 {
                break;
            }
            self.bytes += read;
        }
        Ok(())
    }
}

impl EventReader {
    /// Reads from `from` on; the log may come into being later.
    pub fn open(dir: &Path, from: Offset) -> EventReader {
        let buffer = Buffer {
            words: Vec::new(),
            start: 0,
            bytes: 0,
        };
        EventReader {
            folder: folder_in(dir),
            wanted: from,
            file: None,
            buffer,
        }
    }

    /// The offset of the next frame this reader will give.
    pub fn position(&self) -> Offset {
        self.file
            .as_ref()
            .map_or(self.wanted, |file| file.next.max(self.wanted))
    }

    /// The next frame, or `None` when it is not written yet: ask again later.
    #[expect(
        clippy::should_implement_trait,
        reason = "a frame borrows from its reader"
    )]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        let found = loop {
            if self.file.is_none() && !self.find()? {
                return Ok(None);
            }
            let file = self.file.as_mut().expect("it was just found");
            match file.look(&mut self.buffer)? {
                Some(length) => {
                    let (at, offset) = (file.position, file.next);
                    file.position += length.next_multiple_of(ALIGN) as u64;
                    file.next = offset.next();
                    if self.wanted <= offset {
                        break (at, length);
                    }
                }
                None => {
                    let path = self.folder.join(name_of(file.next));
                    if file.next == file.first || !files::exists(&path) {
                        return Ok(None);
                    }
                    let next = file.next;
                    self.file = Tailed::open(&path, next)?;
                    self.buffer.bytes = 0;
                    if self.file.is_none() {
                        self.wanted = self.wanted.max(next);
                        return Ok(None);
                    }
                }
            }
        };
        let (at, length) = found;
        Ok(Some(Frame::parse(&self.buffer.held(at)[..length])))
    }

    /// Opens the file that holds the wanted offset.
    fn find(&mut self) -> Result<bool, JournalError> {
        let files = files_in(&self.folder)?;
        let Some((first, _)) = files.first() else {
            return Ok(false);
        };
        if self.wanted < *first {
            let (path, first) = (self.folder.clone(), *first);
            return Err(JournalError::BeforeStart {
                path,
                first,
                wanted: self.wanted,
            });
        }
        let after = files.partition_point(|(first, _)| *first <= self.wanted);
        let (first, path) = &files[after - 1];
        self.file = Tailed::open(path, *first)?;
        self.buffer.bytes = 0;
        Ok(self.file.is_some())
    }
}

impl Tailed {
    /// `None` when the header is not written yet.
    fn open(path: &Path, first: Offset) -> Result<Option<Tailed>, JournalError> {
        let file = disk::open_readable(path)?;
        let mut bytes = [0; segment::HEADER_BYTES];
        if file.read_at(&mut bytes, 0).place("read", path)? < bytes.len() {
            return Ok(None);
        }
        let header = Header::decode(&bytes, Magic::Events, path)?;
        if header.first != first {
            let reason = Damage::Gap {
                found: header.first,
                expected: first,
            };
            let path = path.to_path_buf();
            return Err(JournalError::Damaged {
                path,
                offset: first,
                position: 0,
                reason,
            });
        }
        let (path, seed) = (path.to_path_buf(), header.id.seed());
        let position = segment::HEADER_BYTES as u64;
        Ok(Some(Tailed {
            path,
            file,
            seed,
            next: first,
            first,
            position,
        }))
    }

    /// The length of the verified frame at the position, once it is whole.
    fn look(&self, buffer: &mut Buffer) -> Result<Option<usize>, JournalError> {
        let at = self.position;
        if buffer.held(at).len() < HEADER_BYTES {
            buffer
                .fill(&self.file, at, HEADER_BYTES)
                .place("read", &self.path)?;
        }
        let length = match length_of(buffer.held(at)) {
            Ok(length) => length,
            Err(FrameError::Absent) => return Ok(None),
            Err(FrameError::Length { found, .. }) => {
                let file_bytes = self.file.len().place("look at", &self.path)?;
                let need = found as usize;
                if file_bytes < at + need as u64 {
                    return Ok(None);
                }
                buffer
                    .fill(&self.file, at, need)
                    .place("read", &self.path)?;
                match length_of(buffer.held(at)) {
                    Ok(length) => length,
                    Err(reason) => return Err(self.damaged(reason.into())),
                }
            }
            Err(reason) => return Err(self.damaged(reason.into())),
        };
        match Frame::decode(&buffer.held(at)[..length], self.seed) {
            Ok(frame) if frame.offset == self.next => Ok(Some(length)),
            Ok(frame) => {
                let (found, expected) = (frame.offset, self.next);
                Err(self.damaged(Damage::Gap { found, expected }))
            }
            Err(reason) => {
                // The last bytes of a file may still be on their way into it.
                let file_bytes = self.file.len().place("look at", &self.path)?;
                buffer.bytes = 0;
                let end = at + length.next_multiple_of(ALIGN) as u64;
                if file_bytes <= end {
                    Ok(None)
                } else {
                    Err(self.damaged(reason.into()))
                }
            }
        }
    }

    fn damaged(&self, reason: Damage) -> JournalError {
        let (path, offset, position) = (self.path.clone(), self.next, self.position);
        JournalError::Damaged {
            path,
            offset,
            position,
            reason,
        }
    }
}
