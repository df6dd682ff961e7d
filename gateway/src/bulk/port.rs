//! The port in with a number on it: what a handler submits goes out as that producer's.

use std::sync::Arc;

use parking_lot::Mutex;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::Offset;
use schemas::numbered::Numbered;
use schemas::reject::RejectReason;
use schemas::units::TimeNs;
use tokio::sync::oneshot;

use crate::bulk::message::Number;
use crate::submit::{Pending, Receipt, Submit, SubmitError};

/// What became of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Nothing was submitted.
    Unasked,
    /// It was, and there is no answer yet.
    Asked,
    /// Its command is durable at that offset.
    Taken(Offset),
    /// It is not the number after the newest of its producer, which is this.
    Refused { newest: u64 },
    /// Not now: to be said again.
    Later,
    /// The node is stopping; what became of it is found out by saying it again.
    Stopped,
}

/// The port for one message.
pub struct NumberedPort {
    inner: Arc<dyn Submit>,
    number: Number,
    fate: Arc<Mutex<Fate>>,
}

impl NumberedPort {
    /// Commands go to `inner` under that number.
    pub fn new(inner: Arc<dyn Submit>, number: Number) -> NumberedPort {
        NumberedPort {
            inner,
            number,
            fate: Arc::new(Mutex::new(Fate::Unasked)),
        }
    }

    /// What became of the number so far.
    pub fn fate(&self) -> Fate {
        *self.fate.lock()
    }

    fn fate_of(&self, receipt: &Receipt) -> Fate {
        let Number { producer, sequence } = self.number;
        for event in &receipt.events {
            match event {
                Event::SequenceRefused {
                    producer: of,
                    sequence: number,
                    last,
                } if (*of, *number) == (producer, sequence) => {
                    return Fate::Refused { newest: *last };
                }
                Event::CommandRejected {
                    reason: RejectReason::Busy,
                } => return Fate::Later,
                _ => {}
            }
        }
        Fate::Taken(receipt.offset)
    }
}

impl Submit for NumberedPort {
    fn submit(&self, command: Command) -> Result<Pending, SubmitError> {
        let Number { producer, sequence } = self.number;
        // One number is one command; none that may have no number gets here.
        let numbered = Numbered::new(producer, sequence, command);
        let Some(numbered) = numbered.filter(|_| self.fate() == Fate::Unasked) else {
            return Err(SubmitError::Stopped);
        };
        let pending = self.inner.submit(Command::Numbered(Box::new(numbered)));
        let pending = pending.inspect_err(|error| {
            *self.fate.lock() = match error {
                SubmitError::Stopped => Fate::Stopped,
                SubmitError::Busy | SubmitError::DiskFull | SubmitError::Faulted => Fate::Later,
            };
        })?;
        *self.fate.lock() = Fate::Asked;
        let (told, answer) = oneshot::channel();
        let port = NumberedPort {
            inner: self.inner.clone(),
            fate: self.fate.clone(),
            ..*self
        };
        tokio::spawn(async move {
            let receipt = match pending.await {
                Ok(Ok(receipt)) => receipt,
                Ok(Err(SubmitError::Busy | SubmitError::DiskFull | SubmitError::Faulted)) => {
                    *port.fate.lock() = Fate::Later;
                    return;
                }
                Ok(Err(SubmitError::Stopped)) | Err(_) => {
                    *port.fate.lock() = Fate::Stopped;
                    return;
                }
            };
            let fate = port.fate_of(&receipt);
            *port.fate.lock() = fate;
            if matches!(fate, Fate::Taken(_)) {
                // Who no longer waits was told that nothing is known, and asks again.
                drop(told.send(Ok(receipt)));
            }
        });
        Ok(answer)
    }

    fn now(&self) -> TimeNs {
        self.inner.now()
    }
}
