//! Random commands on two contracts, compared with the model after every one.

use std::collections::BTreeMap;

use engine::apply::{Engine, PlantedFault};
use engine::chain::Chain;
use schemas::command::{CancelAllV1, Command};
use schemas::event::{Event, encode_events};
use schemas::ids::{AccountId, OrderId, SymbolId, Text};
use schemas::instrument::{OrderType, Side, TimeInForce};
use schemas::perpetual::{PositionSide, PriceMatch, WalletDirection};
use schemas::perpetual_command::{
    ModifyOrderV1, PlacePerpetualV1, RunFundingV1, SetContractGuardV1, SetPositionModeV1,
};
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty, Rate, TimeNs};

use super::model::Model;
use super::world::{World, limit, market, reduce_only};
use crate::swarm::Random;

struct Stream {
    world: World,
    model: Model,
    random: Random,
    accounts: Vec<AccountId>,
    hedgers: usize,
    /// Events by name.
    seen: BTreeMap<&'static str, u64>,
}

impl Stream {
    fn new(seed: u64, accounts: usize, plant: Option<PlantedFault>) -> Stream {
        let mut world = World::before_brackets(|venue| {
            if let Some(fault) = plant {
                venue.engine.plant(fault);
            }
        });
        let mut model = Model::default();
        let mut random = Random::new(seed);
        let marks = world.symbols.map(|symbol| {
            Event::MarkPriceChanged(schemas::perpetual_event::MarkPriceChanged {
                symbol,
                mark: Price(1_000),
            })
        });
        model.hear(&marks).expect("two marks");
        for symbol in world.symbols {
            let guard = SetContractGuardV1 {
                trigger_protect: Rate(0),
                margin_call: Rate(80_000_000),
                symbol,
            };
            world.apply(&Command::SetContractGuard(guard));
        }
        let mut all = Vec::new();
        for _ in 0..accounts {
            let account = world.trader(0);
            all.push(account);
        }
        let mut stream = Stream {
            world,
            model,
            random: Random::new(seed ^ 1),
            accounts: all.clone(),
            hedgers: accounts / 4,
            seen: BTreeMap::new(),
        };
        for (number, account) in all.iter().enumerate() {
            let amount = 50_000 + random.below(3_000_000) as i128;
            let deposit = schemas::command::DepositV1 {
                amount: schemas::units::Amount(1 << 50),
                account: *account,
                asset: stream.world.quote,
                business: Text::EMPTY,
            };
            stream.step(&Command::Deposit(deposit)).expect("money");
            let transfer = stream.transfer(*account, amount, WalletDirection::ToFutures);
            stream.step(&transfer).expect("more money");
            if number < stream.hedgers {
                let mode = SetPositionModeV1 {
                    account: *account,
                    hedge: true,
                };
                stream
                    .step(&Command::SetPositionMode(mode))
                    .expect("a mode");
            }
        }
        stream
    }

    fn transfer(&self, account: AccountId, amount: i128, direction: WalletDirection) -> Command {
        Command::FuturesTransfer(schemas::perpetual_command::FuturesTransferV1 {
            amount: schemas::units::Amount(amount),
            account,
            asset: self.world.quote,
            business: Text::EMPTY,
            direction,
        })
    }

    fn step(&mut self, command: &Command) -> Result<(), String> {
        let verdict = match command {
            Command::PlacePerpetual(place) => self.model.lets_in(place),
            _ => None,
        };
        let events = self.world.apply(command);
        let refused = events.iter().find_map(|event| match event {
            Event::OrderRejected(it) => Some(it.reason),
            _ => None,
        });
        if let Some(lets_in) = verdict {
            let by_money = matches!(
                refused,
                Some(RejectReason::InsufficientMargin | RejectReason::LeverageLimit)
            );
            if by_money == lets_in && (by_money || refused.is_none()) {
                return Err(format!("let in {lets_in}, refused {refused:?}"));
            }
        }
        for event in &events {
            *self.seen.entry(event.name()).or_default() += 1;
        }
        self.model.hear(&events)?;
        self.model.compare(&self.world.venue.engine, &self.accounts)
    }

