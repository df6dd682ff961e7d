//! Crashes on many accounts: the identities of perpetuals after every frame from its events
//! alone, and in full every thousandth command.
//!
//! How many is asked of the environment, so that the long run is the short one:
//! `DAYBOOK_CRASH_COMMANDS=1000000 DAYBOOK_CRASH_ACCOUNTS=10000 cargo test --release --test
//! scenarios -- perpetual::crashes --nocapture`.

use std::collections::BTreeMap;

use schemas::command::{CancelAllV1, Command};
use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId, Text};
use schemas::instrument::{OrderType, Side};
use schemas::perpetual::{
    Holding, MarginType, PositionSide, PriceSource, WalletDirection, WorkingType,
};
use schemas::perpetual_command::{
    AdjustMarginV1, FuturesTransferV1, PlacePerpetualV1, RunFundingV1, SetIndexPriceV1,
    SetIndexSourcesV1, SetLeverageV1, SetMarginTypeV1, SetPositionModeV1,
};
use schemas::units::{Amount, Price, Qty, TimeNs};

use super::world::{World, limit, market, reduce_only};
use crate::swarm::Random;

type Key = (AccountId, SymbolId, PositionSide);

/// Sums that each event moves, so that an identity costs what happened and no more.
#[derive(Default)]
struct Tally {
    wallets: BTreeMap<AccountId, (i128, i128)>,
    positions: BTreeMap<Key, Holding>,
    /// Of all wallets, with the venue's.
    total: i128,
    /// Of what stands beside positions: as wallets say, and as positions do.
    beside: (i128, i128),
    /// By symbol: long, short.
    open: BTreeMap<SymbolId, (i128, i128)>,
    cost: i128,
    /// What came in, less what went out.
    deposited: i128,
    seen: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn hear(&mut self, events: &[Event]) -> Result<(), String> {
        for event in events {
            *self.seen.entry(event.name()).or_default() += 1;
            match event {
                Event::FuturesTransferred(it) => match it.direction {
                    WalletDirection::ToFutures => self.deposited += it.amount.0,
                    WalletDirection::ToSpot => self.deposited -= it.amount.0,
                },
                Event::InsuranceDeposited { amount, .. } => self.deposited += amount.0,
                Event::WalletChanged(it) => {
                    let now = (it.cross.0, it.isolated.0);
                    if (now.0 < 0 || now.1 < 0) && !it.account.is_venue() {
                        return Err(format!("account {} below zero: {now:?}", it.account.0));
                    }
                    let before = self.wallets.insert(it.account, now).unwrap_or_default();
                    self.total += now.0 + now.1 - before.0 - before.1;
                    self.beside.0 += now.1 - before.1;
                }
                Event::PositionChanged(it) => {
                    let key = (it.account, it.symbol, it.side);
                    let before = self.positions.insert(key, it.holding).unwrap_or_default();
                    let open = self.open.entry(it.symbol).or_default();
                    let (now, was) = (i128::from(it.holding.size.0), i128::from(before.size.0));
                    open.0 += now.max(0) - was.max(0);
                    open.1 += now.min(0) - was.min(0);
                    self.cost += it.holding.cost.0 - before.cost.0;
                    self.beside.1 += it.holding.isolated.0 - before.isolated.0;
                }
                _ => {}
            }
        }
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        if self.total != 0 {
            return Err(format!("all wallets sum to {}", self.total));
        }
        if let Some((symbol, open)) = self.open.iter().find(|(_, it)| it.0 + it.1 != 0) {
            return Err(format!("symbol {}: long and short {open:?}", symbol.0));
        }
        let of = |account| self.wallets.get(&account).copied().unwrap_or_default().0;
        if of(AccountId::CLEARING) != -self.cost {
            let (owned, cost) = (of(AccountId::CLEARING), self.cost);
            return Err(format!("CLEARING owns {owned}, positions cost {cost}"));
        }
        if self.beside.0 != self.beside.1 {
            return Err(format!("beside positions: {:?}", self.beside));
        }
        // Realised, fees, funding, insurance and what positions cost: all that came in.
        match -of(AccountId::FUTURES) == self.deposited {
            true => Ok(()),
            false => Err(format!("{} came in", self.deposited)),
        }
    }
}

