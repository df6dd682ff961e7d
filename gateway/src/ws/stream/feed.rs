//! One stream: who listens, what has gathered, and when it speaks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use schemas::ids::SymbolId;
use schemas::market::Interval;
use schemas::report::{Directory, MarketUpdate};
use schemas::units::TimeNs;
use serde::Serialize;
use tokio::time::Instant;

use crate::queries::Queries;
use crate::wire::clock::TimeUnit;
use crate::wire::grid::Grid;
use crate::wire::market::DepthAnswer;
use crate::wire::symbol_query::listed_of;
use crate::ws::stream::candle::candles;
use crate::ws::stream::depth::Gathered;
use crate::ws::stream::forced::ForcedOrderEvent;
use crate::ws::stream::inbox::{Message, Sender};
use crate::ws::stream::names::{Kind, StreamName};
use crate::ws::stream::tickers::Look;
use crate::ws::stream::trades::{AggregateEvent, BookTickerEvent, TradeEvent, aggregate};

/// The hub's clock is coarse: a message may come this much early.
const SLACK: Duration = Duration::from_millis(20);

/// One stream as somebody asked for it.
#[derive(Debug)]
pub struct Feed {
    name: Arc<str>,
    stream: StreamName,
    unit: TimeUnit,
    /// Of a stream of one symbol.
    grid: Option<Grid>,
    listeners: Vec<Sender>,
    gathered: Gathered,
    /// The id of the next aggregate trade, once it is known.
    next_aggregate: Option<u64>,
    /// Symbols that changed since the last message.
    changed: BTreeSet<SymbolId>,
    /// Somebody has listened only since the last message.
    has_newcomer: bool,
    last_sent: Option<Instant>,
    /// When the candle that was last spoken of began.
    candle: Option<TimeNs>,
}

/// The present, as the hub reads it for a round of messages.
#[derive(Clone, Copy)]
pub struct Round<'a> {
    pub queries: &'a dyn Queries,
    pub directory: &'a Directory,
    pub time: TimeNs,
    pub now: Instant,
}

impl Feed {
    /// A stream that nobody listens to yet.
    pub fn new(directory: &Directory, name: &str, (stream, unit): (StreamName, TimeUnit)) -> Feed {
        let grid = stream.symbol.map(|symbol| Grid::new(directory, symbol));
        Feed {
            name: name.into(),
            stream,
            unit,
            grid,
            listeners: Vec::new(),
            gathered: Gathered::default(),
            next_aggregate: None,
            changed: BTreeSet::new(),
            has_newcomer: false,
            last_sent: None,
            candle: None,
        }
    }

    /// One more listener.
    pub fn listen(&mut self, listener: Sender) {
        self.listeners.push(listener);
        self.has_newcomer = true;
    }

    /// That listener is gone.
    pub fn leave(&mut self, id: u64) {
        let at = self.listeners.iter().position(|listener| listener.id == id);
        if let Some(at) = at {
            self.listeners.swap_remove(at);
        }
    }

