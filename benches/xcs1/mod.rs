//! XCS1 streams as commands of our own, made before any clock runs.
//!
//! GTC and IOC are LIMIT orders, MOVE is one cancel-replace of what is still open, REDUCE
//! an amendment. Stream ids become engine ids by running the engine once: the commands are
//! then the same for every timed run.

// Each bench uses a part of this module.
#![expect(dead_code, reason = "two benches share the module, each a part of it")]

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use engine::apply::{Engine, Stamp};
use schemas::command::{
    AddAssetV1, AddSymbolV1, AmendOrderV1, CancelOrderV1, CancelReplaceV1, Command,
    CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1, RequestDigest, SetFilterV1,
    SetSymbolFeesV1, SetSymbolStateV1, SetVenueLimitsV1,
};
use schemas::event::Event;
use schemas::ids::{
    AccountId, AssetCode, AssetId, BusinessId, ClientOrderId, Offset, OrderId, SymbolId, SymbolName,
};
use schemas::instrument::{
    CancelReplaceMode, Filter, LotSize, NotionalFilter, OrderType, PercentPrice, PriceFilter,
    SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce, VenueLimits,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

/// The header of a stream, as far as it is needed.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub fill: usize,
    pub bench: usize,
    pub symbols: u32,
    pub users: u32,
}

/// One record of a stream.
#[derive(Clone, Copy, Debug)]
struct Record {
    command: u8,
    side: Side,
    symbol: u32,
    order: u64,
    user: u64,
    price: i64,
    size: i64,
}

/// A stream as commands.
pub struct Translated {
    pub header: Header,
    /// Symbols, accounts, money.
    pub founding: Vec<Command>,
    pub fill: Vec<Command>,
    pub bench: Vec<Command>,
}

/// Base assets that the symbols share.
const BASES: u32 = 16;
/// What each user owns of each asset, in atoms.
const FUNDS: Amount = Amount(1 << 90);

/// Reads a stream and translates it; at most `most` commands of the timed part.
pub fn translate(path: &Path, most: usize) -> Translated {
    let bytes = std::fs::read(path).expect("the stream can be read");
    assert_eq!(&bytes[..8], b"XCSTRM01", "an XCS1 stream");
    let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight"));
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let header = Header {
        fill: u64_at(16) as usize,
        bench: u64_at(24) as usize,
        symbols: u32_at(32),
        users: u32_at(36),
    };
    let records = bytes[64..]
        .chunks_exact(48)
        .take(header.fill + most.min(header.bench));
    let records: Vec<Record> = records.map(record).collect();
    let founding = founding_of(&header, &records);
    let mut translator = Translator::new(&founding);
    let commands: Vec<Command> = records
        .iter()
        .map(|record| translator.take(record))
        .collect();
    let (fill, bench) = commands.split_at(header.fill);
    Translated {
        header,
        founding,
        fill: fill.to_vec(),
        bench: bench.to_vec(),
    }
}

fn record(bytes: &[u8]) -> Record {
    let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight"));
    Record {
        command: bytes[0],
        side: if bytes[1] == 0 { Side::Buy } else { Side::Sell },
        symbol: u32::from_le_bytes(bytes[4..8].try_into().expect("four")),
        order: u64_at(8),
        user: u64_at(16),
        price: u64_at(24) as i64,
        size: u64_at(32) as i64,
    }
}

/// The base asset of a symbol of the stream; the quote is asset 0.
fn base_of(symbol: u32) -> AssetId {
    AssetId(1 + ((symbol - 1) % BASES) as u16)
}

/// The account of a user of the stream.
pub fn account_of(user: u64) -> AccountId {
    AccountId(AccountId::FIRST_USER.0 + user as u32)
}

/// Symbols from 1 of the stream are dense from 0 here.
pub fn symbol_of(symbol: u32) -> SymbolId {
    SymbolId(symbol - 1)
}

