//! Crash, recovery by the real code, and what must hold after it.

use std::path::PathBuf;

use daybook::failure::{Exit, Failure};
use daybook::node::{Rebuilt, rebuild};
use daybook::pipeline::log::{CommandLog, LocalLog};
use engine::apply::Engine;
use engine::chain::Chain;
use journal::error::JournalError;
use journal::event_reader::EventReader;
use journal::frame::JournalId;
use journal::open::Opened;
use journal::reader::Reader;
use journal::simulation::dice::Dice;
use journal::simulation::disk::{Crash, Plan};
use replay_tool::replay::{Replayer, lookup_seed};
use schemas::ids::Offset;

use crate::model::{OnceOnly, Violation};
use crate::node::Node;
use crate::profile::Era;
use crate::scan;
use crate::timers::Timers;
use crate::world::{Course, World};

/// Starts in a row that a planned fault may spoil.
const ATTEMPTS: u32 = 4;

/// How a start ended.
enum Start {
    Up(Box<(Opened, Rebuilt)>),
    Refused(Failure),
}

/// The journal replayed from zero by a second engine.
struct Replayed {
    replayer: Replayer,
    /// The chain after each command.
    chains: Vec<u64>,
    /// The crc32c of each command's events.
    events: Vec<u32>,
    /// What became of each request.
    once: OnceOnly,
    timers: Timers,
}

impl World {
    /// The node ends without being asked, and is started again.
    ///
    /// # Errors
    /// When something promised is not there.
    pub fn crash(&mut self, crash: Crash, dice: &mut Dice) -> Result<Course, Violation> {
        self.seen.crashes += 1;
        self.seen.mark(match crash {
            Crash::Kill => "killed",
            Crash::Power => "power cut",
        });
        self.end_life(crash);
        if crash == Crash::Kill && dice.chance(1, 4) {
            self.snapshot_at_rest();
            if dice.chance(1, 2) {
                self.seen.mark("the power went after a kill");
                self.end_life(Crash::Power);
            }
        }
        self.come_back(dice)
    }

    fn end_life(&mut self, crash: Crash) {
        self.disk.stop();
        self.node = None;
        self.disk.restart(crash);
        let tally = self.disk.tally();
        self.dishonest |= 0 < tally.lost + tally.misdirected;
        // Space that the crash has freed is not left to us either.
        let full = self.disk.planned().capacity.is_some();
        let capacity = full.then(|| self.disk.used() + 8_192);
        self.disk.plan(Plan {
            capacity,
            ..Plan::default()
        });
    }

    /// An operator takes a snapshot of a stopped directory.
    fn snapshot_at_rest(&mut self) {
        let taken = daybook::follower::take(daybook::follower::Take {
            dir: self.disk.path(),
            live: None,
            history: Offset(0),
            stop: None,
            copy: None,
        });
        if taken.is_ok() {
            self.seen.mark("a snapshot was taken of a stopped node");
        }
    }

    /// A power cut, and then flipped bits.
    ///
    /// # Errors
    /// As [`World::crash`].
    pub fn flip(&mut self, dice: &mut Dice) -> Result<Course, Violation> {
        self.seen.crashes += 1;
        self.end_life(Crash::Power);
        let Some((path, end)) = self.some_file(dice) else {
            return self.come_back(dice);
        };
        let bytes = self.disk.bytes(&path).map_err(|error| error.to_string())?;
        let at = dice.below(end as u64) as usize;
        let flipped = bytes[at] ^ (1 << dice.below(8));
        self.disk
            .damage(&path, at, &[flipped])
            .map_err(|error| error.to_string())?;
        self.seen.mark("a bit flipped");
        if path.starts_with(self.disk.path().join("journal")) {
            self.dishonest = true;
        } else {
            self.seen.mark("a bit flipped in what can be made again");
        }
        self.come_back(dice)
    }

    /// A file in which something stands, and where that ends.
    fn some_file(&self, dice: &mut Dice) -> Option<(PathBuf, usize)> {
        let folders = ["journal", "journal", "journal", "events", "snapshots"];
        let mut path = self.disk.path().join(folders[dice.below(5) as usize]);
        while let Ok(names) = self.disk.names(&path) {
            if names.is_empty() {
                return None;
            }
            path.push(&names[dice.below(names.len() as u64) as usize]);
        }
        let bytes = self.disk.bytes(&path).ok()?;
        let last = bytes.iter().rposition(|byte| *byte != 0)?;
        Some((path, last + 1))
    }

    /// A clean stop and a start; now and then the power goes in between.
    ///
    /// # Errors
    /// As [`World::crash`].
    pub fn restart(&mut self, dice: &mut Dice) -> Result<Course, Violation> {
        let Some(mut node) = self.node.take() else {
            return Ok(Course::On);
        };
        node.log.publish();
        node.durable.step_sync(false);
        self.node = Some(node);
        while self
            .node
            .as_ref()
            .is_some_and(|node| !node.out.is_empty() && node.durable.failed().is_none())
        {
            self.gate(dice);
        }
        let node = self.node.take().expect("it was just put back");
        if node.log.close().is_ok() {
            self.seen.mark("a clean stop");
        }
        let crash = [Crash::Kill, Crash::Power][dice.below(2) as usize];
        self.end_life(crash);
        self.come_back(dice)
    }

