//! Engine against naive venue, after every command.

use std::collections::{BTreeMap, BTreeSet};

use engine::apply::Engine;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, Offset, SymbolId};
use schemas::instrument::{Side, TimeInForce};
use schemas::units::{Qty, TimeNs};

use crate::naive::Naive;
use crate::swarm::{Swarm, Theme};
use crate::venue::Venue;

/// Engine and naive venue side by side.
pub struct Pair {
    pub venue: Venue,
    pub naive: Naive,
    swarm: Swarm,
    before: BTreeMap<(AccountId, AssetId), (i128, i128)>,
    limited: bool,
}

/// What differed, after which command.
#[derive(Debug)]
pub struct Difference {
    pub offset: Offset,
    pub command: Command,
    pub what: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "offset {}\n{:?}\n{}",
            self.offset.0, self.command, self.what
        )
    }
}

impl Pair {
    pub fn new(seed: u64, theme: Theme) -> Pair {
        let mut pair = Pair {
            venue: Venue::new(),
            naive: Naive::new(),
            swarm: Swarm::new(seed, theme),
            before: BTreeMap::new(),
            limited: false,
        };
        for command in pair.swarm.opening() {
            pair.step_with(command)
                .unwrap_or_else(|difference| panic!("{difference}"));
        }
        pair
    }

    pub fn step(&mut self) -> Result<(), Box<Difference>> {
        self.venue.now = TimeNs(self.venue.now.0 + self.swarm.pause());
        let mut command = self.swarm.next(&self.naive);
        if self.limited {
            unkill(&mut command);
        }
        self.step_with(command)
    }

    /// Commands stop after so many events and go on in Continue. A fill-or-kill order that
    /// would need more is killed, which the naive venue does not know: it becomes IOC.
    pub fn limit_events(&mut self, events_max: usize) {
        self.venue.engine.limit_events(events_max);
        self.limited = true;
    }

    fn step_with(&mut self, command: Command) -> Result<(), Box<Difference>> {
        let offset = self.venue.engine.next();
        let expected = self.naive.apply(offset, self.venue.now, &command);
        let found = self.venue.complete(&command);
        let compared = self
            .compare_events(&expected, &found)
            .and_then(|()| self.compare_balances(&found))
            .and_then(|()| self.compare_books())
            .and_then(|()| {
                self.venue
                    .engine
                    .check_invariants()
                    .map_err(|violation| format!("invariant: {violation:?}"))
            });
        compared.map_err(|what| {
            Box::new(Difference {
                offset,
                command,
                what,
            })
        })
    }

    fn compare_events(&self, expected: &[Event], found: &[Event]) -> Result<(), String> {
        let told: Vec<Event> = found
            .iter()
            .filter(|event| !matches!(event, Event::BalanceChanged(_)))
            .copied()
            .collect();
        if told == expected {
            return Ok(());
        }
        let longest = told.len().max(expected.len());
        let first = (0..longest)
            .find(|at| told.get(*at) != expected.get(*at))
            .expect("differ");
        Err(format!(
            "event {first} of {longest}\nexpected {:?}\nfound    {:?}",
            expected.get(first),
            told.get(first)
        ))
    }

    /// Every balance, and that each that moved was told once, last.
    fn compare_balances(&mut self, found: &[Event]) -> Result<(), String> {
        let mut told = BTreeSet::new();
        for event in found {
            if let Event::BalanceChanged(change) = event {
                let key = (change.account, change.asset);
                let again = !told.insert(key);
                if self.venue.carried {
                    // Told at the end of each frame; the end of the last one counts.
                    continue;
                }
                if again {
                    return Err(format!("{key:?} told twice"));
                }
                if (change.free.0, change.held.0) != self.naive.balance(key.0, key.1) {
                    return Err(format!(
                        "{change:?}, expected {:?}",
                        self.naive.balances[&key]
                    ));
                }
            }
        }
        let engine = &self.venue.engine;
        if engine.accounts() as usize != self.naive.accounts.len() {
            return Err(format!("{} accounts", engine.accounts()));
        }
        for account in 0..self.naive.accounts.len() as u32 {
            for asset in 0..self.naive.assets.len() as u16 {
                let key = (AccountId(account), AssetId(asset));
                let (free, held) = engine.balance(key.0, key.1);
                let expected = self.naive.balance(key.0, key.1);
                if (free.0, held.0) != expected {
                    return Err(format!("{key:?}: {free:?} {held:?}, expected {expected:?}"));
                }
                let before = self.before.get(&key).copied().unwrap_or((0, 0));
                if before != expected && !told.contains(&key) && !key.0.is_venue() {
                    return Err(format!("{key:?} moved and no event tells it"));
                }
            }
        }
        self.before = self.naive.balances.clone();
        Ok(())
    }