fn founding_of(header: &Header, records: &[Record]) -> Vec<Command> {
    let most = u32::MAX;
    let limits = VenueLimits {
        weight_per_minute: most,
        orders_per_10s: most,
        orders_per_day: most,
    };
    let mut commands = vec![Command::SetVenueLimits(SetVenueLimitsV1 { limits })];
    for asset in 0..=BASES {
        let code = AssetCode::new(&format!("A{asset}")).expect("it fits");
        commands.push(Command::AddAsset(AddAssetV1 { code, scale: 8 }));
    }
    for symbol in 1..=header.symbols {
        commands.extend(listing(symbol));
    }
    for user in 0..=u64::from(header.users) {
        let business = BusinessId::new(&format!("u{user}")).expect("it fits");
        commands.push(Command::CreateAccount(CreateAccountV1 { business }));
    }
    let mut needed = BTreeSet::new();
    for record in records {
        needed.insert((record.user, AssetId(0)));
        needed.insert((record.user, base_of(record.symbol)));
    }
    for (user, asset) in needed {
        let business = BusinessId::new(&format!("d{user}-{}", asset.0)).expect("it fits");
        let account = account_of(user);
        commands.push(Command::Deposit(DepositV1 {
            amount: FUNDS,
            account,
            asset,
            business,
        }));
    }
    commands
}

/// A symbol with its filters on, wide enough for the stream.
fn listing(symbol: u32) -> Vec<Command> {
    let id = symbol_of(symbol);
    let one = Qty(1);
    let add = AddSymbolV1 {
        opens_at: TimeNs(0),
        base: base_of(symbol),
        quote: AssetId(0),
        name: SymbolName::new(&format!("S{symbol}")).expect("it fits"),
        kind: SymbolKind::Spot,
        price_scale: 3,
        qty_scale: 5,
    };
    let filters = [
        Filter::Price(PriceFilter {
            min: Price(1),
            max: Price(1 << 40),
            tick: Price(1),
        }),
        Filter::LotSize(LotSize {
            min: one,
            max: Qty(1 << 30),
            step: one,
        }),
        Filter::Notional(NotionalFilter {
            min: Amount(1),
            max: Amount::ZERO,
            apply_min_to_market: false,
            apply_max_to_market: false,
        }),
        Filter::PercentPrice(PercentPrice {
            bid_up: u32::MAX,
            bid_down: 0,
            ask_up: u32::MAX,
            ask_down: 0,
            minutes: 0,
        }),
        Filter::MaxNumOrders(1_000_000),
    ];
    let rates = SetSymbolFeesV1 {
        maker: Rate(20_000),
        taker: Rate(50_000),
        symbol: id,
    };
    let open = SetSymbolStateV1 {
        symbol: id,
        state: SymbolState::Trading,
    };
    let mut commands = vec![Command::AddSymbol(add)];
    commands.extend(filters.map(|filter| Command::SetFilter(SetFilterV1 { filter, symbol: id })));
    commands.extend([Command::SetSymbolFees(rates), Command::SetSymbolState(open)]);
    commands
}

/// What is known of an order of the stream.
#[derive(Clone, Copy)]
struct Known {
    engine: OrderId,
    qty: Qty,
    open: Qty,
    side: Side,
}

/// Runs the engine once to learn engine ids and open quantities.
struct Translator {
    engine: Engine,
    events: Vec<Event>,
    /// By the stream's order id.
    orders: HashMap<u64, Known>,
    /// The stream's id of each engine order.
    names: HashMap<(SymbolId, OrderId), u64>,
    placed: u64,
}

impl Translator {
    fn new(founding: &[Command]) -> Translator {
        let mut translator = Translator {
            engine: Engine::new(1),
            events: Vec::new(),
            orders: HashMap::new(),
            names: HashMap::new(),
            placed: 0,
        };
        for command in founding {
            translator.apply(command);
            for event in &translator.events {
                assert!(
                    !matches!(event, Event::CommandRejected { .. }),
                    "the founding is refused: {command:?}: {event:?}"
                );
            }
        }
        translator
    }

