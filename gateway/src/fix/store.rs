//! What a FIX session must not forget, on disk: its two numbers, what it sent, what it told.
//!
//! The only file I/O of the gateway, behind the trait [`MessageStore`] of the session layer.
//! A store is a folder of segments, each a row of records:
//!
//! ```text
//! segment   = "DBFIX001" record*             number.log, written once from left to right
//! record    = length u32 | crc32c u32 | kind u8 | body       integers little-endian
//! kind 1    next_sender u64, next_target u64, watermark u64, owed u8, offset u64, index u32
//! kind 2    number u64, next_sender u64, type length u8, type, the frame as it was sent
//! kind 3    next_target u64                  kind 4    watermark u64
//! ```
//!
//! Every segment begins with a record of kind 1, so that old ones can be thrown away: what is
//! kept is bounded, and what is gone is gap-filled on a resend. A record is handed to the
//! operating system before its message leaves, so that a killed process loses nothing; the
//! disk is waited for at a reset, at a new segment and at the end of a session. A tail that
//! was cut in the middle of a record ends at the record before it.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use ironfix_core::error::StoreError;
use ironfix_core::message::MsgType;
use ironfix_store::{MessageStore, StoredMessage};
use parking_lot::Mutex;

use crate::fix::execution::ReportId;

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

const MAGIC: &[u8; 8] = b"DBFIX001";
const HEAD_BYTES: usize = 8;
/// No message of ours is nearly as long.
const RECORD_BYTES_MAX: usize = 1 << 20;
const STATE: u8 = 1;
const SENT: u8 = 2;
const TARGET: u8 = 3;
const WATERMARK: u8 = 4;

/// The store of one session.
pub struct FileStore {
    state: Mutex<Files>,
    created: SystemTime,
}

/// The numbers of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Numbers {
    next_sender: u64,
    next_target: u64,
    watermark: u64,
    is_reset_owed: bool,
    /// The last report that was filed, or from where they begin.
    told: Option<ReportId>,
}

impl Numbers {
    const NEW: Numbers = Numbers {
        next_sender: 1,
        next_target: 1,
        watermark: 0,
        is_reset_owed: false,
        told: None,
    };
}

/// Where a message that was sent lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: u64,
    segment: u64,
    at: u64,
    length: u32,
}

struct Files {
    dir: PathBuf,
    bounds: Bounds,
    numbers: Numbers,
    /// Ascending by number.
    sent: VecDeque<Place>,
    /// Ascending; the last is being written.
    segments: VecDeque<(u64, File)>,
    /// Bytes of the last segment.
    length: u64,
    record: Vec<u8>,
}

impl FileStore {
    /// Opens a session's folder, made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(dir: &Path, bounds: Bounds) -> io::Result<FileStore> {
        fs::create_dir_all(dir)?;
        let mut files = Files {
            dir: dir.to_path_buf(),
            bounds,
            numbers: Numbers::NEW,
            sent: VecDeque::new(),
            segments: VecDeque::new(),
            length: 0,
            record: Vec::new(),
        };
        let mut found: Vec<u64> = fs::read_dir(dir)?
            .filter_map(|entry| {
                let name = entry.ok()?.file_name();
                name.to_str()?.strip_suffix(".log")?.parse().ok()
            })
            .collect();
        found.sort_unstable();
        for number in &found {
            files.load(*number)?;
        }
        files.go_on(found.last().map_or(0, |last| last + 1))?;
        Ok(FileStore {
            state: Mutex::new(files),
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
}

impl Files {
    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}.log"))
    }

    /// Reads a segment up to its end or its first damaged record.
    fn load(&mut self, number: u64) -> io::Result<()> {
        let path = self.path(number);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if !bytes.starts_with(MAGIC) {
            return fs::remove_file(&path);
        }
        let mut at = MAGIC.len();
        while let Some(record) = record_at(&bytes, at) {
            let place = Place {
                number: 0,
                segment: number,
                at: (at + HEAD_BYTES) as u64,
                length: record.len() as u32,
            };
            if self.absorb(record, place).is_none() {
                break;
            }
            at += HEAD_BYTES + record.len();
        }
        self.length = at as u64;
        self.segments.push_back((number, file));
        Ok(())
    }

