//! The port in: how a handler hands a command to the sequencer.
//!
//! The composition root implements it over the ring. It is bounded and never waits for
//! room: a full ring answers [`SubmitError::Busy`] at once.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::Offset;
use schemas::units::TimeNs;
use tokio::sync::oneshot;

/// The durable answer to one command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    pub offset: Offset,
    pub time: TimeNs,
    /// Everything that the command caused, in order.
    pub events: Vec<Event>,
}

/// Why a command was not taken, or what became of it is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The ring is full; nothing was journaled.
    #[error("the sequencer is busy; nothing was done")]
    Busy,
    /// No room on the disk; orders are refused, cancels still work. Nothing was journaled.
    #[error("no space left for orders; cancels still work")]
    DiskFull,
    /// An earlier fault waits for an operator: administration and reads only.
    #[error("trading is stopped until an operator has looked at a fault")]
    Faulted,
    /// The node is stopping; whether the command was journaled is unknown.
    #[error("the node is stopping")]
    Stopped,
}

/// Waits for the durable answer.
pub type Pending = oneshot::Receiver<Result<Receipt, SubmitError>>;

/// Takes commands into the ring.
pub trait Submit: Send + Sync + 'static {
    /// Hands over one command.
    ///
    /// # Errors
    /// [`SubmitError`] when it was not taken; then nothing was journaled.
    fn submit(&self, command: Command) -> Result<Pending, SubmitError>;

    /// The venue's clock, for `serverTime` and for checks of timestamps.
    fn now(&self) -> TimeNs;
}
