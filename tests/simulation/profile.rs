//! What a seed is about: weights of the steps, the workload, the planted fault.

use std::collections::BTreeMap;

use journal::simulation::dice::Dice;
use journal::simulation::disk::Canary;
use journal::writer::Settings;

use crate::swarm::Theme;

/// One step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client sends a new command.
    Send,
    /// A client sends again what it has sent before.
    Repeat,
    /// The sequencer takes some commands.
    Sequence,
    /// The sync thread looks for work.
    Sync,
    /// The same, with the mark due.
    SyncMark,
    /// The preparing thread looks for work.
    Prepare,
    /// The gate lets out what is durable.
    Gate,
    /// An idle journal is sealed.
    Seal,
    /// A snapshot is taken beside the running node.
    Snapshot,
    /// A sync will fail soon.
    FailSync,
    /// The process is killed soon, in the middle of a call.
    DieInCall,
    /// A sync will lose a sector soon.
    LoseSector,
    /// A sync will write a sector to a wrong place soon.
    MisdirectSector,
    /// The disk gets full.
    FillDisk,
    /// Space is freed.
    FreeDisk,
    /// The process is killed.
    Kill,
    /// The power is cut.
    CutPower,
    /// The power is cut, and bits flip before the start.
    Flip,
    /// The node is stopped and started.
    Restart,
    /// Between steps: a sink follows for a while.
    Follow,
    /// Between steps: the wall clock is set, or the machine sleeps.
    Disturb,
    /// Between steps: time passes until something arrives.
    Wait,
}

/// What the simulator knew when a seed was drawn: a seed that once failed means the same for
/// ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// One disk, one clock, clients next to the node.
    Disk = 1,
    /// Networks, clocks that jump, sinks, crowds and extremes besides.
    Whole = 2,
}

/// Marks the number of a step that lies between two others.
pub const BETWEEN: u32 = 1 << 31;

/// Every step and the range its weight is drawn from.
const WEIGHTS: [(Step, u64, u64); 19] = [
    (Step::Send, 60, 300),
    (Step::Repeat, 0, 40),
    (Step::Sequence, 60, 300),
    (Step::Sync, 10, 200),
    (Step::SyncMark, 1, 20),
    (Step::Prepare, 5, 60),
    (Step::Gate, 30, 200),
    (Step::Seal, 0, 30),
    (Step::Snapshot, 0, 6),
    (Step::FailSync, 0, 4),
    (Step::DieInCall, 0, 6),
    (Step::LoseSector, 0, 1),
    (Step::MisdirectSector, 0, 1),
    (Step::FillDisk, 0, 3),
    (Step::FreeDisk, 0, 3),
    (Step::Kill, 1, 6),
    (Step::CutPower, 1, 10),
    (Step::Flip, 0, 1),
    (Step::Restart, 0, 4),
];

/// A planted fault, of the journal or of what the simulator drives itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// In the code that meets the disk.
    Disk(Canary),
    /// The gate does not wait for the disk.
    AnswerBeforeDurable,
    /// Frames are believed whatever their checksum.
    NoChecksum,
    /// The sequencer takes its time from the wall clock.
    FollowsWall,
    /// The edge does not pass on which request it was.
    EdgeForgetsRequest,
    /// Each answer goes to whom the one before belongs.
    AnswersCrossed,
    /// A sink leaves out the last command of a batch.
    SinkForgets,
    /// A sink keeps what belongs to no finished step.
    SinkKeepsHalves,
    /// Somebody deletes a row of the read models.
    RowDeleted,
}

/// What is drawn once for a seed.
#[derive(Clone, Debug)]
pub struct Profile {
    pub era: Era,
    pub seed: u64,
    pub steps: u32,
    pub theme: Theme,
    /// Every kind of command, not spot alone.
    pub whole: bool,
    /// Thousands of accounts.
    pub crowd: bool,
    /// Quantities and prices of one, and of as much as there is.
    pub extremes: bool,
    /// Rows in a database, compared by the reconciler.
    pub rows: bool,
    pub settings: Settings,
    pub planted: Option<Planted>,
    weights: Vec<(Step, u64)>,
    /// What happens at these steps whatever the weights say.
    certain: BTreeMap<u32, Step>,
}

