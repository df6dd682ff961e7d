//! Market data: a request (V) becomes snapshots (W) and, if it subscribes, changes (X).
//!
//! A subscription keeps the book that its client has, so that every change can be told as
//! new, changed or deleted, and a level that moves into the asked depth appears. A client
//! that reads too slowly is sent a new snapshot instead of what it missed.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use ironfix_core::message::MsgType;
use ironfix_engine::OutboundMessage;
use schemas::report::{Directory, Level, MarketUpdate, SymbolReport, TradeReport};
use schemas::units::{Price, Qty};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::call::App;
use crate::fix::request::Request;
use crate::wire::grid::Grid;
use crate::wire::new_order::find_symbol;

/// Levels of a book that is asked for whole; as many as REST gives.
const LEVELS_MAX: usize = 5_000;
/// Trades of a snapshot that asks for trades.
const TRADES: usize = 100;
/// Symbols of one session's subscriptions together.
const SUBSCRIPTIONS_MAX: usize = 256;
/// Updates that may go into one message.
const UPDATES_PER_MESSAGE_MAX: usize = 128;
/// LastBookUpdateID, the dialect's own tag.
const LAST_UPDATE: u32 = 25044;

/// MDReqRejReason (281).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    UnknownSymbol = 0,
    DuplicateId = 1,
    NoBandwidth = 2,
    UnsupportedUpdateType = 6,
}

/// Which entries a client wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wanted {
    bids: bool,
    offers: bool,
    trades: bool,
}

/// One side of a book as its client has it, by rank: the best first.
#[derive(Clone, Debug, Default)]
struct SideBook {
    levels: BTreeMap<i64, Qty>,
    is_bid: bool,
}

/// One symbol of one request.
#[derive(Debug)]
struct Subscription {
    id: String,
    grid: Grid,
    wanted: Wanted,
    /// 0 = whole.
    depth: usize,
    bids: SideBook,
    offers: SideBook,
    last_update: u64,
    entries: Vec<Entry>,
}

/// One entry of an X.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// MDUpdateAction (279): 0 new, 1 changed, 2 deleted.
    action: char,
    /// MDEntryType (269).
    kind: char,
    price: Price,
    qty: Qty,
    trade: Option<u64>,
}

/// The subscriptions of one session.
pub struct MarketFeeds {
    app: Arc<App>,
    updates: Option<Receiver<Arc<MarketUpdate>>>,
    subscriptions: Vec<Subscription>,
}

impl MarketFeeds {
    /// No subscription yet.
    pub fn new(app: Arc<App>) -> MarketFeeds {
        MarketFeeds {
            app,
            updates: None,
            subscriptions: Vec::new(),
        }
    }

    /// Answers a MarketDataRequest (V).
    pub fn ask(&mut self, app: &App, request: &Request) -> Vec<OutboundMessage> {
        let id = request.get(262).unwrap_or_default();
        if request.get(263) == Some("2") {
            self.subscriptions
                .retain(|subscription| subscription.id != id);
            if self.subscriptions.is_empty() {
                self.updates = None;
            }
            return Vec::new();
        }
        match self.open(app, request) {
            Ok(messages) => messages,
            Err((reason, text)) => vec![refused(id, reason, text)],
        }
    }

    fn open(
        &mut self,
        app: &App,
        request: &Request,
    ) -> Result<Vec<OutboundMessage>, (Refusal, &'static str)> {
        let id = request.get(262).unwrap_or_default();
        let subscribes = request.get(263) == Some("1");
        if subscribes && request.get(265) == Some("0") {
            let text = "full refreshes are not offered; ask for increments (265=1)";
            return Err((Refusal::UnsupportedUpdateType, text));
        }
        if self.subscriptions.iter().any(|known| known.id == id) {
            return Err((Refusal::DuplicateId, "the MDReqID (262) is in use"));
        }
        let directory = app.parts.queries.directory();
        let symbols = symbols(request, &directory)?;
        if subscribes && self.subscriptions.len() + symbols.len() > SUBSCRIPTIONS_MAX {
            return Err((
                Refusal::NoBandwidth,
                "too many subscriptions; at most 256 symbols",
            ));
        }
        let depth = request.get(264).and_then(|text| text.parse().ok());
        if subscribes && self.updates.is_none() {
            // Before the snapshot, so that nothing falls between.
            self.updates = Some(app.parts.queries.market_updates());
        }
        let mut messages = Vec::new();
        for symbol in symbols {
            let mut subscription = Subscription {
                id: id.to_owned(),
                grid: Grid::new(&directory, symbol),
                wanted: Wanted::of(request),
                depth: depth.unwrap_or(0),
                bids: SideBook::new(true),
                offers: SideBook::new(false),
                last_update: 0,
                entries: Vec::new(),
            };
            messages.push(subscription.snapshot(app));
            if subscribes {
                self.subscriptions.push(subscription);
            }
        }
        Ok(messages)
    }

