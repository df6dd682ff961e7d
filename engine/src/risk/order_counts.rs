//! Orders of an account in the running 10 seconds and the running day, by frame time.

use schemas::units::TimeNs;
use schemas::wire::{Sink, Wire};

const TEN_SECONDS_NS: u64 = 10_000_000_000;
const WINDOWS_PER_DAY: u64 = 8_640;

/// Two fixed windows and what was counted in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderCounts {
    window: u32,
    day: u32,
    in_10s: u32,
    in_1d: u32,
}

/// The windows that a frame's time lies in; calculated when one ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Windows {
    window: u32,
    day: u32,
    /// The running window of 10 s ends here.
    until: u64,
}

impl Windows {
    /// The windows of a time, cheap while the last window still runs.
    #[inline]
    pub fn advance(&mut self, now: TimeNs) {
        if now.0 >= self.until {
            let window = now.0 / TEN_SECONDS_NS;
            self.window = window as u32;
            self.day = (window / WINDOWS_PER_DAY) as u32;
            self.until = (window + 1).saturating_mul(TEN_SECONDS_NS);
        }
    }
}

impl OrderCounts {
    /// Nothing counted yet.
    pub const NONE: OrderCounts = OrderCounts {
        window: 0,
        day: 0,
        in_10s: 0,
        in_1d: 0,
    };

    /// Orders of the running 10 s and of the running day.
    #[inline]
    pub fn at(&self, windows: &Windows) -> (u32, u32) {
        let in_10s = if self.window == windows.window {
            self.in_10s
        } else {
            0
        };
        let in_1d = if self.day == windows.day {
            self.in_1d
        } else {
            0
        };
        (in_10s, in_1d)
    }

    /// One order was accepted; gives the counts with it.
    #[inline]
    pub fn add(&mut self, windows: &Windows) -> (u32, u32) {
        let (in_10s, in_1d) = self.at(windows);
        self.set(windows, (in_10s.saturating_add(1), in_1d.saturating_add(1)))
    }

    /// An order of the account traded for the first time, while it rested: it is given back.
    #[inline]
    pub fn give_back(&mut self, windows: &Windows) {
        let (in_10s, in_1d) = self.at(windows);
        self.set(windows, (in_10s.saturating_sub(1), in_1d.saturating_sub(1)));
    }

    #[inline]
    fn set(&mut self, windows: &Windows, counts: (u32, u32)) -> (u32, u32) {
        *self = OrderCounts {
            window: windows.window,
            day: windows.day,
            in_10s: counts.0,
            in_1d: counts.1,
        };
        counts
    }
}

impl Wire for OrderCounts {
    fn put(&self, out: &mut impl Sink) {
        self.window.put(out);
        self.day.put(out);
        self.in_10s.put(out);
        self.in_1d.put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(OrderCounts {
            window: u32::take(input)?,
            day: u32::take(input)?,
            in_10s: u32::take(input)?,
            in_1d: u32::take(input)?,
        })
    }
}
