//! Events folded into books, last prices and the candles of the last day's minutes.
//!
//! The folds need no order but those with terms: a plain order stands in its level with all
//! that is open of it, an iceberg with what is not hidden, an order that waits for its
//! trigger not at all.
//!
//! Reading order: [`Market`], [`Followed`], [`Markets::apply`], [`Markets::expire`].

use std::collections::{BTreeMap, BTreeSet};

use schemas::event::{Event, OrderAmended, OrderDone, OrderRested, Trade, TradePrevented};
use schemas::ids::SymbolId;
use schemas::instrument::Side;
use schemas::market::{Candle, Interval, ZoneShift};
use schemas::perpetual_event::OrderModified;
use schemas::report::TradeReport;
use schemas::units::{Price, Qty, TimeNs};

use crate::opening::Opening;
use crate::orders::{OrderKey, When};

/// How far back a ticker looks, in nanoseconds.
const DAY_NS: u64 = 86_400_000_000_000;

/// A price level: which side, and where.
pub(crate) type LevelKey = (Side, Price);

/// One symbol.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Market {
    /// Open quantity by level; none is zero.
    pub(crate) levels: BTreeMap<(bool, Price), Qty>,
    /// The price of the newest trade.
    pub(crate) price: Option<Price>,
    /// The trades of each minute of the last day, by when it began.
    pub(crate) minutes: BTreeMap<TimeNs, Candle>,
}

/// What stands in a sorted map for a side.
const fn is_sell(side: Side) -> bool {
    matches!(side, Side::Sell)
}

impl Market {
    /// What is open at a level.
    pub(crate) fn at(&self, (side, price): LevelKey) -> Qty {
        let level = self.levels.get(&(is_sell(side), price));
        level.copied().unwrap_or_default()
    }

    /// Sets what is open at a level; used when a book is read back.
    pub(crate) fn set(&mut self, (side, price): LevelKey, qty: Qty) {
        self.levels.insert((is_sell(side), price), qty);
    }

    /// Every trade since the first minute kept; `None` when nobody traded.
    pub(crate) fn day(&self) -> Option<Candle> {
        let mut minutes = self.minutes.values();
        let mut day = *minutes.next()?;
        for minute in minutes {
            day.join(minute);
        }
        Some(day)
    }
}

/// An order whose level does not follow from its events alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Followed {
    /// Open, the hidden part included.
    pub(crate) open: i64,
    pub(crate) hidden: i64,
    /// Whether it stands in the book.
    pub(crate) rested: bool,
    /// Only orders with terms outlive their command here.
    pub(crate) has_terms: bool,
}

/// What a batch changed.
#[derive(Default, Debug)]
pub(crate) struct Changes {
    /// Levels, and what was open there before.
    pub(crate) levels: BTreeMap<SymbolId, BTreeMap<(bool, Price), Qty>>,
    /// Symbols that traded.
    pub(crate) traded: BTreeSet<SymbolId>,
    /// Minutes that are new, changed or forgotten.
    pub(crate) minutes: BTreeSet<(SymbolId, TimeNs)>,
    /// Orders with terms that moved or ended.
    pub(crate) followed: BTreeSet<OrderKey>,
}

/// Every symbol.
#[derive(Default, Debug)]
pub(crate) struct Markets {
    pub(crate) by_symbol: BTreeMap<SymbolId, Market>,
    pub(crate) followed: BTreeMap<OrderKey, Followed>,
    pub(crate) changes: Changes,
}

impl Markets {
    /// What stood there before the first command, all of it changed just now.
    pub(crate) fn opened(opening: &Opening) -> Markets {
        let mut markets = Markets::default();
        for it in &opening.markets {
            let sides = [(Side::Buy, &it.bids), (Side::Sell, &it.asks)];
            for (side, levels) in sides {
                for (price, qty) in levels {
                    markets.move_level((it.symbol, side, *price), qty.0);
                }
            }
            let market = markets.by_symbol.entry(it.symbol).or_default();
            market.price = it.price;
            if it.price.is_some() {
                markets.changes.traded.insert(it.symbol);
            }
            for minute in &it.minutes {
                market.minutes.insert(minute.open_time, *minute);
                let changed = (it.symbol, minute.open_time);
                markets.changes.minutes.insert(changed);
            }
        }
        for order in &opening.orders {
            // A plain order stands in its level with all that is open of it.
            let Some(extras) = &order.report.extras else {
                continue;
            };
            let key = (order.report.symbol, order.report.order);
            let open = order.report.qty.0 - order.report.executed.0 - order.report.prevented.0;
            let followed = Followed {
                open,
                hidden: extras.hidden.0,
                rested: order.rested,
                has_terms: true,
            };
            markets.followed.insert(key, followed);
            markets.changes.followed.insert(key);
        }
        markets
    }

