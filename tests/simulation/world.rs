//! The steps: clients, scheduling and faults around one node on one disk.

use std::collections::{BTreeMap, VecDeque};

use journal::simulation::dice::Dice;
use journal::simulation::disk::{Crash, Disk, Plan};
use schemas::command::{Command, RequestDigest};
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::model::{Entry, Model, Violation, request_of, signed};
use crate::network::{self, Network, Told};
use crate::node::{Node, Taken, Ticket};
use crate::profile::{BETWEEN, Era, Planted, Profile, Step};
use crate::rows::Rows;
use crate::sinks::Sinks;
use crate::times::{SECOND, Times};
use crate::workload::{Done, Workload};

/// Commands that may wait for the sequencer.
const QUEUE: usize = 64;
/// Frames after which no timer is due any more, whatever the time does.
const TIMERS: u32 = 512;
/// Requests that clients remember to send again.
const REMEMBERED: usize = 32;

/// What a run did, for coverage and for the report.
#[derive(Default, Clone, Debug)]
pub struct Seen {
    marks: BTreeMap<&'static str, u64>,
    pub crashes: u64,
    pub commands: u64,
}

impl Seen {
    /// Counts that something was met.
    pub fn mark(&mut self, what: &'static str) {
        *self.marks.entry(what).or_default() += 1;
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Seen) {
        for (what, count) in &other.marks {
            *self.marks.entry(what).or_default() += count;
        }
        self.crashes += other.crashes;
        self.commands += other.commands;
    }

    /// How often something was met.
    pub fn count(&self, what: &str) -> u64 {
        self.marks.get(what).copied().unwrap_or(0)
    }

    /// All counts.
    pub fn marks(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.marks.iter().map(|(what, count)| (*what, *count))
    }
}

/// How a run goes on after a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// As usual.
    On,
    /// The journal was rightly refused: there is nothing to run any more.
    Over,
}

/// Everything of one run.
pub struct World {
    pub profile: Profile,
    pub disk: Disk,
    pub node: Option<Node>,
    pub model: Model,
    pub times: Times,
    pub network: Network,
    pub sinks: Sinks,
    pub rows: Option<Rows>,
    /// There is nothing to run any more.
    pub is_over: bool,
    /// A sector was lost, misdirected or flipped: a start may refuse.
    pub dishonest: bool,
    pub seen: Seen,
    pub workload: Workload,
    queue: VecDeque<(Ticket, Command)>,
    remembered: VecDeque<(Ticket, Command)>,
    waiting: BTreeMap<Ticket, Command>,
    next_ticket: Ticket,
    /// Whose answer was the last one, for a planted fault.
    answered_last: Ticket,
    /// Requests that a full disk has refused.
    refused: Vec<Ticket>,
}

impl World {
    /// Founds the venue on a fresh disk.
    ///
    /// # Errors
    /// When even that goes wrong.
    pub fn found(profile: &Profile) -> Result<World, Violation> {
        let mut dice = Dice::new(profile.seed);
        let disk = Disk::mount(dice.split());
        if let Some(Planted::Disk(canary)) = profile.planted {
            disk.plant(Some(canary));
        }
        let mut world = World {
            disk,
            node: None,
            model: Model::default(),
            times: Times::new(profile.planted == Some(Planted::FollowsWall)),
            network: Network::default(),
            sinks: Sinks::new(Dice::new(profile.seed), profile.planted),
            rows: profile.rows.then(Rows::new),
            is_over: false,
            dishonest: false,
            seen: Seen::default(),
            workload: Workload::new(profile, dice.draw()),
            queue: VecDeque::new(),
            remembered: VecDeque::new(),
            waiting: BTreeMap::new(),
            next_ticket: 1,
            answered_last: 0,
            refused: Vec::new(),
            profile: profile.clone(),
        };
        world.start(&mut dice)?;
        for (is_so, met) in [
            (profile.crowd, "thousands of accounts"),
            (profile.extremes, "dust and extreme quantities"),
        ] {
            if is_so {
                world.seen.mark(met);
            }
        }
        for command in world.workload.opening() {
            world.sequence_one(0, &command)?;
        }
        Ok(world)
    }

