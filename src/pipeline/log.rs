//! The sequencer's log behind a trait: today the local journal, in a cluster Kafka.

use journal::error::SyncFailure;
use journal::frame::Record;
use journal::sync::Durable;
use journal::writer::{AppendError, Class, Writer};
use schemas::command::{Command, CommandBuffer};
use schemas::ids::Offset;
use schemas::units::TimeNs;

/// What the core needs of the log that decides.
pub trait CommandLog: Send {
    /// The offset of the next command.
    fn next(&self) -> Offset;
    /// Appends one command; durable some time after [`CommandLog::publish`].
    ///
    /// # Errors
    /// [`AppendError`]; then nothing was appended.
    fn append(&mut self, time: TimeNs, command: &Command) -> Result<Offset, AppendError>;
    /// Hands everything appended so far to the sync thread.
    fn publish(&mut self);
    /// How many commands are durable.
    fn durable(&self) -> Durable;
    /// Whether orders are refused because no next segment can be made.
    fn is_full(&self) -> bool;
    /// Syncs, writes the mark, stops the threads.
    ///
    /// # Errors
    /// The text of a sync that failed.
    fn close(self: Box<Self>) -> Result<(), SyncFailure>;
}

/// The local memory-mapped journal.
pub struct LocalLog {
    writer: Writer,
    buffer: CommandBuffer,
}

impl LocalLog {
    /// Appends through `writer`.
    pub fn new(writer: Writer) -> LocalLog {
        LocalLog {
            writer,
            buffer: CommandBuffer::new(),
        }
    }
}

impl CommandLog for LocalLog {
    fn next(&self) -> Offset {
        self.writer.next()
    }

    #[inline]
    fn append(&mut self, time: TimeNs, command: &Command) -> Result<Offset, AppendError> {
        let length = command.encode(&mut self.buffer);
        let record = Record {
            time,
            kind: command.kind(),
            ver: command.ver(),
            payload: self.buffer.first(length),
        };
        let class = if command.may_use_reserve() {
            Class::Reserved
        } else {
            Class::Order
        };
        self.writer.append(&record, class)
    }

    #[inline]
    fn publish(&mut self) {
        self.writer.publish();
    }

    fn durable(&self) -> Durable {
        self.writer.durable()
    }

    fn is_full(&self) -> bool {
        self.writer.is_full()
    }

    fn close(self: Box<Self>) -> Result<(), SyncFailure> {
        self.writer.close()
    }
}
