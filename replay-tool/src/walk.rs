//! A replay over a directory that is only read: the ground of every command.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use engine::trace::Note;
use journal::frame::{Frame, JournalId};
use journal::reader::Reader;
use schemas::ids::Offset;

use crate::error::ReplayError;
use crate::progress::Progress;
use crate::replay::{Applied, Replayer, StartState, collect_skips, oldest_state, start_state};

/// A journal being replayed.
pub struct Walk {
    /// The state after the last step.
    pub replayer: Replayer,
    /// The snapshot it began with; `None` at genesis.
    pub snapshot: Option<Offset>,
    /// Snapshots that did not verify, one line each.
    pub refused: Vec<String>,
    reader: Reader,
    progress: Progress,
}

/// One frame and what it did.
pub struct Step<'a> {
    /// As it lies in the journal.
    pub frame: Frame<'a>,
    /// As the engine took it.
    pub applied: Applied<'a>,
}

impl Walk {
    /// Begins with the newest snapshot that is not past `next`.
    ///
    /// # Errors
    /// When the journal cannot be read, or there is nothing to begin with.
    pub fn towards(dir: &Path, next: Offset) -> Result<Walk, ReplayError> {
        Walk::begin(dir, start_state(dir, Some(next))?, next)
    }

    /// Begins with the oldest state there is.
    ///
    /// # Errors
    /// When the journal cannot be read, or there is nothing to begin with.
    pub fn whole(dir: &Path) -> Result<Walk, ReplayError> {
        Walk::begin(dir, oldest_state(dir)?, Offset(0))
    }

    fn begin(dir: &Path, start: StartState, end: Offset) -> Result<Walk, ReplayError> {
        // A Skip stands after the command it names, so that all of the journal is scanned.
        let skips = collect_skips(dir, start.next, None)?;
        Ok(Walk {
            replayer: Replayer::new(start.engine, start.chain, skips),
            snapshot: start.snapshot,
            refused: start.refused,
            reader: Reader::open(dir, start.next)?,
            progress: Progress::new(end.0.saturating_sub(start.next.0)),
        })
    }

    /// The journal's random name.
    pub fn id(&self) -> JournalId {
        self.reader.id()
    }

    /// The first offset that has not been applied.
    pub fn next(&self) -> Offset {
        self.replayer.engine.next()
    }

    /// Applies the next frame; `None` at the end of what is durable.
    ///
    /// # Errors
    /// When the journal is damaged here; [`ReplayError::Fault`] when the engine fails.
    pub fn step(&mut self) -> Result<Option<Step<'_>>, ReplayError> {
        let Some(frame) = self.reader.next()? else {
            return Ok(None);
        };
        self.progress.advance();
        let applied = guarded(&mut self.replayer, frame, |replayer| replayer.step(&frame))?;
        Ok(Some(Step { frame, applied }))
    }

    /// As [`Walk::step`], and hears what the engine did on the way.
    ///
    /// # Errors
    /// As [`Walk::step`].
    pub fn step_heard(&mut self) -> Result<Option<(Step<'_>, Vec<Note>)>, ReplayError> {
        let Some(frame) = self.reader.next()? else {
            return Ok(None);
        };
        self.progress.advance();
        let heard = guarded(&mut self.replayer, frame, |it| it.step_heard(&frame));
        let (applied, notes) = heard?;
        Ok(Some((Step { frame, applied }, notes)))
    }

    /// Applies frames until `next` is the first that has not been applied.
    ///
    /// # Errors
    /// As [`Walk::step`]; [`ReplayError::Beyond`] when the journal ends before.
    pub fn run_to(&mut self, next: Offset) -> Result<(), ReplayError> {
        while self.next() < next {
            if self.step()?.is_none() {
                let wanted = Offset(next.0 - 1);
                return Err(ReplayError::Beyond {
                    wanted,
                    next: self.next(),
                });
            }
        }
        Ok(())
    }
}

/// The file of `folder` that holds `offset`, by the numbers in the names; the folder when
/// there is none.
pub fn file_holding(folder: &Path, extension: &str, offset: Offset) -> PathBuf {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let path = entry.path();
        let first: u64 = path.file_stem()?.to_str()?.parse().ok()?;
        let fits = path.extension()? == extension && first <= offset.0;
        fits.then_some((first, path))
    });
    named
        .max()
        .map_or_else(|| folder.to_path_buf(), |(_, path)| path)
}

/// A broken engine is not used again: every caller ends at the first error.
fn guarded<'a, R>(
    replayer: &'a mut Replayer,
    frame: Frame<'_>,
    step: impl FnOnce(&'a mut Replayer) -> Result<R, ReplayError>,
) -> Result<R, ReplayError> {
    let stepped = catch_unwind(AssertUnwindSafe(move || step(replayer)));
    stepped.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        let message = text.unwrap_or("the engine panicked").to_string();
        Err(ReplayError::Fault {
            offset: frame.offset,
            message,
        })
    })
}
