//! What is still true after a crash: one rule, as a table. Nothing here writes.
//!
//! Frames are walked from the segment the mark lies in. Let `b` be the offset of the
//! first frame that is not there or does not verify, and `V` the first offset nobody was
//! promised: the largest of `offset - lag` over all valid frames (those behind `b` too,
//! looked for at every 16th byte), of the first offset of every later segment, and of
//! the mark's offset plus one.
//!
//! ```text
//! | what is found                                             | decision             |
//! |-----------------------------------------------------------|----------------------|
//! | b >= V, only zeros from b on                              | accept               |
//! | b >= V, other bytes from b on                             | cut the tail         |
//! | b < V                                                     | stop: damaged        |
//! | b < mark + 1                                              | stop: below the mark |
//! | the frame at the mark has another crc                     | stop: differs        |
//! | a segment's first offset is not where the one before ends | stop: missing        |
//! | a header does not verify, or names another file           | stop: damaged        |
//! | another journal id in a header or in the mark             | stop: foreign        |
//! | a format above ours                                       | stop: newer          |
//! | segments without a mark, or a mark without its segment    | stop                 |
//! | no segment, and a mark that vouches for nothing           | absent: create       |
//! ```

use std::path::{Path, PathBuf};

use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::disk::{self, ZEROS};
use crate::error::{Damage, JournalError, Place};
use crate::frame::{ALIGN, Frame, FrameError, JournalId, length_of, u64_at};
use crate::mark::{self, Mark, Vouched};
use crate::prepare::is_zero;
use crate::region::View;
use crate::segment::{self, Header, Magic, SEGMENT_BYTES_MAX};

/// Bytes behind the last frame that nobody was promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub path: PathBuf,
    /// Where the torn bytes begin.
    pub from: u64,
    /// The end of the last byte that is not zero.
    pub to: u64,
    /// The offset that would have stood there.
    pub offset: Offset,
}

impl std::fmt::Display for Torn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, offset) = (self.path.display(), self.offset.0);
        write!(
            out,
            "torn tail in {path}: bytes {}..{} (offset {offset})",
            self.from, self.to
        )
    }
}

/// What was found and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The journal's random name.
    pub id: JournalId,
    /// First offset of the oldest segment.
    pub first: Offset,
    /// The offset the next frame gets.
    pub next: Offset,
    /// Frames walked: from the mark's segment for a start, all for an inspection.
    pub frames: u64,
    /// Number and checksum of the last frame, when one was walked.
    pub last: Option<Vouched>,
    /// Time of the last frame, when one was walked.
    pub last_time: Option<TimeNs>,
    /// Everything below this is proven durable by lag, mark or a later segment.
    pub proven: Offset,
    /// A tail that a start cuts.
    pub torn: Option<Torn>,
}

/// Recovery's decision, taken without touching anything.
#[derive(Debug)]
pub struct Inspection {
    /// What is there, up to the finding if there is one.
    pub recovery: Recovery,
    /// Why a start would refuse.
    pub finding: Option<JournalError>,
}

/// Reads a whole journal and says what a start would do. `dir` is the data directory;
/// errors are for what cannot be looked at at all.
pub fn inspect(dir: &Path) -> Result<Inspection, JournalError> {
    let files = Files::load(&folder_in(dir))?;
    let survey = Survey::take(files, From::Start);
    Ok(Inspection {
        finding: survey.finding,
        recovery: survey.recovery,
    })
}

/// The journal's folder in a data directory.
pub fn folder_in(dir: &Path) -> PathBuf {
    dir.join("journal")
}

/// One segment file, mapped for reading as far as it exists.
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    pub(crate) bytes: u64,
    view: View,
}

impl SegmentFile {
    /// Opens a segment and checks its header against its name.
    pub(crate) fn open(path: &Path) -> Result<SegmentFile, JournalError> {
        let file = disk::open_readable(path)?;
        let bytes = file.len().place("look at", path)?;
        let named = segment::first_of(path).unwrap_or_default();
        let damaged = |reason| {
            let path = path.to_path_buf();
            JournalError::Damaged {
                path,
                offset: named,
                position: 0,
                reason,
            }
        };
        if bytes < segment::HEADER_BYTES as u64 {
            return Err(damaged(Damage::Short { bytes }));
        }
        let mapped = usize::try_from(bytes.min(SEGMENT_BYTES_MAX)).unwrap_or(usize::MAX);
        let view = View::map(&file, mapped).place("map", path)?;
        let header = view.bytes(0, segment::HEADER_BYTES);
        let header = Header::decode(header, Magic::Journal, path)?;
        if header.first != named {
            return Err(damaged(Damage::Gap {
                found: header.first,
                expected: named,
            }));
        }
        Ok(SegmentFile {
            path: path.to_path_buf(),
            header,
            bytes,
            view,
        })
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    fn from(&self, position: usize) -> &[u8] {
        let position = position.min(self.view.len());
        self.view.bytes(position, self.view.len() - position)
    }
}

/// A journal folder as it lies there: mark and segments, headers verified.
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
    pub(crate) mark: Mark,
    pub(crate) segments: Vec<SegmentFile>,
}

