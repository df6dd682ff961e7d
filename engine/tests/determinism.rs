//! Equal journals give equal chains and roots: twice, under another hash seed, from a snapshot.

use engine::apply::{Engine, Stamp};
use engine::chain::Chain;
use engine::trace::Notes;
use expect_test::expect;
use schemas::command::Command;
use schemas::event::encode_events;
use schemas::ids::{AccountId, AssetId};

use crate::random_streams::Pair;
use crate::swarm::{Random, Theme};

/// What a run ends in.
#[derive(Clone, PartialEq, Eq, Debug)]
struct End {
    chain: u64,
    commitment: [u8; 32],
    root: [u8; 32],
}

/// A random stream with its stamps, as a journal would hold it.
fn journal(seed: u64, theme: Theme, steps: u64) -> Vec<(Stamp, Command)> {
    let mut pair = Pair::new(seed, theme);
    for _ in 0..steps {
        if let Err(difference) = pair.step() {
            panic!("seed {seed} {theme:?}: {difference}");
        }
    }
    pair.venue.journal
}

fn run(engine: &mut Engine, chain: &mut Chain, journal: &[(Stamp, Command)]) -> End {
    let (mut events, mut bytes) = (Vec::new(), Vec::new());
    for (at, command) in journal {
        events.clear();
        bytes.clear();
        engine.apply(*at, command, &mut events);
        encode_events(&events, &mut bytes);
        chain.absorb(*at, &bytes);
    }
    End {
        chain: chain.value(),
        commitment: chain.commitment(),
        root: engine.root(),
    }
}

fn sections(engine: &Engine) -> Vec<(String, Vec<u8>)> {
    engine
        .sections()
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect()
}

#[test]
fn short_ways_and_reading_ahead_give_what_the_long_ways_give() {
    for (seed, theme) in [(51, Theme::Mixed), (52, Theme::Rules), (53, Theme::Wide)] {
        println!("seed {seed} {theme:?}");
        let journal = journal(seed, theme, 2_500);
        let mut short = Engine::new(1);
        // Who listens to every step takes the long way through each rule.
        let mut long = Engine::with_trace(1, Notes::default());
        let (mut told, mut expected) = (Vec::new(), Vec::new());
        for (index, (at, command)) in journal.iter().enumerate() {
            if let Some((_, next)) = journal.get(index + 1) {
                short.fetch(next);
            }
            told.clear();
            expected.clear();
            short.apply(*at, command, &mut told);
            long.apply(*at, command, &mut expected);
            long.trace_mut().0.clear();
            assert_eq!(told, expected, "seed {seed}, offset {}", at.offset.0);
        }
        assert_eq!(short.root(), long.root(), "seed {seed}");
    }
}

#[test]
fn a_stream_ends_alike_twice_and_from_a_snapshot() {
    for (seed, theme) in [(11, Theme::Mixed), (12, Theme::Rules), (13, Theme::Dust)] {
        println!("seed {seed} {theme:?}");
        let journal = journal(seed, theme, 2_500);
        let first = run(&mut Engine::new(1), &mut Chain::new(), &journal);
        let second = run(&mut Engine::new(0xdead_beef), &mut Chain::new(), &journal);
        assert_eq!(first, second, "the hash seed is not to be seen");

        let (early, late) = journal.split_at(journal.len() / 2);
        let (mut engine, mut chain) = (Engine::new(2), Chain::new());
        run(&mut engine, &mut chain, early);
        let saved = sections(&engine);
        let mut restored = Engine::restore(99, &saved).expect("its own sections");
        assert_eq!(restored.root(), engine.root());
        assert_eq!(sections(&restored), saved);
        assert_eq!(
            (restored.next(), restored.now()),
            (engine.next(), engine.now())
        );
        let mut chain = Chain::load(&chain.save()).expect("its own bytes");
        assert_eq!(
            run(&mut restored, &mut chain, late),
            first,
            "from a snapshot"
        );
    }
}

#[test]
fn the_chain_and_root_of_a_stream_are_the_same_in_every_build() {
    let journal = journal(21, Theme::Mixed, 600);
    let end = run(&mut Engine::new(3), &mut Chain::new(), &journal);
    let hex: String = end.root.iter().map(|byte| format!("{byte:02x}")).collect();
    // Debug and release must agree on it. It changes with a rule of the venue, an event or
    // a section, and then old journals need their format kept (`ActivateFormat`).
    expect!["8c4e7094e0f34209 ac9a03cb2920a367b22f33085bcbd8d3afcddb4d465d4e9285f72226e394491c"]
        .assert_eq(&format!("{:016x} {hex}", end.chain));
}

#[test]
fn one_command_more_or_less_changes_the_chain() {
    let journal = journal(31, Theme::Mixed, 300);
    let whole = run(&mut Engine::new(1), &mut Chain::new(), &journal);
    let shorter = run(
        &mut Engine::new(1),
        &mut Chain::new(),
        &journal[..journal.len() - 1],
    );
    assert_ne!(whole.chain, shorter.chain);
    assert_ne!(whole.commitment, shorter.commitment);
    assert_ne!(whole.root, shorter.root);
}

#[test]
fn damaged_sections_are_refused_or_harmless() {
    let journal = journal(41, Theme::Mixed, 400);
    let mut engine = Engine::new(1);
    run(&mut engine, &mut Chain::new(), &journal);
    let saved = sections(&engine);
    let mut random = Random::new(41);
    for section in 0..saved.len() {
        let missing: Vec<_> = saved
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != section)
            .map(|(_, s)| s.clone())
            .collect();
        assert!(
            Engine::restore(1, &missing).is_err(),
            "{} is missing",
            saved[section].0
        );
        let length = saved[section].1.len();
        for _ in 0..60.min(length) {
            let mut cut = saved.clone();
            cut[section]
                .1
                .truncate(random.below(length as u64) as usize);
            assert!(
                Engine::restore(1, &cut).is_err(),
                "{} is cut",
                saved[section].0
            );

            let mut flipped = saved.clone();
            let bit = random.below(length as u64 * 8) as usize;
            flipped[section].1[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Engine::restore(1, &flipped) {
                assert_ne!(
                    other.root(),
                    engine.root(),
                    "{} bit {bit}",
                    saved[section].0
                );
                let _ = other.check_invariants();
                other.balance(AccountId::FIRST_USER, AssetId(0));
            }
        }
        let mut longer = saved.clone();
        longer[section].1.push(0);
        assert!(
            Engine::restore(1, &longer).is_err(),
            "{} is too long",
            saved[section].0
        );
    }
}
