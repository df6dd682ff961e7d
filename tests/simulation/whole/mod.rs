//! Every kind of command, in proportions drawn per seed: two spot markets with stops, lists,
//! icebergs, bands and auctions, two perpetuals with jumps, funding and liquidations, and
//! operators who change the rules while it goes on.
//!
//! Nothing here knows what should happen; commands are sensible often enough to get far.
//!
//! Reading order: this file, `orders` (spot), `contracts` (perpetuals), `rules`,
//! `extremes`.

mod orders;
mod contracts;
mod rules;
mod extremes;

use engine::apply::Engine;
use schemas::command::{
    AddAssetV1, AddSymbolV1, CancelOrderV1, Command, CreateAccountV1, DepositV1, OrderRef,
    RequestDigest, SetSymbolFeesV1, SetSymbolStateV1,
};
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId, Text};
use schemas::instrument::{SymbolKind, SymbolState};
use schemas::numbered::{Numbered, Producer};
use schemas::perpetual::WalletDirection;
use schemas::units::{Amount, Rate, TimeNs};

use crate::model::request_of;
use crate::swarm::Random;

const BASE: AssetId = AssetId(0);
const QUOTE: AssetId = AssetId(1);
/// Two spot markets and two perpetuals over one pair of assets.
const SPOT: [SymbolId; 2] = [SymbolId(0), SymbolId(1)];
const CONTRACTS: [SymbolId; 2] = [SymbolId(2), SymbolId(3)];
/// What is drawn around an order of extreme size stays below its type.
const LARGE: i64 = 1 << 40;
/// What prices begin at, in price units.
const MIDDLE: i64 = 1_000;

/// Draws commands, looking at the engine to make most of them sensible.
pub struct Whole {
    random: Random,
    users: u64,
    /// Of spot, perpetuals and rules.
    weights: [u64; 3],
    /// Per thousand: a price that jumps.
    jumps: u64,
    /// Dust and extreme numbers in every tenth command.
    extremes: bool,
}

impl Whole {
    pub fn new(seed: u64) -> Whole {
        let mut random = Random::new(seed);
        let few = 4 + random.below(12);
        // Now and then a crowd, so that indexes have some depth.
        let users = if random.chance(10) { 300 } else { few };
        let weights = [
            10 + random.below(60),
            10 + random.below(60),
            1 + random.below(12),
        ];
        let jumps = 5 + random.below(120);
        Whole {
            random,
            users,
            weights,
            jumps,
            extremes: false,
        }
    }

    /// Thousands of accounts; numbers of one, and as large as their types.
    pub fn among(mut self, crowd: bool, extremes: bool) -> Whole {
        if crowd {
            self.users = 2_000 + self.random.below(2_000);
        }
        self.extremes = extremes;
        self
    }

    /// Nanoseconds until the next command: mostly a moment, now and then a funding interval.
    pub fn pause(&mut self) -> u64 {
        match self.random.below(1_000) {
            0..4 => 61_000_000_000,
            4..7 => 28_800_000_000_000,
            7 => 86_400_000_000_000,
            8..60 => 5_000_000_000,
            60..300 => 0,
            _ => self.random.below(100_000_000),
        }
    }

    /// Assets, markets, contracts, accounts and money to begin with.
    pub fn opening(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        for (code, scale) in [("BTC", 8), ("USDT", 4)] {
            let code = Text::new(code).expect("short");
            commands.push(Command::AddAsset(AddAssetV1 { code, scale }));
        }
        for (index, symbol) in SPOT.into_iter().chain(CONTRACTS).enumerate() {
            commands.extend(self.listing(index, symbol));
        }
        for user in 0..self.users as u32 {
            let business = BusinessId::EMPTY;
            commands.push(Command::CreateAccount(CreateAccountV1 { business }));
            let account = AccountId(AccountId::FIRST_USER.0 + user);
            for asset in [BASE, QUOTE] {
                commands.push(Command::Deposit(DepositV1 {
                    amount: Amount(1 << (36 + self.random.below(8))),
                    account,
                    asset,
                    business,
                }));
            }
            let amount = 50_000 + self.random.below(3_000_000) as i128;
            commands.push(self.futures_transfer(account, amount, WalletDirection::ToFutures));
        }
        commands
    }

