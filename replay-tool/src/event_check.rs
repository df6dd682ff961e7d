//! The event log beside the replay: what was answered must be what replay answers.
//!
//! The log is a cache: it may be missing, begin late or end early. What it holds must
//! agree, frame by frame, and it may not answer a command that the journal does not hold.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use engine::apply::Stamp;
use journal::error::JournalError;
use journal::event_log::folder_in;
use journal::event_reader::EventReader;
use schemas::event::decode_events;
use schemas::ids::Offset;

use crate::error::ReplayError;
use crate::finding::Finding;
use crate::walk::file_holding;

/// Reads the event log in step with a replay.
pub(crate) struct EventCheck {
    folder: PathBuf,
    reader: EventReader,
    ended: bool,
    /// Frames that agreed.
    pub(crate) compared: u64,
    /// A tail that a start would cut, for people.
    pub(crate) torn: Option<String>,
}

/// A finding, or why nobody could look.
type Checked = Result<(), Result<Finding, ReplayError>>;

impl EventCheck {
    /// From the first offset that the replay will apply.
    pub(crate) fn open(dir: &Path, from: Offset) -> Result<EventCheck, ReplayError> {
        let mut reader = EventReader::open(dir, from);
        if let Err(JournalError::BeforeStart { first, .. }) = reader.next() {
            reader = EventReader::open(dir, first);
        } else {
            // The frame that was looked at is read again.
            reader = EventReader::open(dir, from);
        }
        let folder = folder_in(dir);
        Ok(EventCheck {
            folder,
            reader,
            ended: false,
            compared: 0,
            torn: None,
        })
    }

    /// Compares the answer to one command.
    pub(crate) fn compare(&mut self, at: Stamp, encoded: &[u8]) -> Checked {
        if self.ended || at.offset < self.reader.position() {
            return Ok(());
        }
        let read = self.reader.next();
        let reason = match read {
            Ok(None) => {
                self.ended = true;
                return Ok(());
            }
            Ok(Some(frame)) if frame.offset != at.offset => {
                format!("offset {} stands in the event log", frame.offset.0)
            }
            Ok(Some(frame)) if frame.time != at.time => {
                "the event log has another time".to_string()
            }
            Ok(Some(frame)) if frame.payload != encoded => difference(frame.payload, encoded),
            Ok(Some(_)) => {
                self.compared += 1;
                return Ok(());
            }
            Err(error) => return self.damaged(error),
        };
        Err(Ok(self.finding(at.offset, reason)))
    }

    /// Nothing may follow after the journal's end.
    pub(crate) fn end(&mut self, next: Offset) -> Checked {
        if self.ended {
            return Ok(());
        }
        match self.reader.next() {
            Ok(None) => Ok(()),
            Ok(Some(frame)) => {
                let offset = frame.offset;
                let reason = format!("answered, and the journal ends before offset {}", next.0);
                Err(Ok(self.finding(offset, reason)))
            }
            Err(JournalError::BeforeStart { first, .. }) => {
                let reason = format!("answered, and the journal ends before offset {}", next.0);
                Err(Ok(self.finding(first, reason)))
            }
            Err(error) => self.damaged(error),
        }
    }

    fn finding(&self, offset: Offset, reason: String) -> Finding {
        let segment = file_holding(&self.folder, "events", offset);
        Finding {
            segment,
            offset,
            position: None,
            reason,
        }
    }

    /// A tail of zeros is one that was never written; a start cuts it.
    fn damaged(&mut self, error: JournalError) -> Checked {
        self.ended = true;
        if let JournalError::Damaged {
            path,
            offset,
            position,
            ..
        } = &error
            && only_zeros_from(path, *position)
        {
            let path = path.display();
            self.torn = Some(format!(
                "{path}: zeros from byte {position} (offset {})",
                offset.0
            ));
            return Ok(());
        }
        Err(Finding::of(&self.folder, error.into()).map_or_else(Err, Ok))
    }
}

fn only_zeros_from(path: &Path, position: u64) -> bool {
    let Ok(file) = std::fs::File::open(path) else {
        return false;
    };
    let (mut at, mut piece) = (position, [0; 4096]);
    loop {
        match file.read_at(&mut piece, at) {
            Ok(0) => return true,
            Ok(count) if piece[..count].iter().all(|byte| *byte == 0) => at += count as u64,
            _ => return false,
        }
    }
}

fn difference(found: &[u8], computed: &[u8]) -> String {
    let (Some(found), Some(computed)) = (decode_events(found), decode_events(computed)) else {
        return "the event log's frame does not decode".to_string();
    };
    let same = found
        .iter()
        .zip(&computed)
        .take_while(|(found, computed)| found == computed);
    let index = same.count();
    let name = |events: &[schemas::event::Event]| {
        events.get(index).map_or("no event", |event| event.name())
    };
    let (found, computed) = (name(&found), name(&computed));
    format!("event {index} is {found} in the event log, replay gives {computed}: they differ")
}
