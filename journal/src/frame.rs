//! One record on disk. Little-endian; frames and payloads start at multiples of 16,
//! because rkyv reads an archived `i128` in place only there.
//!
//! ```text
//! 0        4        8                 16                24      26      28        32
//! | length | crc32c |     offset      |     time_ns     | kind  | ver   | lag     | payload …
//! ```
//! `length` is header and payload without the padding behind it; it is stored last, so
//! a frame is there when it is not zero. `crc32c` covers everything after itself and
//! starts from the journal's id: stale, foreign or forged bytes do not verify. `lag` is
//! the offset minus the first offset that was not yet durable when the frame was made,
//! so all offsets below `offset - lag` were durable then.
//!
//! Nothing here repairs: what to do about an error is the caller's decision.

use schemas::ids::Offset;
use schemas::units::TimeNs;

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 32;
/// Frames start at multiples of this.
pub const ALIGN: usize = 16;
/// Bytes from which a frame is read that no file should hold: 1 GiB.
pub const FRAME_BYTES_MAX: usize = 1 << 30;

const _: () = assert!(HEADER_BYTES.is_multiple_of(ALIGN));

/// The random name of one journal; every checksum starts from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct JournalId(pub [u8; 16]);

impl JournalId {
    /// A new id from the system's randomness.
    pub fn random() -> JournalId {
        JournalId(rand::random())
    }

    /// What a frame's checksum starts from.
    pub fn seed(self) -> u32 {
        crc32c::crc32c(&self.0)
    }
}

impl std::fmt::Debug for JournalId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl std::fmt::Display for JournalId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, out)
    }
}

/// What a caller hands in to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The sequencer's time.
    pub time: TimeNs,
    /// What the payload is; the caller owns the numbers.
    pub kind: u16,
    /// Which version of it.
    pub ver: u16,
    /// Opaque bytes.
    pub payload: &'a [u8],
}

/// One verified frame, borrowed from where it lies; the payload starts at a multiple of 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its dense number.
    pub offset: Offset,
    /// The sequencer's time.
    pub time: TimeNs,
    /// What the payload is.
    pub kind: u16,
    /// Which version of it.
    pub ver: u16,
    /// Offset minus the first offset not yet durable when it was written.
    pub lag: u32,
    /// The checksum as it stands on disk.
    pub crc: u32,
    /// Opaque bytes.
    pub payload: &'a [u8],
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No frame was finished here.
    #[error("no frame")]
    Absent,
    /// The length cannot be.
    #[error("length {found}, {room} bytes are left")]
    Length {
        /// The length in the header.
        found: u32,
        /// Bytes to the end of the file.
        room: usize,
    },
    /// The bytes are not those that were written.
    #[error("crc32c {found:#010x}, computed {computed:#010x}")]
    Checksum {
        /// In the header.
        found: u32,
        /// Over the bytes.
        computed: u32,
    },
    /// The lag is larger than the offset.
    #[error("lag {lag} at offset {}", .offset.0)]
    Lag {
        /// The frame's lag.
        lag: u32,
        /// The frame's offset.
        offset: Offset,
    },
}

/// The header without `length`: what [`seal`] makes and a writer stores first.
pub(crate) type Sealed = [u8; HEADER_BYTES - 4];

/// Bytes a frame with this payload takes on disk, padding included.
pub const fn span(payload_bytes: usize) -> usize {
    (HEADER_BYTES + payload_bytes).next_multiple_of(ALIGN)
}

/// Computes bytes 4..32 of a frame: checksum and fields.
#[inline]
pub(crate) fn seal(seed: u32, offset: Offset, lag: u32, record: &Record<'_>) -> Sealed {
    let mut sealed: Sealed = [0; HEADER_BYTES - 4];
    sealed[4..12].copy_from_slice(&offset.0.to_le_bytes());
    sealed[12..20].copy_from_slice(&record.time.0.to_le_bytes());
    sealed[20..22].copy_from_slice(&record.kind.to_le_bytes());
    sealed[22..24].copy_from_slice(&record.ver.to_le_bytes());
    sealed[24..28].copy_from_slice(&lag.to_le_bytes());
    let crc = crc32c::crc32c_append(seed, &sealed[4..]);
    let crc = crc32c::crc32c_append(crc, record.payload);
    sealed[0..4].copy_from_slice(&crc.to_le_bytes());
    sealed
}

/// The checksum inside a sealed header.
#[inline]
pub(crate) fn sealed_crc(sealed: &Sealed) -> u32 {
    u32_at(sealed, 0)
}

impl<'a> Frame<'a> {
    /// Reads the frame at the start of `bytes`. Never panics, whatever the bytes.
    #[inline]
    pub fn decode(bytes: &'a [u8], seed: u32) -> Result<Frame<'a>, FrameError> {
        let length = length_of(bytes)?;
        let (found, body) = (u32_at(bytes, 4), &bytes[8..length]);
        let computed = crc32c::crc32c_append(seed, body);
        #[cfg(feature = "simulation")]
        let computed = crate::simulation::checksum(found, computed);
        if found != computed {
            return Err(FrameError::Checksum { found, computed });
        }
        let frame = Frame::parse(&bytes[..length]);
        if frame.offset.0 < u64::from(frame.lag) {
            return Err(FrameError::Lag {
                lag: frame.lag,
                offset: frame.offset,
            });
        }
        Ok(frame)
    }

    /// Reads fields of a frame that has verified before; `bytes` is exactly the frame.
    #[inline]
    pub(crate) fn parse(bytes: &'a [u8]) -> Frame<'a> {
        Frame {
            crc: u32_at(bytes, 4),
            offset: Offset(u64_at(bytes, 8)),
            time: TimeNs(u64_at(bytes, 16)),
            kind: u16_at(bytes, 24),
            ver: u16_at(bytes, 26),
            lag: u32_at(bytes, 28),
            payload: &bytes[HEADER_BYTES..],
        }
    }

    /// Bytes the frame takes on disk, padding included.
    #[inline]
    pub fn span(&self) -> usize {
        span(self.payload.len())
    }

    /// All offsets below this were durable when the frame was written.
    #[inline]
    pub fn proves(&self) -> Offset {
        Offset(self.offset.0 - u64::from(self.lag))
    }
}

/// The length at the start of `bytes`, if a frame of that length can stand there.
#[inline]
pub(crate) fn length_of(bytes: &[u8]) -> Result<usize, FrameError> {
    if bytes.len() < HEADER_BYTES {
        return Err(FrameError::Absent);
    }
    let found = u32_at(bytes, 0);
    let length = found as usize;
    if length == 0 {
        return Err(FrameError::Absent);
    }
    let possible = (HEADER_BYTES..=FRAME_BYTES_MAX).contains(&length);
    if !possible || bytes.len() < length {
        return Err(FrameError::Length {
            found,
            room: bytes.len(),
        });
    }
    Ok(length)
}

#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes were sliced"))
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(
        bytes[at..at + 4]
            .try_into()
            .expect("four bytes were sliced"),
    )
}

#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(
        bytes[at..at + 8]
            .try_into()
            .expect("eight bytes were sliced"),
    )
}