    fn come_back(&mut self, dice: &mut Dice) -> Result<Course, Violation> {
        let course = self.start(dice)?;
        self.clients_return(dice);
        Ok(course)
    }

    /// Starts by the real code until it is up, or rightly refuses.
    ///
    /// # Errors
    /// When it refuses without a reason, or accepts what it must not.
    pub fn start(&mut self, dice: &mut Dice) -> Result<Course, Violation> {
        let proven = scan::proven(&self.disk);
        for attempt in 1..=ATTEMPTS {
            if dice.chance(1, 12) {
                // A crash in the middle of recovery, too.
                let mut plan = self.disk.planned();
                if dice.chance(1, 2) {
                    plan.sync_fails_in = Some(1 + dice.below(4));
                } else {
                    plan.dies_in = Some(1 + dice.below(30));
                }
                self.disk.plan(plan);
            }
            let failed_before = self.disk.tally().failed_syncs;
            let failure = match self.attempt() {
                Start::Up(up) if !self.disk.is_dead() => return self.check(*up, proven, dice),
                Start::Up(_) => Failure::new(Exit::Io, "killed at the end of a start"),
                Start::Refused(failure) => failure,
            };
            let dead = self.disk.is_dead();
            let failed = dead || failed_before < self.disk.tally().failed_syncs;
            let full = failure.exit == Exit::NoSpace && self.disk.planned().capacity.is_some();
            if failure.exit == Exit::Damaged && self.dishonest {
                self.seen.mark("damage was refused with 65");
                return Ok(Course::Over);
            }
            if attempt == ATTEMPTS || !(failed && failure.exit == Exit::Io || full) {
                return Err(format!(
                    "the start is refused ({:?}): {}; {} commands were promised",
                    failure.exit,
                    failure.line,
                    self.model.promised()
                ));
            }
            self.seen.mark("a start failed and was repeated");
            if full {
                self.disk.plan(Plan::default());
            }
            self.end_life([Crash::Kill, Crash::Power][dice.below(2) as usize]);
        }
        unreachable!("the last attempt returns")
    }