    /// The next changes; never, without a subscription. May be dropped while it waits.
    pub async fn recv(&mut self) -> Vec<OutboundMessage> {
        loop {
            let Some(updates) = &mut self.updates else {
                return pending().await;
            };
            match updates.recv().await {
                Ok(update) if self.absorb(&update) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return self.start_over(),
                Err(RecvError::Closed) => self.updates = None,
            }
            let messages = self.changes();
            if !messages.is_empty() {
                return messages;
            }
        }
    }

    /// One update, and those that came meanwhile; false when some were lost.
    fn absorb(&mut self, first: &MarketUpdate) -> bool {
        let mut absorb = |update: &MarketUpdate| {
            let of_symbol = |known: &&mut Subscription| known.grid.symbol.symbol == update.symbol;
            for subscription in self.subscriptions.iter_mut().filter(of_symbol) {
                subscription.absorb(update);
            }
        };
        absorb(first);
        let Some(updates) = &mut self.updates else {
            return true;
        };
        for _ in 1..UPDATES_PER_MESSAGE_MAX {
            match updates.try_recv() {
                Ok(update) => absorb(&update),
                Err(TryRecvError::Lagged(_)) => return false,
                Err(_) => break,
            }
        }
        true
    }

    fn changes(&mut self) -> Vec<OutboundMessage> {
        let open = self.subscriptions.iter_mut();
        open.filter_map(Subscription::changes).collect()
    }

    fn start_over(&mut self) -> Vec<OutboundMessage> {
        self.updates = Some(self.app.parts.queries.market_updates());
        let app = Arc::clone(&self.app);
        let open = self.subscriptions.iter_mut();
        open.map(|subscription| subscription.snapshot(&app))
            .collect()
    }
}

/// The symbols of a request; each has to exist.
fn symbols(
    request: &Request,
    directory: &Directory,
) -> Result<Vec<SymbolReport>, (Refusal, &'static str)> {
    let unknown = (Refusal::UnknownSymbol, "unknown symbol");
    let found: Result<Vec<_>, _> = request
        .all(55)
        .map(|name| find_symbol(directory, name).map_err(|_| unknown))
        .collect();
    match found {
        Ok(symbols) if symbols.is_empty() => Err(unknown),
        found => found,
    }
}

fn refused(id: &str, reason: Refusal, text: &str) -> OutboundMessage {
    let mut message = OutboundMessage::new(MsgType::MarketDataRequestReject);
    message
        .push_str(262, id)
        .push_uint(281, reason as u64)
        .push_str(58, text);
    message
}

impl Wanted {
    /// Bids and offers unless something else is asked for.
    fn of(request: &Request) -> Wanted {
        let asked: Vec<&str> = request.all(269).collect();
        let wants = |kind: &str| asked.contains(&kind);
        Wanted {
            bids: asked.is_empty() || wants("0"),
            offers: asked.is_empty() || wants("1"),
            trades: wants("2"),
        }
    }
}

impl SideBook {
    fn new(is_bid: bool) -> SideBook {
        SideBook {
            levels: BTreeMap::new(),
            is_bid,
        }
    }

    fn kind(&self) -> char {
        if self.is_bid { '0' } else { '1' }
    }

    /// A price as its place in the row.
    fn rank(&self, price: Price) -> i64 {
        if self.is_bid { -price.0 } else { price.0 }
    }

    fn price(&self, rank: i64) -> Price {
        Price(if self.is_bid { -rank } else { rank })
    }

    fn fill(&mut self, levels: &[Level]) {
        self.levels.clear();
        for (price, qty) in levels {
            self.levels.insert(self.rank(*price), *qty);
        }
    }

