//! A command with its producer's number: once only, however often it is said (ADR 0034).
//!
//! ```text
//! ┌ 48 bytes ─────────────────────────────────────┬ as long as its kind ──────────┐
//! │ NumberedV1: sequence, kind, version, producer │ the archive of that command    │
//! └────────────────────────────────────────────────┴────────────────────────────────┘
//! ```
//!
//! What is inside is a command of trading, or `AdvanceClock`, which only takes the number:
//! what a producer said and an edge could make no command of.

use rkyv::{Archive, Deserialize, Serialize};

use crate::command::{COMMAND_BYTES_MAX, Command, CommandBuffer};
use crate::ids::Text;

/// The name of a producer: up to 31 bytes.
pub type Producer = Text<31>;

/// What stands before the command.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct NumberedV1 {
    /// 1, 2, 3 … per producer.
    pub sequence: u64,
    /// Of the command behind it.
    pub kind: u16,
    pub ver: u16,
    /// Always zero.
    pub reserved: u32,
    pub producer: Producer,
}

/// The bytes before the command; a multiple of 16, so that it lies aligned.
const HEAD_BYTES: usize = size_of::<rkyv::Archived<NumberedV1>>();
const _: () = assert!(HEAD_BYTES == 48, "the head is for ever");

/// A command and which of its producer's it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbered {
    producer: Producer,
    sequence: u64,
    command: Command,
}

impl Numbered {
    /// `None` for a command that no producer may say: administration, money, another one
    /// with a number, or one that is too long.
    pub fn new(producer: Producer, sequence: u64, command: Command) -> Option<Numbered> {
        let fits = |command: &Command| {
            let mut buffer = CommandBuffer::new();
            HEAD_BYTES + command.encode(&mut buffer) <= COMMAND_BYTES_MAX
        };
        (may_be_numbered(&command) && fits(&command)).then_some(Numbered {
            producer,
            sequence,
            command,
        })
    }

    /// Who says it.
    pub fn producer(&self) -> &Producer {
        &self.producer
    }

    /// 1, 2, 3 … per producer.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What is asked for.
    #[inline]
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// Writes head and command; returns the length in bytes.
    pub(crate) fn encode(&self, buffer: &mut [u8; COMMAND_BYTES_MAX]) -> usize {
        let head = NumberedV1 {
            sequence: self.sequence,
            kind: self.command.kind(),
            ver: self.command.ver(),
            reserved: 0,
            producer: self.producer,
        };
        let mut inner = CommandBuffer::new();
        let length = self.command.encode(&mut inner);
        let bytes = rkyv::to_bytes::<rkyv::rancor::Failure>(&head);
        buffer[..HEAD_BYTES].copy_from_slice(&bytes.expect("a head has a fixed size"));
        buffer[HEAD_BYTES..HEAD_BYTES + length].copy_from_slice(inner.first(length));
        HEAD_BYTES + length
    }

    /// Reads what [`Numbered::encode`] wrote; `bytes` must be 16-aligned.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Numbered> {
        let (head, inner) = bytes.split_at_checked(HEAD_BYTES)?;
        let head = rkyv::from_bytes::<NumberedV1, rkyv::rancor::Failure>(head).ok()?;
        if head.reserved != 0 || head.kind == KIND {
            return None;
        }
        let command = Command::decode(head.kind, head.ver, inner).ok()?;
        Numbered::new(head.producer, head.sequence, command)
    }
}

/// Its kind in the journal.
pub(crate) const KIND: u16 = 90;

fn may_be_numbered(command: &Command) -> bool {
    match command {
        Command::Numbered(_) => false,
        Command::AdvanceClock => true,
        command => command.trader().is_some(),
    }
}
