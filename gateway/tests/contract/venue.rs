//! A venue of two symbols whose answers are written by the test.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use gateway::auth::life::Life;
use gateway::queries::{ApiKey, Keys, Queries, Read, Secret};
use gateway::submit::{Pending, Receipt, Submit, SubmitError};
use gateway::user_events::{self, UserReceiver, UserSender};
use parking_lot::Mutex;
use schemas::command::{Command, OrderRef, PlaceOrderV1};
use schemas::event::{CancelRejected, Event, OrderAccepted, OrderRejected, OrderRested};
use schemas::ids::{
    AccountId, AssetCode, AssetId, ClientOrderId, Offset, OrderId, SymbolId, SymbolName, TradeId,
};
use schemas::instrument::{
    AccountState, LotSize, NotionalFilter, OrderStage, OrderStatus, PriceFilter, SymbolKind,
    SymbolState, VenueLimits, VenueState,
};
use schemas::market::{AggregatePage, AggregateTrade, Candle, CandlePage, MarketWindow};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::order_event::OrderTermsAccepted;
use schemas::page::{AmendmentPage, ListPage, ListRef, OrderPage, PreventedPage, TradePage};
use schemas::perpetual_report::{
    ContractReport, FundingPage, FundingReport, FuturesAccountReport, IncomePage, IncomeReport,
    IndexSource, MarkReport, PerpetualOrder, SymbolConfig, TradeProfit,
};
use schemas::reject::RejectReason;
use schemas::report::{
    AccountReport, AssetReport, Depth, Directory, MarketUpdate, OrderListReport, OrderReport,
    SymbolReport, Top, TradeReport, UserPage, UserUpdate,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};
use tokio::sync::{broadcast, oneshot};

use crate::perpetual_venue::{Futures, rest_perpetual};

/// The venue's clock stands still: 2023-11-14 22:13:20 UTC.
pub const NOW_MS: u64 = 1_700_000_000_000;
pub const BTCUSDT: SymbolId = SymbolId(0);
/// Listed by [`list_perpetual`] alone, and named like the spot symbol.
pub const PERP: SymbolId = SymbolId(2);
pub const ALICE: AccountId = AccountId(7);
pub const BOB: AccountId = AccountId(8);

/// What the venue says to the next command.
pub enum Reply {
    Events(Vec<Event>),
    Refused(SubmitError),
    /// No answer, ever: the sender is dropped.
    Lost,
    /// No answer for as long as the test lives.
    Silent,
}

#[derive(Default)]
pub struct State {
    pub commands: Vec<Command>,
    pub replies: VecDeque<Reply>,
    pub orders: Vec<OrderReport>,
    pub trades: Vec<TradeReport>,
    pub depth: Depth,
    pub perp_depth: Depth,
    /// What the one perpetual and Alice's futures side are.
    pub futures: Futures,
    pub account: Option<AccountReport>,
    pub order_pages: Vec<OrderPage>,
    pub trade_pages: Vec<TradePage>,
    pub lists: Vec<OrderListReport>,
    pub list_pages: Vec<ListPage>,
    pub amendments: Vec<AmendmentReport>,
    pub prevented: Vec<PreventedReport>,
    pub candles: Vec<Candle>,
    pub candle_pages: Vec<CandlePage>,
    /// What was traded, and since when that was asked.
    pub window: MarketWindow,
    pub windows_asked: Vec<TimeNs>,
    pub aggregates: Vec<AggregateTrade>,
    pub aggregate_pages: Vec<AggregatePage>,
    pub denied: Vec<IpAddr>,
    pub denied_accounts: Vec<AccountId>,
    pub order_counts: (u32, u32),
    /// Who listens to whom, and what is told of the past.
    pub users: Vec<(AccountId, UserSender)>,
    pub told: Vec<Arc<UserUpdate>>,
    pub requests_per_second: u32,
    kept: Vec<oneshot::Sender<Result<Receipt, SubmitError>>>,
}

pub struct Venue {
    pub state: Mutex<State>,
    pub directory: Mutex<Directory>,
    pub keys: Mutex<Vec<ApiKey>>,
    pub updates: broadcast::Sender<Arc<MarketUpdate>>,
}

