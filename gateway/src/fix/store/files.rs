//! A folder of segments, and where in them each message lies.
//!
//! Every segment begins with a record of the numbers, so that old ones can be thrown away:
//! what is kept is bounded, and what is gone is gap-filled on a resend. A tail that was cut
//! in the middle of a record ends at the record before it.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ironfix_core::error::StoreError;
use ironfix_core::message::MsgType;
use ironfix_store::StoredMessage;
use schemas::wire::Wire;

use crate::fix::execution::ReportId;
use crate::fix::store::Bounds;
use crate::fix::store::record::{self, HEAD_BYTES, Kind, MAGIC, Numbers, Sent};

/// Where a message that was sent lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: u64,
    segment: u64,
    at: u64,
    length: u32,
}

/// The segments of one store, open.
pub struct Files {
    dir: PathBuf,
    bounds: Bounds,
    pub numbers: Numbers,
    /// Ascending by number.
    sent: VecDeque<Place>,
    /// Ascending; the last is being written.
    segments: VecDeque<(u64, File)>,
    /// Bytes of the last segment.
    length: u64,
    record: Vec<u8>,
}

impl Files {
    /// Opens a folder, made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(dir: &Path, bounds: Bounds) -> io::Result<Files> {
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
        Ok(files)
    }

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
        while let Some(record) = record::read(&bytes, at) {
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
        let (kind, mut body) = record.split_first()?;
        let input = &mut body;
        match Kind::of(*kind)? {
            Kind::State => {
                self.numbers = Numbers::take(input)?;
                let next_sender = self.numbers.next_sender;
                self.sent.retain(|place| place.number < next_sender);
            }
            Kind::Sent => {
                let sent = Sent::of(input)?;
                self.note(&sent, place);
            }
            Kind::Target => self.numbers.next_target = Wire::take(input)?,
            Kind::Watermark => self.numbers.watermark = Wire::take(input)?,
        }
        Some(())
    }

    /// Notes what was sent and where it lies.
    fn note(&mut self, sent: &Sent<'_>, place: Place) {
        self.numbers.next_sender = sent.next_sender;
        let number = sent.number;
        self.file(Place { number, ..place });
        if sent.kind == b"8"
            && let Some(id) = ReportId::of_frame(sent.frame)
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

    /// Writes one record behind the last; where it lies.
    fn append(&mut self, kind: Kind, body: impl FnOnce(&mut Vec<u8>)) -> io::Result<Place> {
        let length = record::write(&mut self.record, kind, body);
        let (segment, file) = self.segments.back().expect("a store has a segment");
        let (segment, at) = (*segment, self.length);
        file.write_all_at(&self.record, at)?;
        self.length += HEAD_BYTES as u64 + u64::from(length);
        Ok(Place {
            number: 0,
            segment,
            at: at + HEAD_BYTES as u64,
            length,
        })
    }

    /// Writes all numbers as they are.
    ///
    /// # Errors
    /// When the disk refuses, as with everything that writes here.
    pub fn write_state(&mut self) -> io::Result<()> {
        let numbers = self.numbers;
        self.append(Kind::State, |out| numbers.put(out))?;
        Ok(())
    }

    /// The next number that is expected of the client.
    pub fn set_next_target(&mut self, number: u64) -> io::Result<()> {
        self.append(Kind::Target, |out| number.put(out))?;
        self.numbers.next_target = number;
        Ok(())
    }

    /// How far the client's messages were worked.
    pub fn set_watermark(&mut self, watermark: u64) -> io::Result<()> {
        self.append(Kind::Watermark, |out| watermark.put(out))?;
        self.numbers.watermark = watermark;
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

    /// Keeps a message that is sent.
    pub fn keep(&mut self, sent: &Sent<'_>) -> io::Result<()> {
        if self.length >= self.bounds.segment_bytes {
            self.next_segment(self.last_segment() + 1)?;
        }
        let place = self.append(Kind::Sent, |out| sent.put(out))?;
        self.note(sent, place);
        Ok(())
    }

    fn last_segment(&self) -> u64 {
        self.segments.back().map_or(0, |(number, _)| *number)
    }

    /// Forgets every message and starts at those numbers; reports go on where they were.
    pub fn start_over(&mut self, next_sender: u64, next_target: u64) -> io::Result<()> {
        self.numbers = Numbers {
            next_sender,
            next_target,
            watermark: 0,
            ..self.numbers
        };
        self.sent.clear();
        self.next_segment(self.last_segment() + 1)?;
        while self.segments.len() > 1 {
            self.drop_oldest()?;
        }
        self.sync()
    }

    /// The first so many messages whose numbers lie in that range.
    ///
    /// # Errors
    /// When one of them is damaged.
    pub fn page(
        &self,
        range: RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let first = self
            .sent
            .partition_point(|place| place.number < *range.start());
        let places = self.sent.range(first..).take(limit);
        places
            .take_while(|place| range.contains(&place.number))
            .map(|place| self.read(*place))
            .collect()
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
        let message = || {
            let sent = Sent::of(&record[1..]).filter(|sent| sent.number == place.number)?;
            let kind = MsgType::new(std::str::from_utf8(sent.kind).ok()?).ok()?;
            let frame = Bytes::copy_from_slice(sent.frame);
            Some(StoredMessage::new(sent.number, kind, frame))
        };
        message().ok_or_else(|| corrupted(format!("message {} is damaged", place.number)))
    }

    /// Waits until the disk has the last segment.
    pub fn sync(&self) -> io::Result<()> {
        self.segments
            .back()
            .map_or(Ok(()), |(_, file)| file.sync_data())
    }
}
