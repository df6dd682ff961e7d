//! `SYMBOL@kline_INTERVAL`: the running candle, and once more when it is closed.

use schemas::market::{Candle, CandlePage, Interval, ZoneShift};
use schemas::units::TimeNs;
use serde::Serialize;

use crate::wire::decimal::Fixed;
use crate::wire::names::Spelled;
use crate::ws::stream::tickers::Look;

/// A candle is closed this long after its end, when its last trade is visible for sure.
const SETTLE_NS: u64 = 200_000_000;

#[derive(Serialize)]
struct CandleEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    k: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    t: u64,
    #[serde(rename = "T")]
    closes: u64,
    s: &'a str,
    i: &'static str,
    f: i64,
    #[serde(rename = "L")]
    last: i64,
    o: Fixed,
    c: Fixed,
    h: Fixed,
    l: Fixed,
    v: Fixed,
    n: u64,
    x: bool,
    q: Fixed,
    #[serde(rename = "V")]
    taker_volume: Fixed,
    #[serde(rename = "Q")]
    taker_quote: Fixed,
    #[serde(rename = "B")]
    ignored: &'static str,
}

/// What a candle stream says now; `told` is the candle it spoke of before. Empty when the
/// symbol never traded, or nothing `is_new`.
pub fn candles(
    look: Look<'_>,
    (interval, zone): (Interval, ZoneShift),
    (told, is_new): (&mut Option<TimeNs>, bool),
) -> Vec<String> {
    let settled = TimeNs(look.now.0.saturating_sub(SETTLE_NS));
    let running = interval.start(settled, zone);
    let is_closed = told.is_some_and(|told| told < running);
    if !is_closed && !is_new {
        return Vec::new();
    }
    let page = look.queries.latest_candles(&CandlePage {
        symbol: look.grid.symbol.symbol,
        interval,
        zone,
        start: None,
        end: Some(running),
        now: settled,
        limit: 2,
    });
    let mut out = Vec::new();
    for candle in &page {
        let closes = candle.open_time < running;
        if !closes || *told == Some(candle.open_time) {
            out.push(event(look, (interval, zone), (candle, closes)));
        }
        if !closes {
            *told = Some(candle.open_time);
        }
    }
    out
}

fn event(
    look: Look<'_>,
    (interval, zone): (Interval, ZoneShift),
    (candle, is_closed): (&Candle, bool),
) -> String {
    let Look { grid, unit, .. } = look;
    let id = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    let ids = candle.trades.map(|(first, last)| (id(first.0), id(last.0)));
    let (f, last) = ids.unwrap_or((-1, -1));
    let next = interval.next(candle.open_time, zone);
    let body = Body {
        t: unit.print(candle.open_time),
        closes: unit.print(next).saturating_sub(1),
        s: grid.name(),
        i: interval.text(),
        f,
        last,
        o: grid.price(candle.open),
        c: grid.price(candle.close),
        h: grid.price(candle.high),
        l: grid.price(candle.low),
        v: grid.volume(candle.volume),
        n: candle.count(),
        x: is_closed,
        q: grid.quote(candle.quote),
        taker_volume: grid.volume(candle.taker_volume),
        taker_quote: grid.quote(candle.taker_quote),
        ignored: "0",
    };
    let event = CandleEvent {
        e: "kline",
        event_time: unit.print(look.now),
        s: grid.name(),
        k: body,
    };
    serde_json::to_string(&event).expect("events have text keys only")
}