impl Files {
    /// Reads the mark first: a live writer may only add to what it vouches for.
    pub(crate) fn load(folder: &Path) -> Result<Files, JournalError> {
        let mark = Mark::read(folder)?;
        let mut segments = Vec::new();
        for path in disk::entries(folder)? {
            if segment::first_of(&path).is_some() {
                segments.push(SegmentFile::open(&path)?);
            }
        }
        let Some(mark) = mark else {
            return Err(match segments.first() {
                None => JournalError::Absent {
                    path: folder.to_path_buf(),
                },
                Some(_) => no_mark(folder),
            });
        };
        let Some(first) = segments.first() else {
            return Err(match mark.frame {
                None => JournalError::Absent {
                    path: folder.to_path_buf(),
                },
                Some(frame) => JournalError::Damaged {
                    path: folder.to_path_buf(),
                    offset: frame.offset,
                    position: 0,
                    reason: Damage::BelowMark { mark: frame.offset },
                },
            });
        };
        let id = first.header.id;
        for segment in &segments {
            if segment.header.id != id {
                let path = segment.path.clone();
                let reason = "its journal id is not that of the segments before";
                return Err(JournalError::Foreign { path, reason });
            }
        }
        if mark.id != id {
            let path = mark::path_in(folder);
            let reason = "the mark belongs to another journal";
            return Err(JournalError::Foreign { path, reason });
        }
        let files = Files {
            folder: folder.to_path_buf(),
            mark,
            segments,
        };
        files.check_order()?;
        Ok(files)
    }

    /// Each segment names the one before it.
    fn check_order(&self) -> Result<(), JournalError> {
        for pair in self.segments.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if after.header.previous != before.header.first {
                return Err(JournalError::Damaged {
                    path: after.path.clone(),
                    offset: after.header.previous,
                    position: 0,
                    reason: Damage::MissingSegment {
                        next: after.header.first,
                    },
                });
            }
        }
        Ok(())
    }

    /// The segment that holds `offset`, or would.
    pub(crate) fn holding(&self, offset: Offset) -> usize {
        let after = self
            .segments
            .partition_point(|segment| segment.header.first <= offset);
        after.saturating_sub(1)
    }
}

fn no_mark(folder: &Path) -> JournalError {
    JournalError::Damaged {
        path: mark::path_in(folder),
        offset: Offset(0),
        position: 0,
        reason: Damage::NoMark,
    }
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// At the oldest segment: an inspection.
    Start,
    /// At the segment of the mark: a start.
    Mark,
}

/// Files, what they hold, and the place behind the last good frame.
pub(crate) struct Survey {
    pub(crate) files: Files,
    pub(crate) recovery: Recovery,
    pub(crate) finding: Option<JournalError>,
    /// Index of the segment in which the walk ended.
    pub(crate) segment: usize,
    /// Position behind the last good frame in it.
    pub(crate) position: usize,
    /// Segment and position of the mark's frame, or where the walk began.
    pub(crate) above_mark: (usize, usize),
}

impl Survey {
    /// Walks the frames and takes the decision.
    pub(crate) fn take(files: Files, from: From) -> Survey {
        let begin = match (from, files.mark.frame) {
            (From::Start, _) | (From::Mark, None) => 0,
            (From::Mark, Some(frame)) => files.holding(frame.offset),
        };
        let first = files.segments[begin].header.first;
        let recovery = Recovery {
            id: files.mark.id,
            first: files.segments[0].header.first,
            next: first,
            frames: 0,
            last: None,
            last_time: None,
            proven: first,
            torn: None,
        };
        let (segment, position) = (begin, segment::HEADER_BYTES);
        let above_mark = (segment, position);
        let mut survey = Survey {
            files,
            recovery,
            finding: None,
            segment,
            position,
            above_mark,
        };
        survey.finding = survey.settle().err();
        survey
    }

    /// Walks and decides, and looks again when the decision is not plain acceptance: a
    /// node that is running may have appended in between.
    fn settle(&mut self) -> Result<(), JournalError> {
        loop {
            let reason = self.walk()?;
            let decision = self.decide(reason);
            if decision.is_ok() && self.recovery.torn.is_none() {
                return decision;
            }
            let here = self.files.segments[self.segment].from(self.position);
            let grown = Frame::decode(here, self.recovery.id.seed());
            if !grown.is_ok_and(|frame| frame.offset == self.recovery.next) {
                return decision;
            }
            self.recovery.torn = None;
        }
    }

