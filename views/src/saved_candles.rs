//! Candles and aggregate trades as bytes for a snapshot; the second format of the views.
//!
//! What the first format lacks is made again of the trades that it has: candles then
//! begin with the oldest of those.

use std::collections::VecDeque;

use schemas::ids::{OrderId, TradeId};
use schemas::market::{AggregateTrade, Candle, Volume};
use schemas::wire::Wire;

use crate::aggregates::{AggregateMark, Aggregates};
use crate::candles::Candles;
use crate::market::Market;

pub(crate) fn put(market: &Market, out: &mut Vec<u8>) {
    let (running, series) = market.candles.parts();
    put_candles(running.iter(), out);
    (series.len() as u64).put(out);
    for candles in series {
        put_candles(candles.iter(), out);
    }
    let (kept, marks) = market.aggregates.parts();
    (kept.len() as u64).put(out);
    for aggregate in kept {
        put_aggregate(aggregate, out);
    }
    (marks.len() as u64).put(out);
    for mark in marks {
        mark.id.put(out);
        mark.first.put(out);
    }
}

pub(crate) fn take(market: &mut Market, input: &mut &[u8]) -> Option<()> {
    let mut running = take_list(input, take_candle)?;
    let series = take_list(input, |input| {
        take_list(input, take_candle).map(VecDeque::from)
    })?;
    if 1 < running.len() {
        return None;
    }
    market.candles = Candles::restore(running.pop(), series)?;
    let kept = take_list(input, take_aggregate)?;
    let marks = take_list(input, |input| {
        Some(AggregateMark {
            id: Wire::take(input)?,
            first: Wire::take(input)?,
        })
    })?;
    market.aggregates = Aggregates::restore(VecDeque::from(kept), marks);
    Some(())
}

/// What the first format does not have.
pub(crate) fn derive(market: &mut Market) {
    for (_, trade) in market.trades.iter() {
        market.candles.trade(trade);
        market.aggregates.trade(trade, 0);
    }
}

fn take_list<T>(input: &mut &[u8], take: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = u64::take(input)?;
    let mut list = Vec::with_capacity(usize::try_from(count).ok()?.min(input.len()));
    for _ in 0..count {
        list.push(take(input)?);
    }
    Some(list)
}

fn put_candles<'a>(candles: impl ExactSizeIterator<Item = &'a Candle>, out: &mut Vec<u8>) {
    (candles.len() as u64).put(out);
    for candle in candles {
        put_candle(candle, out);
    }
}

fn put_candle(candle: &Candle, out: &mut Vec<u8>) {
    let Candle {
        open_time,
        open,
        high,
        low,
        close,
        volume,
        quote,
        taker_volume,
        taker_quote,
        trades,
    } = candle;
    open_time.put(out);
    for price in [open, high, low, close] {
        price.put(out);
    }
    volume.0.put(out);
    quote.put(out);
    taker_volume.0.put(out);
    taker_quote.put(out);
    trades.map(|(first, _)| first).put(out);
    trades.map(|(_, last)| last).put(out);
}

fn take_candle(input: &mut &[u8]) -> Option<Candle> {
    let mut candle = Candle {
        open_time: Wire::take(input)?,
        open: Wire::take(input)?,
        high: Wire::take(input)?,
        low: Wire::take(input)?,
        close: Wire::take(input)?,
        volume: Volume(Wire::take(input)?),
        quote: Wire::take(input)?,
        taker_volume: Volume(Wire::take(input)?),
        taker_quote: Wire::take(input)?,
        trades: None,
    };
    let first: Option<TradeId> = Wire::take(input)?;
    let last: Option<TradeId> = Wire::take(input)?;
    candle.trades = first.zip(last);
    Some(candle)
}

fn put_aggregate(aggregate: &AggregateTrade, out: &mut Vec<u8>) {
    let AggregateTrade {
        id,
        price,
        qty,
        first,
        last,
        time,
        taker_side,
        taker_order,
    } = aggregate;
    id.put(out);
    price.put(out);
    qty.put(out);
    first.put(out);
    last.put(out);
    time.put(out);
    taker_side.put(out);
    taker_order.put(out);
}

fn take_aggregate(input: &mut &[u8]) -> Option<AggregateTrade> {
    Some(AggregateTrade {
        id: Wire::take(input)?,
        price: Wire::take(input)?,
        qty: Wire::take(input)?,
        first: Wire::take(input)?,
        last: Wire::take(input)?,
        time: Wire::take(input)?,
        taker_side: Wire::take(input)?,
        taker_order: OrderId(Wire::take(input)?),
    })
}
