//! The trait of a sink, and one step of catching up.

use std::future::Future;

use journal::error::JournalError;
use journal::event_reader::EventReader;
use schemas::event::{Event, decode_events};
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::SinkError;

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
pub trait Projection {
    /// The first offset whose effects are not yet in the sink.
    fn cursor(&mut self) -> impl Future<Output = Result<Offset, SinkError>> + Send;
    /// Writes the effects and the cursor in one atomic step, or nothing.
    fn commit(&mut self, batch: &Batch) -> impl Future<Output = Result<(), SinkError>> + Send;
    /// Throws everything away; the cursor is 0 again.
    fn reset(&mut self) -> impl Future<Output = Result<(), SinkError>> + Send;
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
