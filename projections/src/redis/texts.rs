//! How Redis holds it: keys, members of books, rows of minutes and orders, tickers.

use schemas::ids::{OrderId, SymbolId, TradeId};
use schemas::instrument::Side;
use schemas::market::{Candle, Volume};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::document::Document;
use crate::names::Names;
use crate::orders::OrderKey;
use crate::redis::markets::Followed;

/// Digits of a price in a book, so that text sorts as numbers do.
const PRICE_DIGITS: usize = 19;

/// Every key of one venue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    /// Keys that begin with `prefix`.
    pub(crate) fn new(prefix: &str) -> Keys {
        let prefix = prefix.to_string();
        Keys { prefix }
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// Hash: where the projection stands.
    pub(crate) fn cursor(&self) -> String {
        self.key("cursor")
    }

    /// Hash by symbol: number and scales, as JSON.
    pub(crate) fn symbols(&self) -> String {
        self.key("symbol")
    }

    /// Hash by symbol: the last price as a decimal.
    pub(crate) fn prices(&self) -> String {
        self.key("price")
    }

    /// Hash by symbol: the last 24 hours, as JSON.
    pub(crate) fn tickers(&self) -> String {
        self.key("ticker")
    }

    /// Sorted set: the levels of one side.
    pub(crate) fn book(&self, name: &str, side: Side) -> String {
        match side {
            Side::Buy => self.key(&format!("bids:{name}")),
            Side::Sell => self.key(&format!("asks:{name}")),
        }
    }

    /// Hash by minute: what the ticker is the sum of.
    pub(crate) fn minutes(&self, name: &str) -> String {
        self.key(&format!("minutes:{name}"))
    }

    /// Hash by order: orders with terms that are open.
    pub(crate) fn orders(&self) -> String {
        self.key("orders")
    }

    /// Channel: messages of the Kafka topic `market`.
    pub(crate) fn market_channel(&self, key: &str) -> String {
        self.key(&format!("market.{key}"))
    }

    /// Channel: levels that changed.
    pub(crate) fn depth_channel(&self, name: &str) -> String {
        self.key(&format!("depth.{name}"))
    }
}

/// A level in its sorted set: `PRICE:QTY` in whole units.
pub(crate) fn level(price: Price, qty: Qty) -> String {
    format!("{:0PRICE_DIGITS$}:{}", price.0, qty.0)
}

/// Reads what [`level`] wrote.
pub(crate) fn read_level(text: &str) -> Option<(Price, Qty)> {
    let (price, qty) = text.split_once(':')?;
    Some((Price(price.parse().ok()?), Qty(qty.parse().ok()?)))
}

/// The field of an order with terms.
pub(crate) fn order_field((symbol, order): OrderKey) -> String {
    format!("{}:{}", symbol.0, order.0)
}

/// What is kept of an order with terms.
pub(crate) fn order_row(followed: &Followed) -> String {
    let Followed {
        open,
        hidden,
        rested,
        ..
    } = followed;
    format!("{open}:{hidden}:{}", u8::from(*rested))
}

/// Reads what [`order_field`] and [`order_row`] wrote.
pub(crate) fn read_order(field: &str, row: &str) -> Option<(OrderKey, Followed)> {
    let (symbol, order) = field.split_once(':')?;
    let key = (SymbolId(symbol.parse().ok()?), OrderId(order.parse().ok()?));
    let mut parts = row.split(':');
    let followed = Followed {
        open: parts.next()?.parse().ok()?,
        hidden: parts.next()?.parse().ok()?,
        rested: parts.next()? == "1",
        has_terms: true,
    };
    Some((key, followed))
}

/// A minute in whole units: open, high, low, close, volume, quote, what takers bought of
/// both, first and last trade.
pub(crate) fn minute_row(minute: &Candle) -> String {
    let (first, last) = minute
        .trades
        .map_or((0, 0), |(first, last)| (first.0, last.0));
    format!(
        "{}:{}:{}:{}:{}:{}:{}:{}:{first}:{last}",
        minute.open.0,
        minute.high.0,
        minute.low.0,
        minute.close.0,
        minute.volume.0,
        minute.quote.0,
        minute.taker_volume.0,
        minute.taker_quote.0,
    )
}