    /// Folds one event in.
    pub(crate) fn apply(&mut self, when: When, event: &Event) {
        match event {
            Event::OrderAccepted(order) => {
                let followed = Followed {
                    open: order.qty.0,
                    hidden: 0,
                    rested: false,
                    has_terms: false,
                };
                self.followed.insert((order.symbol, order.order), followed);
            }
            Event::OrderTermsAccepted(order) => {
                self.with((order.symbol, order.order), |it| it.has_terms = true);
            }
            Event::OrderSized(order) => {
                self.with((order.symbol, order.order), |it| it.open = order.qty.0);
            }
            Event::OrderRested(order) => self.rested(order),
            Event::Trade(trade) => self.trade(when, trade),
            Event::TradePrevented(prevented) => self.prevented(prevented),
            Event::OrderAmended(amended) => self.amended(amended),
            Event::IcebergRefilled(part) => {
                self.with((part.symbol, part.order), |it| {
                    it.hidden -= part.shown.0;
                    it.rested = true;
                });
                self.move_level((part.symbol, part.side, part.price), part.shown.0);
            }
            // In a call auction an order leaves the book, trades, and perhaps rests again.
            Event::OrderCalled(order) => {
                self.with((order.symbol, order.order), |it| it.rested = false);
                self.move_level((order.symbol, order.side, order.price), -order.open.0);
            }
            Event::OrderModified(modified) => self.modified(modified),
            Event::OrderDone(done) => self.done(done),
            _ => {}
        }
    }

    /// Minutes that ended more than a day before `now` are forgotten.
    pub(crate) fn expire(&mut self, now: TimeNs) {
        let opens = TimeNs(now.0.saturating_sub(DAY_NS));
        let opens = Interval::Minute.start(opens, ZoneShift::UTC);
        for (symbol, market) in &mut self.by_symbol {
            while let Some(first) = market.minutes.first_entry() {
                if opens <= *first.key() {
                    break;
                }
                self.changes.minutes.insert((*symbol, *first.key()));
                first.remove();
            }
        }
    }

    /// Changes an order that is followed and notes it.
    fn with(&mut self, key: OrderKey, change: impl FnOnce(&mut Followed)) {
        if let Some(followed) = self.followed.get_mut(&key) {
            change(followed);
            if followed.has_terms {
                self.changes.followed.insert(key);
            }
        }
    }

    fn move_level(&mut self, (symbol, side, price): (SymbolId, Side, Price), by: i64) {
        if by == 0 {
            return;
        }
        let market = self.by_symbol.entry(symbol).or_default();
        let key = (is_sell(side), price);
        let level = market.levels.entry(key).or_default();
        let before = self.changes.levels.entry(symbol).or_default();
        before.entry(key).or_insert(*level);
        level.0 += by;
        debug_assert!(0 <= level.0, "a level below zero at {price:?}");
        if level.0 <= 0 {
            market.levels.remove(&key);
        }
    }

    fn rested(&mut self, order: &OrderRested) {
        let key = (order.symbol, order.order);
        self.with(key, |it| {
            it.hidden = it.open - order.open.0;
            it.rested = true;
        });
        // A plain order stands in its level with all that is open of it.
        if self.followed.get(&key).is_some_and(|it| !it.has_terms) {
            self.followed.remove(&key);
        }
        self.move_level((order.symbol, order.side, order.price), order.open.0);
    }

    fn trade(&mut self, when: When, trade: &Trade) {
        for order in [trade.taker_order, trade.maker_order] {
            self.with((trade.symbol, order), |it| it.open -= trade.qty.0);
        }
        if trade.maker_open == Qty::ZERO {
            self.end((trade.symbol, trade.maker_order));
        }
        let side = trade.taker_side.opposite();
        self.move_level((trade.symbol, side, trade.price), -trade.qty.0);
        let report = TradeReport::new(trade, when.time);
        let opened = Interval::Minute.start(when.time, ZoneShift::UTC);
        let market = self.by_symbol.entry(trade.symbol).or_default();
        market.price = Some(trade.price);
        let minute = market.minutes.entry(opened);
        minute
            .and_modify(|it| it.add(&report))
            .or_insert_with(|| Candle::new(opened, &report));
        self.changes.minutes.insert((trade.symbol, opened));
        self.changes.traded.insert(trade.symbol);
    }

    fn prevented(&mut self, it: &TradePrevented) {
        self.with((it.symbol, it.taker_order), |order| {
            order.open -= it.taker_prevented.0;
        });
        self.with((it.symbol, it.maker_order), |order| {
            order.open -= it.maker_prevented.0;
        });
        let level = (it.symbol, it.maker_side, it.price);
        self.move_level(level, -it.maker_prevented.0);
    }

    fn amended(&mut self, amended: &OrderAmended) {
        let by = amended.old_qty.0 - amended.new_qty.0;
        let (mut hidden, mut rested) = (0, true);
        self.with((amended.symbol, amended.order), |it| {
            // What is hidden of an iceberg goes first.
            hidden = by.min(it.hidden);
            it.hidden -= hidden;
            it.open = amended.open.0;
            rested = it.rested;
        });
        if rested {
            let level = (amended.symbol, amended.side, amended.price);
            self.move_level(level, hidden - by);
        }
    }

    /// It leaves the book; a rest follows when it stands there again.
    fn modified(&mut self, it: &OrderModified) {
        let mut rested = true;
        self.with((it.symbol, it.order), |order| {
            rested = std::mem::take(&mut order.rested);
            order.open = it.new_qty.0 - it.executed.0;
        });
        if rested {
            let level = (it.symbol, it.side, it.old_price);
            self.move_level(level, -it.old_open.0);
        }
    }

    fn done(&mut self, done: &OrderDone) {
        let hidden = self.end((done.symbol, done.order));
        if done.rested {
            let shown = done.open.0 - hidden;
            self.move_level((done.symbol, done.side, done.price), -shown);
        }
    }

    /// The order is over; what was hidden of it.
    fn end(&mut self, key: OrderKey) -> i64 {
        match self.followed.remove(&key) {
            Some(followed) => {
                if followed.has_terms {
                    self.changes.followed.insert(key);
                }
                followed.hidden
            }
            None => 0,
        }
    }
}