    /// One step.
    ///
    /// # Errors
    /// What a start or the engine did wrong.
    pub fn step(&mut self, index: u32) -> Result<Course, Violation> {
        let mut dice = self.profile.dice_of(index);
        if index & BETWEEN != 0 {
            self.between(index, &mut dice)?;
            return self.after(&mut dice);
        }
        match self.profile.step(index, &mut dice) {
            Step::Send => {
                // A full disk is met by those who go on sending.
                let full = self.disk.planned().capacity.is_some();
                let most = if full { 40 } else { 8 };
                for _ in 0..1 + dice.below(most) {
                    self.send(&mut dice);
                }
            }
            Step::Repeat => self.repeat(&mut dice),
            Step::Sequence => self.sequence(&mut dice)?,
            Step::Sync => self.with_node(|node| node.durable.step_sync(false)),
            Step::SyncMark => self.with_node(|node| node.durable.step_sync(true)),
            Step::Prepare => self.with_node(|node| node.durable.step_prepare()),
            Step::Gate => self.gate(&mut dice),
            Step::Seal => self.seal()?,
            Step::Snapshot => self.snapshot()?,
            Step::Kill => return self.crash(Crash::Kill, &mut dice),
            Step::CutPower => return self.crash(Crash::Power, &mut dice),
            Step::Flip => return self.flip(&mut dice),
            Step::Restart => return self.restart(&mut dice),
            step => self.plan(step, &mut dice),
        }
        self.after(&mut dice)
    }

    /// A step may have been the last one of this life.
    fn after(&mut self, dice: &mut Dice) -> Result<Course, Violation> {
        if self.disk.is_dead() {
            self.seen.mark("killed in the middle of a call");
            let crash = [Crash::Kill, Crash::Power][dice.below(2) as usize];
            return self.crash(crash, dice);
        }
        let failed = self
            .node
            .as_ref()
            .is_some_and(|node| node.durable.failed().is_some());
        if failed {
            // The node ends with 74; who comes first, the operator or the power cut?
            self.seen.mark("a failed sync ended the node");
            let crash = [Crash::Kill, Crash::Kill, Crash::Power][dice.below(3) as usize];
            return self.crash(crash, dice);
        }
        Ok(Course::On)
    }

    pub fn with_node(&mut self, work: impl FnOnce(&mut Node)) {
        if let Some(node) = &mut self.node {
            work(node);
        }
    }

    /// Faults that come by themselves.
    fn plan(&mut self, step: Step, dice: &mut Dice) {
        let mut plan: Plan = self.disk.planned();
        let soon = 1 + dice.below(6);
        match step {
            Step::FailSync => plan.sync_fails_in = Some(soon),
            Step::DieInCall => plan.dies_in = Some(1 + dice.below(40)),
            Step::LoseSector => plan.loses_in = Some(soon),
            Step::MisdirectSector => plan.misdirects_in = Some(soon),
            Step::FillDisk => plan.capacity = Some(self.disk.used() + dice.below(20_000)),
            _ => plan.capacity = None,
        }
        if plan.capacity.is_some() {
            self.seen.mark("the disk was full");
        }
        self.disk.plan(plan);
    }

    fn is_era(&self, era: Era) -> bool {
        self.profile.era == era
    }

    fn send(&mut self, dice: &mut Dice) {
        self.times.now += self.workload.pause();
        let Some(node) = &self.node else { return };
        let mut command = self.workload.next(&node.engine);
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let request = match self.is_era(Era::Disk) {
            true => request_of(&mut command),
            false => signed(&mut command),
        };
        if let Some(request) = request {
            let mut digest = [3; 16];
            digest[..8].copy_from_slice(&ticket.to_le_bytes());
            *request = RequestDigest(digest);
        }
        if self.is_era(Era::Disk) {
            return self.submit(ticket, command);
        }
        let (now, venue) = (self.times.now, self.times.venue());
        self.network.send((ticket, command), (now, venue), dice);
    }