struct Crowd {
    world: World,
    tally: Tally,
    random: Random,
    accounts: Vec<AccountId>,
    marks: [i64; 2],
}

impl Crowd {
    fn new(seed: u64, accounts: u64) -> Crowd {
        let world = World::new();
        let mut crowd = Crowd {
            world,
            tally: Tally::default(),
            random: Random::new(seed),
            accounts: Vec::new(),
            marks: [1_000; 2],
        };
        for number in 0..accounts {
            crowd.join(number);
        }
        crowd
    }

    /// A fifth hedges, a fifth is isolated.
    fn join(&mut self, number: u64) {
        let account = self.world.venue.add_account();
        self.accounts.push(account);
        let asset = self.world.quote;
        let amount = Amount(20_000 + self.random.below(2_000_000) as i128);
        self.step(&Command::Deposit(schemas::command::DepositV1 {
            amount,
            account,
            asset,
            business: Text::EMPTY,
        }));
        let transfer = self.transfer(account, amount.0, WalletDirection::ToFutures);
        self.step(&transfer);
        if number.is_multiple_of(5) {
            self.step(&Command::SetPositionMode(SetPositionModeV1 {
                account,
                hedge: true,
            }));
        }
        if number % 5 == 1 {
            for symbol in self.world.symbols {
                self.step(&Command::SetMarginType(SetMarginTypeV1 {
                    account,
                    symbol,
                    margin_type: MarginType::Isolated,
                }));
            }
        }
    }

    fn transfer(&self, account: AccountId, amount: i128, direction: WalletDirection) -> Command {
        Command::FuturesTransfer(FuturesTransferV1 {
            amount: Amount(amount),
            account,
            asset: self.world.quote,
            business: Text::EMPTY,
            direction,
        })
    }

    /// A command and what it left over, frame by frame.
    fn step(&mut self, command: &Command) {
        let mut next = command.clone();
        loop {
            let events = self.world.venue.apply(&next);
            if let Err(why) = self.tally.hear(&events) {
                panic!("{next:?} of {command:?}: {why}");
            }
            for event in &events {
                if let Event::MarkPriceChanged(it) = event {
                    let place = usize::from(it.symbol == self.world.symbols[1]);
                    self.marks[place] = it.mark.0;
                }
            }
            if !self.world.venue.engine.more() {
                return;
            }
            next = Command::Continue;
        }
    }

