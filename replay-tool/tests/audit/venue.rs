//! Data directories with a small venue in them, written as the node writes them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};
use std::time::Duration;

use engine::apply::{Engine, Stamp};
use engine::chain::Chain;
use journal::event_log::EventLog;
use journal::frame::{JournalId, Record};
use journal::open;
use journal::writer::{AppendError, Class, Settings};
use replay_tool::replay::lookup_seed;
use replay_tool::snapshot::{self, Taken};
use schemas::command::{
    AddAssetV1, AddSymbolV1, CancelOrderV1, Command, CommandBuffer, CreateAccountV1, DepositV1,
    OrderRef, PlaceOrderV1, RequestDigest, SetSymbolStateV1, SkipV1,
};
use schemas::event::encode_events;
use schemas::ids::{AccountId, AssetId, ClientOrderId, Offset, OrderId, SymbolId, Text};
use schemas::instrument::{
    OrderType, SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce,
};
use schemas::units::{Amount, Price, Qty, TimeNs};

/// 2026-01-01 00:00 UTC.
pub const START: u64 = 1_767_225_600_000_000_000;
pub const ANN: AccountId = AccountId(7);
pub const BOB: AccountId = AccountId(8);
pub const BTCUSDT: SymbolId = SymbolId(0);

const SETTINGS: Settings = Settings {
    segment_bytes: 65_536,
    max_lag: 4_096,
    segments_ahead: 1,
};

/// What is written besides the journal.
#[derive(Default)]
pub struct Plan {
    /// Snapshots at these next offsets.
    pub snapshots: Vec<u64>,
    /// No event log.
    pub without_events: bool,
    /// The journal begins here, after a snapshot made from the commands before.
    pub first: u64,
}

/// Writes commands as the node would have, one millisecond apart.
pub fn write(dir: &Path, commands: &[Command], plan: &Plan) {
    let id = open::create(dir, &SETTINGS, Offset(plan.first)).expect("an empty directory");
    let mut opened = open::open(dir, &SETTINGS).expect("a journal that was just made");
    let skips: BTreeSet<u64> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Skip(skip) => Some(skip.offset.0),
            _ => None,
        })
        .collect();
    let mut replica = Replica::new(id);
    let mut log = EventLog::open(dir, id, Offset(u64::MAX)).expect("an event log");
    let mut buffer = CommandBuffer::new();
    for (offset, command) in commands.iter().enumerate() {
        let offset = offset as u64;
        replica.apply(offset, command, skips.contains(&offset));
        if plan.first <= offset {
            let length = command.encode(&mut buffer);
            let record = Record {
                time: time_of(offset),
                kind: command.kind(),
                ver: command.ver(),
                payload: buffer.first(length),
            };
            append(&mut opened, &record);
            if !plan.without_events {
                log.append(Offset(offset), time_of(offset), &replica.encoded)
                    .expect("a log");
            }
        }
        if plan.snapshots.contains(&(offset + 1)) {
            replica.snapshot(dir, id);
        }
    }
    opened.writer.publish();
    opened.writer.close().expect("a journal that syncs");
}

