//! The bytes of a store.
//!
//! ```text
//! segment   = "DBFIX001" record*             number.log, written once from left to right
//! record    = length u32 | crc32c u32 | kind u8 | body       integers little-endian
//! kind 1    next_sender u64, next_target u64, watermark u64, owed u8, offset u64, index u32
//! kind 2    number u64, next_sender u64, type length u8, type, the frame as it was sent
//! kind 3    next_target u64                  kind 4    watermark u64
//! ```

use schemas::wire::{Sink, Wire};

use crate::fix::execution::ReportId;

/// What a segment begins with.
pub const MAGIC: &[u8; 8] = b"DBFIX001";
/// Bytes of a record before its kind.
pub const HEAD_BYTES: usize = 8;
/// No message of ours is nearly as long.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// What a record is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    State = 1,
    Sent = 2,
    Target = 3,
    Watermark = 4,
}

impl Kind {
    pub fn of(byte: u8) -> Option<Kind> {
        let kinds = [Kind::State, Kind::Sent, Kind::Target, Kind::Watermark];
        kinds.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The numbers of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    pub next_sender: u64,
    pub next_target: u64,
    pub watermark: u64,
    pub is_reset_owed: bool,
    /// The last report that was filed, or from where they begin.
    pub told: Option<ReportId>,
}

impl Numbers {
    pub const NEW: Numbers = Numbers {
        next_sender: 1,
        next_target: 1,
        watermark: 0,
        is_reset_owed: false,
        told: None,
    };
}

impl Wire for Numbers {
    fn put(&self, out: &mut impl Sink) {
        for number in [self.next_sender, self.next_target, self.watermark] {
            number.put(out);
        }
        self.is_reset_owed.put(out);
        let (offset, index) = ReportId::to_numbers(self.told);
        offset.put(out);
        index.put(out);
    }

    fn take(input: &mut &[u8]) -> Option<Numbers> {
        Some(Numbers {
            next_sender: Wire::take(input)?,
            next_target: Wire::take(input)?,
            watermark: Wire::take(input)?,
            is_reset_owed: Wire::take(input)?,
            told: ReportId::from_numbers(Wire::take(input)?, Wire::take(input)?),
        })
    }
}

/// A message that was sent, as a record of kind 2 holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent<'a> {
    pub number: u64,
    /// The number of the one after it.
    pub next_sender: u64,
    /// MsgType (35).
    pub kind: &'a [u8],
    pub frame: &'a [u8],
}

impl<'a> Sent<'a> {
    pub fn put(&self, out: &mut Vec<u8>) {
        self.number.put(out);
        self.next_sender.put(out);
        (self.kind.len() as u8).put(out);
        out.extend_from_slice(self.kind);
        out.extend_from_slice(self.frame);
    }

    /// A whole body; `None` when it ends too early.
    pub fn of(body: &'a [u8]) -> Option<Sent<'a>> {
        let input = &mut &body[..];
        let (number, next_sender) = (u64::take(input)?, u64::take(input)?);
        let length = u8::take(input)?;
        let (kind, frame) = input.split_at_checked(usize::from(length))?;
        Some(Sent {
            number,
            next_sender,
            kind,
            frame,
        })
    }
}

/// Makes `record` a whole one, head and all; the length behind the head.
pub fn write(record: &mut Vec<u8>, kind: Kind, body: impl FnOnce(&mut Vec<u8>)) -> u32 {
    record.clear();
    record.extend_from_slice(&[0; HEAD_BYTES]);
    record.push(kind as u8);
    body(record);
    let length = (record.len() - HEAD_BYTES) as u32;
    let checksum = crc32c::crc32c(&record[HEAD_BYTES..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..HEAD_BYTES].copy_from_slice(&checksum.to_le_bytes());
    length
}

/// The record that begins there, without its head, if it is whole.
pub fn read(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let head = &mut bytes.get(at..at + HEAD_BYTES)?;
    let (length, checksum) = (u32::take(head)? as usize, u32::take(head)?);
    if length == 0 || length > RECORD_BYTES_MAX {
        return None;
    }
    let record = bytes.get(at + HEAD_BYTES..at + HEAD_BYTES + length)?;
    (crc32c::crc32c(record) == checksum).then_some(record)
}