    /// What happens between two steps.
    fn between(&mut self, index: u32, dice: &mut Dice) -> Result<(), Violation> {
        match self.profile.between(index & !BETWEEN) {
            Some(Step::Disturb) => self.seen.mark(self.times.disturb(dice)),
            Some(Step::Wait) => {
                let due = self.network.next_due().unwrap_or(0);
                self.times.now = self.times.now.max(due);
            }
            Some(_) => self.follow(dice)?,
            None => {}
        }
        self.deliver(dice)
    }

    /// Sinks follow what has passed the gate.
    fn follow(&mut self, dice: &mut Dice) -> Result<(), Violation> {
        self.with_node(Node::flush);
        // After a failed write sinks stand still until the next start.
        if self
            .node
            .as_ref()
            .is_none_or(|node| node.event_log.is_none())
        {
            return Ok(());
        }
        let newest = Offset(self.model.promised());
        for met in self.sinks.follow(self.disk.path(), newest, dice) {
            self.seen.mark(met);
        }
        let followed = self
            .rows
            .as_ref()
            .map(|rows| rows.follow(self.disk.path(), newest));
        match followed {
            Some(Err(what)) if !self.is_troubled() => Err(what),
            _ => Ok(()),
        }
    }

    /// What the network brings, both ways.
    fn deliver(&mut self, dice: &mut Dice) -> Result<(), Violation> {
        let (now, venue) = (self.times.now, self.times.venue());
        for (ticket, mut command) in self.network.arrive(now, venue, dice) {
            if QUEUE <= self.queue.len() {
                self.seen.mark("a full queue said busy");
                self.network.answer((ticket, Told::Other), now, dice);
                continue;
            }
            if self.profile.planted == Some(Planted::EdgeForgetsRequest)
                && let Some(request) = signed(&mut command)
            {
                *request = RequestDigest::default();
            }
            self.queue.push_back((ticket, command));
        }
        for ticket in std::mem::take(&mut self.refused) {
            self.network.answer((ticket, Told::Other), now, dice);
        }
        self.network.listen(now, dice)?;
        for met in std::mem::take(&mut self.network.met) {
            self.seen.mark(met);
        }
        Ok(())
    }

    fn submit(&mut self, ticket: Ticket, command: Command) {
        if QUEUE <= self.queue.len() {
            return self.seen.mark("a full queue said busy");
        }
        if self.remembered.len() == REMEMBERED {
            self.remembered.pop_front();
        }
        self.remembered.push_back((ticket, command.clone()));
        self.waiting.insert(ticket, command.clone());
        self.queue.push_back((ticket, command));
    }

    /// The same bytes again, answered or not.
    fn repeat(&mut self, dice: &mut Dice) {
        if !self.is_era(Era::Disk) {
            return self.network.repeat(self.times.now, dice);
        }
        if self.remembered.is_empty() {
            return;
        }
        let index = dice.below(self.remembered.len() as u64) as usize;
        let (ticket, command) = self.remembered[index].clone();
        self.seen.mark("a client repeated a request");
        self.submit(ticket, command);
    }

    fn sequence(&mut self, dice: &mut Dice) -> Result<(), Violation> {
        if !self.is_era(Era::Disk) {
            self.deliver(dice)?;
        }
        self.carry_on()?;
        self.timers()?;
        for _ in 0..1 + dice.below(48) {
            let Some((ticket, command)) = self.queue.pop_front() else {
                break;
            };
            self.sequence_one(ticket, &command)?;
            self.carry_on()?;
        }
        // Now and then the power goes between the append and the publication.
        if dice.chance(3, 4) {
            self.with_node(|node| daybook::pipeline::log::CommandLog::publish(&mut *node.log));
        }
        Ok(())
    }