fn append(opened: &mut open::Opened, record: &Record<'_>) {
    loop {
        match opened.writer.append(record, Class::Reserved) {
            Ok(_) => return,
            Err(AppendError::NotReady | AppendError::LagBound) => {
                opened.writer.publish();
                let seen = opened.durable.get();
                opened.durable.wait_past(seen, Duration::from_millis(1));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

pub fn time_of(offset: u64) -> TimeNs {
    TimeNs(START + offset * 1_000_000)
}

/// The node's engine and chain.
struct Replica {
    engine: Engine,
    chain: Chain,
    encoded: Vec<u8>,
}

impl Replica {
    fn new(id: JournalId) -> Replica {
        let engine = Engine::new(lookup_seed(id));
        Replica {
            engine,
            chain: Chain::new(),
            encoded: Vec::new(),
        }
    }

    fn apply(&mut self, offset: u64, command: &Command, skipped: bool) {
        let at = Stamp {
            offset: Offset(offset),
            time: time_of(offset),
        };
        let mut events = Vec::new();
        if skipped {
            self.engine.skip(at, &mut events);
        } else {
            self.engine.apply(at, command, &mut events);
        }
        self.encoded.clear();
        encode_events(&events, &mut self.encoded);
        self.chain.absorb(at, &self.encoded);
    }

    fn snapshot(&self, dir: &Path, journal: JournalId) {
        let views = b"views".as_slice();
        let taken = Taken {
            engine: &self.engine,
            chain: &self.chain,
            views,
            journal,
        };
        snapshot::write(dir, &taken).expect("a snapshot");
    }
}

/// Two assets, one open symbol, two funded accounts.
pub fn genesis() -> Vec<Command> {
    let asset = |code| {
        Command::AddAsset(AddAssetV1 {
            code: text(code),
            scale: 8,
        })
    };
    let business = text::<36>("");
    let deposit = |account, asset, amount: i128| {
        let (asset, amount) = (AssetId(asset), Amount(amount));
        Command::Deposit(DepositV1 {
            amount,
            account,
            asset,
            business,
        })
    };
    let create = |name| {
        Command::CreateAccount(CreateAccountV1 {
            business: text(name),
        })
    };
    vec![
        asset("BTC"),
        asset("USDT"),
        Command::AddSymbol(AddSymbolV1 {
            opens_at: TimeNs(0),
            base: AssetId(0),
            quote: AssetId(1),
            name: text("BTCUSDT"),
            kind: SymbolKind::Spot,
            price_scale: 2,
            qty_scale: 5,
        }),
        Command::SetSymbolState(SetSymbolStateV1 {
            symbol: BTCUSDT,
            state: SymbolState::Trading,
        }),
        create("ann"),
        create("bob"),
        deposit(ANN, 0, 1_000_000_000_000),
        deposit(BOB, 1, 100_000_000_000_000_000),
    ]
}

/// Genesis, then `count` orders and cancels that trade with each other.
pub fn busy(count: usize) -> Vec<Command> {
    let mut commands = genesis();
    for round in 0..count as i64 {
        let price = 5_000_000 + round % 7;
        commands.push(match round % 3 {
            0 => order(ANN, Side::Sell, (price, 300)),
            1 => order(BOB, Side::Buy, (price, 200)),
            _ => cancel(ANN, (round / 3 * 2 + 1) as u64),
        });
    }
    commands.push(Command::Seal);
    commands
}

pub fn order(account: AccountId, side: Side, (price, qty): (i64, i64)) -> Command {
    Command::PlaceOrder(PlaceOrderV1 {
        quote_qty: Amount::ZERO,
        price: Price(price),
        qty: Qty(qty),
        valid_until: TimeNs(0),
        account,
        symbol: BTCUSDT,
        request: RequestDigest::default(),
        client_order: ClientOrderId::EMPTY,
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::None,
    })
}

pub fn cancel(account: AccountId, order: u64) -> Command {
    Command::CancelOrder(CancelOrderV1 {
        target: OrderRef {
            order: OrderId(order),
            client_order: ClientOrderId::EMPTY,
        },
        valid_until: TimeNs(0),
        account,
        symbol: BTCUSDT,
        cancel_client: ClientOrderId::EMPTY,
    })
}

pub fn skip(offset: u64) -> Command {
    Command::Skip(SkipV1 {
        offset: Offset(offset),
    })
}

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("a short text")
}

/// Runs the program itself.
pub fn tool(words: &[&str], dirs: &[&Path]) -> Output {
    let mut process = Process::new(env!("CARGO_BIN_EXE_replay-tool"));
    process.arg(words[0]).args(dirs).args(&words[1..]);
    process
        .output()
        .expect("the program is built beside its tests")
}

/// Its exit code and what it said on stdout.
pub fn said(words: &[&str], dirs: &[&Path]) -> (i32, String) {
    let output = tool(words, dirs);
    let code = output
        .status
        .code()
        .expect("it ends by itself, never by a signal");
    (code, String::from_utf8(output.stdout).expect("UTF-8"))
}

/// The same, as JSON.
pub fn json(words: &[&str], dirs: &[&Path]) -> (i32, serde_json::Value) {
    let words = [words, &["--json"]].concat();
    let (code, text) = said(&words, dirs);
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (code, value)
}

/// Every file under a folder with its bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

/// A copy of a whole directory.
pub fn copy(from: &Path, into: &Path) {
    for (path, bytes) in files(from) {
        let target = into.join(path.strip_prefix(from).expect("the walk began there"));
        std::fs::create_dir_all(target.parent().expect("a file has a folder")).expect("a folder");
        std::fs::write(target, bytes).expect("a copy");
    }
}

/// The oldest file of a folder with that extension.
pub fn first_file(folder: &Path, extension: &str) -> PathBuf {
    let paths = files(folder).into_iter().map(|(path, _)| path);
    let mut fits = paths.filter(|path| path.extension().is_some_and(|it| it == extension));
    fits.next().expect("there is one")
}

/// Flips one bit of a file.
pub fn flip(path: &Path, position: usize) {
    let mut bytes = std::fs::read(path).expect("a file");
    bytes[position] ^= 0x10;
    std::fs::write(path, bytes).expect("a file that can be written");
}