    fn run(&mut self, steps: u64) -> Result<(), String> {
        for step in 0..steps {
            let command = self.command();
            self.step(&command)
                .map_err(|why| format!("step {step}, {command:?}: {why}"))?;
            if step % 64 == 0 {
                let checked = self.world.venue.engine.check_invariants();
                checked.map_err(|why| format!("step {step}, {command:?}: {why}"))?;
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Command {
        let account = *self.random.pick(&self.accounts);
        let symbol = *self.random.pick(&self.world.symbols);
        match self.random.below(100) {
            0..60 => Command::PlacePerpetual(self.order(account, symbol)),
            60..68 => self.cancel(account, symbol),
            68..73 => self.modify(account, symbol),
            73..88 => self.price(symbol),
            88..91 => Command::SetLeverage(schemas::perpetual_command::SetLeverageV1 {
                account,
                symbol,
                leverage: *self.random.pick(&[1, 5, 10, 20, 50, 100, 125]),
            }),
            91..94 => {
                let amount = 1 + self.random.below(400_000) as i128;
                let out = self.random.chance(60);
                let direction = match out {
                    true => WalletDirection::ToSpot,
                    false => WalletDirection::ToFutures,
                };
                self.transfer(account, amount, direction)
            }
            94 => Command::RunFunding(RunFundingV1 {
                symbol,
                business: Text::EMPTY,
            }),
            95 => Command::InsuranceDeposit(schemas::perpetual_command::InsuranceDepositV1 {
                amount: schemas::units::Amount(1 + self.random.below(50_000) as i128),
                asset: self.world.quote,
                business: Text::EMPTY,
            }),
            96 => Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account,
                symbol,
            }),
            _ => {
                let by = *self.random.pick(&[1, 5, 60, 3_600, 28_800, 90_000]);
                self.world.venue.now.0 += by * 1_000_000_000;
                Command::AdvanceClock
            }
        }
    }

    fn mark(&self, symbol: SymbolId) -> i64 {
        let contract = self.world.venue.engine.contract(symbol).expect("listed");
        contract.mark.expect("it has a price").0
    }

    fn price(&mut self, symbol: SymbolId) -> Command {
        let mark = self.mark(symbol);
        let price = match self.random.below(20) {
            0 => mark * self.random.between(60, 95) / 100,
            1 => mark * self.random.between(105, 150) / 100,
            _ => mark + self.random.between(-mark / 50 - 2, mark / 50 + 2),
        };
        // Back toward the middle, so that a stream does not end in dust.
        let price = match price {
            ..300 => 900,
            4_000.. => 1_200,
            price => price,
        };
        Command::SetIndexPrice(schemas::perpetual_command::SetIndexPriceV1 {
            price: Price(price),
            symbol,
            business: Text::EMPTY,
            source: schemas::perpetual::PriceSource::Operator,
        })
    }

    fn order(&mut self, account: AccountId, symbol: SymbolId) -> PlacePerpetualV1 {
        let mark = self.mark(symbol);
        let side = *self.random.pick(&[Side::Buy, Side::Sell]);
        let qty = match self.random.below(10) {
            0 => self.random.between(200, 3_000),
            1..4 => self.random.between(20, 200),
            _ => self.random.between(1, 40),
        };
        let price = mark + self.random.between(-mark / 60 - 1, mark / 60 + 1);
        let mut place = match self.random.chance(15) {
            true => market(account, symbol, side, qty),
            false => limit(account, symbol, (side, qty, price.max(1))),
        };
        if place.order.order_type == OrderType::Limit {
            match self.random.below(12) {
                0 => place.order.time_in_force = TimeInForce::Ioc,
                1 => place.order.time_in_force = TimeInForce::Fok,
                2 => place.order.order_type = OrderType::LimitMaker,
                3 => place.terms.good_till = TimeNs(self.world.venue.now.0 + 7_000_000_000),
                4 => {
                    place.terms.price_match = PriceMatch::Queue;
                    place.order.price = Price::ZERO;
                }
                _ => {}
            }
        }
        let is_hedging = self.accounts[..self.hedgers].contains(&account);
        if is_hedging {
            let sides = [PositionSide::Long, PositionSide::Short];
            place.terms.position_side = *self.random.pick(&sides);
        } else if self.random.chance(15) {
            place = reduce_only(place);
        }
        place
    }

    fn open(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
    ) -> Option<(OrderId, Side, Price, Qty)> {
        let open = self.world.venue.engine.open_orders(account);
        let open: Vec<_> = open.into_iter().filter(|it| it.symbol == symbol).collect();
        if open.is_empty() {
            return None;
        }
        let it = self.random.pick(&open);
        Some((it.order, it.side, it.price, it.qty))
    }

    fn cancel(&mut self, account: AccountId, symbol: SymbolId) -> Command {
        let order = self.open(account, symbol).map_or(OrderId(1), |it| it.0);
        Command::CancelOrder(schemas::command::CancelOrderV1 {
            target: schemas::command::OrderRef {
                order,
                client_order: Text::EMPTY,
            },
            valid_until: TimeNs(0),
            account,
            symbol,
            cancel_client: Text::EMPTY,
        })
    }

    fn modify(&mut self, account: AccountId, symbol: SymbolId) -> Command {
        let found = self.open(account, symbol);
        let (order, side, price, qty) =
            found.unwrap_or((OrderId(1), Side::Buy, Price(1_000), Qty(1)));
        let by = self.random.between(-price.0 / 80 - 1, price.0 / 80 + 1);
        let price = if self.random.chance(40) {
            price.0
        } else {
            price.0 + by
        };
        Command::ModifyOrder(ModifyOrderV1 {
            target: schemas::command::OrderRef {
                order,
                client_order: Text::EMPTY,
            },
            new_qty: Qty(qty.0 + self.random.between(-qty.0 / 2, qty.0 / 2 + 1)),
            new_price: Price(price.max(1)),
            valid_until: TimeNs(0),
            account,
            symbol,
            request: schemas::command::RequestDigest::default(),
            side,
            price_match: PriceMatch::None,
        })
    }
}

#[test]
fn the_model_agrees_after_every_command() {
    let mut seen: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..5 {
        println!("seed {seed}");
        let mut stream = Stream::new(seed, 12, None);
        if let Err(why) = stream.run(700) {
            panic!("seed {seed}, {why}");
        }
        let engine = &stream.world.venue.engine;
        engine.check_invariants().expect("every identity");
        for (name, count) in &stream.seen {
            *seen.entry(name).or_default() += count;
        }
    }
    println!("{seen:?}");
    for event in [
        "FundingPaid",
        "MarginCalled",
        "LiquidationStarted",
        "LiquidationFee",
        "PositionTakenOver",
        "OrderModified",
    ] {
        assert!(
            seen.contains_key(event),
            "no stream had a {event}: {seen:?}"
        );
    }
}

#[test]
fn fifty_accounts_are_those_of_the_oracle_after_every_command() {
    // The model recomputes everything each time: 20,000 commands are for the release build.
    let commands = if cfg!(debug_assertions) { 500 } else { 20_000 };
    let mut stream = Stream::new(77, 50, None);
    if let Err(why) = stream.run(commands) {
        panic!("seed 77, {commands} commands, {why}");
    }
}

#[test]
fn planted_faults_of_perpetuals_are_caught() {
    for fault in [
        PlantedFault::EntryAveraged,
        PlantedFault::FundingRounding,
        PlantedFault::BracketOffByOne,
    ] {
        let caught = (0..20).any(|seed| {
            let run = std::panic::catch_unwind(|| {
                let mut stream = Stream::new(seed, 10, Some(fault));
                stream.run(600)
            });
            !matches!(run, Ok(Ok(())))
        });
        assert!(caught, "{fault:?} was not noticed");
    }
}

#[test]
fn a_stream_of_perpetuals_ends_alike_twice_and_from_a_snapshot() {
    for seed in [31, 32, 33] {
        println!("seed {seed}");
        let mut stream = Stream::new(seed, 10, None);
        stream
            .run(700)
            .unwrap_or_else(|why| panic!("seed {seed}, {why}"));
        let journal = &stream.world.venue.journal;
        let run = |engine: &mut Engine, chain: &mut Chain, part: &[(_, Command)]| {
            for (at, command) in part {
                let (mut events, mut bytes) = (Vec::new(), Vec::new());
                engine.apply(*at, command, &mut events);
                encode_events(&events, &mut bytes);
                chain.absorb(*at, &bytes);
            }
        };
        let (mut whole, mut chain) = (Engine::new(99), Chain::new());
        run(&mut whole, &mut chain, journal);
        assert_eq!(
            whole.root(),
            stream.world.venue.engine.root(),
            "seed {seed}"
        );
        for cut in [journal.len() / 3, journal.len() / 2, journal.len() * 4 / 5] {
            let (mut first, mut second) = (Engine::new(1), Chain::new());
            run(&mut first, &mut second, &journal[..cut]);
            let saved: Vec<(String, Vec<u8>)> = first
                .sections()
                .into_iter()
                .map(|(name, bytes)| (name.to_owned(), bytes))
                .collect();
            let mut restored = Engine::restore(5, &saved).expect("its own sections");
            assert_eq!(restored.root(), first.root(), "seed {seed} cut {cut}");
            restored.check_invariants().expect("every identity");
            run(&mut restored, &mut second, &journal[cut..]);
            assert_eq!(restored.root(), whole.root(), "seed {seed} cut {cut}");
            assert_eq!(second.value(), chain.value(), "seed {seed} cut {cut}");
        }
    }
}

#[test]
fn damaged_bytes_of_perpetuals_are_refused_or_harmless() {
    let mut stream = Stream::new(41, 8, None);
    stream.run(300).expect("a stream that agrees");
    let engine = &stream.world.venue.engine;
    let saved: Vec<(String, Vec<u8>)> = engine
        .sections()
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let section = saved.iter().position(|(name, _)| name == "perpetuals");
    let section = section.expect("there are contracts");
    let mut random = Random::new(41);
    let length = saved[section].1.len() as u64;
    for _ in 0..400 {
        let mut cut = saved.clone();
        cut[section].1.truncate(random.below(length) as usize);
        assert!(Engine::restore(1, &cut).is_err());
        let mut flipped = saved.clone();
        let bit = random.below(length * 8) as usize;
        flipped[section].1[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Engine::restore(1, &flipped) {
            assert_ne!(other.root(), engine.root(), "bit {bit}");
            let _ = other.check_invariants();
        }
    }
}
