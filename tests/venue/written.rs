//! A journal that a test writes before its node runs, at whatever times it wants.

use std::path::Path;
use std::time::Duration;

use daybook::genesis;
use daybook::pipeline::log::{CommandLog, LocalLog};
use engine::apply::{Engine, Stamp};
use journal::writer::{AppendError, Settings};
use schemas::command::{Command, CreateAccountV1, DepositV1, PlaceOrderV1, RequestDigest};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, Offset, SymbolId};
use schemas::instrument::{OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::units::{Amount, Price, Qty, TimeNs};

const BTC: SymbolId = SymbolId(0);

/// A journal that is written before its node runs.
pub struct Written {
    log: LocalLog,
    engine: Engine,
    time: TimeNs,
    trades: Vec<Fill>,
}

/// A trade as the engine told it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill {
    pub id: i64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Thousandths.
    pub price: i128,
    /// 0.00001.
    pub qty: i128,
    pub taker: u64,
    pub taker_buys: bool,
}

impl Written {
    /// A journal with the venue of the start, from that moment on.
    pub fn new(dir: &Path, start_ms: i64) -> Written {
        let settings = Settings {
            segment_bytes: 4 << 20,
            max_lag: 65_536,
            segments_ahead: 1,
        };
        journal::open::create(dir, &settings, Offset(0)).expect("a new journal");
        let opened = journal::open::open(dir, &settings).expect("the journal");
        let mut written = Written {
            log: LocalLog::new(opened.writer),
            engine: Engine::new(11),
            time: TimeNs(start_ms as u64 * 1_000_000),
            trades: Vec::new(),
        };
        for command in genesis::commands() {
            written.apply(&command);
        }
        written
    }

    /// Lets time pass before the next command.
    pub fn pass(&mut self, ms: i64) {
        self.time.0 += ms as u64 * 1_000_000;
    }

    /// Writes a command; what an engine makes of it.
    pub fn apply(&mut self, command: &Command) -> Vec<Event> {
        let offset = loop {
            match self.log.append(self.time, command) {
                Ok(offset) => break offset,
                Err(AppendError::LagBound | AppendError::NotReady) => {
                    self.log.publish();
                    let durable = self.log.durable();
                    durable.wait_past(durable.get(), Duration::from_millis(10));
                }
                Err(error) => panic!("{error}"),
            }
        };
        let time = self.time;
        let mut events = Vec::new();
        self.engine
            .apply(Stamp { offset, time }, command, &mut events);
        let fills = events.iter().filter_map(|event| match event {
            Event::Trade(trade) => Some(trade),
            _ => None,
        });
        self.trades.extend(fills.map(|trade| Fill {
            id: trade.trade.0 as i64,
            time: (time.0 / 1_000_000) as i64,
            price: trade.price.0.into(),
            qty: trade.qty.0.into(),
            taker: trade.taker_order.0,
            taker_buys: trade.taker_side == Side::Buy,
        }));
        events
    }

    /// An account that has enough of everything.
    pub fn fund(&mut self, name: &str) -> AccountId {
        let business = |text: &str| BusinessId::new(text).expect("short enough");
        let created = self.apply(&Command::CreateAccount(CreateAccountV1 {
            business: business(name),
        }));
        let Some(Event::AccountCreated { account, .. }) = created.first() else {
            panic!("no account: {created:?}");
        };
        for asset in 0..3 {
            self.apply(&Command::Deposit(DepositV1 {
                amount: Amount(1 << 70),
                account: *account,
                asset: AssetId(asset),
                business: business(&format!("{name}-{asset}")),
            }));
        }
        *account
    }

    /// A limit order on BTCUSDT, in units of price and quantity.
    pub fn order(&mut self, account: AccountId, side: Side, (price, qty): (i64, i64)) {
        let events = self.apply(&Command::PlaceOrder(PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: Price(price),
            qty: Qty(qty),
            valid_until: TimeNs(0),
            account,
            symbol: BTC,
            request: RequestDigest::default(),
            client_order: ClientOrderId::EMPTY,
            side,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::ExpireMaker,
        }));
        let accepted = matches!(events.first(), Some(Event::OrderAccepted(_)));
        assert!(accepted, "{events:?}");
    }

    /// Closes the journal; every trade on BTCUSDT.
    pub fn close(mut self) -> Vec<Fill> {
        self.log.publish();
        Box::new(self.log).close().expect("a journal that syncs");
        self.trades
    }
}
