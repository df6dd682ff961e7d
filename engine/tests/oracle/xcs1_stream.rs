//! An XCS1 stream (64-byte header, 48-byte records) as commands of this venue.
//!
//! Shared by the oracle test and `benches/engine.rs`; knows the engine's API and no file.
//! GTC and IOC are LIMIT orders, MOVE is one cancel-replace, REDUCE an amendment that keeps
//! the place (a cancel when it takes all). Ids of the stream become ids of the engine in a
//! pass before: [`Plan::new`] plays the stream once with self-trade prevention NONE, notes
//! what each record is about, and which records meet an own order. Those stay at NONE,
//! because the stream lets them trade; all others run with EXPIRE_MAKER, so that the checks
//! are on and change nothing.

use engine::apply::{Engine, Stamp};
use schemas::command::{
    AddAssetV1, AddSymbolV1, AmendOrderV1, CancelOrderV1, CancelReplaceV1, Command,
    CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1, RequestDigest, SetFilterV1,
    SetSymbolFeesV1, SetSymbolStateV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId, Text};
use schemas::instrument::{
    CancelReplaceMode, Filter, LotSize, NotionalFilter, OrderType, PercentPrice, PriceFilter,
    SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

/// The first moment of a run; every command is 1 us later than the one before.
const START_NS: u64 = 1_767_225_600_000_000_000;
/// Enough for every hold of every stream.
const WEALTH: i128 = 1_000_000_000_000_000_000_000;

/// What a record asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Gtc,
    Ioc,
    Cancel,
    Move,
    Reduce,
}

/// One record of the file.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub act: Act,
    pub side: Side,
    /// From 1.
    pub symbol: u32,
    /// Dense, from 1.
    pub id: u64,
    /// From 1.
    pub user: u64,
    pub price: i64,
    /// Of REDUCE: by how much.
    pub size: i64,
}

