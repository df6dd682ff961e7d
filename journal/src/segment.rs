//! One preallocated file of frames: its header, its name, and the append position.
//!
//! ```text
//! 0        8        12     16              32      40         48              56  64
//! | magic  | format | crc  | journal id    | first | previous | segment bytes | 0 | frames …
//! ```
//! `first` is the offset of the first frame, also the file's name; `previous` is the
//! first offset of the segment before (its own for the first segment), so a missing file
//! is noticed without reading frames. `crc` covers everything but itself. The first 16
//! bytes keep their meaning in every format.

use std::path::Path;

use schemas::ids::Offset;

use crate::error::{Damage, JournalError};
use crate::frame::{self, JournalId, Sealed, u32_at, u64_at};
use crate::region::Region;

/// Bytes of the header; the first frame follows.
pub(crate) const HEADER_BYTES: usize = 64;
/// The format this build writes, and the newest it reads.
pub(crate) const FORMAT: u32 = 1;
/// The smallest segment.
pub(crate) const SEGMENT_BYTES_MIN: u64 = 64 << 10;
/// The largest segment.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 16 << 30;
/// Segments are a multiple of this, a page.
pub(crate) const PAGE_BYTES: u64 = 4096;

const EXTENSION: &str = ".journal";

/// Which kind of file a header opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    /// A segment of the command journal.
    Journal,
    /// A file of the event log.
    Events,
}

impl Magic {
    fn bytes(self) -> &'static [u8; 8] {
        match self {
            Magic::Journal => b"DAYBOOKJ",
            Magic::Events => b"DAYBOOKE",
        }
    }
}

/// What the first 64 bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) magic: Magic,
    pub(crate) id: JournalId,
    pub(crate) first: Offset,
    pub(crate) previous: Offset,
    pub(crate) segment_bytes: u64,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..8].copy_from_slice(self.magic.bytes());
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.id.0);
        bytes[32..40].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.previous.0.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.segment_bytes.to_le_bytes());
        let crc = Header::checksum(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn checksum(bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[0..12]), &bytes[16..HEADER_BYTES])
    }

    /// Reads a header; `path` is named in the error.
    pub(crate) fn decode(bytes: &[u8], magic: Magic, path: &Path) -> Result<Header, JournalError> {
        let path = || path.to_path_buf();
        let damaged = |reason| JournalError::Damaged {
            path: path(),
            offset: first_of(&path()).unwrap_or_default(),
            position: 0,
            reason,
        };
        if bytes.len() < HEADER_BYTES {
            return Err(damaged(Damage::Short {
                bytes: bytes.len() as u64,
            }));
        }
        let verifies = u32_at(bytes, 12) == Header::checksum(bytes);
        if &bytes[0..8] != magic.bytes() {
            // One flipped bit leaves a checksum that nearly fits; a stranger's file does not
            // carry our name at all. Both are refused, only the words differ.
            let reason = "it does not begin like a file of Daybook's";
            return Err(JournalError::Foreign {
                path: path(),
                reason,
            });
        }
        let found = u32_at(bytes, 8);
        if verifies && FORMAT < found {
            return Err(JournalError::Newer {
                path: path(),
                found,
                known: FORMAT,
            });
        }
        if !verifies || found != FORMAT {
            return Err(damaged(Damage::Header));
        }
        let id: [u8; 16] = bytes[16..32].try_into().expect("sixteen bytes were sliced");
        Ok(Header {
            magic,
            id: JournalId(id),
            first: Offset(u64_at(bytes, 32)),
            previous: Offset(u64_at(bytes, 40)),
            segment_bytes: u64_at(bytes, 48),
        })
    }
}

/// The file name of the segment whose first offset this is.
pub(crate) fn name_of(first: Offset) -> String {
    format!("{:020}{EXTENSION}", first.0)
}

/// The first offset in a segment's file name; `None` for any other file.
pub(crate) fn first_of(path: &Path) -> Option<Offset> {
    let digits = path.file_name()?.to_str()?.strip_suffix(EXTENSION)?;
    numbered(digits)
}

/// Twenty digits as an offset.
pub(crate) fn numbered(digits: &str) -> Option<Offset> {
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(Offset)
}

/// The segment that is being written: memory and the place of the next frame.
pub(crate) struct Tail {
    region: Region,
    position: usize,
}

impl Tail {
    /// Goes on writing at `position`.
    pub(crate) fn resume(region: Region, position: usize) -> Tail {
        assert!(position.is_multiple_of(frame::ALIGN));
        assert!(position <= region.len());
        Tail { region, position }
    }

    /// Starts a fresh, zeroed segment.
    pub(crate) fn start(mut region: Region, header: &Header) -> Tail {
        region.write(0, &header.encode());
        Tail {
            region,
            position: HEADER_BYTES,
        }
    }

    /// Bytes left.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.region.len() - self.position
    }

    /// Stores one frame; the caller has looked at [`Tail::room`].
    #[inline]
    pub(crate) fn push(&mut self, sealed: &Sealed, payload: &[u8]) {
        let length = frame::HEADER_BYTES + payload.len();
        self.region.write(self.position + 4, sealed);
        self.region
            .write(self.position + frame::HEADER_BYTES, payload);
        let length_word = u32::try_from(length).expect("a frame is shorter than its segment");
        self.region.publish_length(self.position, length_word);
        self.position += frame::span(payload.len());
    }

    /// A view of the same memory, for tests.
    #[cfg(test)]
    pub(crate) fn view(&self) -> crate::region::View {
        self.region.view()
    }

    /// The bytes so far, for tests.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.region.bytes()
    }
}