/// Reads what [`minute_row`] wrote; the field is when the minute began, in nanoseconds.
pub(crate) fn read_minute(field: &str, row: &str) -> Option<Candle> {
    let parts: Vec<i128> = row.split(':').map_while(|part| part.parse().ok()).collect();
    let [
        open,
        high,
        low,
        close,
        volume,
        quote,
        taker_volume,
        taker_quote,
        first,
        last,
    ] = parts.try_into().ok()?;
    let price = |value: i128| i64::try_from(value).ok().map(Price);
    let trade = |value: i128| u64::try_from(value).ok().map(TradeId);
    Some(Candle {
        open_time: TimeNs(field.parse().ok()?),
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: Volume(volume),
        quote: Amount(quote),
        taker_volume: Volume(taker_volume),
        taker_quote: Amount(taker_quote),
        trades: Some((trade(first)?, trade(last)?)),
    })
}

/// The name of a symbol, in keys and for people.
pub(crate) fn name_of(names: &Names, symbol: SymbolId) -> String {
    match names.symbol(symbol) {
        Some(found) => found.name.clone(),
        None => format!("#{}", symbol.0),
    }
}

/// What readers need to know of a symbol.
pub(crate) fn symbol_document(names: &Names, symbol: SymbolId) -> String {
    let scales = names
        .symbol(symbol)
        .map_or((0, 0), |it| (it.price_scale, it.qty_scale));
    text(|document| {
        document
            .number("id", symbol.0.into())
            .number("price_scale", scales.0.into())
            .number("qty_scale", scales.1.into());
    })
}

/// The last 24 hours of a symbol.
pub(crate) fn ticker(names: &Names, symbol: SymbolId, day: &Candle) -> String {
    let known = names.symbol(symbol);
    let (price, qty) = known.map_or((0, 0), |it| (it.price_scale, it.qty_scale));
    let asset = known.and_then(|it| names.asset(it.quote));
    let quote = asset.map_or(0, |asset| asset.scale);
    text(|document| {
        document
            .text("symbol", &name_of(names, symbol))
            .decimal("open", day.open.0.into(), price)
            .decimal("high", day.high.0.into(), price)
            .decimal("low", day.low.0.into(), price)
            .decimal("last", day.close.0.into(), price)
            .decimal("volume", day.volume.0, qty)
            .decimal("quote_volume", day.quote.0, quote)
            .decimal("taker_buy_volume", day.taker_volume.0, qty)
            .decimal("taker_buy_quote_volume", day.taker_quote.0, quote)
            .number("open_time_ms", day.open_time.as_millis())
            .number("first_trade", day.trades.map_or(0, |it| it.0.0))
            .number("last_trade", day.trades.map_or(0, |it| it.1.0))
            .number("trades", day.count());
    })
}

/// One JSON object.
pub(crate) fn text(words: impl FnOnce(&mut Document<'_>)) -> String {
    let mut bytes = Vec::new();
    let mut document = Document::begin(&mut bytes);
    words(&mut document);
    document.end();
    String::from_utf8(bytes).expect("documents are text")
}

#[cfg(test)]
mod tests {
    use super::{level, minute_row, order_field, order_row, read_level, read_minute, read_order};
    use crate::redis::markets::Followed;
    use schemas::ids::{OrderId, SymbolId, TradeId};
    use schemas::market::{Candle, Volume};
    use schemas::units::{Amount, Price, Qty, TimeNs};

    #[test]
    fn levels_sort_as_numbers_and_read_back() {
        let prices = [1, 9, 10, 99_999, (1 << 53) + 1, i64::MAX];
        let texts: Vec<_> = prices.iter().map(|it| level(Price(*it), Qty(7))).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        for (price, text) in prices.iter().zip(&texts) {
            assert_eq!(read_level(text), Some((Price(*price), Qty(7))));
        }
        assert_eq!(read_level("12"), None);
    }

    #[test]
    fn orders_and_minutes_read_back() {
        let key = (SymbolId(3), OrderId(u64::MAX));
        let followed = Followed {
            open: i64::MAX,
            hidden: 5,
            rested: true,
            has_terms: true,
        };
        let read = read_order(&order_field(key), &order_row(&followed));
        assert_eq!(read, Some((key, followed)));
        let mut minute = Candle::flat(TimeNs(60_000_000_000), Price(5));
        minute.volume = Volume(1 << 80);
        minute.quote = Amount(i128::MAX);
        minute.trades = Some((TradeId(1), TradeId(9)));
        let row = minute_row(&minute);
        assert_eq!(read_minute("60000000000", &row), Some(minute));
        assert_eq!(read_minute("60000000000", &row[1..].replace(':', "")), None);
    }
}