    /// The best `depth` levels; all for 0.
    fn seen(&self, depth: usize) -> impl Iterator<Item = (i64, Qty)> + '_ {
        let most = if depth == 0 { usize::MAX } else { depth };
        self.levels
            .iter()
            .take(most)
            .map(|(rank, qty)| (*rank, *qty))
    }

    /// Takes levels in and says what changed within the depth.
    fn absorb(&mut self, levels: &[Level], depth: usize, entries: &mut Vec<Entry>) {
        if levels.is_empty() {
            return;
        }
        let before = self.touched(levels, depth);
        for (price, qty) in levels {
            let rank = self.rank(*price);
            match *qty {
                Qty::ZERO => self.levels.remove(&rank),
                qty => self.levels.insert(rank, qty),
            };
        }
        let after = self.touched(levels, depth);
        self.differ(&before, &after, entries);
    }

    /// What the client sees of the book where those levels can have changed it.
    fn touched(&self, levels: &[Level], depth: usize) -> BTreeMap<i64, Qty> {
        if depth != 0 {
            return self.seen(depth).collect();
        }
        // All levels are seen: only those that came can have changed.
        let ranks = levels.iter().map(|(price, _)| self.rank(*price));
        ranks
            .filter_map(|rank| Some((rank, *self.levels.get(&rank)?)))
            .collect()
    }

    fn differ(
        &self,
        before: &BTreeMap<i64, Qty>,
        after: &BTreeMap<i64, Qty>,
        entries: &mut Vec<Entry>,
    ) {
        let entry = |action, rank, qty| Entry {
            action,
            kind: self.kind(),
            price: self.price(rank),
            qty,
            trade: None,
        };
        for (rank, qty) in before {
            if !after.contains_key(rank) {
                entries.push(entry('2', *rank, *qty));
            }
        }
        for (rank, qty) in after {
            match before.get(rank) {
                None => entries.push(entry('0', *rank, *qty)),
                Some(old) if old != qty => entries.push(entry('1', *rank, *qty)),
                Some(_) => {}
            }
        }
    }
}

impl Subscription {
    /// The book and the trades as they are (W).
    fn snapshot(&mut self, app: &App) -> OutboundMessage {
        let symbol = self.grid.symbol.symbol;
        let queries = &app.parts.queries;
        let depth = queries.depth(symbol, LEVELS_MAX).unwrap_or_default();
        self.bids.fill(&depth.bids);
        self.offers.fill(&depth.asks);
        self.last_update = depth.last_update;
        self.entries.clear();
        let mut entries: Vec<Entry> = Vec::new();
        for (side, wanted) in [
            (&self.bids, self.wanted.bids),
            (&self.offers, self.wanted.offers),
        ] {
            let seen = side.seen(self.depth).filter(|_| wanted);
            entries.extend(seen.map(|(rank, qty)| Entry {
                action: '0',
                kind: side.kind(),
                price: side.price(rank),
                qty,
                trade: None,
            }));
        }
        if self.wanted.trades {
            let trades = queries.recent_trades(symbol, TRADES);
            entries.extend(trades.iter().map(traded));
        }
        let mut message = OutboundMessage::new(MsgType::MarketDataSnapshotFullRefresh);
        message
            .push_str(262, &self.id)
            .push_str(55, self.grid.name())
            .push_uint(LAST_UPDATE, self.last_update)
            .push_uint(268, entries.len() as u64);
        for entry in &entries {
            message.push_char(269, entry.kind);
            self.push_entry(&mut message, entry);
        }
        message
    }

    fn absorb(&mut self, update: &MarketUpdate) {
        if self.last_update < update.last_update {
            self.last_update = update.last_update;
            if self.wanted.bids {
                let (depth, entries) = (self.depth, &mut self.entries);
                self.bids.absorb(&update.bids, depth, entries);
            }
            if self.wanted.offers {
                let (depth, entries) = (self.depth, &mut self.entries);
                self.offers.absorb(&update.asks, depth, entries);
            }
        }
        if self.wanted.trades {
            self.entries.extend(update.trades.iter().map(traded));
        }
    }

    /// What changed since the last message (X).
    fn changes(&mut self) -> Option<OutboundMessage> {
        if self.entries.is_empty() {
            return None;
        }
        let mut message = OutboundMessage::new(MsgType::MarketDataIncrementalRefresh);
        message
            .push_str(262, &self.id)
            .push_uint(LAST_UPDATE, self.last_update)
            .push_uint(268, self.entries.len() as u64);
        for entry in &self.entries {
            message
                .push_char(279, entry.action)
                .push_char(269, entry.kind);
            if let Some(trade) = entry.trade {
                message.push_uint(278, trade);
            }
            message.push_str(55, self.grid.name());
            self.push_entry(&mut message, entry);
        }
        self.entries.clear();
        Some(message)
    }

    fn push_entry(&self, message: &mut OutboundMessage, entry: &Entry) {
        message.push_raw(270, self.grid.price(entry.price).to_string());
        if entry.action != '2' {
            message.push_raw(271, self.grid.qty(entry.qty).to_string());
        }
    }
}

fn traded(trade: &TradeReport) -> Entry {
    Entry {
        action: '0',
        kind: '2',
        price: trade.price,
        qty: trade.qty,
        trade: Some(trade.trade.0),
    }
}
