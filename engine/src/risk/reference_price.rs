//! The price that percentages are taken of: a volume-weighted mean of the last minutes
//! of frame time, else the last trade.

use std::collections::VecDeque;

use schemas::ids::SymbolId;
use schemas::units::{Price, Qty, TimeNs};
use schemas::wire::Wire;

use crate::apply::Engine;
use crate::risk::corridor::Corridor;
use crate::trace::{Note, Trace};

const MINUTE_NS: u64 = 60_000_000_000;
/// Minutes that are kept however short the filter's window is, so that it may be widened.
const KEPT_MINUTES: u64 = 60;
/// The longest window a filter may ask for, in minutes.
pub const WINDOW_MINUTES_MAX: u32 = 1_440;

/// What was traded in one minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MinuteTrades {
    /// Minutes since 1970.
    pub minute: u64,
    /// Sum of price units x quantity units.
    pub tick_lots: i128,
    pub lots: i128,
}

/// The trades of a symbol by minute.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PriceWindow {
    minutes: VecDeque<MinuteTrades>,
    /// The running minute ends here, in nanoseconds since 1970.
    until: u64,
    /// The last mean and for what it was calculated; forgotten at a trade.
    known: Option<KnownMean>,
}

/// A mean that holds as long as nothing trades and the minute lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct KnownMean {
    minutes: u32,
    /// Nanoseconds since 1970.
    until: u64,
    mean: Option<Price>,
}

impl PriceWindow {
    /// One trade more. `kept` is the filter's window in minutes.
    #[inline]
    pub fn add(&mut self, now: TimeNs, (price, qty): (Price, Qty), kept: u32) {
        if now.0 >= self.until {
            self.start_minute(now, kept);
        }
        let last = self.minutes.back_mut().expect("the minute was started");
        last.tick_lots += i128::from(price.0) * i128::from(qty.0);
        last.lots += i128::from(qty.0);
        self.known = None;
    }

    #[cold]
    #[inline(never)]
    fn start_minute(&mut self, now: TimeNs, kept: u32) {
        let minute = now.0 / MINUTE_NS;
        self.until = (minute + 1).saturating_mul(MINUTE_NS);
        let kept = u64::from(kept).max(KEPT_MINUTES);
        while self
            .minutes
            .front()
            .is_some_and(|first| first.minute + kept <= minute)
        {
            self.minutes.pop_front();
        }
        if self.minutes.back().is_none_or(|last| last.minute != minute) {
            self.minutes.push_back(MinuteTrades {
                minute,
                tick_lots: 0,
                lots: 0,
            });
        }
    }

    /// The mean price of the last `minutes`, the running one included, rounded down to
    /// the price unit; `None` when nothing traded.
    #[inline]
    pub fn mean_rounded_down(&mut self, now: TimeNs, minutes: u32) -> Option<Price> {
        match &self.known {
            Some(known) if known.minutes == minutes && now.0 < known.until => known.mean,
            _ => {
                let mean = self.calculate_mean(now, minutes);
                self.known = Some(KnownMean {
                    minutes,
                    until: (now.0 / MINUTE_NS + 1).saturating_mul(MINUTE_NS),
                    mean,
                });
                mean
            }
        }
    }

    /// The same, remembered by nobody.
    pub fn mean_seen(&self, now: TimeNs, minutes: u32) -> Option<Price> {
        match &self.known {
            Some(known) if known.minutes == minutes && now.0 < known.until => known.mean,
            _ => self.calculate_mean(now, minutes),
        }
    }

    #[inline(never)]
    fn calculate_mean(&self, now: TimeNs, minutes: u32) -> Option<Price> {
        let minute = now.0 / MINUTE_NS;
        let (mut tick_lots, mut lots) = (0i128, 0i128);
        for trades in self.minutes.iter().rev() {
            if trades.minute + u64::from(minutes) <= minute {
                break;
            }
            tick_lots += trades.tick_lots;
            lots += trades.lots;
        }
        if lots == 0 {
            return None;
        }
        let mean = match (u64::try_from(tick_lots), u64::try_from(lots)) {
            (Ok(tick_lots), Ok(lots)) => i128::from(tick_lots / lots),
            _ => tick_lots / lots,
        };
        Some(Price(
            i64::try_from(mean).expect("a mean lies between the prices"),
        ))
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        self.until.put(out);
        (self.minutes.len() as u32).put(out);
        for trades in &self.minutes {
            trades.minute.put(out);
            trades.tick_lots.put(out);
            trades.lots.put(out);
        }
    }

    pub(crate) fn take(input: &mut &[u8]) -> Option<PriceWindow> {
        let until = u64::take(input)?;
        let mut minutes = VecDeque::new();
        for _ in 0..u32::take(input)? {
            minutes.push_back(MinuteTrades {
                minute: u64::take(input)?,
                tick_lots: i128::take(input)?,
                lots: i128::take(input)?,
            });
        }
        Some(PriceWindow {
            minutes,
            until,
            known: None,
        })
    }
}

impl<T: Trace> Engine<T> {
    /// Makes a symbol's corridor anew. It holds until something trades, a rule changes, or
    /// the minute ends that the mean is taken in.
    #[inline(never)]
    pub(crate) fn renew_corridor(&mut self, symbol: SymbolId) {
        let reference = self.reference_price(symbol);
        let listed = &self.state.symbols[symbol.0 as usize];
        let until = match listed.percent.minutes {
            0 => u64::MAX,
            _ => (self.state.now.0 / MINUTE_NS + 1).saturating_mul(MINUTE_NS),
        };
        let corridor = Corridor::of(listed, reference, until);
        self.state.symbols.set_corridor(symbol, corridor);
    }

    /// RULES, Spot: reference price. `None` before the first trade.
    #[inline]
    pub(crate) fn reference_price(&mut self, symbol: SymbolId) -> Option<Price> {
        let listed = &self.state.symbols[symbol.0 as usize];
        let mean = match listed.percent.minutes {
            0 => None,
            minutes => {
                self.state.windows[symbol.0 as usize].mean_rounded_down(self.state.now, minutes)
            }
        };
        let price = mean.or(listed.last_trade)?;
        self.trace.note(Note::Reference { symbol, price });
        Some(price)
    }
}