    /// Goes on in the last segment behind its last whole record; without one in a new one.
    fn go_on(&mut self, next: u64) -> io::Result<()> {
        match self.segments.back() {
            Some((_, file)) => file.set_len(self.length),
            None => self.next_segment(next),
        }
    }

    /// Takes one record in; `None` when it means nothing.
    fn absorb(&mut self, record: &[u8], place: Place) -> Option<()> {
        let (kind, body) = record.split_first()?;
        let input = &mut &body[..];
        match *kind {
            STATE => {
                self.numbers = Numbers {
                    next_sender: take_u64(input)?,
                    next_target: take_u64(input)?,
                    watermark: take_u64(input)?,
                    is_reset_owed: take(input, 1)?[0] == 1,
                    told: ReportId::from_numbers(take_u64(input)?, take_u32(input)?),
                };
                let next_sender = self.numbers.next_sender;
                self.sent.retain(|place| place.number < next_sender);
            }
            SENT => {
                let number = take_u64(input)?;
                self.numbers.next_sender = take_u64(input)?;
                let kind = take_type(input)?;
                self.file(Place { number, ..place });
                self.note_report(kind, input);
            }
            TARGET => self.numbers.next_target = take_u64(input)?,
            WATERMARK => self.numbers.watermark = take_u64(input)?,
            _ => return None,
        }
        Some(())
    }

    fn note_report(&mut self, kind: &[u8], frame: &[u8]) {
        if kind == b"8"
            && let Some(id) = ReportId::of_frame(frame)
        {
            self.numbers.told = Some(id);
        }
    }

    /// Notes where a message lies; one filed again replaces the one before.
    fn file(&mut self, place: Place) {
        while self
            .sent
            .back()
            .is_some_and(|last| place.number <= last.number)
        {
            self.sent.pop_back();
        }
        self.sent.push_back(place);
    }

    /// Writes one record behind the last.
    fn append(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<(u64, u32)> {
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        record.extend_from_slice(&[0; HEAD_BYTES]);
        record.push(kind);
        write(&mut record);
        let length = record.len() - HEAD_BYTES;
        let checksum = crc32c::crc32c(&record[HEAD_BYTES..]);
        record[..4].copy_from_slice(&(length as u32).to_le_bytes());
        record[4..HEAD_BYTES].copy_from_slice(&checksum.to_le_bytes());
        let (_, file) = self.segments.back_mut().expect("a store has a segment");
        let at = self.length;
        let written = file.write_all_at(&record, at);
        self.record = record;
        written?;
        self.length += (HEAD_BYTES + length) as u64;
        Ok((at + HEAD_BYTES as u64, length as u32))
    }

    fn write_state(&mut self) -> io::Result<()> {
        let numbers = self.numbers;
        let (offset, index) = ReportId::to_numbers(numbers.told);
        self.append(STATE, |out| {
            for number in [numbers.next_sender, numbers.next_target, numbers.watermark] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.push(u8::from(numbers.is_reset_owed));
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&index.to_le_bytes());
        })?;
        Ok(())
    }

    /// Begins a segment and throws away the oldest that are too many.
    fn next_segment(&mut self, number: u64) -> io::Result<()> {
        if !self.segments.is_empty() {
            self.sync()?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(number))?;
        file.write_all_at(MAGIC, 0)?;
        self.segments.push_back((number, file));
        self.length = MAGIC.len() as u64;
        self.write_state()?;
        while self.segments.len() > self.bounds.segments.max(1) {
            self.drop_oldest()?;
        }
        Ok(())
    }

    fn drop_oldest(&mut self) -> io::Result<()> {
        let Some((oldest, _)) = self.segments.pop_front() else {
            return Ok(());
        };
        self.sent.retain(|place| place.segment != oldest);
        fs::remove_file(self.path(oldest))
    }

    /// Keeps a message of that number; `next` is the number of the one after it.
    fn sent(&mut self, (number, next): (u64, u64), kind: &MsgType, frame: &[u8]) -> io::Result<()> {
        let segment = self.segments.back().map_or(0, |(number, _)| *number);
        if self.length >= self.bounds.segment_bytes {
            self.next_segment(segment + 1)?;
        }
        let segment = self.segments.back().map_or(0, |(number, _)| *number);
        let kind = kind.as_str().as_bytes();
        let (at, length) = self.append(SENT, |out| {
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(&next.to_le_bytes());
            out.push(kind.len() as u8);
            out.extend_from_slice(kind);
            out.extend_from_slice(frame);
        })?;
        self.numbers.next_sender = next;
        self.file(Place {
            number,
            segment,
            at,
            length,
        });
        self.note_report(kind, frame);
        Ok(())
    }