impl Venue {
    pub fn new() -> Arc<Venue> {
        Arc::new(Venue {
            state: Mutex::default(),
            directory: Mutex::new(directory()),
            keys: Mutex::new(vec![key("alice", ALICE), key("bob", BOB)]),
            updates: broadcast::channel(64).0,
        })
    }

    pub fn reply(&self, reply: Reply) {
        self.state.lock().replies.push_back(reply);
    }

    pub fn reject(&self, reason: RejectReason) {
        let client_order = ClientOrderId::EMPTY;
        let rejected = OrderRejected {
            account: ALICE,
            symbol: BTCUSDT,
            client_order,
            reason,
        };
        self.reply(Reply::Events(vec![Event::OrderRejected(rejected)]));
    }

    pub fn reject_cancel(&self, reason: RejectReason) {
        let rejected = CancelRejected {
            account: ALICE,
            symbol: BTCUSDT,
            reason,
        };
        self.reply(Reply::Events(vec![Event::CancelRejected(rejected)]));
    }

    pub fn commands(&self) -> Vec<Command> {
        self.state.lock().commands.clone()
    }

    /// The only command, which is an order.
    pub fn placed(&self) -> PlaceOrderV1 {
        match self.commands()[..] {
            [Command::PlaceOrder(order)] => order,
            ref other => panic!("one order was expected, not {other:?}"),
        }
    }
}

fn key(name: &str, account: AccountId) -> ApiKey {
    ApiKey {
        key: name.to_owned(),
        account,
        secret: Secret::Hmac(format!("{name}-secret").into_bytes()),
        may_read: true,
        may_trade: true,
        may_withdraw: false,
        may_fix: true,
        may_fix_read: false,
        addresses: Vec::new(),
        life: Life::new(),
    }
}

fn directory() -> Directory {
    let asset = |id: u16, code: &str| AssetReport {
        asset: AssetId(id),
        code: AssetCode::new(code).expect("short"),
        scale: 8,
    };
    Directory {
        assets: vec![asset(0, "BTC"), asset(1, "ETH"), asset(2, "USDT")],
        symbols: vec![symbol(0, "BTCUSDT", 0), symbol(1, "ETHUSDT", 1)],
        limits: VenueLimits::default(),
        tiers: Vec::new(),
        venue: Some(VenueState::Open),
        withdrawals: true,
    }
}

pub fn symbol(id: u32, name: &str, base: u16) -> SymbolReport {
    SymbolReport {
        symbol: SymbolId(id),
        name: SymbolName::new(name).expect("short"),
        kind: SymbolKind::Spot,
        state: SymbolState::Trading,
        base: AssetId(base),
        quote: AssetId(2),
        price_scale: 2,
        qty_scale: 5,
        maker_fee: Rate(100_000),
        taker_fee: Rate(100_000),
        price: PriceFilter {
            min: Price(1),
            max: Price(100_000_000),
            tick: Price(1),
        },
        lot_size: LotSize {
            min: Qty(1),
            max: Qty(900_000_000),
            step: Qty(1),
        },
        market_lot_size: LotSize::default(),
        notional: NotionalFilter {
            min: Amount(500_000_000),
            max: Amount::ZERO,
            apply_min_to_market: false,
            apply_max_to_market: false,
        },
        percent_price: schemas::instrument::PercentPrice {
            bid_up: 50_000,
            bid_down: 2_000,
            ask_up: 50_000,
            ask_down: 2_000,
            minutes: 5,
        },
        max_num_orders: 10_000,
        max_position: Qty::ZERO,
        order_rules: schemas::report::OrderRules::default(),
        protection: schemas::protection::Protection::default(),
        indicative: None,
    }
}

/// The acceptance of an order as number `order`.
pub fn accepted(place: &PlaceOrderV1, order: u64) -> OrderAccepted {
    OrderAccepted {
        symbol: place.symbol,
        order: OrderId(order),
        account: place.account,
        client_order: place.client_order,
        side: place.side,
        order_type: place.order_type,
        time_in_force: place.time_in_force,
        self_trade: place.self_trade,
        price: place.price,
        qty: place.qty,
        quote_qty: place.quote_qty,
        orders_10s: 3,
        orders_1d: 44,
    }
}

