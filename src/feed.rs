//! Recorded order flow as commands of a new venue (CONTRACT, `daybook feed`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use engine::apply::{Engine, Stamp};
use journal::writer::{AppendError, Settings};
use schemas::command::{
    AddAssetV1, AddSymbolV1, AmendOrderV1, CancelOrderV1, Command, CreateAccountV1, DepositV1,
    OrderRef, PlaceOrderV1, RequestDigest, SetSymbolStateV1, SetVenueLimitsV1,
};
use schemas::event::Event;
use schemas::ids::{
    AccountId, AssetCode, AssetId, BusinessId, ClientOrderId, Offset, OrderId, SymbolId, SymbolName,
};
use schemas::instrument::{
    OrderType, SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce, VenueLimits,
};
use schemas::units::{Amount, Price, Qty, TimeNs};
use sha2::{Digest, Sha256};

use crate::failure::{Exit, Failure};
use crate::pipeline::clock::Clock;
use crate::pipeline::log::{CommandLog, LocalLog};

/// Where the money of every symbol's quote stands; each base has its own asset.
const QUOTE: AssetId = AssetId(0);
/// What the one account owns of each asset, in atoms.
const FUNDS: Amount = Amount(1 << 96);

/// One line of the file.
pub struct Line<'a> {
    symbol: &'a str,
    operation: Operation,
    id: u64,
}

/// What a line asks for.
enum Operation {
    Place {
        side: Side,
        price: Price,
        qty: Qty,
        time_in_force: TimeInForce,
    },
    Cancel,
    Reduce {
        by: Qty,
    },
}

impl Line<'_> {
    /// Reads `seq,ts_ns,symbol,op,id,side,price,qty`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Line<'_>, &'static str> {
        let fields: Vec<&str> = text.trim_end().split(',').collect();
        let [_, _, symbol, operation, id, side, price, qty] = fields[..] else {
            return Err("eight columns are expected");
        };
        let id = id.parse().map_err(|_| "the id is no number")?;
        let qty = || {
            qty.parse()
                .map(Qty)
                .map_err(|_| "the quantity is no number")
        };
        let place = |time_in_force| {
            Ok::<_, &'static str>(Operation::Place {
                side: match side {
                    "B" => Side::Buy,
                    "S" => Side::Sell,
                    _ => return Err("the side is neither B nor S"),
                },
                price: price
                    .parse()
                    .map(Price)
                    .map_err(|_| "the price is no number")?,
                qty: qty()?,
                time_in_force,
            })
        };
        let operation = match operation {
            "NEW" => place(TimeInForce::Gtc)?,
            "IOC" => place(TimeInForce::Ioc)?,
            "CANCEL" => Operation::Cancel,
            "REDUCE" => Operation::Reduce { by: qty()? },
            _ => return Err("the operation is none of NEW, IOC, CANCEL, REDUCE"),
        };
        Ok(Line {
            symbol,
            operation,
            id,
        })
    }
}

/// What came of a whole file.
pub struct Fed {
    pub commands: u64,
    pub fills: u64,
    pub fills_sha256: String,
    pub book_sha256: String,
    pub offset: Offset,
}

/// One order of the file.
struct Fated {
    qty: Qty,
    executed: Qty,
}

/// A venue that is being fed.
pub struct Feeder {
    log: Box<LocalLog>,
    engine: Engine,
    clock: Clock,
    account: AccountId,
    symbols: BTreeMap<String, SymbolId>,
    /// By symbol: the file's id of each engine order id, from 1.
    names: Vec<Vec<u64>>,
    orders: BTreeMap<(SymbolId, u64), Fated>,
    events: Vec<Event>,
    hash: Sha256,
    text: String,
    commands: u64,
    fills: u64,
}

