//! From frames to state: what the node does at a start and the auditor does again.
//!
//! A start takes the newest snapshot that verifies, collects the offsets that operators
//! stepped over, and applies every command after it. Nothing here writes.

use std::collections::BTreeSet;
use std::path::Path;

use engine::apply::{Engine, Outcome, Stamp};
use engine::chain::Chain;
use engine::trace::{NoTrace, Note, Notes, Trace};
use journal::error::JournalError;
use journal::frame::{Frame, JournalId};
use journal::reader::Reader;
use schemas::command::{Command, SkipV1};
use schemas::event::{Event, EventEncoder};
use schemas::ids::Offset;

use crate::error::ReplayError;
use crate::snapshot;

/// The kind of the frames that name an offset to step over.
const SKIP_KIND: u16 = Command::Skip(SkipV1 { offset: Offset(0) }).kind();

/// A state from which the journal can be replayed.
pub struct StartState {
    /// The state.
    pub engine: Engine,
    /// The chain up to there.
    pub chain: Chain,
    /// What the views saved with the snapshot; empty at genesis.
    pub views: Vec<u8>,
    /// The first command that is not in the state.
    pub next: Offset,
    /// The snapshot it came from; `None` at genesis.
    pub snapshot: Option<Offset>,
    /// One line for each snapshot that did not verify.
    pub refused: Vec<String>,
}

/// A journal's name and the first offset it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its random name.
    pub id: JournalId,
    /// First offset of its oldest segment.
    pub first: Offset,
}

