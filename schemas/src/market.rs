//! What is told of a market's past: candles by interval, aggregate trades, their pages.
//!
//! Intervals follow the calendar of a zone that lies a fixed number of minutes from UTC:
//! weeks start on Monday, three-day candles count from 1970-01-01, months are those of the
//! calendar. Absent on purpose: summer time, printing, storage.

use crate::ids::{OrderId, SymbolId, TradeId};
use crate::instrument::Side;
use crate::report::TradeReport;
use crate::units::{Amount, Price, Qty, TimeNs};

const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;
const HOUR_NS: i64 = 60 * MINUTE_NS;
const DAY_NS: i64 = 24 * HOUR_NS;
/// 1970-01-05, the first Monday.
const MONDAY_NS: i64 = 4 * DAY_NS;

/// How long a candle lasts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Interval {
    Second,
    Minute,
    Minutes3,
    Minutes5,
    Minutes15,
    Minutes30,
    Hour,
    Hours2,
    Hours4,
    Hours6,
    Hours8,
    Hours12,
    Day,
    Days3,
    Week,
    Month,
}

/// Where a zone's clock stands against UTC, in minutes, positive in the east.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ZoneShift(pub i16);

impl ZoneShift {
    /// No shift.
    pub const UTC: ZoneShift = ZoneShift(0);

    fn ns(self) -> i64 {
        i64::from(self.0) * MINUTE_NS
    }
}

impl Interval {
    /// Every interval, the shortest first.
    pub const ALL: [Interval; 16] = [
        Interval::Second,
        Interval::Minute,
        Interval::Minutes3,
        Interval::Minutes5,
        Interval::Minutes15,
        Interval::Minutes30,
        Interval::Hour,
        Interval::Hours2,
        Interval::Hours4,
        Interval::Hours6,
        Interval::Hours8,
        Interval::Hours12,
        Interval::Day,
        Interval::Days3,
        Interval::Week,
        Interval::Month,
    ];

    /// Nanoseconds, unless it is a month.
    pub const fn length_ns(self) -> Option<i64> {
        Some(match self {
            Interval::Second => SECOND_NS,
            Interval::Minute => MINUTE_NS,
            Interval::Minutes3 => 3 * MINUTE_NS,
            Interval::Minutes5 => 5 * MINUTE_NS,
            Interval::Minutes15 => 15 * MINUTE_NS,
            Interval::Minutes30 => 30 * MINUTE_NS,
            Interval::Hour => HOUR_NS,
            Interval::Hours2 => 2 * HOUR_NS,
            Interval::Hours4 => 4 * HOUR_NS,
            Interval::Hours6 => 6 * HOUR_NS,
            Interval::Hours8 => 8 * HOUR_NS,
            Interval::Hours12 => 12 * HOUR_NS,
            Interval::Day => DAY_NS,
            Interval::Days3 => 3 * DAY_NS,
            Interval::Week => 7 * DAY_NS,
            Interval::Month => return None,
        })
    }

    /// When the interval that holds `time` began.
    pub fn start(self, time: TimeNs, zone: ZoneShift) -> TimeNs {
        let local = i64::try_from(time.0).unwrap_or(i64::MAX - DAY_NS) + zone.ns();
        let start = match self.length_ns() {
            Some(length) => {
                let anchor = if self == Interval::Week { MONDAY_NS } else { 0 };
                (local - anchor).div_euclid(length) * length + anchor
            }
            None => {
                let (year, month, _) = civil(local.div_euclid(DAY_NS));
                days_since_1970(year, month, 1) * DAY_NS
            }
        };
        TimeNs(u64::try_from(start - zone.ns()).unwrap_or(0))
    }