    /// Whether nobody listens.
    pub fn is_idle(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Something was lost before it got here: everyone is cut.
    pub fn cut(&mut self) {
        for listener in self.listeners.drain(..) {
            listener.cut();
        }
        self.next_aggregate = None;
        self.gathered.start_over();
    }

    /// The symbol whose next aggregate's id has to be looked up before updates are taken.
    pub fn lacks_aggregate(&self) -> Option<SymbolId> {
        let lacks = self.stream.kind == Kind::AggregateTrade && self.next_aggregate.is_none();
        self.grid
            .as_ref()
            .filter(|_| lacks)
            .map(|grid| grid.symbol.symbol)
    }

    /// The next aggregate of this symbol has that id.
    pub fn set_aggregate(&mut self, symbol: SymbolId, id: u64) {
        if self.lacks_aggregate() == Some(symbol) {
            self.next_aggregate = Some(id);
        }
    }

    /// Takes what one command changed; what is told at once is told.
    pub fn absorb(&mut self, update: &MarketUpdate, directory: &Directory) {
        let grid = match &self.grid {
            Some(grid) if grid.symbol.symbol != update.symbol => return,
            Some(grid) => *grid,
            None => {
                let mut listed = listed_of(directory, self.stream.product);
                let Some(symbol) = listed.find(|symbol| symbol.symbol == update.symbol) else {
                    return;
                };
                Grid::new(directory, symbol)
            }
        };
        let (time, unit) = (update.time, self.unit);
        let has_levels = update.first_update <= update.last_update;
        let is_changed = match self.stream.kind {
            Kind::Depth { .. } => {
                self.gathered.absorb(update);
                has_levels
            }
            Kind::Levels { .. } => {
                if self.stream.is_futures() {
                    self.gathered.absorb(update);
                }
                has_levels
            }
            Kind::ForcedOrder => {
                for order in &update.forced {
                    self.say(&ForcedOrderEvent::new(&grid, (unit, time), (order, update)));
                }
                false
            }
            Kind::Trade => {
                for trade in &update.trades {
                    self.say(&TradeEvent::new(&grid, unit, time, trade));
                }
                false
            }
            Kind::AggregateTrade => {
                let Some(next) = self.next_aggregate else {
                    return;
                };
                let aggregates = aggregate(&update.trades, next);
                for aggregate in &aggregates {
                    self.say(&AggregateEvent::new(&grid, unit, time, aggregate));
                }
                self.next_aggregate = Some(next + aggregates.len() as u64);
                false
            }
            Kind::BookTicker => {
                if update.best_changed {
                    self.say(&BookTickerEvent::new(&grid, unit, update));
                }
                false
            }
            Kind::Ticker => !update.trades.is_empty() || update.best_changed,
            Kind::Candle { .. } | Kind::MiniTicker | Kind::Window { .. } | Kind::AveragePrice => {
                !update.trades.is_empty()
            }
            Kind::MarkPrice { .. } => false,
        };
        if is_changed {
            self.changed.insert(update.symbol);
        }
    }

    /// Tells what has gathered, if its moment has come.
    pub fn flush(&mut self, round: Round<'_>) {
        let every_ms = match self.stream.kind {
            Kind::Trade | Kind::AggregateTrade | Kind::BookTicker | Kind::ForcedOrder => return,
            Kind::Depth { every_ms }
            | Kind::Levels { every_ms, .. }
            | Kind::MarkPrice { every_ms } => every_ms,
            Kind::Candle { interval, .. } if interval != Interval::Second => 2_000,
            _ => 1_000,
        };
        let every = Duration::from_millis(every_ms).saturating_sub(SLACK);
        if self.last_sent.is_some_and(|sent| round.now - sent < every) {
            return;
        }
        let before = self.changed.len();
        let texts = match self.grid {
            Some(grid) => self.of_one(&grid, round),
            None => self.of_all(round).into_iter().collect(),
        };
        if texts.is_empty() && before == 0 {
            return;
        }
        for text in texts {
            self.send(text);
        }
        self.changed.clear();
        self.has_newcomer = false;
        self.last_sent = Some(round.now);
    }

    fn of_one(&mut self, grid: &Grid, round: Round<'_>) -> Vec<String> {
        let look = Look {
            queries: round.queries,
            grid,
            unit: self.unit,
            now: round.time,
        };
        let is_new = self.has_newcomer || !self.changed.is_empty();
        match self.stream.kind {
            Kind::Depth { .. } => {
                if self.gathered.is_empty() {
                    return Vec::new();
                }
                let text = text(&self.gathered.event(grid, self.unit));
                self.gathered.start_over();
                vec![text]
            }
            Kind::Candle { interval, zone } => {
                candles(look, (interval, zone), (&mut self.candle, is_new))
            }
            // Told at its pace, whether it moved or not.
            Kind::MarkPrice { .. } => look.mark().into_iter().collect(),
            _ if !is_new => Vec::new(),
            Kind::Levels { count, .. } => {
                let depth = round.queries.depth(grid.symbol.symbol, count);
                let answer = depth.map(|depth| match grid.is_spot() {
                    true => text(&DepthAnswer::new(grid, &depth)),
                    false => text(&self.gathered.levels(grid, (self.unit, round.time), &depth)),
                });
                self.gathered.start_over();
                answer.into_iter().collect()
            }
            kind => statistics(look, kind).into_iter().collect(),
        }
    }

    /// One list with each symbol that changed; for a newcomer with every symbol.
    fn of_all(&self, round: Round<'_>) -> Option<String> {
        let mut rows = Vec::new();
        for symbol in listed_of(round.directory, self.stream.product) {
            let is_paced = matches!(self.stream.kind, Kind::MarkPrice { .. });
            if !is_paced && !self.has_newcomer && !self.changed.contains(&symbol.symbol) {
                continue;
            }
            let grid = Grid::new(round.directory, symbol);
            let look = Look {
                queries: round.queries,
                grid: &grid,
                unit: self.unit,
                now: round.time,
            };
            rows.extend(statistics(look, self.stream.kind));
        }
        (!rows.is_empty()).then(|| format!("[{}]", rows.join(",")))
    }

    fn say(&mut self, event: &impl Serialize) {
        self.send(text(event));
    }

    fn send(&mut self, text: String) {
        let message = Message::new(self.name.clone(), text);
        self.listeners.retain(|listener| listener.send(&message));
    }
}

fn statistics(look: Look<'_>, kind: Kind) -> Option<String> {
    match kind {
        Kind::MiniTicker => Some(look.mini()),
        Kind::Ticker => Some(look.ticker()),
        Kind::Window { hours } => Some(look.window(hours)),
        Kind::AveragePrice => Some(look.average()),
        Kind::MarkPrice { .. } => look.mark(),
        _ => None,
    }
}

fn text(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("events have text keys only")
}