    /// Forgets every message and starts at those numbers; reports go on where they were.
    fn start_over(&mut self, next_sender: u64, next_target: u64) -> io::Result<()> {
        let Numbers {
            is_reset_owed,
            told,
            ..
        } = self.numbers;
        self.numbers = Numbers {
            next_sender,
            next_target,
            watermark: 0,
            is_reset_owed,
            told,
        };
        self.sent.clear();
        let last = self.segments.back().map_or(0, |(number, _)| *number);
        self.next_segment(last + 1)?;
        while self.segments.len() > 1 {
            self.drop_oldest()?;
        }
        self.sync()
    }

    fn read(&self, place: Place) -> Result<StoredMessage, StoreError> {
        let corrupted = |reason: String| StoreError::Corrupted { reason };
        let (_, file) = self
            .segments
            .iter()
            .find(|(number, _)| *number == place.segment)
            .ok_or(StoreError::NotFound {
                seq_num: place.number,
            })?;
        let mut record = vec![0; place.length as usize];
        file.read_exact_at(&mut record, place.at)
            .map_err(|error| corrupted(error.to_string()))?;
        let parts = || {
            let input = &mut &record[1..];
            let (number, _) = (take_u64(input)?, take_u64(input)?);
            let kind = std::str::from_utf8(take_type(input)?).ok()?;
            Some((
                number,
                MsgType::new(kind).ok()?,
                Bytes::copy_from_slice(input),
            ))
        };
        match parts() {
            Some((number, kind, frame)) if number == place.number => {
                Ok(StoredMessage::new(number, kind, frame))
            }
            _ => Err(corrupted(format!("message {} is damaged", place.number))),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.segments
            .back()
            .map_or(Ok(()), |(_, file)| file.sync_data())
    }
}

/// The record that begins there, if it is whole.
fn record_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let head = bytes.get(at..at + HEAD_BYTES)?;
    let (length, checksum) = head.split_at(4);
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(checksum.try_into().ok()?);
    if length == 0 || length > RECORD_BYTES_MAX {
        return None;
    }
    let record = bytes.get(at + HEAD_BYTES..at + HEAD_BYTES + length)?;
    (crc32c::crc32c(record) == checksum).then_some(record)
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(taken)
}

fn take_u64(input: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(input, 8)?.try_into().ok()?))
}

fn take_u32(input: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(take(input, 4)?.try_into().ok()?))
}

fn take_type<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take(input, 1)?[0];
    take(input, usize::from(length))
}

fn failed(error: &io::Error) -> StoreError {
    StoreError::Io(error.to_string())
}