    /// When the interval after the one that holds `time` begins.
    pub fn next(self, time: TimeNs, zone: ZoneShift) -> TimeNs {
        let start = self.start(time, zone);
        match self.length_ns() {
            // An interval that began before 1970 is cut there.
            Some(length) if start.0 != 0 => TimeNs(start.0.saturating_add(length as u64)),
            Some(length) => {
                let later = time.0.saturating_add(length as u64);
                self.start(TimeNs(later), zone)
            }
            None => {
                let local = i64::try_from(time.0).unwrap_or(i64::MAX - DAY_NS) + zone.ns();
                let (year, month, _) = civil(local.div_euclid(DAY_NS));
                let (year, month) = if month == 12 {
                    (year + 1, 1)
                } else {
                    (year, month + 1)
                };
                let next = days_since_1970(year, month, 1) * DAY_NS - zone.ns();
                TimeNs(u64::try_from(next).unwrap_or(0))
            }
        }
    }

    /// When the interval before the one that holds `time` began; zero for the first.
    pub fn previous(self, time: TimeNs, zone: ZoneShift) -> TimeNs {
        let start = self.start(time, zone);
        self.start(TimeNs(start.0.saturating_sub(1)), zone)
    }

    /// Whether intervals of this length, counted in UTC, tile those of `longer` in `zone`.
    pub fn tiles(self, longer: Interval, zone: ZoneShift) -> bool {
        let Some(length) = self.length_ns() else {
            return longer == Interval::Month && zone == ZoneShift::UTC;
        };
        let anchored = self != Interval::Week || longer == Interval::Week;
        let fits = match longer.length_ns() {
            Some(longer) => longer % length == 0,
            None => DAY_NS % length == 0,
        };
        anchored && fits && zone.ns() % length == 0
    }
}

/// Year, month and day of the month of a day since 1970-01-01 (the proleptic Gregorian
/// calendar; H. Hinnant, "chrono-compatible low-level date algorithms").
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * from_march + 2) / 5 + 1)
}

/// The inverse of [`civil`].
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Base traded over a span, in quantity units; wider than [`Qty`], which a month may exceed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Volume(pub i128);

/// What the trades of a span of time came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candle {
    /// When the span began.
    pub open_time: TimeNs,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
    pub volume: Volume,
    pub quote: Amount,
    /// What takers bought of it.
    pub taker_volume: Volume,
    pub taker_quote: Amount,
    /// The first and the last trade; `None` for a span without any.
    pub trades: Option<(TradeId, TradeId)>,
}

impl Candle {
    /// A span in which nobody traded, after a trade at that price.
    pub fn flat(open_time: TimeNs, price: Price) -> Candle {
        Candle {
            open_time,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Volume(0),
            quote: Amount::ZERO,
            taker_volume: Volume(0),
            taker_quote: Amount::ZERO,
            trades: None,
        }
    }

    /// A span with one trade so far.
    pub fn new(open_time: TimeNs, trade: &TradeReport) -> Candle {
        let mut candle = Candle::flat(open_time, trade.price);
        candle.add(trade);
        candle
    }

    /// One trade more; the newest.
    #[inline]
    pub fn add(&mut self, trade: &TradeReport) {
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.volume.0 += i128::from(trade.qty.0);
        self.quote.0 += trade.quote.0;
        if trade.taker_side == Side::Buy {
            self.taker_volume.0 += i128::from(trade.qty.0);
            self.taker_quote.0 += trade.quote.0;
        }
        let first = self.trades.map_or(trade.trade, |(first, _)| first);
        self.trades = Some((first, trade.trade));
    }

    /// A later span joins this one.
    pub fn join(&mut self, later: &Candle) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume.0 += later.volume.0;
        self.quote.0 += later.quote.0;
        self.taker_volume.0 += later.taker_volume.0;
        self.taker_quote.0 += later.taker_quote.0;
        self.trades = match (self.trades, later.trades) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (one, other) => one.or(other),
        };
    }

    /// How many trades; their ids have no gap.
    pub fn count(&self) -> u64 {
        self.trades.map_or(0, |(first, last)| last.0 - first.0 + 1)
    }
}