/// A whole file.
pub struct Stream {
    pub symbols: u32,
    pub users: u32,
    pub highest_id: u64,
    /// How many records only fill the books.
    pub fill: usize,
    pub records: Vec<Record>,
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn half(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

impl Stream {
    /// Reads a file's bytes; panics on anything but version 1.
    pub fn parse(bytes: &[u8]) -> Stream {
        assert_eq!(&bytes[..8], b"XCSTRM01", "an XCS1 stream");
        assert_eq!(
            (half(bytes, 8), half(bytes, 12)),
            (1, 48),
            "version 1, 48-byte records"
        );
        let (fill, timed) = (number(bytes, 16) as usize, number(bytes, 24) as usize);
        let records: Vec<Record> = bytes[64..].chunks_exact(48).map(Record::parse).collect();
        assert_eq!(
            records.len(),
            fill + timed,
            "as many records as the header says"
        );
        Stream {
            symbols: half(bytes, 32),
            users: half(bytes, 36),
            highest_id: number(bytes, 56),
            fill,
            records,
        }
    }

    fn assets(&self) -> u16 {
        if self.symbols == 1 {
            2
        } else {
            self.symbols.min(16) as u16 + 1
        }
    }

    /// Assets, symbols with filters and fees, accounts with enough of everything.
    pub fn opening(&self, mut apply: impl FnMut(Command)) {
        for asset in 0..self.assets() {
            let code = Text::new(&format!("A{asset}")).expect("short");
            apply(Command::AddAsset(AddAssetV1 { code, scale: 8 }));
        }
        for index in 0..self.symbols {
            let symbol = SymbolId(index);
            apply(Command::AddSymbol(AddSymbolV1 {
                opens_at: TimeNs(0),
                base: AssetId(1 + (index % u32::from(self.assets() - 1)) as u16),
                quote: AssetId(0),
                name: Text::new(&format!("S{index}")).expect("short"),
                kind: SymbolKind::Spot,
                price_scale: 2,
                qty_scale: 5,
            }));
            let (maker, taker) = (Rate(100_000), Rate(100_000));
            apply(Command::SetSymbolFees(SetSymbolFeesV1 {
                maker,
                taker,
                symbol,
            }));
            for filter in filters() {
                apply(Command::SetFilter(SetFilterV1 { filter, symbol }));
            }
            let state = SymbolState::Trading;
            apply(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
        }
        for user in 0..self.users {
            let business = BusinessId::EMPTY;
            apply(Command::CreateAccount(CreateAccountV1 { business }));
            for asset in 0..self.assets() {
                apply(Command::Deposit(DepositV1 {
                    amount: Amount(WEALTH / i128::from(self.users)),
                    account: AccountId(AccountId::FIRST_USER.0 + user),
                    asset: AssetId(asset),
                    business,
                }));
            }
        }
    }
}

/// On, and wide enough for every order of a stream.
fn filters() -> [Filter; 6] {
    let lot = LotSize {
        min: Qty(1),
        max: Qty(1_000_000_000),
        step: Qty(1),
    };
    [
        Filter::Price(PriceFilter {
            min: Price(1),
            max: Price(100_000_000),
            tick: Price(1),
        }),
        Filter::LotSize(lot),
        Filter::MarketLotSize(lot),
        Filter::Notional(NotionalFilter {
            min: Amount(1),
            max: Amount(0),
            apply_min_to_market: false,
            apply_max_to_market: false,
        }),
        Filter::PercentPrice(PercentPrice {
            bid_up: 50_000,
            bid_down: 2_000,
            ask_up: 50_000,
            ask_down: 2_000,
            minutes: 5,
        }),
        Filter::MaxNumOrders(100_000),
    ]
}

impl Record {
    fn parse(bytes: &[u8]) -> Record {
        Record {
            act: match bytes[0] {
                0 => Act::Gtc,
                1 => Act::Ioc,
                2 => Act::Cancel,
                3 => Act::Move,
                4 => Act::Reduce,
                other => panic!("unknown command {other}"),
            },
            side: if bytes[1] == 0 { Side::Buy } else { Side::Sell },
            symbol: half(bytes, 4),
            id: number(bytes, 8),
            user: number(bytes, 16),
            price: number(bytes, 24) as i64,
            size: number(bytes, 32) as i64,
        }
    }

    fn account(&self) -> AccountId {
        AccountId(AccountId::FIRST_USER.0 + self.user as u32 - 1)
    }
}

/// What the first pass found out about one record.
#[derive(Clone, Copy, Debug, Default)]
struct Note {
    /// The engine's id of the order meant; 0 of a new one.
    order: u64,
    /// MOVE: what is open. REDUCE: the new total, 0 when nothing stays.
    qty: i64,
    meets_own: bool,
}

/// A stream with engine ids, ready to be run again.
pub struct Plan {
    pub stream: Stream,
    notes: Vec<Note>,
}

/// An order of the stream in the first pass.
#[derive(Clone, Copy, Default)]
struct Tracked {
    order: u64,
    qty: i64,
    executed: i64,
}

impl Plan {
    /// Knows no id yet, which is enough for the records that fill the books: new orders.
    pub fn unplayed(stream: Stream) -> Plan {
        let unknown = Note {
            meets_own: true,
            ..Note::default()
        };
        let notes = vec![unknown; stream.records.len()];
        Plan { stream, notes }
    }

    /// A stream played once, ready to run.
    pub fn new(stream: Stream) -> Plan {
        Plan::unplayed(stream).played()
    }

    /// Plays the stream once and notes ids.
    pub fn played(self) -> Plan {
        let mut plan = self;
        let mut runner = Runner::new(&plan.stream);
        let mut orders = vec![Tracked::default(); plan.stream.highest_id as usize + 1];
        // By symbol: engine id -> stream id.
        let mut names: Vec<Vec<u32>> = vec![vec![0]; plan.stream.symbols as usize];
        for index in 0..plan.stream.records.len() {
            let record = plan.stream.records[index];
            let tracked = orders[record.id as usize];
            let open = tracked.qty - tracked.executed;
            plan.notes[index] = Note {
                order: tracked.order,
                qty: match record.act {
                    Act::Move => open,
                    Act::Reduce if record.size < open => tracked.qty - record.size,
                    _ => 0,
                },
                // Until the events say otherwise: NONE in this pass.
                meets_own: true,
            };
            let command = plan.command(index);
            if record.act == Act::Reduce {
                orders[record.id as usize].qty = plan.notes[index].qty;
            }
            let mut own = false;
            for event in runner.apply(&command) {
                match event {
                    Event::OrderAccepted(accepted) => {
                        names[record.symbol as usize - 1].push(record.id as u32);
                        assert_eq!(
                            accepted.order.0 as usize + 1,
                            names[record.symbol as usize - 1].len(),
                            "order ids are dense"
                        );
                        orders[record.id as usize] = Tracked {
                            order: accepted.order.0,
                            qty: accepted.qty.0,
                            executed: 0,
                        };
                    }
                    Event::Trade(trade) => {
                        own |= trade.taker_account == trade.maker_account;
                        let names = &names[trade.symbol.0 as usize];
                        for order in [trade.maker_order, trade.taker_order] {
                            orders[names[order.0 as usize] as usize].executed += trade.qty.0;
                        }
                    }
                    _ => {}
                }
            }
            plan.notes[index].meets_own = own;
        }
        plan
    }

    /// The command of one record.
    pub fn command(&self, index: usize) -> Command {
        let (record, note) = (&self.stream.records[index], self.notes[index]);
        let target = OrderRef {
            order: OrderId(note.order),
            client_order: ClientOrderId::EMPTY,
        };
        let (account, symbol) = (record.account(), SymbolId(record.symbol - 1));
        let valid_until = TimeNs(0);
        let cancel = Command::CancelOrder(CancelOrderV1 {
            target,
            valid_until,
            account,
            symbol,
            cancel_client: ClientOrderId::EMPTY,
        });
        match record.act {
            Act::Gtc | Act::Ioc => Command::PlaceOrder(self.order(index, record.size)),
            Act::Cancel => cancel,
            Act::Move => Command::CancelReplace(CancelReplaceV1 {
                order: self.order(index, note.qty),
                target,
                cancel_client: ClientOrderId::EMPTY,
                mode: CancelReplaceMode::StopOnFailure,
            }),
            Act::Reduce if note.qty == 0 => cancel,
            Act::Reduce => Command::AmendOrder(AmendOrderV1 {
                target,
                new_qty: Qty(note.qty),
                valid_until,
                account,
                symbol,
                request: RequestDigest::default(),
                new_client: ClientOrderId::EMPTY,
            }),
        }
    }

    fn order(&self, index: usize, qty: i64) -> PlaceOrderV1 {
        let (record, note) = (&self.stream.records[index], self.notes[index]);
        PlaceOrderV1 {
            quote_qty: Amount(0),
            price: Price(record.price),
            qty: Qty(qty),
            valid_until: TimeNs(0),
            account: record.account(),
            symbol: SymbolId(record.symbol - 1),
            request: RequestDigest::default(),
            client_order: client_order(index as u64),
            side: record.side,
            order_type: OrderType::Limit,
            time_in_force: match record.act {
                Act::Ioc => TimeInForce::Ioc,
                _ => TimeInForce::Gtc,
            },
            self_trade: if note.meets_own {
                SelfTradePrevention::None
            } else {
                SelfTradePrevention::ExpireMaker
            },
        }
    }
}

/// 22 bytes, like those of the dialect's own clients.
fn client_order(index: u64) -> ClientOrderId {
    let mut text = *b"web-000000000000000000";
    for digit in 0..16 {
        let nibble = (index >> (digit * 4)) as usize & 15;
        text[21 - digit as usize] = b"0123456789abcdef"[nibble];
    }
    ClientOrderId::from_bytes(&text).expect("22 bytes fit")
}

/// An engine with its clock.
pub struct Runner {
    pub engine: Engine,
    now_ns: u64,
    pub events: Vec<Event>,
}

impl Runner {
    /// A new engine on which the stream may trade.
    pub fn new(stream: &Stream) -> Runner {
        let engine = Engine::new(0x5eed);
        let mut runner = Runner {
            engine,
            now_ns: START_NS,
            events: Vec::with_capacity(4096),
        };
        stream.opening(|command| {
            let refused = runner
                .apply(&command)
                .iter()
                .any(|event| matches!(event, Event::CommandRejected { .. }));
            assert!(!refused, "{command:?}: {:?}", runner.events);
        });
        runner
    }

    /// Applies one command; the events are those of this command.
    #[inline]
    pub fn apply(&mut self, command: &Command) -> &[Event] {
        self.now_ns += 1_000;
        let at = Stamp {
            offset: self.engine.next(),
            time: TimeNs(self.now_ns),
        };
        self.events.clear();
        self.engine.apply(at, command, &mut self.events);
        &self.events
    }

    /// FNV-1a 64 over (symbol, side, price, quantity, order count) of every level.
    pub fn state_hash(&self, symbols: u32) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |value: u64| {
            for byte in value.to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for symbol in 1..=symbols {
            for (number, side) in [(0, Side::Buy), (1, Side::Sell)] {
                for level in self.engine.levels(SymbolId(symbol - 1), side) {
                    mix(u64::from(symbol));
                    mix(number);
                    mix(level.price.0 as u64);
                    mix(level.qty.0 as u64);
                    mix(u64::from(level.orders));
                }
            }
        }
        hash
    }
}

/// What a run without a clock counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Trades of the timed part.
    pub trades: u64,
    pub rejects: u64,
    pub state_hash: u64,
}

/// Counts trades and refusals of one command.
pub fn count(events: &[Event], counts: &mut Counts) {
    for event in events {
        match event {
            Event::Trade(_) => counts.trades += 1,
            Event::OrderRejected(_) | Event::CancelRejected(_) | Event::AmendRejected(_) => {
                counts.rejects += 1;
            }
            _ => {}
        }
    }
}

/// Runs the plan and counts.
pub fn verify(plan: &Plan) -> Counts {
    let mut runner = Runner::new(&plan.stream);
    let mut counts = Counts {
        trades: 0,
        rejects: 0,
        state_hash: 0,
    };
    for index in 0..plan.stream.records.len() {
        let command = plan.command(index);
        runner.apply(&command);
        count(&runner.events, &mut counts);
        if index + 1 == plan.stream.fill {
            counts.trades = 0;
        }
    }
    counts.state_hash = runner.state_hash(plan.stream.symbols);
    counts
}
