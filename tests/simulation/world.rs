//! The steps: clients, scheduling and faults around one node on one disk.

use std::collections::{BTreeMap, VecDeque};

use journal::simulation::dice::Dice;
use journal::simulation::disk::{Crash, Disk, Plan};
use schemas::command::{Command, RequestDigest};
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::model::{Entry, Model, Violation, request_of};
use crate::node::{Node, Taken, Ticket};
use crate::profile::{Planted, Profile, Step};
use crate::workload::{Done, Workload};

/// Commands that may wait for the sequencer.
const QUEUE: usize = 64;
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
    pub now: u64,
    /// A sector was lost, misdirected or flipped: a start may refuse.
    pub dishonest: bool,
    pub seen: Seen,
    pub workload: Workload,
    queue: VecDeque<(Ticket, Command)>,
    remembered: VecDeque<(Ticket, Command)>,
    waiting: BTreeMap<Ticket, Command>,
    next_ticket: Ticket,
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
            now: crate::venue::START.0,
            dishonest: false,
            seen: Seen::default(),
            workload: Workload::new(profile, dice.draw()),
            queue: VecDeque::new(),
            remembered: VecDeque::new(),
            waiting: BTreeMap::new(),
            next_ticket: 1,
            profile: profile.clone(),
        };
        world.start(&mut dice)?;
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
        match self.profile.step(index, &mut dice) {
            Step::Send => {
                // A full disk is met by those who go on sending.
                let full = self.disk.planned().capacity.is_some();
                let most = if full { 40 } else { 8 };
                for _ in 0..1 + dice.below(most) {
                    self.send();
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
        if self.disk.is_dead() {
            self.seen.mark("killed in the middle of a call");
            let crash = [Crash::Kill, Crash::Power][dice.below(2) as usize];
            return self.crash(crash, &mut dice);
        }
        let failed = self
            .node
            .as_ref()
            .is_some_and(|node| node.durable.failed().is_some());
        if failed {
            // The node ends with 74; who comes first, the operator or the power cut?
            self.seen.mark("a failed sync ended the node");
            let crash = [Crash::Kill, Crash::Kill, Crash::Power][dice.below(3) as usize];
            return self.crash(crash, &mut dice);
        }
        Ok(Course::On)
    }

    fn with_node(&mut self, work: impl FnOnce(&mut Node)) {
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

    fn send(&mut self) {
        self.now += self.workload.pause();
        let Some(node) = &self.node else { return };
        let mut command = self.workload.next(&node.engine);
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        if let Some(request) = request_of(&mut command) {
            let mut digest = [3; 16];
            digest[..8].copy_from_slice(&ticket.to_le_bytes());
            *request = RequestDigest(digest);
        }
        self.submit(ticket, command);
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
        if self.remembered.is_empty() {
            return;
        }
        let index = dice.below(self.remembered.len() as u64) as usize;
        let (ticket, command) = self.remembered[index].clone();
        self.seen.mark("a client repeated a request");
        self.submit(ticket, command);
    }

    fn sequence(&mut self, dice: &mut Dice) -> Result<(), Violation> {
        self.carry_on()?;
        let due = self.node.as_ref().and_then(|node| node.outcome.wake_at);
        if self.queue.is_empty() && due.is_some_and(|due| due.0 <= self.now) {
            self.seen.mark("a timer was due");
            self.sequence_one(0, &Command::AdvanceClock)?;
        }
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
        let time = TimeNs(self.now.max(node.engine.now().0));
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
                self.model.entries.push(Entry { time, command });
            }
            Taken::Refused => {
                self.seen.mark("a full disk refused a command");
                self.waiting.remove(&ticket);
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