    fn apply(&mut self, command: &Command) {
        self.events.clear();
        let offset: Offset = self.engine.next();
        let time = TimeNs(1_000_000_000_000 + offset.0 * 1_000);
        self.engine
            .apply(Stamp { offset, time }, command, &mut self.events);
    }

    fn take(&mut self, record: &Record) -> Command {
        let command = self.command(record);
        self.apply(&command);
        let symbol = symbol_of(record.symbol);
        for event in &self.events {
            match event {
                Event::OrderAccepted(accepted) => {
                    let known = Known {
                        engine: accepted.order,
                        qty: accepted.qty,
                        open: accepted.qty,
                        side: accepted.side,
                    };
                    self.orders.insert(record.order, known);
                    self.names.insert((symbol, accepted.order), record.order);
                }
                Event::Trade(trade) => {
                    let maker = self.names[&(symbol, trade.maker_order)];
                    self.orders.get_mut(&maker).expect("it rests").open = trade.maker_open;
                    let taker = self.orders.get_mut(&record.order).expect("it was accepted");
                    taker.open = Qty(taker.open.0 - trade.qty.0);
                }
                Event::OrderAmended(amended) => {
                    let order = self.orders.get_mut(&record.order).expect("it rests");
                    (order.qty, order.open) = (amended.new_qty, amended.open);
                }
                Event::OrderRejected(_) | Event::CancelRejected(_) | Event::AmendRejected(_) => {
                    panic!("a right engine refuses nothing: {record:?}: {event:?}");
                }
                _ => {}
            }
        }
        command
    }

    fn command(&mut self, record: &Record) -> Command {
        let (account, symbol) = (account_of(record.user), symbol_of(record.symbol));
        let known = self.orders.get(&record.order).copied();
        let target = OrderRef {
            order: known.map_or(OrderId(0), |known| known.engine),
            client_order: ClientOrderId::EMPTY,
        };
        let known = || known.expect("the stream names orders that are open");
        match record.command {
            0 => Command::PlaceOrder(self.limit(record, TimeInForce::Gtc)),
            1 => Command::PlaceOrder(self.limit(record, TimeInForce::Ioc)),
            2 => Command::CancelOrder(CancelOrderV1 {
                target,
                valid_until: TimeNs(0),
                account,
                symbol,
                cancel_client: ClientOrderId::EMPTY,
            }),
            3 => {
                let moved = Record {
                    side: known().side,
                    size: known().open.0,
                    ..*record
                };
                Command::CancelReplace(CancelReplaceV1 {
                    order: self.limit(&moved, TimeInForce::Gtc),
                    target,
                    cancel_client: ClientOrderId::EMPTY,
                    mode: CancelReplaceMode::StopOnFailure,
                })
            }
            4 => Command::AmendOrder(AmendOrderV1 {
                target,
                new_qty: Qty(known().qty.0 - record.size),
                valid_until: TimeNs(0),
                account,
                symbol,
                request: RequestDigest::default(),
                new_client: ClientOrderId::EMPTY,
            }),
            other => panic!("command {other} of a stream is unknown"),
        }
    }

    fn limit(&mut self, record: &Record, time_in_force: TimeInForce) -> PlaceOrderV1 {
        self.placed += 1;
        let client = format!("x{}", self.placed);
        PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: Price(record.price),
            qty: Qty(record.size),
            valid_until: TimeNs(0),
            account: account_of(record.user),
            symbol: symbol_of(record.symbol),
            request: RequestDigest::default(),
            client_order: ClientOrderId::new(&client).expect("it fits"),
            side: record.side,
            order_type: OrderType::Limit,
            time_in_force,
            self_trade: SelfTradePrevention::None,
        }
    }
}