    fn listing(&mut self, index: usize, symbol: SymbolId) -> Vec<Command> {
        let (kind, scales) = match CONTRACTS.contains(&symbol) {
            true => (SymbolKind::Perpetual, (1, 2)),
            // One atom of the quote is a tick of a lot: rounding everywhere.
            false => (SymbolKind::Spot, (2, 2)),
        };
        let mut commands = vec![
            Command::AddSymbol(AddSymbolV1 {
                opens_at: TimeNs(0),
                base: BASE,
                quote: QUOTE,
                name: Text::new(&format!("SYM{index}")).expect("short"),
                kind,
                price_scale: scales.0,
                qty_scale: scales.1,
            }),
            Command::SetSymbolFees(SetSymbolFeesV1 {
                maker: Rate(20_000),
                taker: Rate(40_000),
                symbol,
            }),
        ];
        if kind == SymbolKind::Perpetual {
            commands.extend(self.contract(symbol));
        }
        let state = SymbolState::Trading;
        commands.push(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
        commands
    }

    /// The next command.
    pub fn next(&mut self, engine: &Engine) -> Command {
        let command = self.plain_next(engine);
        match command.trader().is_some() && self.random.chance(10) {
            true => self.numbered(engine, command),
            false => command,
        }
    }

    /// The same from a producer: mostly its next one, else one said before or too early.
    fn numbered(&mut self, engine: &Engine, command: Command) -> Command {
        let producer = Producer::new(&format!("p{}", self.random.below(3))).expect("short");
        let newest = engine.newest_of(&producer);
        let sequence = match self.random.below(10) {
            0 => newest,
            1 => newest + 2 + self.random.below(3),
            2 => newest.saturating_sub(self.random.below(4)),
            _ => newest + 1,
        };
        // Said signed or numbered, not both.
        let mut command = command;
        if let Some(request) = request_of(&mut command) {
            *request = RequestDigest::default();
        }
        let numbered = Numbered::new(producer, sequence, command);
        Command::Numbered(Box::new(numbered.expect("a command of trading")))
    }

    fn plain_next(&mut self, engine: &Engine) -> Command {
        let mut ticket = self.random.below(self.weights.iter().sum());
        for (kind, weight) in self.weights.into_iter().enumerate() {
            if ticket < weight {
                let command = match kind {
                    0 => self.spot(engine),
                    1 => self.perpetual(engine),
                    _ => self.rule(engine),
                };
                return match self.extremes && self.random.chance(12) {
                    true => self.extreme(command),
                    false => command,
                };
            }
            ticket -= weight;
        }
        unreachable!("the ticket is below the sum of the weights")
    }

    fn account(&mut self) -> AccountId {
        AccountId(AccountId::FIRST_USER.0 + self.random.below(self.users) as u32)
    }

    fn name(&mut self, percent: u64) -> ClientOrderId {
        if !self.random.chance(percent) {
            return ClientOrderId::EMPTY;
        }
        ClientOrderId::new(&format!("c{}", self.random.below(12))).expect("short")
    }

    /// An open order of the account on the symbol, mostly; its number, price and quantity.
    fn target(&mut self, engine: &Engine, of: (AccountId, SymbolId)) -> (OrderRef, i64, i64) {
        let open = engine.open_orders(of.0);
        let open: Vec<_> = open.iter().filter(|it| it.symbol == of.1).collect();
        let (order, price, qty) = match open.is_empty() || self.random.chance(5) {
            true => (OrderId(1 + self.random.below(200)), MIDDLE, 1),
            false => {
                let it = self.random.pick(&open);
                (it.order, it.price.0.min(LARGE), it.qty.0.min(LARGE))
            }
        };
        let client_order = ClientOrderId::EMPTY;
        let target = OrderRef {
            order,
            client_order,
        };
        (target, price, qty)
    }

    fn cancel(&mut self, engine: &Engine, of: (AccountId, SymbolId)) -> CancelOrderV1 {
        let (target, ..) = self.target(engine, of);
        CancelOrderV1 {
            target,
            valid_until: TimeNs(0),
            account: of.0,
            symbol: of.1,
            cancel_client: self.name(20),
        }
    }
}

/// What was going on when a node came back.
pub fn met(engine: &Engine) -> Vec<&'static str> {
    let accounts = (0..engine.accounts()).map(AccountId);
    let has_position = |account| !engine.open_positions(account).is_empty();
    let is_aside = |symbol: &SymbolId| !engine.aside(*symbol).is_empty();
    let collects = |it: &engine::state::Symbol| it.state == SymbolState::Auction;
    let seen = [
        (
            "a start with open positions",
            accounts.clone().any(has_position),
        ),
        ("a start with orders that sleep", SPOT.iter().any(is_aside)),
        (
            "a start with conditional orders",
            CONTRACTS.iter().any(is_aside),
        ),
        ("a start with order lists", !engine.order_lists().is_empty()),
        (
            "a start in an auction",
            engine.symbols().iter().any(collects),
        ),
        ("a start in a liquidation", engine.liquidations() > 0),
    ];
    let seen = seen.into_iter().filter(|(_, is_so)| *is_so);
    seen.map(|(what, _)| what).collect()
}

/// Each kind is drawn within a few seeds; a new kind has to be added above.
#[test]
fn every_kind_of_command_is_drawn() {
    /// A Skip would have a replay step over what the node has done; it has trials of its own.
    /// Formats are activated once in the life of a venue. The last three are not drawn but
    /// made by the sequencer.
    const APART: [&str; 5] = ["Skip", "ActivateFormat", "Seal", "AdvanceClock", "Continue"];
    /// What only a venue that goes on for a while does.
    const FAR: [&str; 12] = [
        "SequenceRefused",
        "OrderTriggered",
        "IcebergRefilled",
        "OrderListDone",
        "TrailingStarted",
        "AuctionUncrossed",
        "FundingPaid",
        "LiquidationStarted",
        "LiquidationFee",
        "PositionTakenOver",
        "OrderModified",
        "MarginCalled",
    ];
    let mut drawn = std::collections::BTreeSet::new();
    let mut met = std::collections::BTreeMap::new();
    for seed in 1..=8 {
        println!("seed {seed}");
        let mut venue = crate::venue::Venue::new();
        let mut whole = Whole::new(seed);
        for command in whole.opening() {
            drawn.insert(command.kind());
            venue.complete(&command);
        }
        for _ in 0..3_000 {
            venue.now.0 += whole.pause();
            let command = whole.next(&venue.engine);
            drawn.insert(command.kind());
            for event in venue.complete(&command) {
                *met.entry(event.name()).or_insert(0_u32) += 1;
            }
        }
        venue.engine.check_invariants().expect("every identity");
    }
    let missing: Vec<&str> = (1..=u16::from(u8::MAX))
        .filter(|kind| !drawn.contains(kind))
        .filter_map(Command::kind_name)
        .filter(|name| !APART.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "kinds that no seed draws");
    println!("{met:#?}");
    for event in FAR {
        assert!(met.contains_key(event), "no seed gets as far as {event}");
    }
}
