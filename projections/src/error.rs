//! What a sink can fail with. The driver retries every one and shows its text to operators.

use schemas::ids::Offset;

/// Why a sink could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration failed: the file belongs to another or a newer build.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The event log could not be read.
    #[error("event log: {0}")]
    Log(#[from] journal::error::JournalError),
    /// The events of a frame do not decode.
    #[error("events at offset {} do not decode", .offset.0)]
    Undecodable { offset: Offset },
    /// The event log begins after the cursor: what lies between must come by replay.
    #[error("the event log begins at offset {}, the cursor stands at {}", .begins.0, .cursor.0)]
    Gap { begins: Offset, cursor: Offset },
    /// The journal begins after the cursor, so that nobody can make again what lies between.
    #[error(
        "what came from offset {} to {} is gone: the journal of this directory was restored \
         and begins there; `daybook projection rebuild` begins there too, without it",
        .cursor.0, .begins.0
    )]
    Gone { cursor: Offset, begins: Offset },
    /// Somebody else moved the cursor.
    #[error("another writer moved the cursor from {}", .expected.0)]
    Fenced { expected: Offset },
    /// An event names an order that was never accepted.
    #[error("order {symbol}:{order} is unknown at offset {}", .offset.0)]
    UnknownOrder {
        symbol: u32,
        order: u64,
        offset: Offset,
    },
    /// Nobody answers at the sink's address.
    #[error("nobody answers at {address}: {reason}; it goes on by itself when somebody does")]
    Unreachable { address: String, reason: String },
    /// The sink answers and refuses: a wrong password, a foreign schema, a full disk.
    #[error("{reason}; {todo}")]
    Refused { reason: String, todo: String },
    /// A step took too long: the sink is paused, or the line to it is cut.
    #[error("no answer for {seconds} s; it is tried again")]
    Silent { seconds: u64 },
    /// An event names a symbol that was never listed.
    #[error("symbol {symbol} is unknown at offset {}", .offset.0)]
    UnknownSymbol { symbol: u32, offset: Offset },
    /// The sink has more than the journal: it was filled from another, or from this one
    /// before it was restored to an older point.
    #[error(
        "the sink stands at {}, the journal ends before {}; `daybook projection rebuild`",
        .cursor.0, .newest.0
    )]
    Ahead { cursor: Offset, newest: Offset },
    /// The sink was filled from a journal that went on differently: from this one before it
    /// was restored to an older point.
    #[error(
        "what the sink holds before {} is not what this journal says: it was filled before a \
         restore; `daybook projection rebuild`",
        .cursor.0
    )]
    Parted { cursor: Offset },
    /// A stored value does not fit its type.
    #[error("column {column} holds {value}")]
    Row { column: &'static str, value: String },
}
