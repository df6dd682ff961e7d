//! Reading frames in order: no lock, no write, nothing past what is durable.
//!
//! Beside a running node a reader learns what is durable from the frames themselves: a
//! scout runs ahead of it, and a frame proves everything below its `offset - lag`. A new
//! segment proves the one before it, and the mark proves what it names. In the node's own
//! process [`Reader::follow`] asks [`Durable`] instead. On a directory at rest the reader
//! goes as far as a start would accept.

use std::path::{Path, PathBuf};

use schemas::ids::Offset;

use crate::error::{Damage, JournalError};
use crate::files;
use crate::frame::{self, Frame, FrameError, HEADER_BYTES, JournalId};
use crate::lock;
use crate::mark::Mark;
use crate::recovery::{Files, From, SegmentFile, Survey, folder_in};
use crate::segment::{self, name_of};
use crate::sync::Durable;

/// A place in the journal from which frames are read.
pub struct Reader {
    folder: PathBuf,
    id: JournalId,
    seed: u32,
    segment: SegmentFile,
    position: usize,
    next: Offset,
    wanted: Offset,
    /// Position and offset up to which frames of this segment have been verified.
    scout: (usize, Offset),
    /// Everything below is durable.
    bound: Offset,
    live: Option<Durable>,
}

/// What stands at a place.
enum Look {
    /// A frame of this length, verified.
    Frame(usize),
    /// No frame, or not yet.
    Nothing(Damage),
}

impl Reader {
    /// Reads from `from` on. `dir` is the data directory, perhaps a read-only copy; a
    /// `from` in the future is waited for. [`JournalError::BeforeStart`] when the journal
    /// begins later.
    pub fn open(dir: &Path, from: Offset) -> Result<Reader, JournalError> {
        let folder = folder_in(dir);
        let at_rest = !lock::is_held(dir);
        let mut files = Files::load(&folder)?;
        let marked = files.mark.frame.map(|frame| frame.offset.next());
        let mut bound = marked.unwrap_or_default();
        if at_rest {
            let survey = Survey::take(files, From::Mark);
            if let Some(finding) = survey.finding {
                return Err(finding);
            }
            bound = bound.max(survey.recovery.next);
            files = survey.files;
        }
        let first = files.segments[0].header.first;
        if from < first {
            return Err(JournalError::BeforeStart {
                path: folder,
                first,
                wanted: from,
            });
        }
        let segment = files.segments.swap_remove(files.holding(from));
        segment.view().read_in_order();
        let (id, next) = (segment.header.id, segment.header.first);
        let start = segment::HEADER_BYTES;
        Ok(Reader {
            folder,
            id,
            seed: id.seed(),
            segment,
            position: start,
            next,
            wanted: from,
            scout: (start, next),
            bound: bound.max(next),
            live: None,
        })
    }

    /// Takes the node's own word for what is durable.
    pub fn follow(mut self, durable: Durable) -> Reader {
        self.live = Some(durable);
        self
    }

    /// The journal's random name.
    pub fn id(&self) -> JournalId {
        self.id
    }

    /// The offset of the next frame this reader will give.
    pub fn position(&self) -> Offset {
        self.next.max(self.wanted)
    }

    /// The next frame, or `None` when nothing more is durable yet: ask again later.
    #[expect(
        clippy::should_implement_trait,
        reason = "a frame borrows from its reader"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        loop {
            if self.bound <= self.next && !self.learn()? {
                return Ok(None);
            }
            match self.look(self.position, self.next) {
                Look::Frame(length) => {
                    let at = self.position;
                    self.position += length.next_multiple_of(frame::ALIGN);
                    let offset = self.next;
                    self.next = offset.next();
                    if offset < self.wanted {
                        continue;
                    }
                    return Ok(Some(Frame::parse(self.segment.view().bytes(at, length))));
                }
                Look::Nothing(reason) => {
                    if !self.step_over()? {
                        return Err(self.damaged(reason));
                    }
                }
            }
        }
    }

    /// Looks for the frame with this offset at a position; verifies what the scout has not.
    #[inline]
    fn look(&self, at: usize, offset: Offset) -> Look {
        let view = self.segment.view();
        let length = view.length(at) as usize;
        if offset < self.scout.1 {
            return Look::Frame(length);
        }
        if length == 0 {
            return Look::Nothing(Damage::Frame(FrameError::Absent));
        }
        let room = view.len() - at;
        if length < HEADER_BYTES || room < length {
            let found = length as u32;
            return Look::Nothing(Damage::Frame(FrameError::Length { found, room }));
        }
        match Frame::decode(view.bytes(at, length), self.seed) {
            Ok(frame) if frame.offset == offset => Look::Frame(length),
            Ok(frame) => Look::Nothing(Damage::Gap {
                found: frame.offset,
                expected: offset,
            }),
            Err(reason) => Look::Nothing(Damage::Frame(reason)),
        }
    }

    /// Tries to learn that the next frame is durable.
    #[cold]
    fn learn(&mut self) -> Result<bool, JournalError> {
        loop {
            match &self.live {
                Some(durable) => self.bound = self.bound.max(Offset(durable.get())),
                None => self.scout_ahead()?,
            }
            if self.next < self.bound {
                return Ok(true);
            }
            if !self.step_over()? {
                return Ok(false);
            }
        }
    }

    /// Reads frames ahead until one proves the next, or there are none.
    fn scout_ahead(&mut self) -> Result<(), JournalError> {
        self.scout = self.scout.max((self.position, self.next));
        while self.bound <= self.next {
            let (at, offset) = self.scout;
            let Look::Frame(length) = self.look(at, offset) else {
                break;
            };
            let frame = Frame::parse(self.segment.view().bytes(at, length));
            self.bound = self.bound.max(frame.proves());
            self.scout = (at + frame.span(), offset.next());
        }
        let reached = self.scout.1;
        if self.next < self.bound || self.next == reached {
            // Either enough is known, or there is nothing that could be proven.
            return Ok(());
        }
        if files::exists(&self.folder.join(name_of(reached))) {
            self.bound = self.bound.max(reached);
        } else if let Some(Mark {
            frame: Some(frame), ..
        }) = Mark::read(&self.folder)?
        {
            self.bound = self.bound.max(frame.offset.next());
        }
        Ok(())
    }

    /// Goes on in the next segment, if this one ends here.
    fn step_over(&mut self) -> Result<bool, JournalError> {
        let path = self.folder.join(name_of(self.next));
        let (at, offset) = (self.position, self.next);
        if offset == self.segment.header.first || !files::exists(&path) {
            return Ok(false);
        }
        if matches!(self.look(at, offset), Look::Frame(_)) {
            return Err(self.damaged(Damage::MissingSegment { next: offset }));
        }
        let segment = SegmentFile::open(&path)?;
        if segment.header.id != self.id {
            let reason = "its journal id is not that of the segments before";
            return Err(JournalError::Foreign { path, reason });
        }
        segment.view().read_in_order();
        self.segment = segment;
        self.position = segment::HEADER_BYTES;
        self.scout = (self.position, self.next);
        Ok(true)
    }

    fn damaged(&self, reason: Damage) -> JournalError {
        JournalError::Damaged {
            path: self.segment.path.clone(),
            offset: self.next,
            position: self.position as u64,
            reason,
        }
    }
}
