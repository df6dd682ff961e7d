//! What a seed is about: weights of the steps, the workload, the planted fault.

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
}

/// Every step and the range its weight is drawn from.
const WEIGHTS: [(Step, u64, u64); 18] = [
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
    (Step::LoseSector, 0, 1),
    (Step::MisdirectSector, 0, 1),
    (Step::FillDisk, 0, 3),
    (Step::FreeDisk, 0, 6),
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
}

/// What is drawn once for a seed.
#[derive(Clone, Debug)]
pub struct Profile {
    pub seed: u64,
    pub steps: u32,
    pub theme: Theme,
    pub settings: Settings,
    pub planted: Option<Planted>,
    weights: Vec<(Step, u64)>,
}

impl Profile {
    /// The profile of a seed.
    pub fn of(seed: u64, planted: Option<Planted>) -> Profile {
        let mut dice = Dice::new(seed ^ 0x0070_726f_6669_6c65);
        let weights = WEIGHTS
            .iter()
            .map(|(step, low, high)| (*step, low + dice.below(high - low + 1)))
            .collect();
        let themes = [
            Theme::Mixed,
            Theme::Dust,
            Theme::SelfTrade,
            Theme::Wide,
            Theme::Rules,
            Theme::Deep,
        ];
        let lags = [4, 16, 64, 1_024];
        Profile {
            seed,
            steps: 600 + dice.below(1_200) as u32,
            theme: themes[dice.below(6) as usize],
            settings: Settings {
                segment_bytes: 65_536,
                max_lag: lags[dice.below(4) as usize],
                segments_ahead: 1 + dice.below(3) as usize,
            },
            planted,
            weights,
        }
    }

    /// The dice of one step: dropping a step leaves the others as they were.
    pub fn dice_of(&self, index: u32) -> Dice {
        let mut dice = Dice::new(self.seed.rotate_left(32) ^ u64::from(index));
        dice.split()
    }

    /// What happens at a step.
    pub fn step(&self, dice: &mut Dice) -> Step {
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