    fn compare_books(&self) -> Result<(), String> {
        for (index, listed) in self.naive.symbols.iter().enumerate() {
            let symbol = SymbolId(index as u32);
            for side in [Side::Buy, Side::Sell] {
                let expected = listed.queue(side);
                let found = self.venue.engine.queue(symbol, side);
                let equal = expected.len() == found.len()
                    && expected.iter().zip(&found).all(|(naive, order)| {
                        order.order.0 == naive.id
                            && order.account == naive.account
                            && order.client_order == naive.client
                            && (order.price.0, order.qty.0) == (naive.price, naive.qty)
                            && (order.open.0, order.executed.0) == (naive.open, naive.executed)
                            && order.quote.0 == naive.quote
                            && naive.qty == naive.executed + naive.prevented + naive.open
                    });
                if !equal {
                    return Err(format!(
                        "{symbol:?} {side:?}\n{expected:#?}\nfound {found:#?}"
                    ));
                }
                let mut levels: Vec<(i64, Qty, usize)> = Vec::new();
                for order in expected {
                    match levels.last_mut() {
                        Some(level) if level.0 == order.price => {
                            (level.1.0, level.2) = (level.1.0 + order.open, level.2 + 1);
                        }
                        _ => levels.push((order.price, Qty(order.open), 1)),
                    }
                }
                let told: Vec<_> = self
                    .venue
                    .engine
                    .levels(symbol, side)
                    .iter()
                    .map(|level| (level.price.0, level.qty, level.orders as usize))
                    .collect();
                if levels != told {
                    return Err(format!(
                        "{symbol:?} {side:?} levels {levels:?}, found {told:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Goes on with an engine made from the sections of the present one.
    pub fn restore(&mut self, seed: u64) {
        let sections: Vec<(String, Vec<u8>)> = self
            .venue
            .engine
            .sections()
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .collect();
        let restored = Engine::restore(seed, &sections).expect("its own sections");
        assert_eq!(restored.root(), self.venue.engine.root());
        self.venue.engine = restored;
    }
}

fn unkill(command: &mut Command) {
    let order = match command {
        Command::PlaceOrder(order) => order,
        Command::CancelReplace(replace) => &mut replace.order,
        _ => return,
    };
    if order.time_in_force == TimeInForce::Fok {
        order.time_in_force = TimeInForce::Ioc;
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// `DAYBOOK_SEED` and `DAYBOOK_STEPS` choose another stream; a failure names both.
fn agree(theme: Theme, default_seeds: u64) {
    let chosen = std::env::var("DAYBOOK_SEED")
        .ok()
        .map(|text| text.parse().expect("a number"));
    let steps = number(
        "DAYBOOK_STEPS",
        if cfg!(debug_assertions) {
            1_500
        } else {
            20_000
        },
    );
    let seeds = chosen.map_or(0..default_seeds, |seed| seed..seed + 1);
    for seed in seeds {
        println!("DAYBOOK_SEED={seed} DAYBOOK_STEPS={steps} {theme:?}");
        let mut pair = Pair::new(seed, theme);
        let (mut accepted, mut trades) = (0, 0);
        let mut refused: BTreeMap<String, u32> = BTreeMap::new();
        for step in 0..steps {
            if let Err(difference) = pair.step() {
                panic!("DAYBOOK_SEED={seed} {theme:?}, step {step}: {difference}");
            }
            if step % 700 == 699 {
                pair.restore(seed + step);
            }
            for event in &pair.naive.told {
                match event {
                    Event::OrderAccepted(_) => accepted += 1,
                    Event::OrderRejected(rejected) => {
                        *refused.entry(format!("{:?}", rejected.reason)).or_insert(0) += 1;
                    }
                    Event::Trade(_) => trades += 1,
                    _ => {}
                }
            }
        }
        println!("  {accepted} accepted, {trades} trades, refused {refused:?}");
        assert!(
            accepted > steps / 20,
            "the stream trades too little to prove anything"
        );
    }
}

#[test]
fn naive_agrees_on_mixed_streams() {
    agree(Theme::Mixed, 6);
}

#[test]
fn naive_agrees_on_dust() {
    agree(Theme::Dust, 4);
}

#[test]
fn naive_agrees_on_self_trade() {
    agree(Theme::SelfTrade, 4);
}

#[test]
fn naive_agrees_on_trade_groups() {
    agree(Theme::Groups, 6);
}

#[test]
fn naive_agrees_on_trade_groups_when_commands_go_on_in_continue() {
    let (mut carried, mut moved) = (0, 0);
    for seed in 0..4 {
        println!("seed {seed}");
        let mut pair = Pair::new(seed, Theme::Groups);
        pair.limit_events(6);
        for step in 0..1_500 {
            if let Err(difference) = pair.step() {
                panic!("seed {seed}, step {step}: {difference}");
            }
            carried += u32::from(pair.venue.carried);
            let told = pair.naive.told.iter();
            moved += told
                .filter(|event| matches!(event, Event::PreventedTransferred(_)))
                .count();
            if step % 50 == 49 {
                pair.restore(seed + step);
                pair.limit_events(6);
            }
        }
    }
    println!("{carried} commands went on in Continue, {moved} transfers");
    assert!(carried > 50 && moved > 100, "too few to prove anything");
}

#[test]
fn naive_agrees_on_many_symbols() {
    agree(Theme::Wide, 2);
}

#[test]
fn naive_agrees_while_rules_change() {
    agree(Theme::Rules, 6);
}

#[test]
fn naive_agrees_on_a_deep_book() {
    agree(Theme::Deep, 2);
}

#[test]
fn naive_agrees_when_commands_go_on_in_continue() {
    let mut carried = 0;
    for seed in 0..4 {
        println!("seed {seed}");
        let mut pair = Pair::new(seed, Theme::Deep);
        pair.limit_events(6);
        for step in 0..1_000 {
            if let Err(difference) = pair.step() {
                panic!("seed {seed}, step {step}: {difference}");
            }
            carried += u32::from(pair.venue.carried);
        }
    }
    println!("{carried} commands went on in Continue");
    assert!(carried > 100, "too few to prove anything");
}
