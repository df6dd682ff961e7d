//! The trait of a sink, and reading the event log in whole commands.
//!
//! The contract of a sink, in full; [`crate::driver`] keeps the other side of it:
//! - the sink owns its cursor and stores it where its data is, so that one atomic step
//!   moves both; whatever a crash leaves, [`Projection::cursor`] says what is inside;
//! - [`Projection::cursor`] is called at the start and again after every failure, so it
//!   connects, and drops whatever a failed commit may have left half done;
//! - a commit whose `from` is not the stored cursor is [`SinkError::Fenced`]: somebody else
//!   writes there too;
//! - batches come in order without a gap, each holding all events of its commands, commands
//!   without events included; a sink that does not care for an event passes over it;
//! - [`Projection::reset`] may be interrupted at any point; the next
//!   [`Projection::cursor`] then finishes it before it answers;
//! - a sink at 0 beside a journal that begins later is opened by [`Projection::begin`]; one
//!   that stands before the journal's beginning goes on only after a rebuild;
//! - the error's text is for operators: what, where, what to do. The driver puts the
//!   projection's name before it, retries for ever, and never skips anything.

use std::future::Future;
use std::path::Path;

use journal::error::JournalError;
use journal::event_reader::EventReader;
use schemas::event::{Event, decode_events};
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::SinkError;
use crate::opening::Opening;

/// Everything that one command caused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    pub offset: Offset,
    pub time: TimeNs,
    pub events: Vec<Event>,
}

/// All events of some commands in a row; never part of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// The cursor before.
    pub from: Offset,
    /// The cursor afterwards.
    pub next: Offset,
    pub commands: Vec<Answered>,
}

/// A sink that owns its cursor.
pub trait Projection: Send {
    /// What operators call it: lower-case letters, digits, dashes. Never changes.
    fn name(&self) -> &str;
    /// Connects if need be and says the first offset whose effects are not in the sink.
    fn cursor(&mut self) -> impl Future<Output = Result<Offset, SinkError>> + Send;
    /// Writes the effects and the cursor in one atomic step, or nothing.
    fn commit(&mut self, batch: &Batch) -> impl Future<Output = Result<(), SinkError>> + Send;
    /// When the last command in the sink came, if the sink keeps that beside its cursor: the
    /// driver compares it with the event log, so that a journal which was restored to an
    /// older point and went on differently is noticed. Asked after [`Projection::cursor`].
    fn newest_time(&self) -> Option<TimeNs> {
        None
    }
    /// Throws everything away; the cursor is 0 again.
    fn reset(&mut self) -> impl Future<Output = Result<(), SinkError>> + Send;
    /// Whether it means anything without the commands before: rows of all times do not.
    fn begins_anywhere(&self) -> bool {
        false
    }
    /// Begins at [`Opening::next`] in one atomic step, with whatever the sink needs of the
    /// state there. Asked of an empty sink only, and only where [`Self::begins_anywhere`].
    fn begin(&mut self, opening: &Opening) -> impl Future<Output = Result<(), SinkError>> + Send {
        let (cursor, begins) = (Offset(0), opening.next);
        async move { Err(SinkError::Gone { cursor, begins }) }
    }
}

/// Where answered commands come from, besides the event log; the composition root has one.
pub trait Source: Send + Sync + 'static {
    /// One past the newest command whose effects may be read: the disk is left alone while
    /// a sink has everything before it.
    fn newest(&self) -> Offset;
    /// The first command that the journal has; what came before is gone for good.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn begins(&self) -> Result<Offset, SinkError>;
    /// The oldest state from which commands can be made again. May block.
    ///
    /// # Errors
    /// When no snapshot can be read.
    fn opening(&self) -> Result<Opening, SinkError>;
    /// Makes the answers of a span of commands again, where the event log has been cut away:
    /// by replay from a snapshot at or before `from`. Hands them on piece by piece, in
    /// order; ends early when `take` wants no more. Blocks.
    ///
    /// # Errors
    /// When no snapshot lies before, or the journal cannot be read.
    fn replay(
        &self,
        span: (Offset, Offset),
        take: &mut dyn FnMut(Batch) -> bool,
    ) -> Result<(), SinkError>;
}

/// Reads at most `most` commands; `None` when there is nothing new.
///
/// # Errors
/// [`SinkError::Gap`] when the log goes on after `from`; whatever reading fails with.
pub fn next_batch(
    reader: &mut EventReader,
    from: Offset,
    most: usize,
) -> Result<Option<Batch>, SinkError> {
    let mut commands = Vec::new();
    while commands.len() < most {
        let Some(frame) = reader.next().map_err(|error| gap_or(error, from))? else {
            break;
        };
        let expected = Offset(from.0 + commands.len() as u64);
        if frame.offset != expected {
            return Err(SinkError::Gap {
                begins: frame.offset,
                cursor: expected,
            });
        }
        let events = decode_events(frame.payload).ok_or(SinkError::Undecodable {
            offset: frame.offset,
        })?;
        commands.push(Answered {
            offset: frame.offset,
            time: frame.time,
            events,
        });
    }
    if commands.is_empty() {
        return Ok(None);
    }
    let next = Offset(from.0 + commands.len() as u64);
    Ok(Some(Batch {
        from,
        next,
        commands,
    }))
}

/// Whether the last command in a sink is the one that the event log has there; where the log
/// was cut away nobody can tell.
///
/// # Errors
/// [`SinkError::Parted`] when it is another one; whatever reading fails with.
pub fn same_past(dir: &Path, cursor: Offset, newest: Option<TimeNs>) -> Result<(), SinkError> {
    let (Some(newest), Some(last)) = (newest, cursor.0.checked_sub(1)) else {
        return Ok(());
    };
    let mut reader = EventReader::open(dir, Offset(last));
    match reader.next() {
        Ok(Some(frame)) if frame.offset.0 == last && frame.time != newest => {
            Err(SinkError::Parted { cursor })
        }
        Ok(_) | Err(JournalError::BeforeStart { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A log that begins after the cursor is a gap, not a failure to read.
fn gap_or(error: JournalError, cursor: Offset) -> SinkError {
    match error {
        JournalError::BeforeStart { first, .. } => SinkError::Gap {
            begins: first,
            cursor,
        },
        error => error.into(),
    }
}