/// An order of Alice, resting: buy 0.5 at 100.00, of which 0.2 traded.
pub fn resting() -> OrderReport {
    OrderReport {
        symbol: BTCUSDT,
        order: OrderId(9),
        account: ALICE,
        client_order: ClientOrderId::new("mine").expect("short"),
        side: schemas::instrument::Side::Buy,
        order_type: schemas::instrument::OrderType::Limit,
        time_in_force: schemas::instrument::TimeInForce::Gtc,
        self_trade: schemas::instrument::SelfTradePrevention::ExpireMaker,
        status: OrderStatus::PartiallyFilled,
        price: Price(10_000),
        qty: Qty(50_000),
        quote_qty: Amount::ZERO,
        executed: Qty(20_000),
        quote: Amount(2_000_000_000),
        prevented: Qty::ZERO,
        created: TimeNs(NOW_MS * 1_000_000),
        updated: TimeNs((NOW_MS + 1) * 1_000_000 + 2_000),
        extras: None,
    }
}

impl Submit for Venue {
    fn submit(&self, command: Command) -> Result<Pending, SubmitError> {
        let mut state = self.state.lock();
        let (sender, pending) = oneshot::channel();
        let reply = state
            .replies
            .pop_front()
            .unwrap_or_else(|| Reply::Events(rest(&command)));
        let events = match reply {
            Reply::Refused(error) => return Err(error),
            Reply::Events(events) => events,
            Reply::Lost => return Ok(pending),
            Reply::Silent => {
                state.kept.push(sender);
                return Ok(pending);
            }
        };
        let offset = Offset(100 + state.commands.len() as u64);
        state.commands.push(command);
        let receipt = Receipt {
            offset,
            time: self.now(),
            events,
        };
        sender
            .send(Ok(receipt))
            .expect("the receiver is still here");
        Ok(pending)
    }

    fn now(&self) -> TimeNs {
        TimeNs(NOW_MS * 1_000_000)
    }
}

/// By default an order rests whole.
fn rest(command: &Command) -> Vec<Event> {
    if let Command::PlacePerpetual(placed) = command {
        return rest_perpetual(placed);
    }
    let (place, terms) = match command {
        Command::PlaceOrder(place) => (place, None),
        Command::PlaceOrderWithTerms(placed) => (&placed.order, Some(placed.terms)),
        _ => return Vec::new(),
    };
    let rested = OrderRested {
        symbol: place.symbol,
        order: OrderId(1),
        account: place.account,
        side: place.side,
        price: place.price,
        open: place.qty,
    };
    let mut events = vec![Event::OrderAccepted(accepted(place, 1))];
    events.extend(terms.map(|terms| {
        Event::OrderTermsAccepted(OrderTermsAccepted {
            symbol: place.symbol,
            order: OrderId(1),
            account: place.account,
            terms,
            list: None,
            stage: OrderStage::Working,
        })
    }));
    events.push(Event::OrderRested(rested));
    events
}

