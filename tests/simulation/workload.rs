//! What clients and operators send: spot beside the naive venue, or the whole venue.
//!
//! A spot seed compares every command with the naive venue. A whole seed draws every kind of
//! command there is; what it did is checked against a replay, a snapshot and the invariants.

use engine::apply::Engine;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::model::{Entry, Violation};
use crate::naive::Naive;
use crate::profile::Profile;
use crate::swarm::Swarm;
use crate::whole::{self, Whole};

/// Commands between two looks at the invariants of a whole venue.
const CHECKED_EVERY: u64 = 48;

/// Who draws the commands of a run.
pub enum Workload {
    Spot(Box<Spot>),
    Whole(Whole),
}

/// The swarm and the venue that it is compared with.
pub struct Spot {
    swarm: Swarm,
    naive: Naive,
    /// Events of the engine and of the naive venue since both were compared.
    told: Vec<Event>,
    expected: Vec<Event>,
}

/// One command with what it did.
pub struct Done<'a> {
    pub offset: Offset,
    pub time: TimeNs,
    pub command: &'a Command,
    pub events: &'a [Event],
    /// Bounded work was carried over.
    pub more: bool,
}

impl Workload {
    /// The workload of a seed.
    pub fn new(profile: &Profile, seed: u64) -> Workload {
        if profile.whole {
            let (crowd, extremes) = (profile.crowd, profile.extremes);
            return Workload::Whole(Whole::new(seed).among(crowd, extremes));
        }
        Workload::Spot(Box::new(Spot {
            swarm: Swarm::new(seed, profile.theme),
            naive: Naive::new(),
            told: Vec::new(),
            expected: Vec::new(),
        }))
    }

    /// What founds the venue.
    pub fn opening(&mut self) -> Vec<Command> {
        match self {
            Workload::Spot(spot) => spot.swarm.opening(),
            Workload::Whole(whole) => whole.opening(),
        }
    }

    /// Nanoseconds until the next command.
    pub fn pause(&mut self) -> u64 {
        match self {
            Workload::Spot(spot) => spot.swarm.pause(),
            Workload::Whole(whole) => whole.pause(),
        }
    }

    /// The next command; the engine tells what would make sense.
    pub fn next(&mut self, engine: &Engine) -> Command {
        match self {
            Workload::Spot(spot) => spot.swarm.next(&spot.naive),
            Workload::Whole(whole) => whole.next(engine),
        }
    }

    /// Hears what a command did.
    ///
    /// # Errors
    /// When the naive venue did something else, or an invariant is broken.
    pub fn hear(&mut self, done: &Done<'_>, engine: &Engine) -> Result<(), Violation> {
        match self {
            Workload::Spot(spot) => spot.hear(done),
            Workload::Whole(_) if !done.offset.0.is_multiple_of(CHECKED_EVERY) => Ok(()),
            Workload::Whole(_) => engine.check_invariants().map_err(|broken| {
                let Done {
                    offset, command, ..
                } = done;
                format!("offset {}: {command:?} broke {broken}", offset.0)
            }),
        }
    }

    /// After a start nothing but these commands has happened. Gives what the start met.
    pub fn rebuild(&mut self, entries: &[Entry], engine: &Engine) -> Vec<&'static str> {
        match self {
            Workload::Spot(spot) => spot.rebuild(entries),
            Workload::Whole(_) => return whole::met(engine),
        }
        Vec::new()
    }
}

impl Spot {
    fn rebuild(&mut self, entries: &[Entry]) {
        self.told.clear();
        self.expected.clear();
        self.naive = Naive::new();
        for (at, entry) in entries.iter().enumerate() {
            let offset = Offset(at as u64);
            self.naive.apply(offset, entry.time, &entry.command);
        }
    }

    /// The engine must have done what the naive venue does.
    fn hear(&mut self, done: &Done<'_>) -> Result<(), Violation> {
        self.told.extend_from_slice(done.events);
        let expected = self.naive.apply(done.offset, done.time, done.command);
        self.expected.extend(expected);
        // What was carried over comes with the next Continue.
        if done.more {
            return Ok(());
        }
        let told = std::mem::take(&mut self.told);
        let expected = std::mem::take(&mut self.expected);
        let same = told
            .iter()
            .filter(|event| !matches!(event, Event::BalanceChanged(_)))
            .eq(&expected);
        if same {
            return Ok(());
        }
        Err(format!(
            "offset {}: {:?} gave {told:?}, expected {expected:?}",
            done.offset.0, done.command
        ))
    }
}