/// Looks where the journal of a data directory begins.
///
/// # Errors
/// When there is none, or it is damaged where a start looks.
pub fn origin(dir: &Path) -> Result<Origin, ReplayError> {
    match Reader::open(dir, Offset(0)) {
        Ok(reader) => Ok(Origin {
            id: reader.id(),
            first: Offset(0),
        }),
        Err(JournalError::BeforeStart { first, .. }) => {
            let reader = Reader::open(dir, first)?;
            Ok(Origin {
                id: reader.id(),
                first,
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// The seed of the engine's look-up tables: fixed for a journal, and nothing visible
/// depends on it.
pub fn lookup_seed(journal: JournalId) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"daybook look-up seed");
    hasher.update(&journal.0);
    let hash = hasher.finalize();
    let head = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
    u64::from_le_bytes(*head)
}

/// The newest snapshot that verifies and is not past `at_most` (as next offset), else an
/// older one, else genesis when the journal begins there.
///
/// # Errors
/// [`ReplayError::NoStart`] when there is nothing to begin with, [`ReplayError::Journal`]
/// when the journal cannot be read.
pub fn start_state(dir: &Path, at_most: Option<Offset>) -> Result<StartState, ReplayError> {
    let origin = origin(dir)?;
    let mut refused = Vec::new();
    for offset in snapshot::list(dir)?.into_iter().rev() {
        if offset < origin.first || at_most.is_some_and(|most| most < offset) {
            continue;
        }
        match load_of(dir, offset, origin) {
            Ok(mut state) => {
                state.refused = refused;
                return Ok(state);
            }
            Err(error) => refused.push(error.to_string()),
        }
    }
    genesis(dir, origin, refused)
}

/// The oldest state from which this journal can be replayed: genesis, else the oldest
/// snapshot that verifies. An auditor begins there.
///
/// # Errors
/// As [`start_state`].
pub fn oldest_state(dir: &Path) -> Result<StartState, ReplayError> {
    let origin = origin(dir)?;
    let mut refused = Vec::new();
    if origin.first != Offset(0) {
        for offset in snapshot::list(dir)? {
            if offset < origin.first {
                continue;
            }
            match load_of(dir, offset, origin) {
                Ok(mut state) => {
                    state.refused = refused;
                    return Ok(state);
                }
                Err(error) => refused.push(error.to_string()),
            }
        }
    }
    genesis(dir, origin, refused)
}

fn load_of(dir: &Path, offset: Offset, origin: Origin) -> Result<StartState, ReplayError> {
    let loaded = snapshot::load_for(dir, offset, Some(origin.id))?;
    Ok(StartState {
        engine: loaded.engine,
        chain: loaded.manifest.chain,
        views: loaded.views,
        next: offset,
        snapshot: Some(offset),
        refused: Vec::new(),
    })
}

fn genesis(dir: &Path, origin: Origin, refused: Vec<String>) -> Result<StartState, ReplayError> {
    if origin.first != Offset(0) {
        let path = journal::recovery::folder_in(dir);
        return Err(ReplayError::NoStart {
            path,
            first: origin.first,
            refused,
        });
    }
    Ok(StartState {
        engine: Engine::new(lookup_seed(origin.id)),
        chain: Chain::new(),
        views: Vec::new(),
        next: Offset(0),
        snapshot: None,
        refused,
    })
}

/// Every offset that a Skip in the journal names, from `from` to before `to` or the end.
/// A Skip stands after the command it names; one that does not is no instruction.
///
/// # Errors
/// When the journal is damaged on the way.
pub fn collect_skips(
    dir: &Path,
    from: Offset,
    to: Option<Offset>,
) -> Result<BTreeSet<Offset>, ReplayError> {
    skips_of(Reader::open(dir, from)?, to)
}

/// As [`collect_skips`], with a reader of the caller's: one that follows the node's own
/// word for what is durable, say.
///
/// # Errors
/// When the journal is damaged on the way.
pub fn skips_of(mut reader: Reader, to: Option<Offset>) -> Result<BTreeSet<Offset>, ReplayError> {
    let mut skips = BTreeSet::new();
    while to.is_none_or(|to| reader.position() < to) {
        let Some(frame) = reader.next()? else { break };
        if frame.kind == SKIP_KIND
            && let Command::Skip(skip) = command_of(&frame)?
            && skip.offset < frame.offset
        {
            skips.insert(skip.offset);
        }
    }
    Ok(skips)
}

/// Applies frames one after the other.
pub struct Replayer {
    /// The state after the last frame.
    pub engine: Engine,
    /// The chain after the last frame; stands still in [`Replayer::without_hashes`].
    pub chain: Chain,
    skips: BTreeSet<Offset>,
    hashes: bool,
    events: Vec<Event>,
    encoder: EventEncoder,
}

/// What one frame did.
pub struct Applied<'a> {
    /// Where and when.
    pub stamp: Stamp,
    /// What was asked for.
    pub command: Command,
    /// Whether an operator had the command stepped over.
    pub skipped: bool,
    /// What happened.
    pub events: &'a [Event],
    /// The events as the event log has them; empty in [`Replayer::without_hashes`].
    pub encoded: &'a [u8],
    /// What the engine asks for next.
    pub outcome: Outcome,
}

impl Replayer {
    /// Goes on from a state; offsets in `skips` are stepped over.
    pub fn new(engine: Engine, chain: Chain, skips: BTreeSet<Offset>) -> Replayer {
        Replayer {
            engine,
            chain,
            skips,
            hashes: true,
            events: Vec::new(),
            encoder: EventEncoder::default(),
        }
    }

    /// State only: events are neither encoded nor taken into the chain.
    pub fn without_hashes(mut self) -> Replayer {
        self.hashes = false;
        self
    }

    /// Applies one frame. Allocates nothing once its buffers have grown.
    ///
    /// # Errors
    /// [`ReplayError::Command`], [`ReplayError::Gap`] or [`ReplayError::TimeBack`]; the
    /// state is as before then.
    #[inline]
    pub fn step(&mut self, frame: &Frame<'_>) -> Result<Applied<'_>, ReplayError> {
        let (stamp, command) = self.admit(frame)?;
        let skipped = self.is_skipped(frame.offset);
        self.events.clear();
        let outcome = perform(
            &mut self.engine,
            (stamp, &command, skipped),
            &mut self.events,
        );
        Ok(self.applied(stamp, command, (skipped, outcome)))
    }

    /// Applies one frame and appends what happened to `events`; no hash hears of it.
    ///
    /// # Errors
    /// As [`Replayer::step`].
    #[inline]
    pub(crate) fn apply_to(
        &mut self,
        frame: &Frame<'_>,
        events: &mut Vec<Event>,
    ) -> Result<Stamp, ReplayError> {
        let (stamp, command) = self.admit(frame)?;
        let skipped = self.is_skipped(frame.offset);
        perform(&mut self.engine, (stamp, &command, skipped), events);
        Ok(stamp)
    }

    /// Applies one frame and hears every step of it.
    ///
    /// # Errors
    /// As [`Replayer::step`].
    pub fn step_heard(
        &mut self,
        frame: &Frame<'_>,
    ) -> Result<(Applied<'_>, Vec<Note>), ReplayError> {
        let (stamp, command) = self.admit(frame)?;
        let skipped = self.is_skipped(frame.offset);
        let engine = std::mem::replace(&mut self.engine, Engine::new(0));
        let mut heard = engine.heard_by(Notes::default());
        self.events.clear();
        let outcome = perform(&mut heard, (stamp, &command, skipped), &mut self.events);
        let notes = std::mem::take(&mut heard.trace_mut().0);
        self.engine = heard.heard_by(NoTrace);
        Ok((self.applied(stamp, command, (skipped, outcome)), notes))
    }

    /// Checks that a frame is the next one, and decodes it.
    #[inline]
    fn admit(&mut self, frame: &Frame<'_>) -> Result<(Stamp, Command), ReplayError> {
        let stamp = Stamp {
            offset: frame.offset,
            time: frame.time,
        };
        let expected = self.engine.next();
        if frame.offset != expected {
            return Err(ReplayError::Gap {
                found: frame.offset,
                expected,
            });
        }
        if frame.time < self.engine.now() {
            return Err(ReplayError::TimeBack {
                offset: frame.offset,
            });
        }
        let command = command_of(frame)?;
        Ok((stamp, command))
    }

    #[inline]
    fn is_skipped(&self, offset: Offset) -> bool {
        !self.skips.is_empty() && self.skips.contains(&offset)
    }

    /// Takes what happened into the chain, and tells it.
    #[inline]
    fn applied(
        &mut self,
        stamp: Stamp,
        command: Command,
        (skipped, outcome): (bool, Outcome),
    ) -> Applied<'_> {
        let mut encoded: &[u8] = &[];
        if self.hashes {
            encoded = self.encoder.encode(&self.events);
            self.chain.absorb(stamp, encoded);
        }
        Applied {
            stamp,
            command,
            skipped,
            events: self.events.as_slice(),
            encoded,
            outcome,
        }
    }
}

/// The command, or what stands for it when an operator stepped over it.
#[inline]
fn perform<T: Trace>(
    engine: &mut Engine<T>,
    (stamp, command, skipped): (Stamp, &Command, bool),
    events: &mut Vec<Event>,
) -> Outcome {
    if skipped {
        engine.skip(stamp, events)
    } else {
        engine.apply(stamp, command, events)
    }
}

#[inline]
fn command_of(frame: &Frame<'_>) -> Result<Command, ReplayError> {
    Command::decode(frame.kind, frame.ver, frame.payload).map_err(|source| ReplayError::Command {
        offset: frame.offset,
        source,
    })
}