/// Which candles of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CandlePage {
    pub symbol: SymbolId,
    pub interval: Interval,
    pub zone: ZoneShift,
    /// Candles that open then or later, the oldest first; without it the newest.
    pub start: Option<TimeNs>,
    /// Candles that open then or earlier.
    pub end: Option<TimeNs>,
    /// The candle that holds this moment is the last, be it traded or not.
    pub now: TimeNs,
    pub limit: usize,
}

impl CandlePage {
    /// The interval whose spans, counted in UTC, make those of the page.
    pub fn source(&self) -> Interval {
        let finer = [
            self.interval,
            Interval::Hour,
            Interval::Minutes15,
            Interval::Minute,
        ];
        let tiles = |source: &Interval| source.tiles(self.interval, self.zone);
        finer.into_iter().find(tiles).unwrap_or(Interval::Second)
    }

    /// When its first and its last candle open, if the first trade was in a span that
    /// opened at `oldest`; the first is after the last on a page without any.
    pub fn bounds(&self, oldest: TimeNs) -> (TimeNs, TimeNs) {
        let (interval, zone) = (self.interval, self.zone);
        let newest = self.end.map_or(self.now, |end| end.min(self.now));
        let last = interval.start(newest, zone);
        let first = interval.start(oldest, zone);
        let begin = match self.start {
            Some(start) => {
                let bucket = interval.start(start, zone);
                if bucket < start {
                    interval.next(start, zone)
                } else {
                    bucket
                }
            }
            None => {
                let mut back = last;
                for _ in 1..self.limit {
                    if back <= first {
                        break;
                    }
                    back = interval.previous(back, zone);
                }
                back
            }
        };
        (first.max(begin), last)
    }

    /// When the last candle ends that a page with these bounds has room for.
    pub fn end_of(&self, (first, last): (TimeNs, TimeNs)) -> TimeNs {
        let mut end = first;
        for _ in 0..self.limit {
            if last < end {
                break;
            }
            end = self.interval.next(end, self.zone);
        }
        end
    }

    /// The candles within bounds, made of the spans of [`CandlePage::source`] from the
    /// first on; those without a trade are flat at the price before, `close` to begin with.
    pub fn rows(
        &self,
        (first, last): (TimeNs, TimeNs),
        mut close: Option<Price>,
        spans: impl Iterator<Item = Candle>,
    ) -> Vec<Candle> {
        let mut spans = spans.peekable();
        let mut rows = Vec::new();
        let mut open_time = first;
        while open_time <= last && rows.len() < self.limit {
            let next = self.interval.next(open_time, self.zone);
            let mut row: Option<Candle> = None;
            while let Some(span) = spans.next_if(|span| span.open_time < next) {
                match &mut row {
                    Some(row) => row.join(&span),
                    None => row = Some(Candle { open_time, ..span }),
                }
            }
            let row = row.or_else(|| close.map(|close| Candle::flat(open_time, close)));
            if let Some(row) = row {
                close = Some(row.close);
                rows.push(row);
            }
            open_time = next;
        }
        rows
    }
}

/// A market since some minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MarketWindow {
    /// All trades since then as one candle; `None` when nobody traded.
    pub traded: Option<Candle>,
    /// The price of the last trade before; `None` without one.
    pub previous_close: Option<Price>,
    /// The last trade, however old.
    pub last: Option<TradeReport>,
}

/// Consecutive trades of one taker order at one price and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AggregateTrade {
    /// Counts from 1 by symbol, without a gap.
    pub id: u64,
    pub price: Price,
    pub qty: Qty,
    pub first: TradeId,
    pub last: TradeId,
    pub time: TimeNs,
    pub taker_side: Side,
    pub taker_order: OrderId,
}

impl AggregateTrade {
    /// One trade so far.
    pub fn new(id: u64, trade: &TradeReport) -> AggregateTrade {
        AggregateTrade {
            id,
            price: trade.price,
            qty: trade.qty,
            first: trade.trade,
            last: trade.trade,
            time: trade.time,
            taker_side: trade.taker_side,
            taker_order: trade.taker_order,
        }
    }