impl Feeder {
    /// A new venue in `dir` with one funded account.
    ///
    /// # Errors
    /// When the directory cannot be made or holds a journal already.
    pub fn create(dir: &Path) -> Result<Feeder, Failure> {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
        let settings = Settings {
            segment_bytes: 64 << 20,
            max_lag: 65_536,
            segments_ahead: 2,
        };
        journal::open::create(dir, &settings, Offset(0))?;
        let opened = journal::open::open(dir, &settings)?;
        let mut feeder = Feeder {
            log: Box::new(LocalLog::new(opened.writer)),
            engine: Engine::new(0),
            clock: Clock::start(TimeNs(0)),
            account: AccountId::FIRST_USER,
            symbols: BTreeMap::new(),
            names: Vec::new(),
            orders: BTreeMap::new(),
            events: Vec::new(),
            hash: Sha256::new(),
            text: String::new(),
            commands: 0,
            fills: 0,
        };
        let most = u32::MAX;
        let limits = VenueLimits {
            weight_per_minute: most,
            orders_per_10s: most,
            orders_per_day: most,
        };
        feeder.run(&Command::SetVenueLimits(SetVenueLimitsV1 { limits }))?;
        feeder.run(&Command::CreateAccount(CreateAccountV1 {
            business: business("feed"),
        }))?;
        feeder.fund("QUOTE", QUOTE)?;
        Ok(feeder)
    }

    /// Places, cancels or reduces what the line says.
    ///
    /// # Errors
    /// When the engine refuses: real flow holds no command that a right engine refuses.
    pub fn feed(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let symbol = match self.symbols.get(line.symbol) {
            Some(symbol) => *symbol,
            None => self.list(line.symbol)?,
        };
        let command = self.command(symbol, line)?;
        self.run(&command)?;
        self.commands += 1;
        self.take_fills(symbol, line)
    }

    /// Waits until everything is durable and describes the books.
    ///
    /// # Errors
    /// When a sync failed.
    pub fn finish(mut self) -> Result<Fed, Failure> {
        self.run(&Command::Seal)?;
        self.log.publish();
        let offset = self.log.next();
        let durable = self.log.durable();
        while durable.get() < offset.0 {
            durable.wait_past(durable.get(), Duration::from_secs(1));
            if let Some(failure) = durable.failed() {
                return Err(Failure::new(Exit::Io, failure.to_string()));
            }
        }
        let failed =
            |failure: journal::error::SyncFailure| Failure::new(Exit::Io, failure.to_string());
        let book_sha256 = self.book_sha256();
        self.log.close().map_err(failed)?;
        Ok(Fed {
            commands: self.commands,
            fills: self.fills,
            fills_sha256: hex(&self.hash.finalize()),
            book_sha256,
            offset: Offset(offset.0 - 1),
        })
    }

    fn command(&mut self, symbol: SymbolId, line: &Line<'_>) -> Result<Command, Failure> {
        let account = self.account;
        let client = ClientOrderId::new(&line.id.to_string()).expect("twenty digits fit");
        let target = OrderRef {
            order: OrderId(0),
            client_order: client,
        };
        let cancel = Command::CancelOrder(CancelOrderV1 {
            target,
            valid_until: TimeNs(0),
            account,
            symbol,
            cancel_client: ClientOrderId::EMPTY,
        });
        match line.operation {
            Operation::Place {
                side,
                price,
                qty,
                time_in_force,
            } => {
                self.orders.insert(
                    (symbol, line.id),
                    Fated {
                        qty,
                        executed: Qty::ZERO,
                    },
                );
                Ok(Command::PlaceOrder(PlaceOrderV1 {
                    quote_qty: Amount::ZERO,
                    price,
                    qty,
                    valid_until: TimeNs(0),
                    account,
                    symbol,
                    request: RequestDigest::default(),
                    client_order: client,
                    side,
                    order_type: OrderType::Limit,
                    time_in_force,
                    self_trade: SelfTradePrevention::None,
                }))
            }
            Operation::Cancel => Ok(cancel),
            Operation::Reduce { by } => {
                let order = self.orders.get_mut(&(symbol, line.id));
                let order = order
                    .ok_or_else(|| Failure::new(Exit::Usage, "reduces an order never placed"))?;
                order.qty = Qty(order.qty.0 - by.0);
                if order.qty <= order.executed {
                    return Ok(cancel);
                }
                Ok(Command::AmendOrder(AmendOrderV1 {
                    target,
                    new_qty: order.qty,
                    valid_until: TimeNs(0),
                    account,
                    symbol,
                    request: RequestDigest::default(),
                    new_client: ClientOrderId::EMPTY,
                }))
            }
        }
    }