/// At least one crash, three faults, and a snapshot. What may end a run comes late in it.
fn certain(dice: &mut Dice, steps: u32) -> BTreeMap<u32, Step> {
    let early = [Step::FailSync, Step::FillDisk, Step::DieInCall];
    let late = [Step::LoseSector, Step::MisdirectSector, Step::Flip];
    let third = u64::from(steps / 3);
    let mut certain = BTreeMap::new();
    let mut set = |part: u64, step: Step| {
        let mut at = part * third + dice.below(third);
        while certain.contains_key(&(at as u32)) {
            at += 1;
        }
        certain.insert(at as u32, step);
        dice.below(6) as usize
    };
    set(0, Step::Snapshot);
    let drawn = set(0, [Step::Kill, Step::CutPower][(steps % 2) as usize]);
    let drawn = set(0, early[drawn % 3]);
    let drawn = set(1, early[drawn % 3]);
    set(1, Step::CutPower);
    set(2, Step::FreeDisk);
    set(2, late[drawn % 3]);
    set(2, Step::CutPower);
    // A second cut soon after the first finds what the first start left behind.
    let cuts: Vec<u32> = certain
        .iter()
        .filter(|(_, step)| **step == Step::CutPower)
        .map(|(at, _)| *at)
        .collect();
    for at in cuts {
        certain
            .entry(at + 2 + dice.below(16) as u32)
            .or_insert(Step::CutPower);
    }
    certain
}

impl Profile {
    /// The profile of a seed.
    pub fn of(seed: u64, planted: Option<Planted>) -> Profile {
        Profile::of_era((Era::Whole, seed), planted)
    }

    /// The profile of a seed as it was drawn then.
    pub fn of_era((era, seed): (Era, u64), planted: Option<Planted>) -> Profile {
        let mut dice = Dice::new(seed ^ 0x0070_726f_6669_6c65);
        // Some seeds crash all the time, some fill several segments in between.
        let calm = [1, 4, 16][dice.below(3) as usize];
        let weights = WEIGHTS
            .iter()
            .map(|(step, low, high)| {
                let weight = low + dice.below(high - low + 1);
                let works = *low >= 5;
                (*step, if works { weight * calm } else { weight })
            })
            .collect();
        let steps = 500 + dice.below(900) as u32;
        let certain = certain(&mut dice, steps);
        let themes = [
            Theme::Mixed,
            Theme::Dust,
            Theme::SelfTrade,
            Theme::Wide,
            Theme::Rules,
            Theme::Deep,
        ];
        let lags = [4, 16, 64, 1_024];
        let now = era == Era::Whole;
        let (crowd, extremes) = (now && seed % 20 == 9, now && seed % 10 == 6);
        Profile {
            era,
            seed,
            steps,
            theme: themes[dice.below(6) as usize],
            // By the number, so that seeds that once failed stay what they were.
            whole: seed.is_multiple_of(3) || crowd || extremes,
            crowd,
            extremes,
            rows: now && seed % 5 == 1,
            settings: Settings {
                segment_bytes: 65_536,
                max_lag: lags[dice.below(4) as usize],
                segments_ahead: [1, 1, 1, 2, 3][dice.below(5) as usize],
            },
            planted,
            weights,
            certain,
        }
    }

    /// What happens before a step, if anything.
    pub fn between(&self, index: u32) -> Option<Step> {
        if self.era == Era::Disk {
            return None;
        }
        // Each early enough to be met in the shortest run.
        let step = match index {
            90 | 360 => Step::Disturb,
            45 | 200 => Step::Follow,
            _ => match self.dice_of(index | BETWEEN).below(120) {
                0 => Step::Disturb,
                1..8 => Step::Follow,
                8..12 => Step::Wait,
                _ => return None,
            },
        };
        Some(step)
    }

    /// The dice of one step: dropping a step leaves the others as they were.
    pub fn dice_of(&self, index: u32) -> Dice {
        let mut dice = Dice::new(self.seed.rotate_left(32) ^ u64::from(index));
        dice.split()
    }

    /// What happens at a step.
    pub fn step(&self, index: u32, dice: &mut Dice) -> Step {
        if let Some(step) = self.certain.get(&index) {
            return *step;
        }
        let sum = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut ticket = dice.below(sum);
        for (step, weight) in &self.weights {
            if ticket < *weight {
                return *step;
            }
            ticket -= weight;
        }
        unreachable!("the ticket is below the sum of the weights")
    }
}