impl Queries for Venue {
    fn contract(&self, symbol: SymbolId) -> Option<ContractReport> {
        let contract = self.state.lock().futures.contract.clone();
        contract.filter(|_| symbol == PERP)
    }
    fn mark(&self, symbol: SymbolId) -> Option<MarkReport> {
        (symbol == PERP).then(|| self.state.lock().futures.mark)
    }
    fn index_sources(&self, _symbol: SymbolId) -> Vec<IndexSource> {
        self.state.lock().futures.sources.clone()
    }
    fn funding(&self, page: FundingPage) -> Read<'_, Vec<FundingReport>> {
        assert!((1..=1_000).contains(&page.limit));
        let funding = self.state.lock().futures.funding.clone();
        Box::pin(std::future::ready(Ok(funding)))
    }
    fn futures_account(&self, account: AccountId) -> Option<FuturesAccountReport> {
        let found = self.state.lock().futures.account.clone();
        found.filter(|report| report.account == account)
    }
    fn symbol_config(&self, _: AccountId, symbol: SymbolId) -> Option<SymbolConfig> {
        let config = self.state.lock().futures.config;
        config.filter(|_| symbol == PERP)
    }
    fn income(&self, page: IncomePage) -> Read<'_, Vec<IncomeReport>> {
        let mut state = self.state.lock();
        state.futures.income_pages.push(page);
        let fits = |income: &&IncomeReport| page.kind.is_none_or(|kind| kind == income.kind);
        let found = state.futures.income.iter().filter(fits).copied().collect();
        Box::pin(std::future::ready(Ok(found)))
    }
    fn perpetual_orders(&self, orders: &[OrderReport]) -> Vec<Option<PerpetualOrder>> {
        let known = &self.state.lock().futures.orders;
        let find = |report: &OrderReport| {
            let mut known = known.iter();
            known.find(|order| (order.symbol, order.order) == (report.symbol, report.order))
        };
        orders.iter().map(|report| find(report).copied()).collect()
    }
    fn trade_profits(
        &self,
        _: AccountId,
        _: SymbolId,
        trades: Vec<TradeId>,
    ) -> Read<'_, Vec<Option<TradeProfit>>> {
        let known = &self.state.lock().futures.profits;
        let find = |trade: &TradeId| known.iter().find(|profit| profit.trade == *trade);
        let found = trades.iter().map(|trade| find(trade).copied()).collect();
        Box::pin(std::future::ready(Ok(found)))
    }
    fn directory(&self) -> Arc<Directory> {
        Arc::new(self.directory.lock().clone())
    }
    fn depth(&self, symbol: SymbolId, limit: usize) -> Option<Depth> {
        assert!((1..=5_000).contains(&limit));
        let state = self.state.lock();
        let mut depth = match symbol {
            BTCUSDT => state.depth.clone(),
            PERP => state.perp_depth.clone(),
            _ => return None,
        };
        depth.bids.truncate(limit);
        depth.asks.truncate(limit);
        Some(depth)
    }
    fn top(&self, symbol: SymbolId) -> Option<Top> {
        let depth = self.depth(symbol, 1)?;
        let (bid, ask) = (depth.bids.first().copied(), depth.asks.first().copied());
        Some(Top {
            bid,
            ask,
            last_update: depth.last_update,
        })
    }
    fn recent_trades(&self, symbol: SymbolId, limit: usize) -> Vec<TradeReport> {
        let state = self.state.lock();
        let trades = state.trades.iter().filter(|trade| trade.symbol == symbol);
        trades.take(limit).copied().collect()
    }
    fn candles(&self, page: CandlePage) -> Read<'_, Vec<Candle>> {
        Box::pin(std::future::ready(Ok(self.latest_candles(&page))))
    }
    fn latest_candles(&self, page: &CandlePage) -> Vec<Candle> {
        let mut state = self.state.lock();
        state.candle_pages.push(*page);
        state.candles.clone()
    }
    fn window(&self, symbol: SymbolId, minute: TimeNs) -> MarketWindow {
        let mut state = self.state.lock();
        state.windows_asked.push(minute);
        if symbol == BTCUSDT {
            state.window
        } else {
            MarketWindow::default()
        }
    }
    fn aggregates(&self, page: AggregatePage) -> Read<'_, Vec<AggregateTrade>> {
        let mut state = self.state.lock();
        state.aggregate_pages.push(page);
        let aggregates = state.aggregates.clone();
        Box::pin(async move { Ok(aggregates) })
    }
    fn trades_from(&self, _: SymbolId, from: TradeId, limit: usize) -> Read<'_, Vec<TradeReport>> {
        let mut trades = self.state.lock().trades.clone();
        trades.retain(|trade| from <= trade.trade);
        trades.truncate(limit);
        Box::pin(async move { Ok(trades) })
    }
    fn last_price(&self, symbol: SymbolId) -> Option<Price> {
        let state = self.state.lock();
        let trade = state.trades.iter().rfind(|trade| trade.symbol == symbol)?;
        Some(trade.price)
    }
    fn account(&self, account: AccountId) -> Option<AccountReport> {
        self.state
            .lock()
            .account
            .clone()
            .filter(|report| report.account == account)
    }
    fn open_orders(&self, account: AccountId, symbol: Option<SymbolId>) -> Vec<OrderReport> {
        let state = self.state.lock();
        let own = state.orders.iter().filter(|order| {
            order.account == account
                && order.status.is_open()
                && symbol.is_none_or(|symbol| symbol == order.symbol)
        });
        own.copied().collect()
    }
    fn order_counts(&self, _: AccountId) -> (u32, u32) {
        self.state.lock().order_counts
    }
    fn order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: OrderRef,
    ) -> Read<'_, Option<OrderReport>> {
        let state = self.state.lock();
        let found = state.orders.iter().find(|order| {
            let number = target.order.0 == 0 || target.order == order.order;
            let client =
                target.client_order.is_empty() || target.client_order == order.client_order;
            (order.account, order.symbol) == (account, symbol) && number && client
        });
        let found = found.copied();
        Box::pin(async move { Ok(found) })
    }
    fn order_list(&self, account: AccountId, named: ListRef) -> Option<OrderListReport> {
        let state = self.state.lock();
        let fits = |list: &&OrderListReport| {
            let number = named.list.0 == 0 || named.list == list.list;
            let client = named.list_client.is_empty() || named.list_client == list.list_client;
            list.account == account && number && client
        };
        state.lists.iter().find(fits).copied()
    }
    fn order_lists(&self, page: &ListPage) -> Vec<OrderListReport> {
        let mut state = self.state.lock();
        state.list_pages.push(*page);
        state.lists.clone()
    }
    fn open_order_lists(&self, account: AccountId) -> Vec<OrderListReport> {
        let state = self.state.lock();
        let open = |list: &&OrderListReport| list.account == account && !list.done;
        state.lists.iter().filter(open).copied().collect()
    }
    fn orders(&self, page: OrderPage) -> Read<'_, Vec<OrderReport>> {
        let mut state = self.state.lock();
        state.order_pages.push(page);
        let orders = state.orders.clone();
        Box::pin(async move { Ok(orders) })
    }
    fn trades(&self, page: TradePage) -> Read<'_, Vec<TradeReport>> {
        let mut state = self.state.lock();
        state.trade_pages.push(page);
        let trades = state.trades.clone();
        Box::pin(async move { Ok(trades) })
    }
    fn amendments(&self, page: AmendmentPage) -> Read<'_, Vec<AmendmentReport>> {
        let mut known = self.state.lock().amendments.clone();
        known.retain(|it| page.holds(it));
        let found = page.merge(Vec::new(), known);
        Box::pin(std::future::ready(Ok(found)))
    }
    fn prevented(&self, page: PreventedPage) -> Read<'_, Vec<PreventedReport>> {
        let mut known = self.state.lock().prevented.clone();
        known.retain(|it| page.holds(it));
        let found = page.merge(Vec::new(), known);
        Box::pin(std::future::ready(Ok(found)))
    }
    fn market_updates(&self) -> broadcast::Receiver<Arc<MarketUpdate>> {
        self.updates.subscribe()
    }
    fn newest_offset(&self) -> Option<Offset> {
        Some(Offset(41))
    }
    fn user_events(&self, account: AccountId) -> UserReceiver {
        let (sender, receiver) = user_events::channel(Offset(0));
        self.state.lock().users.push((account, sender));
        receiver
    }
    fn user_events_since(
        &self,
        account: AccountId,
        from: Offset,
        limit: usize,
    ) -> Read<'_, UserPage> {
        let told = self.state.lock().told.clone();
        let of_account =
            |update: &Arc<UserUpdate>| update.account == account && from <= update.offset;
        let mut updates: Vec<_> = told.into_iter().filter(of_account).collect();
        let is_last = updates.len() <= limit;
        updates.truncate(limit);
        let next = updates.last().map_or(from, |update| update.offset.next());
        let page = UserPage {
            updates,
            next,
            is_last,
        };
        Box::pin(std::future::ready(Ok(page)))
    }
    fn requests_per_second(&self) -> u32 {
        self.state.lock().requests_per_second
    }
    fn is_denied(&self, address: IpAddr, account: Option<AccountId>) -> bool {
        let state = self.state.lock();
        let by_account = account.is_some_and(|account| state.denied_accounts.contains(&account));
        by_account || state.denied.contains(&address)
    }
}

impl Keys for Venue {
    fn find(&self, key: &str) -> Option<Arc<ApiKey>> {
        let keys = self.keys.lock();
        keys.iter()
            .find(|found| found.key == key)
            .map(|found| Arc::new(found.clone()))
    }
}

/// An account with 1 BTC, half of it held, and 12.5 USDT.
pub fn funded() -> AccountReport {
    AccountReport {
        account: ALICE,
        state: AccountState::Active,
        tier: 0,
        trade_group: 0,
        balances: vec![
            (AssetId(0), Amount(50_000_000), Amount(50_000_000)),
            (AssetId(2), Amount(1_250_000_000), Amount::ZERO),
        ],
        updated: TimeNs(NOW_MS * 1_000_000),
    }
}