    /// Journals and applies one command; its events stand in `self.events`.
    fn run(&mut self, command: &Command) -> Result<(), Failure> {
        let time = self.clock.now();
        let offset = loop {
            match self.log.append(time, command) {
                Ok(offset) => break offset,
                Err(AppendError::LagBound | AppendError::NotReady) => {
                    self.log.publish();
                    let durable = self.log.durable();
                    durable.wait_past(durable.get(), Duration::from_millis(10));
                }
                Err(error) => return Err(Failure::new(Exit::NoSpace, error.to_string())),
            }
        };
        if offset.0.is_multiple_of(256) {
            self.log.publish();
        }
        self.events.clear();
        self.engine
            .apply(Stamp { offset, time }, command, &mut self.events);
        Ok(())
    }

    fn take_fills(&mut self, symbol: SymbolId, line: &Line<'_>) -> Result<(), Failure> {
        for event in &self.events {
            match event {
                Event::OrderAccepted(accepted) => {
                    let names = &mut self.names[symbol.0 as usize];
                    debug_assert_eq!(names.len() as u64, accepted.order.0);
                    names.push(line.id);
                }
                Event::Trade(trade) => {
                    let maker = self.names[symbol.0 as usize][trade.maker_order.0 as usize];
                    for id in [line.id, maker] {
                        if let Some(order) = self.orders.get_mut(&(symbol, id)) {
                            order.executed = Qty(order.executed.0 + trade.qty.0);
                        }
                    }
                    self.text.clear();
                    let (name, taker) = (line.symbol, line.id);
                    let (price, qty) = (trade.price.0, trade.qty.0);
                    writeln!(self.text, "{name},{taker},{maker},{price},{qty}")
                        .expect("writing to a string cannot fail");
                    self.hash.update(self.text.as_bytes());
                    self.fills += 1;
                }
                Event::OrderRejected(rejected) => return Err(refused(rejected.reason)),
                Event::CancelRejected(rejected) | Event::AmendRejected(rejected) => {
                    return Err(refused(rejected.reason));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&mut self, name: &str) -> Result<SymbolId, Failure> {
        let symbol = SymbolId(self.symbols.len() as u32);
        let base = AssetId(symbol.0 as u16 + 1);
        self.fund(name, base)?;
        let name_of_symbol = SymbolName::new(name)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("the symbol {name} is too long")))?;
        self.run(&Command::AddSymbol(AddSymbolV1 {
            opens_at: TimeNs(0),
            base,
            quote: QUOTE,
            name: name_of_symbol,
            kind: SymbolKind::Spot,
            price_scale: 0,
            qty_scale: 0,
        }))?;
        let state = SymbolState::Trading;
        self.run(&Command::SetSymbolState(SetSymbolStateV1 { symbol, state }))?;
        self.symbols.insert(name.to_string(), symbol);
        self.names.push(vec![0]);
        Ok(symbol)
    }

    fn fund(&mut self, code: &str, asset: AssetId) -> Result<(), Failure> {
        let code = AssetCode::new(code)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("the asset {code} is too long")))?;
        self.run(&Command::AddAsset(AddAssetV1 { code, scale: 0 }))?;
        let business = business(&format!("fund-{}", asset.0));
        let account = self.account;
        self.run(&Command::Deposit(DepositV1 {
            amount: FUNDS,
            account,
            asset,
            business,
        }))
    }

    /// Compact JSON `{symbol:{"B":[[price,qty]…],"S":[…]}}`, best first, symbols sorted.
    fn book_sha256(&self) -> String {
        let mut text = String::from("{");
        for (name, symbol) in &self.symbols {
            let comma = if text.len() > 1 { "," } else { "" };
            write!(text, "{comma}\"{name}\":{{").expect("writing to a string cannot fail");
            for (label, side) in [("\"B\":", Side::Buy), (",\"S\":", Side::Sell)] {
                let levels: Vec<_> = self
                    .engine
                    .levels(*symbol, side)
                    .iter()
                    .map(|level| format!("[{},{}]", level.price.0, level.qty.0))
                    .collect();
                write!(text, "{label}[{}]", levels.join(","))
                    .expect("writing to a string cannot fail");
            }
            text.push('}');
        }
        text.push('}');
        hex(&Sha256::digest(text.as_bytes()))
    }
}

fn refused(reason: schemas::reject::RejectReason) -> Failure {
    Failure::new(
        Exit::OurFault,
        format!("the engine refused real flow: {reason:?}"),
    )
}

fn business(text: &str) -> BusinessId {
    BusinessId::new(text).expect("the text is short")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