    /// What is due on an idle venue is done by a frame.
    fn timers(&mut self) -> Result<(), Violation> {
        let is_era_1 = self.is_era(Era::Disk);
        for round in 0..TIMERS {
            let now = match is_era_1 {
                true => TimeNs(self.times.now),
                false => self.times.venue(),
            };
            let node = self.node.as_ref();
            let due = node.and_then(|node| node.outcome.wake_at);
            if !self.queue.is_empty() || due.is_none_or(|due| now < due) {
                return Ok(());
            }
            self.seen.mark("a timer was due");
            let before = self.model.entries.len();
            self.sequence_one(0, &Command::AdvanceClock)?;
            if is_era_1 || before == self.model.entries.len() {
                return Ok(());
            }
            self.carry_on()?;
            if round + 1 == TIMERS {
                return Err(format!("timers are due for ever: {due:?} at {now:?}"));
            }
        }
        Ok(())
    }

    /// Bounded work goes on before anything else is taken.
    fn carry_on(&mut self) -> Result<(), Violation> {
        let mut before = usize::MAX;
        while self.node.as_ref().is_some_and(|node| node.outcome.more)
            && before != self.model.entries.len()
        {
            before = self.model.entries.len();
            self.sequence_one(0, &Command::Continue)?;
        }
        Ok(())
    }

