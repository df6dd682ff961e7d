//! The machine's clocks: one that is steady, one that people set, and the venue's.
//!
//! The venue's time comes from the sequencer's own reckoning. True time is what passes;
//! the wall clock may be set to anything, stand still, and be right again later.

use daybook::pipeline::clock::Reckoning;
use journal::simulation::dice::Dice;
use schemas::units::TimeNs;

use crate::model::Violation;

pub const SECOND: u64 = 1_000_000_000;
pub const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
/// 2038-01-19T03:14:08Z, where 32 bits of seconds end.
const YEAR_2038: u64 = 2_147_483_648 * SECOND;
/// A start further off than this is one that an operator must confirm (`src/node.rs`).
const TOLERANCE: u64 = HOUR;
/// One part of this many is what the venue's clock may lose or gain: a thousandth of its own
/// time.
const SLEW: u64 = 999;

/// What the wall clock does.
#[derive(Clone, Copy, Debug)]
enum Wall {
    /// It goes, so many nanoseconds off.
    Off(i128),
    Stands(u64),
}

/// The clocks of a run.
pub struct Times {
    /// True time, in nanoseconds since 1970.
    pub now: u64,
    wall: Wall,
    /// Steady time that passed before the node's start, and how long the machine slept.
    booted: u64,
    slept: u64,
    anchor: u64,
    reckoning: Option<Reckoning>,
    follows_wall: bool,
}

impl Times {
    /// All clocks agree. A planted fault: the venue's clock is the wall clock.
    pub fn new(follows_wall: bool) -> Times {
        Times {
            now: crate::venue::START.0,
            wall: Wall::Off(0),
            booted: 0,
            slept: 0,
            anchor: 0,
            reckoning: None,
            follows_wall,
        }
    }

    fn wall(&self) -> TimeNs {
        let now = i128::from(self.now);
        TimeNs(match self.wall {
            Wall::Off(by) => u64::try_from((now + by).max(0)).unwrap_or(u64::MAX),
            Wall::Stands(at) => at,
        })
    }

    /// The node starts; `last` is the journal's last time. Gives what was met.
    pub fn boot(&mut self, last: TimeNs, dice: &mut Dice) -> Option<&'static str> {
        let mut met = None;
        if last.0 != 0 && TOLERANCE < self.wall().0.abs_diff(last.0) {
            met = Some("a start with another wall clock was confirmed");
            if dice.chance(1, 2) {
                self.wall = Wall::Off(0);
                met = Some("the wall clock was set right for a start");
            }
        }
        let reckoning = Reckoning::start(last, self.wall());
        self.anchor = self.wall().0.max(last.0);
        (self.booted, self.slept) = (self.now, 0);
        self.reckoning = Some(reckoning);
        met
    }

    fn elapsed(&self) -> u64 {
        self.now - self.booted - self.slept
    }

    /// What the venue's clock says.
    pub fn venue(&mut self) -> TimeNs {
        let (elapsed, wall) = (self.elapsed(), self.wall());
        match &mut self.reckoning {
            Some(reckoning) if !self.follows_wall => reckoning.read(elapsed, || wall),
            _ => wall,
        }
    }

    /// Whether a reading is one that the clock may give.
    ///
    /// # Errors
    /// When it jumped with the wall clock.
    pub fn check(&self, reading: TimeNs) -> Result<(), Violation> {
        let elapsed = self.elapsed();
        let off = reading.0.abs_diff(self.anchor.saturating_add(elapsed));
        if elapsed / SLEW + 1 < off {
            let what = format!("the venue's clock is {off} ns off after {elapsed} ns");
            return Err(what);
        }
        Ok(())
    }

    /// Somebody sets the wall clock, or it stops, or the machine sleeps.
    pub fn disturb(&mut self, dice: &mut Dice) -> &'static str {
        let span = [2 * SECOND, 20 * 60 * SECOND, 5 * HOUR, 30 * DAY][dice.below(4) as usize];
        match dice.below(7) {
            0 | 1 => {
                self.wall = Wall::Off(i128::from(span));
                "the wall clock jumped forward"
            }
            2 | 3 => {
                self.wall = Wall::Off(-i128::from(span));
                "the wall clock jumped back"
            }
            4 => {
                let to = [0, YEAR_2038][dice.below(2) as usize];
                self.wall = Wall::Off(i128::from(to) - i128::from(self.now));
                "the wall clock jumped to 1970 or 2038"
            }
            5 => {
                self.wall = Wall::Stands(self.wall().0);
                "the wall clock stood still"
            }
            _ => {
                // The steady clock does not count what the machine slept through.
                let span = 1 + dice.below(2 * HOUR);
                self.now += span;
                self.slept += span;
                "the machine slept"
            }
        }
    }
}
