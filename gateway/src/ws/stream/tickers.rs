//! What a span of time came to: tickers, short tickers, windows, the mean price.

use schemas::market::{Candle, Interval, ZoneShift};
use schemas::report::SymbolReport;
use schemas::units::{Price, TimeNs};
use serde::Serialize;

use crate::queries::Queries;
use crate::wire::clock::TimeUnit;
use crate::wire::decimal::{Fixed, Percent};
use crate::wire::grid::Grid;
use crate::wire::market::best;
use crate::wire::statistics::{Statistics, average};

const MINUTE_NS: u64 = 60_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;

/// Reads of the present for one symbol at one moment.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub queries: &'a dyn Queries,
    pub grid: &'a Grid,
    pub unit: TimeUnit,
    pub now: TimeNs,
}

#[derive(Serialize)]
struct MiniEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    c: Fixed,
    o: Fixed,
    h: Fixed,
    l: Fixed,
    v: Fixed,
    q: Fixed,
}

#[derive(Serialize)]
struct TickerEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    p: Fixed,
    #[serde(rename = "P")]
    percent: Percent,
    w: Fixed,
    #[serde(flatten)]
    day: Option<DayPart>,
    c: Fixed,
    o: Fixed,
    h: Fixed,
    l: Fixed,
    v: Fixed,
    q: Fixed,
    #[serde(rename = "O")]
    opens: u64,
    #[serde(rename = "C")]
    closes: u64,
    #[serde(rename = "F")]
    first: i64,
    #[serde(rename = "L")]
    last: i64,
    n: u64,
}

/// What only the ticker of 24 hours has.
#[derive(Serialize)]
struct DayPart {
    #[serde(rename = "Q")]
    last_qty: Fixed,
    #[serde(flatten)]
    spot: Option<SpotPart>,
}

/// What that of futures lacks.
#[derive(Serialize)]
struct SpotPart {
    x: Fixed,
    b: Fixed,
    #[serde(rename = "B")]
    bid_qty: Fixed,
    a: Fixed,
    #[serde(rename = "A")]
    ask_qty: Fixed,
}

#[derive(Serialize)]
struct MarkEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    p: Fixed,
    i: Fixed,
    #[serde(rename = "P")]
    settle: Fixed,
    r: Fixed,
    #[serde(rename = "T")]
    next_funding: u64,
}

#[derive(Serialize)]
struct AverageEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    i: String,
    w: Fixed,
    #[serde(rename = "T")]
    trade_time: u64,
}

impl Look<'_> {
    fn symbol(&self) -> &SymbolReport {
        &self.grid.symbol
    }

    /// When a window of so many hours opened: on a full minute.
    fn opens(&self, hours: u64) -> TimeNs {
        let opens = TimeNs(self.now.0.saturating_sub(hours * HOUR_NS));
        Interval::Minute.start(opens, ZoneShift::UTC)
    }

    /// `SYMBOL@miniTicker`.
    pub fn mini(&self) -> String {
        let window = self.queries.window(self.symbol().symbol, self.opens(24));
        let candle = Statistics::new(&window).candle;
        let grid = self.grid;
        text(&MiniEvent {
            e: "24hrMiniTicker",
            event_time: self.unit.print(self.now),
            s: grid.name(),
            c: grid.price(candle.close),
            o: grid.price(candle.open),
            h: grid.price(candle.high),
            l: grid.price(candle.low),
            v: grid.volume(candle.volume),
            q: grid.quote(candle.quote),
        })
    }

    /// `SYMBOL@ticker`.
    pub fn ticker(&self) -> String {
        let top = self.queries.top(self.symbol().symbol).unwrap_or_default();
        let opens = self.opens(24);
        let window = self.queries.window(self.symbol().symbol, opens);
        let statistics = Statistics::new(&window);
        let grid = self.grid;
        let (b, bid_qty) = best(grid, top.bid);
        let (a, ask_qty) = best(grid, top.ask);
        let spot = SpotPart {
            x: grid.price(statistics.previous_close),
            b,
            bid_qty,
            a,
            ask_qty,
        };
        let day = DayPart {
            last_qty: grid.qty(statistics.last_qty),
            spot: grid.is_spot().then_some(spot),
        };
        self.statistics("24hrTicker", (&statistics, opens), Some(day))
    }

    /// `SYMBOL@ticker_1h` and its siblings.
    pub fn window(&self, hours: u64) -> String {
        let name = match hours {
            1 => "1hTicker",
            4 => "4hTicker",
            _ => "1dTicker",
        };
        let opens = self.opens(hours);
        let window = self.queries.window(self.symbol().symbol, opens);
        self.statistics(name, (&Statistics::new(&window), opens), None)
    }

    fn statistics(
        &self,
        name: &'static str,
        (statistics, opens): (&Statistics, TimeNs),
        day: Option<DayPart>,
    ) -> String {
        let (grid, candle) = (self.grid, &statistics.candle);
        let (first, last, n) = statistics.ids();
        text(&TickerEvent {
            e: name,
            event_time: self.unit.print(self.now),
            s: grid.name(),
            p: grid.price(statistics.change()),
            percent: statistics.change_percent(),
            w: statistics.average(grid),
            day,
            c: grid.price(candle.close),
            o: grid.price(candle.open),
            h: grid.price(candle.high),
            l: grid.price(candle.low),
            v: grid.volume(candle.volume),
            q: grid.quote(candle.quote),
            opens: self.unit.print(opens),
            closes: self.unit.print(self.now),
            first,
            last,
            n,
        })
    }

    /// `SYMBOL@markPrice`; `None` for what has no mark price.
    pub fn mark(&self) -> Option<String> {
        let mark = self.queries.mark(self.symbol().symbol)?;
        let grid = self.grid;
        Some(text(&MarkEvent {
            e: "markPriceUpdate",
            event_time: self.unit.print(self.now),
            s: grid.name(),
            p: grid.price(mark.mark),
            i: grid.price(mark.index),
            settle: grid.price(mark.index),
            r: Fixed::rate(mark.predicted_funding),
            next_funding: self.unit.print(mark.next_funding),
        }))
    }

    /// `SYMBOL@avgPrice`: over the minutes of the symbol's percent-price filter.
    pub fn average(&self) -> String {
        let minutes = self.symbol().percent_price.minutes;
        let running = Interval::Minute.start(self.now, ZoneShift::UTC);
        let before = u64::from(minutes.saturating_sub(1)) * MINUTE_NS;
        let opens = TimeNs(running.0.saturating_sub(before));
        let window = self.queries.window(self.symbol().symbol, opens);
        let last = window.last.map_or(Price::ZERO, |trade| trade.price);
        let traded = window.traded.filter(|_| minutes != 0);
        let candle = traded.unwrap_or_else(|| Candle::flat(opens, last));
        text(&AverageEvent {
            e: "avgPrice",
            event_time: self.unit.print(self.now),
            s: self.grid.name(),
            i: format!("{minutes}m"),
            w: average(self.grid, &candle),
            trade_time: window.last.map_or(0, |trade| self.unit.print(trade.time)),
        })
    }
}

fn text(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("events have text keys only")
}