    fn command(&mut self) -> Command {
        let account = *self.random.pick(&self.accounts);
        let place = self.random.below(2) as usize;
        let symbol = self.world.symbols[place];
        match self.random.below(1_000) {
            0..780 => Command::PlacePerpetual(self.order(account, place)),
            780..860 => self.price(place),
            860..880 => Command::SetLeverage(SetLeverageV1 {
                account,
                symbol,
                leverage: *self.random.pick(&[5, 20, 50, 125]),
            }),
            880..900 => Command::AdjustMargin(AdjustMarginV1 {
                amount: Amount(self.random.between(-20_000, 60_000).into()),
                account,
                symbol,
                side: *self.random.pick(PositionSide::ALL),
            }),
            900..930 => Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account,
                symbol,
            }),
            930..960 => {
                let amount = 1 + self.random.below(400_000) as i128;
                let direction = *self.random.pick(WalletDirection::ALL);
                self.transfer(account, amount, direction)
            }
            960..980 => Command::RunFunding(RunFundingV1 {
                symbol,
                business: Text::EMPTY,
            }),
            980..990 => Command::SetIndexSources(SetIndexSourcesV1 {
                symbol,
                live: self.random.below(6) as u32,
                needed: 1,
            }),
            _ => {
                let seconds = *self.random.pick(&[1, 5, 60, 3_600, 28_800]);
                self.world.venue.now.0 += seconds * 1_000_000_000;
                Command::AdvanceClock
            }
        }
    }

    /// Mostly a small step; now and then most of it is gone at once, or it is back.
    fn price(&mut self, place: usize) -> Command {
        let mark = self.marks[place];
        let price = match (self.random.below(200), mark) {
            (_, ..60) => 10_000,
            (0, _) => mark / 10,
            (1 | 2, _) => mark * self.random.between(30, 90) / 100,
            (3, _) => (mark * self.random.between(110, 300) / 100).min(50_000),
            _ => mark + self.random.between(-mark / 50 - 1, mark / 50 + 1),
        };
        Command::SetIndexPrice(SetIndexPriceV1 {
            price: Price(price.max(1)),
            symbol: self.world.symbols[place],
            business: Text::EMPTY,
            source: *self.random.pick(PriceSource::ALL),
        })
    }

    fn order(&mut self, account: AccountId, place: usize) -> PlacePerpetualV1 {
        let (symbol, mark) = (self.world.symbols[place], self.marks[place]);
        let side = *self.random.pick(&[Side::Buy, Side::Sell]);
        let qty = self.random.between(1, 300);
        let price = (mark + self.random.between(-mark / 60 - 1, mark / 60 + 1)).max(1);
        let mut order = match self.random.below(10) {
            0 | 1 => market(account, symbol, side, qty),
            2 => {
                let mut stop = market(account, symbol, side, qty);
                stop.order.order_type = OrderType::StopLoss;
                let away = self.random.between(1, mark / 20 + 2);
                stop.stop_price = match side {
                    Side::Buy => Price(mark + away),
                    Side::Sell => Price((mark - away).max(1)),
                };
                stop.terms.working_type = *self.random.pick(WorkingType::ALL);
                stop.terms.close_position = self.random.chance(30);
                if stop.terms.close_position {
                    stop.order.qty = Qty::ZERO;
                }
                stop
            }
            _ => limit(account, symbol, (side, qty, price)),
        };
        // Two of three fit the account's mode.
        let number = u64::from(account.0 - self.accounts[0].0);
        if number.is_multiple_of(5) {
            let sides = [PositionSide::Long, PositionSide::Short];
            order.terms.position_side = *self.random.pick(&sides);
        } else if self.random.chance(10) && !order.terms.close_position {
            order = reduce_only(order);
        }
        order
    }
}

fn asked(name: &str, usual: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(usual, |text| text.parse().expect("a whole number"))
}

#[test]
fn crashes_on_many_accounts_make_and_lose_nothing() {
    let commands = asked("DAYBOOK_CRASH_COMMANDS", 6_000);
    let accounts = asked("DAYBOOK_CRASH_ACCOUNTS", 100);
    let seed = asked("DAYBOOK_CRASH_SEED", 4_711);
    let seen = crash((seed, accounts), commands);
    println!("{seen:?}");
    for event in [
        "FundingPaid",
        "LiquidationStarted",
        "PositionTakenOver",
        "Trade",
        "OrderTriggered",
    ] {
        let count = seen.get(event).copied().unwrap_or(0);
        assert!(count > 0, "no {event}");
    }
}

/// Each stopped the engine once: a short that funding or its pool's losses had left with less
/// than it could have paid at any price was closed, and its owner had no more.
#[test]
fn crashes_that_once_stopped_the_engine_do_so_no_more() {
    for kept in [(16, 30), (17, 30), (22, 100), (24, 30), (35, 100)] {
        crash(kept, 12_000);
    }
}

/// How often each event was seen.
fn crash((seed, accounts): (u64, u64), commands: u64) -> BTreeMap<&'static str, u64> {
    println!("seed {seed}, {commands} commands, {accounts} accounts");
    let mut crowd = Crowd::new(seed, accounts);
    for number in 0..commands {
        let command = crowd.command();
        crowd.step(&command);
        // Of all frames the newest are enough for a test that replays nothing.
        crowd.world.venue.journal.clear();
        if number % 1_000 == 999 {
            crowd.world.check();
        }
    }
    crowd.world.check();
    crowd.tally.seen
}