    /// Reads frames to the first that is not there or does not verify, and says why.
    fn walk(&mut self) -> Result<Damage, JournalError> {
        let seed = self.recovery.id.seed();
        loop {
            let file = &self.files.segments[self.segment];
            let (path, next) = (&file.path, self.recovery.next);
            let reason = match Frame::decode(file.from(self.position), seed) {
                Ok(frame) if frame.offset == next => {
                    let vouched = Vouched {
                        offset: frame.offset,
                        crc: frame.crc,
                    };
                    if let Some(mark) = self.files.mark.frame
                        && mark.offset == vouched.offset
                    {
                        if mark.crc != vouched.crc {
                            let (found, expected) = (vouched.crc, mark.crc);
                            let reason = Damage::MarkDiffers { found, expected };
                            return Err(damaged(path, next, self.position, reason));
                        }
                        self.above_mark = (self.segment, self.position);
                    }
                    self.position += frame.span();
                    self.recovery.proven = self.recovery.proven.max(frame.proves());
                    self.recovery.last_time = Some(frame.time);
                    self.recovery.last = Some(vouched);
                    self.recovery.next = next.next();
                    self.recovery.frames += 1;
                    continue;
                }
                Ok(frame) => Damage::Gap {
                    found: frame.offset,
                    expected: next,
                },
                Err(_) if file.bytes <= self.position as u64 => Damage::Short { bytes: file.bytes },
                Err(reason) => Damage::Frame(reason),
            };
            match self.files.segments.get(self.segment + 1) {
                Some(following) if following.header.first == next => {
                    self.segment += 1;
                    self.position = segment::HEADER_BYTES;
                }
                _ => return Ok(reason),
            }
        }
    }

    /// The rule: what was promised must be there, the rest may be cut.
    fn decide(&mut self, reason: Damage) -> Result<(), JournalError> {
        let next = self.recovery.next;
        let file = &self.files.segments[self.segment];
        let mut promised = self.recovery.proven.max(self.proven_behind());
        for later in &self.files.segments[self.segment + 1..] {
            promised = promised.max(later.header.first);
        }
        let at = self.position;
        if next < promised {
            if let Some(_later) = self.files.segments.get(self.segment + 1)
                && matches!(reason, Damage::Frame(FrameError::Absent))
            {
                let next_first = self.files.segments[self.segment + 1].header.first;
                let reason = Damage::MissingSegment { next: next_first };
                return Err(damaged(&file.path, next, at, reason));
            }
            return Err(damaged(&file.path, next, at, reason));
        }
        if let Some(mark) = self.files.mark.frame
            && next <= mark.offset
        {
            let reason = match reason {
                Damage::Frame(FrameError::Absent) | Damage::Short { .. } => {
                    Damage::BelowMark { mark: mark.offset }
                }
                other => other,
            };
            return Err(damaged(&file.path, next, at, reason));
        }
        if let Some(mark) = self.files.mark.frame {
            promised = promised.max(mark.offset.next());
        }
        self.recovery.proven = promised;
        let rest = file.from(at);
        if !is_zero(rest) {
            let to = (at + end_of_data(rest)) as u64;
            let path = file.path.clone();
            self.recovery.torn = Some(Torn {
                path,
                from: at as u64,
                to,
                offset: next,
            });
        }
        Ok(())
    }

    /// What valid frames behind the first bad one prove.
    fn proven_behind(&self) -> Offset {
        let seed = self.recovery.id.seed();
        let rest = self.files.segments[self.segment].from(self.position);
        let mut proven = Offset(0);
        let mut at = 0;
        while at + ALIGN <= rest.len() {
            let here = &rest[at..];
            if at.is_multiple_of(ZEROS.len()) && here.starts_with(&ZEROS) {
                at += ZEROS.len();
                continue;
            }
            at += ALIGN;
            if here[..4] == [0; 4] || length_of(here).is_err() {
                continue;
            }
            // Valid frames of this journal are near; anything else need not be summed.
            if u64_at(here, 8).abs_diff(self.recovery.next.0) > rest.len() as u64 {
                continue;
            }
            if let Ok(frame) = Frame::decode(here, seed) {
                proven = proven.max(frame.proves());
            }
        }
        proven
    }
}

/// The place behind the last byte that is not zero.
fn end_of_data(bytes: &[u8]) -> usize {
    let mut end = bytes.len();
    while ZEROS.len() <= end && bytes[end - ZEROS.len()..end] == ZEROS {
        end -= ZEROS.len();
    }
    while 0 < end && bytes[end - 1] == 0 {
        end -= 1;
    }
    end
}

fn damaged(path: &Path, offset: Offset, position: usize, reason: Damage) -> JournalError {
    let path = path.to_path_buf();
    JournalError::Damaged {
        path,
        offset,
        position: position as u64,
        reason,
    }
}