/// Each call runs to its end in one poll, so that calls take effect in order.
#[async_trait]
impl MessageStore for FileStore {
    async fn store(&self, number: u64, kind: &MsgType, frame: &[u8]) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        let next = files.numbers.next_sender;
        files
            .sent((number, next), kind, frame)
            .map_err(|error| failed(&error))
    }

    async fn file_outbound(
        &self,
        number: u64,
        kind: &MsgType,
        frame: &[u8],
        next_sender: u64,
    ) -> Result<(), StoreError> {
        let mut files = self.state.lock();
        files
            .sent((number, next_sender), kind, frame)
            .map_err(|error| failed(&error))
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
        let first = files.sent.partition_point(|place| place.number < begin);
        let places = files.sent.range(first..).take(limit);
        places
            .take_while(|place| place.number <= end)
            .map(|place| files.read(*place))
            .collect()
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
            .append(TARGET, |out| out.extend_from_slice(&number.to_le_bytes()))
            .map_err(|error| failed(&error))?;
        files.numbers.next_target = number;
        Ok(())
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
            .append(WATERMARK, |out| {
                out.extend_from_slice(&watermark.to_le_bytes());
            })
            .map_err(|error| failed(&error))?;
        files.numbers.watermark = watermark;
        Ok(())
    }

    fn creation_time(&self) -> SystemTime {
        self.created
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, FileStore};
    use crate::fix::execution::ReportId;
    use ironfix_core::message::MsgType;
    use ironfix_store::MessageStore;
    use std::fs;
    use std::path::Path;

    const SMALL: Bounds = Bounds {
        segment_bytes: 400,
        segments: 3,
    };

    fn frame(number: u64) -> Vec<u8> {
        format!("8=FIX.4.4\x019=1\x0135=8\x0134={number}\x0117={number}-2\x0110=000\x01").into()
    }

    async fn send(store: &FileStore, number: u64) {
        let kind = MsgType::ExecutionReport;
        let frame = frame(number);
        let sent = store.file_outbound(number, &kind, &frame, number + 1);
        sent.await.expect("the disk takes it");
    }

    async fn numbers(store: &FileStore) -> Vec<u64> {
        let page = store.get_page(1, u64::MAX, usize::MAX).await;
        let page = page.expect("messages are whole");
        for message in &page {
            assert_eq!(message.payload()[..], frame(message.seq_num())[..]);
        }
        page.iter().map(|message| message.seq_num()).collect()
    }

    fn open(dir: &Path, bounds: Bounds) -> FileStore {
        FileStore::open(dir, bounds).expect("a folder of the test")
    }

    #[tokio::test]
    async fn everything_is_there_after_the_process_was_killed() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = open(dir.path(), Bounds::default());
        for number in 1..=5 {
            send(&store, number).await;
        }
        store.set_next_target_seq(9).await.expect("written");
        store.set_app_watermark(8).await.expect("written");
        // No sync, no close: what the operating system has is enough.
        std::mem::forget(store);
        let again = open(dir.path(), Bounds::default());
        assert_eq!(numbers(&again).await, [1, 2, 3, 4, 5]);
        assert_eq!((again.next_sender_seq(), again.next_target_seq()), (6, 9));
        assert_eq!(again.app_watermark(), 8);
        assert_eq!(again.told(), ReportId::parse("5-2"));
    }

    #[tokio::test]
    async fn a_tail_cut_at_any_byte_gives_an_exact_beginning() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = open(dir.path(), Bounds::default());
        for number in 1..=4 {
            send(&store, number).await;
        }
        drop(store);
        let path = dir.path().join(format!("{:020}.log", 0));
        let whole = fs::read(&path).expect("the segment");
        let mut seen = Vec::new();
        for length in 0..=whole.len() {
            let cut = tempfile::tempdir().expect("a temporary folder");
            fs::write(cut.path().join(format!("{:020}.log", 0)), &whole[..length]).expect("cut");
            let store = open(cut.path(), Bounds::default());
            let kept = numbers(&store).await;
            assert_eq!(kept, (1..store.next_sender_seq()).collect::<Vec<_>>());
            seen.push(kept.len());
        }
        assert!(seen.is_sorted(), "more bytes are never fewer messages");
        assert_eq!((seen[0], seen.last()), (0, Some(&4)));
    }

    #[tokio::test]
    async fn old_messages_go_and_numbers_stay() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = open(dir.path(), SMALL);
        for number in 1..=200 {
            send(&store, number).await;
        }
        let kept = numbers(&store).await;
        assert_eq!(kept.last(), Some(&200));
        assert!(kept.len() < 30 && kept.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        let files = fs::read_dir(dir.path()).expect("the folder").count();
        assert_eq!(files, SMALL.segments);
        drop(store);
        assert_eq!(open(dir.path(), SMALL).next_sender_seq(), 201);
    }

    #[tokio::test]
    async fn a_reset_forgets_messages_but_not_what_was_told() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = open(dir.path(), SMALL);
        for number in 1..=20 {
            send(&store, number).await;
        }
        store.set_reset_owed(true).await.expect("written");
        store.reset().await.expect("written");
        drop(store);
        let again = open(dir.path(), SMALL);
        assert_eq!((again.next_sender_seq(), again.next_target_seq()), (1, 1));
        assert!(again.reset_owed() && numbers(&again).await.is_empty());
        assert_eq!(again.told(), ReportId::parse("20-2"));
    }

    #[tokio::test]
    async fn a_number_filed_again_holds_the_newer_message() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = open(dir.path(), Bounds::default());
        for number in [1, 2, 3, 2] {
            send(&store, number).await;
        }
        assert_eq!(numbers(&store).await, [1, 2]);
    }
}