    fn sequence_one(&mut self, ticket: Ticket, command: &Command) -> Result<(), Violation> {
        let Some(node) = &mut self.node else {
            return Ok(());
        };
        let time = match self.profile.era {
            Era::Disk => TimeNs(self.times.now.max(node.engine.now().0)),
            Era::Whole => self.times.venue(),
        };
        if self.profile.era != Era::Disk {
            self.times.check(time)?;
        }
        match node.take(time, command, ticket) {
            Taken::At(offset) => {
                assert_eq!(offset.0 as usize, self.model.entries.len());
                self.seen.commands += 1;
                if self.disk.planned().capacity.is_some() {
                    self.seen.mark("a command on a full disk");
                }
                let done = Done {
                    offset,
                    time,
                    command,
                    events: &node.out.back().expect("it was just applied").events,
                    more: node.outcome.more,
                };
                self.workload.hear(&done, &node.engine)?;
                let command = command.clone();
                self.model.entries.push(Entry {
                    time,
                    command,
                    ticket,
                });
            }
            Taken::Refused => {
                self.seen.mark("a full disk refused a command");
                self.waiting.remove(&ticket);
                self.refused.push(ticket);
            }
            Taken::Broken => {}
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Violation> {
        let idle = self.node.as_ref().is_some_and(|node| {
            !node.sealed
                && self.queue.is_empty()
                && self.model.entries.len() as u64 <= node.durable.get()
        });
        if idle {
            self.seen.mark("an idle journal was sealed");
            self.sequence_one(0, &Command::Seal)?;
            self.with_node(|node| daybook::pipeline::log::CommandLog::publish(&mut *node.log));
        }
        Ok(())
    }

    pub fn gate(&mut self, dice: &mut Dice) {
        let careless = self.profile.planted == Some(Planted::AnswerBeforeDurable);
        let Some(node) = &mut self.node else { return };
        for _ in 0..1 + dice.below(16) {
            let Some((applied, chain)) = node.next_out(careless) else {
                node.flush();
                return;
            };
            assert_eq!(applied.stamp.offset.0, self.model.promised());
            self.model.answered.push(chain);
            self.waiting.remove(&applied.ticket);
            if self.profile.era != Era::Disk && applied.ticket != 0 {
                let crossed = self.profile.planted == Some(Planted::AnswersCrossed);
                let last = std::mem::replace(&mut self.answered_last, applied.ticket);
                let ticket = if crossed && last != 0 {
                    last
                } else {
                    applied.ticket
                };
                let command = &self.model.entries[applied.stamp.offset.0 as usize].command;
                let told = (ticket, network::told(command, &applied.events));
                self.network.answer(told, self.times.now, dice);
            }
        }
    }

    fn snapshot(&mut self) -> Result<(), Violation> {
        let Some(node) = &self.node else {
            return Ok(());
        };
        let taken = daybook::follower::take(daybook::follower::Take {
            dir: self.disk.path(),
            live: Some(&node.durable),
            history: Offset(0),
            stop: None,
            copy: None,
        });
        match taken {
            Ok(_) => self.seen.mark("a snapshot was taken"),
            Err(_) if self.is_troubled() => self.seen.mark("a snapshot could not be taken"),
            Err(failure) => return Err(format!("no snapshot: {}", failure.line)),
        }
        Ok(())
    }

    /// Everything comes to rest: what is on its way arrives, the node is started once more,
    /// the sinks have everything.
    ///
    /// # Errors
    /// What does not hold then.
    pub fn settle(&mut self) -> Result<(), Violation> {
        if self.is_era(Era::Disk) || self.node.is_none() {
            return Ok(());
        }
        let mut dice = Dice::new(!self.profile.seed);
        self.disk.plan(Plan::default());
        for _ in 0..8 {
            self.times.now += 20 * SECOND;
            self.sequence(&mut dice)?;
            self.with_node(|node| daybook::pipeline::log::CommandLog::publish(&mut *node.log));
            self.with_node(|node| node.durable.step_sync(true));
            self.gate(&mut dice);
        }
        if self.restart(&mut dice)? == Course::Over {
            return Ok(());
        }
        self.with_node(|node| node.durable.step_sync(true));
        self.sinks_have_all(&mut dice)?;
        if let Some(rows) = &self.rows {
            rows.follow(self.disk.path(), Offset(self.model.promised()))?;
            let tampered = self.profile.planted == Some(Planted::RowDeleted);
            rows.compare(self.disk.path(), tampered)?;
            self.seen.mark("the read models were compared");
        }
        Ok(())
    }

    /// Undisturbed, the sink gets everything.
    ///
    /// # Errors
    /// When it does not, although nothing is wrong with the disk.
    pub fn sinks_have_all(&mut self, dice: &mut Dice) -> Result<(), Violation> {
        let newest = Offset(self.model.promised());
        let mut lacks = self.sinks.catch_up(self.disk.path(), newest);
        if lacks.is_some() {
            // Where the event log was lost, the seal of an idle node begins the next one.
            self.sequence_one(0, &Command::Seal)?;
            self.with_node(|node| daybook::pipeline::log::CommandLog::publish(&mut *node.log));
            self.with_node(|node| node.durable.step_sync(true));
            self.gate(dice);
            self.with_node(Node::flush);
            let newest = Offset(self.model.promised());
            lacks = self.sinks.catch_up(self.disk.path(), newest);
        }
        match lacks {
            Some(_) if self.is_troubled() => {}
            Some(what) => return Err(what),
            None => self.seen.mark("a sink had everything"),
        }
        Ok(())
    }

    /// Whether something planned explains a refusal.
    pub fn is_troubled(&self) -> bool {
        self.dishonest
            || self.disk.is_dead()
            || self.disk.planned() != Plan::default()
            || 0 < self.disk.tally().failed_syncs
    }

    /// What clients do when the node is back: send again, or give up.
    pub fn clients_return(&mut self, dice: &mut Dice) {
        self.queue.clear();
        if !self.is_era(Era::Disk) {
            // They find out by waiting. The node was away for a while.
            self.times.now += dice.below(90 * SECOND);
            return;
        }
        let patient = dice.chance(1, 2);
        for (ticket, command) in std::mem::take(&mut self.waiting) {
            if patient || dice.chance(1, 2) {
                self.seen.mark("a client retried after a crash");
                self.submit(ticket, command);
            } else {
                self.seen.mark("a client gave up");
            }
        }
    }
}