    fn attempt(&self) -> Start {
        self.disk.recovering(true);
        let opened = self.open();
        self.disk.recovering(false);
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return Start::Refused(error.into()),
        };
        match rebuild(self.disk.path(), &opened, Offset(0)) {
            Ok(rebuilt) => Start::Up(Box::new((opened, rebuilt))),
            Err(failure) => Start::Refused(failure),
        }
    }

    fn open(&self) -> Result<Opened, JournalError> {
        let (dir, settings) = (self.disk.path(), &self.profile.settings);
        if !journal::open::exists(dir)? {
            let mut id = [5; 16];
            id[..8].copy_from_slice(&self.profile.seed.to_le_bytes());
            journal::open::create_named(dir, settings, (Offset(0), JournalId(id)))?;
        }
        journal::open::open(dir, settings)
    }

    /// What must hold after every start.
    fn check(
        &mut self,
        up: (Opened, Rebuilt),
        proven: u64,
        dice: &mut Dice,
    ) -> Result<Course, Violation> {
        let (opened, rebuilt) = up;
        let next = opened.recovered.next.0;
        if let Some(torn) = &opened.recovered.torn {
            self.seen.mark("a torn tail was cut");
            let bytes = self.disk.bytes(&torn.path).unwrap_or_default();
            let end = bytes.len().min(torn.to as usize);
            if bytes[torn.from as usize..end].iter().any(|byte| *byte != 0) {
                return Err(format!("{torn} still stands"));
            }
        }
        if next < proven {
            return Err(format!("{next} frames accepted, the disk proves {proven}"));
        }
        let promised = self.model.promised();
        if next < promised && !self.dishonest {
            return Err(format!("{next} frames are left, {promised} were answered"));
        }
        if (self.model.entries.len() as u64) < next {
            let sent = self.model.entries.len();
            return Err(format!("{next} frames, only {sent} were ever appended"));
        }
        let replayed = match self.replay_from_zero(&opened) {
            Ok(replayed) => replayed,
            Err(Wrong::Damaged(_)) if self.dishonest => {
                self.seen
                    .mark("damage below the mark was found by a replay");
                return Ok(Course::Over);
            }
            Err(Wrong::Damaged(what) | Wrong::Different(what)) => return Err(what),
        };
        let common = replayed.chains.len().min(self.model.answered.len());
        if let Some(at) = (0..common).find(|at| replayed.chains[*at] != self.model.answered[*at]) {
            return Err(format!("offset {at} has other effects than were answered"));
        }
        self.check_rebuilt(&rebuilt, &replayed)?;
        if next < promised {
            self.seen.mark("a lie of the disk that nothing vouched for");
            return Ok(Course::Over);
        }
        if promised < next {
            self.seen.mark("durable but unanswered commands were kept");
        }
        if next < self.model.entries.len() as u64 {
            self.seen.mark("unanswered commands were lost");
        }
        if self.profile.era != Era::Disk {
            self.check_clients(&replayed)?;
            self.sinks.check(&self.model, &replayed.events)?;
        }
        self.model.settle(replayed.chains.clone());
        let engine = &rebuilt.replayer.engine;
        for met in self.workload.rebuild(&self.model.entries, engine) {
            self.seen.mark(met);
        }
        let last = engine
            .now()
            .max(opened.recovered.last_time.unwrap_or_default());
        self.node = Some(Node::new(LocalLog::new(opened.writer), rebuilt));
        if self.profile.era != Era::Disk {
            if let Some(met) = self.times.boot(last, dice) {
                self.seen.mark(met);
            }
            if dice.chance(1, 2) {
                self.with_node(|node| node.durable.step_sync(true));
                self.sinks_have_all(dice)?;
                self.sinks.check(&self.model, &replayed.events)?;
            }
        }
        Ok(Course::On)
    }

    /// What clients were told of is there, as they were told.
    fn check_clients(&mut self, replayed: &Replayed) -> Result<(), Violation> {
        for met in &replayed.timers.met {
            self.seen.mark(met);
        }
        for (ticket, told) in &self.network.ledger {
            let executed = replayed.once.executed.get(ticket);
            let order = executed.map(|(_, symbol, order)| (*symbol, *order));
            if order != Some(*told) {
                return Err(format!(
                    "who sent request {ticket} was told {told:?}, the journal has {order:?}"
                ));
            }
        }
        if !self.network.ledger.is_empty() {
            self.seen.mark("what clients were told was compared");
        }
        Ok(())
    }

    fn replay_from_zero(&self, opened: &Opened) -> Result<Replayed, Wrong> {
        let seed = lookup_seed(opened.recovered.id);
        let mut replayer = Replayer::new(Engine::new(seed), Chain::new(), Default::default());
        let mut once = OnceOnly::default();
        let mut timers = Timers::default();
        let (mut chains, mut events) = (Vec::new(), Vec::new());
        let reader = Reader::open(self.disk.path(), Offset(0)).map_err(damaged)?;
        let mut reader = reader.follow(opened.durable.clone());
        while let Some(frame) = reader.next().map_err(damaged)? {
            let at = frame.offset.0 as usize;
            let entry = &self.model.entries[at];
            if !entry.is(&frame) {
                let what = format!("offset {at} is not what was appended there: {frame:?}");
                return Err(Wrong::Different(what));
            }
            let applied = replayer
                .step(&frame)
                .map_err(|error| Wrong::Different(error.to_string()))?;
            once.take(entry, applied.events).map_err(Wrong::Different)?;
            timers
                .take(entry, applied.events)
                .map_err(Wrong::Different)?;
            events.push(crc32c::crc32c(applied.encoded));
            chains.push(replayer.chain.value());
        }
        if chains.len() as u64 != opened.recovered.next.0 {
            let (read, next) = (chains.len(), opened.recovered.next.0);
            return Err(Wrong::Different(format!("{read} frames read of {next}")));
        }
        Ok(Replayed {
            replayer,
            chains,
            events,
            once,
            timers,
        })
    }

    /// The node's state, from a snapshot or not, against the replay; and the event log.
    fn check_rebuilt(&mut self, rebuilt: &Rebuilt, replayed: &Replayed) -> Result<(), Violation> {
        let (node, zero) = (&rebuilt.replayer, &replayed.replayer);
        if node.chain.value() != zero.chain.value() {
            return Err("the chain differs from a replay from zero".to_string());
        }
        if node.engine.root() != zero.engine.root() {
            return Err("the root differs from a replay from zero".to_string());
        }
        if let Err(violation) = node.engine.check_invariants() {
            return Err(format!("an invariant is broken: {violation:?}"));
        }
        self.check_event_log(replayed)
    }

    /// The event log ends where the journal ends, and says what the replay says. It may
    /// begin at a snapshot, or be empty when that is the end.
    fn check_event_log(&mut self, replayed: &Replayed) -> Result<(), Violation> {
        let mut first = Offset(0);
        if let Err(JournalError::BeforeStart { first: begins, .. }) =
            EventReader::open(self.disk.path(), first).next()
        {
            self.seen.mark("the event log began at a snapshot");
            first = begins;
        }
        let mut events = EventReader::open(self.disk.path(), first);
        let mut at = first.0 as usize;
        while let Some(frame) = events
            .next()
            .map_err(|error| format!("the event log: {error}"))?
        {
            if replayed.events.get(at) != Some(&crc32c::crc32c(frame.payload)) {
                return Err(format!("the event log says something else at offset {at}"));
            }
            at += 1;
        }
        let next = replayed.chains.len();
        if at != next && at != first.0 as usize {
            return Err(format!("the event log ends at {at}, the journal at {next}"));
        }
        self.seen.mark("the event log was compared");
        Ok(())
    }
}

/// What a replay from zero found.
enum Wrong {
    /// Bytes that do not verify.
    Damaged(Violation),
    /// Bytes that verify and are not what they should be.
    Different(Violation),
}

fn damaged(error: JournalError) -> Wrong {
    Wrong::Damaged(error.to_string())
}
