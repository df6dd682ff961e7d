//! The candles of one symbol: the second under way, and closed spans by interval.
//!
//! A trade moves the running second alone; when another second begins it is folded into
//! every interval. So a trade costs one addition, and all candles follow from the trades
//! and their times: a late start gives the same as an early one. Only spans with trades
//! are kept; those without are made when they are read, flat at the price before them.

use std::collections::VecDeque;

use schemas::ids::TradeId;
use schemas::market::{Candle, CandlePage, Interval, ZoneShift};
use schemas::report::TradeReport;
use schemas::units::{Price, TimeNs};

const INTERVALS: usize = Interval::ALL.len();

/// How many traded spans are kept at least. Minutes reach over the longest ticker window
/// of seven days; hours and quarters are what other time zones' candles are made of.
const fn kept(interval: Interval) -> usize {
    match interval {
        Interval::Minute => 7 * 1_440 + 120,
        Interval::Minutes15 => 4_096,
        Interval::Hour => 368 * 24,
        _ => 1_024,
    }
}

/// Everything that candles of one symbol need; nothing is allocated before a trade.
#[derive(Default)]
pub(crate) struct Candles {
    /// The newest second with a trade; not in the series yet.
    running: Option<Candle>,
    /// By interval; empty before the first second is over.
    series: Vec<VecDeque<Candle>>,
}

impl Candles {
    /// Takes the newest trade.
    #[inline]
    pub(crate) fn trade(&mut self, trade: &TradeReport) {
        let second = Interval::Second.start(trade.time, ZoneShift::UTC);
        match &mut self.running {
            Some(running) if running.open_time == second => running.add(trade),
            _ => {
                let over = self.running.replace(Candle::new(second, trade));
                if let Some(over) = over {
                    self.fold(&over);
                }
            }
        }
    }

    #[inline(never)]
    fn fold(&mut self, second: &Candle) {
        self.series.resize_with(INTERVALS, VecDeque::new);
        for (interval, series) in Interval::ALL.into_iter().zip(&mut self.series) {
            let start = interval.start(second.open_time, ZoneShift::UTC);
            match series.back_mut() {
                Some(last) if last.open_time == start => last.join(second),
                _ => {
                    if kept(interval) <= series.len() {
                        series.pop_front();
                    }
                    series.push_back(Candle {
                        open_time: start,
                        ..*second
                    });
                }
            }
        }
    }

    /// Kept spans of an interval that open at `from` or later, the running second last.
    fn pieces(&self, interval: Interval, from: TimeNs) -> impl Iterator<Item = &Candle> {
        let series = self.series.get(interval as usize);
        let closed = series.into_iter().flat_map(move |series| {
            series.range(series.partition_point(|piece| piece.open_time < from)..)
        });
        closed.chain(
            self.running
                .iter()
                .filter(move |second| from <= second.open_time),
        )
    }

    /// The close of the last trade before a moment at which spans of `interval` begin.
    fn close_before(&self, interval: Interval, moment: TimeNs) -> Option<Price> {
        if let Some(second) = self.running.filter(|second| second.open_time < moment) {
            return Some(second.close);
        }
        let series = self.series.get(interval as usize)?;
        let after = series.partition_point(|piece| piece.open_time < moment);
        Some(series.get(after.checked_sub(1)?)?.close)
    }

    /// A page of candles, ascending, those without a trade included; empty before the
    /// first trade, and no older than what is kept.
    pub(crate) fn page(&self, page: &CandlePage) -> Vec<Candle> {
        let source = page.source();
        let Some(oldest) = self.pieces(source, TimeNs(0)).next() else {
            return Vec::new();
        };
        let bounds = page.bounds(oldest.open_time);
        let close = self.close_before(source, bounds.0);
        page.rows(bounds, close, self.pieces(source, bounds.0).copied())
    }

    /// Whether nothing that was forgotten belongs on a page: trades count from 1.
    pub(crate) fn is_whole(&self, page: &CandlePage) -> bool {
        let oldest = self.pieces(page.source(), TimeNs(0)).next();
        oldest.is_none_or(|oldest| {
            let is_first = oldest.trades.is_some_and(|(first, _)| first == TradeId(1));
            is_first || oldest.open_time <= page.bounds(TimeNs(0)).0
        })
    }

    /// When the oldest kept span of an interval opened.
    pub(crate) fn oldest(&self, interval: Interval) -> Option<TimeNs> {
        let oldest = self.pieces(interval, TimeNs(0)).next();
        oldest.map(|oldest| oldest.open_time)
    }

    /// The price before a moment at which spans of `interval` begin, and the kept spans
    /// from there until another.
    pub(crate) fn between(
        &self,
        interval: Interval,
        (from, until): (TimeNs, TimeNs),
    ) -> (Option<Price>, Vec<Candle>) {
        let pieces = self.pieces(interval, from).copied();
        let pieces = pieces.take_while(|piece| piece.open_time < until);
        (self.close_before(interval, from), pieces.collect())
    }

    /// All trades since a full minute as one candle that opens there.
    pub(crate) fn since(&self, minute: TimeNs) -> Option<Candle> {
        debug_assert_eq!(Interval::Minute.start(minute, ZoneShift::UTC), minute);
        let hour = Interval::Hour.start(minute, ZoneShift::UTC);
        let whole = if hour == minute {
            hour
        } else {
            Interval::Hour.next(minute, ZoneShift::UTC)
        };
        let minutes = self.pieces(Interval::Minute, minute);
        // The running second ends both; it counts once, on its side of the full hour.
        let early = minutes.take_while(|piece| piece.open_time < whole);
        let hours = self.pieces(Interval::Hour, whole);
        let mut sum: Option<Candle> = None;
        for piece in early.chain(hours) {
            match &mut sum {
                Some(sum) => sum.join(piece),
                None => {
                    sum = Some(Candle {
                        open_time: minute,
                        ..*piece
                    })
                }
            }
        }
        sum
    }

    /// The close of the last trade before a full minute.
    pub(crate) fn close_before_minute(&self, minute: TimeNs) -> Option<Price> {
        self.close_before(Interval::Minute, minute)
    }

    pub(crate) fn parts(&self) -> (&Option<Candle>, &[VecDeque<Candle>]) {
        (&self.running, &self.series)
    }

    /// What a snapshot brings back; `None` when it is no such thing.
    pub(crate) fn restore(
        running: Option<Candle>,
        series: Vec<VecDeque<Candle>>,
    ) -> Option<Candles> {
        let known = series.is_empty() || series.len() == INTERVALS;
        known.then_some(Candles { running, series })
    }
}
