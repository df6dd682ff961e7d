//! The only clock whose reading reaches state.
//!
//! CLOCK_MONOTONIC, anchored to the wall clock once at the start: a wall clock that jumps
//! cannot reorder the journal. The difference between the two is watched: more than one
//! second is alarmed and then worked off at one part in a thousand, never by a jump.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use schemas::units::TimeNs;

/// A wall-clock step beyond this is alarmed and slewed, in nanoseconds.
const STEP_NS: i128 = 1_000_000_000;
/// How fast a step is worked off: 1 ns of every 1,000.
const SLEW: u64 = 1_000;
/// How often the wall clock is looked at, in nanoseconds.
const LOOK_NS: u64 = 1_000_000_000;

/// Gives each command its time; never goes back.
pub struct Clock {
    anchor: Instant,
    reckoning: Reckoning,
}

/// The clock's arithmetic, without the machine's clocks: what was read goes in.
pub struct Reckoning {
    anchor_ns: u64,
    last_ns: u64,
    looked_ns: u64,
    /// Still to be worked off; positive = the wall clock is ahead.
    owed_ns: i128,
    slewed_to_ns: u64,
    /// How far this clock was ahead of the wall clock when last compared.
    ahead_ns: i64,
}

/// The wall clock, in nanoseconds since 1970; zero before 1970.
pub fn wall_clock() -> TimeNs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    TimeNs(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

impl Clock {
    /// Anchored to the wall clock, but never before `last`, the journal's last time.
    pub fn start(last: TimeNs) -> Clock {
        Clock {
            anchor: Instant::now(),
            reckoning: Reckoning::start(last, wall_clock()),
        }
    }

    /// The time of the next command.
    #[inline]
    pub fn now(&mut self) -> TimeNs {
        let elapsed_ns = self.anchor.elapsed().as_nanos() as u64;
        self.reckoning.read(elapsed_ns, wall_clock)
    }

    /// How far this clock is ahead of the wall clock, in nanoseconds.
    #[inline]
    pub fn ahead_ns(&self) -> i64 {
        self.reckoning.ahead_ns
    }
}

impl Reckoning {
    /// Anchored to `wall`, but never before `last`.
    pub fn start(last: TimeNs, wall: TimeNs) -> Reckoning {
        let anchor_ns = wall.0.max(last.0);
        Reckoning {
            ahead_ns: (anchor_ns - wall.0) as i64,
            anchor_ns,
            last_ns: anchor_ns,
            looked_ns: anchor_ns,
            owed_ns: 0,
            slewed_to_ns: anchor_ns,
        }
    }

    /// The time, so many nanoseconds of the steady clock after the start; `wall` is looked
    /// at once a second.
    #[inline]
    pub fn read(&mut self, elapsed_ns: u64, wall: impl FnOnce() -> TimeNs) -> TimeNs {
        let reading = self.anchor_ns.saturating_add(elapsed_ns);
        if reading.saturating_sub(self.looked_ns) > LOOK_NS {
            self.compare(reading, wall());
        }
        self.last_ns = self.last_ns.max(reading);
        TimeNs(self.last_ns)
    }

    #[cold]
    fn compare(&mut self, reading: u64, wall: TimeNs) {
        self.looked_ns = reading;
        let difference = i128::from(wall.0) - i128::from(reading);
        self.ahead_ns = (-difference).clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        if difference.abs() > STEP_NS && self.owed_ns == 0 {
            tracing::warn!(
                difference_ns = difference as i64,
                "the wall clock stepped; the venue's clock follows slowly"
            );
        }
        self.owed_ns = if difference.abs() > STEP_NS {
            difference
        } else {
            0
        };
        let most = ((reading - self.slewed_to_ns) / SLEW) as i128;
        self.slewed_to_ns = reading;
        let step = self.owed_ns.clamp(-most, most);
        self.anchor_ns = (i128::from(self.anchor_ns) + step).max(0) as u64;
    }
}