    /// Takes the next trade, if it belongs to this one.
    #[inline]
    pub fn take(&mut self, trade: &TradeReport) -> bool {
        let belongs = (trade.taker_order, trade.price, trade.time)
            == (self.taker_order, self.price, self.time);
        if belongs {
            self.qty.0 += trade.qty.0;
            self.last = trade.trade;
        }
        belongs
    }
}

/// Which aggregate trades of a symbol; the dialect's page rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AggregatePage {
    pub symbol: SymbolId,
    /// From this id on, ascending; without it and without `start` the newest.
    pub from: Option<u64>,
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

impl AggregatePage {
    /// Whether the page counts from its start; else from the newest back.
    pub fn ascends(&self) -> bool {
        self.from.is_some() || self.start.is_some()
    }

    /// Whether one belongs on the page, its limit apart.
    pub fn holds(&self, aggregate: &AggregateTrade) -> bool {
        self.from.is_none_or(|from| from <= aggregate.id)
            && self.start.is_none_or(|start| start <= aggregate.time)
            && self.end.is_none_or(|end| aggregate.time <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::{Interval, ZoneShift, civil, days_since_1970};
    use crate::units::TimeNs;

    fn seconds(seconds: u64) -> TimeNs {
        TimeNs(seconds * 1_000_000_000)
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-200_000..400_000).step_by(13) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days_since_1970(year, month, of_month), day);
        }
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(19_783), (2024, 3, 1));
    }

    #[test]
    fn intervals_begin_where_the_calendar_says() {
        // 2024-02-29 13:47:21 UTC, a Thursday.
        let time = TimeNs(seconds(1_709_214_441).0 + 5);
        let utc = ZoneShift::UTC;
        for (interval, start, next) in [
            (Interval::Second, 1_709_214_441, 1_709_214_442),
            (Interval::Minutes5, 1_709_214_300, 1_709_214_600),
            (Interval::Hours4, 1_709_208_000, 1_709_222_400),
            (Interval::Day, 1_709_164_800, 1_709_251_200),
            (Interval::Week, 1_708_905_600, 1_709_510_400),
            (Interval::Month, 1_706_745_600, 1_709_251_200),
        ] {
            assert_eq!(interval.start(time, utc), seconds(start), "{interval:?}");
            assert_eq!(interval.next(time, utc), seconds(next), "{interval:?}");
            assert_eq!(
                interval.previous(seconds(next), utc),
                seconds(start),
                "{interval:?}"
            );
        }
        // In Tokyo it is 22:47; the day began at 15:00 UTC the day before.
        let tokyo = ZoneShift(9 * 60);
        assert_eq!(Interval::Day.start(time, tokyo), seconds(1_709_132_400));
        assert_eq!(Interval::Month.start(time, tokyo), seconds(1_706_713_200));
        assert_eq!(Interval::Month.next(time, tokyo), seconds(1_709_218_800));
        let nepal = ZoneShift(5 * 60 + 45);
        assert_eq!(Interval::Hour.start(time, nepal), seconds(1_709_212_500));
    }

    #[test]
    fn what_tiles_what() {
        let (utc, tokyo, nepal) = (ZoneShift::UTC, ZoneShift(540), ZoneShift(345));
        assert!(Interval::Hour.tiles(Interval::Day, tokyo));
        assert!(!Interval::Day.tiles(Interval::Day, tokyo));
        assert!(!Interval::Hour.tiles(Interval::Day, nepal));
        assert!(Interval::Minutes15.tiles(Interval::Month, nepal));
        assert!(Interval::Week.tiles(Interval::Week, utc));
        assert!(!Interval::Week.tiles(Interval::Month, utc));
        assert!(!Interval::Minutes3.tiles(Interval::Minutes5, utc));
    }
}
