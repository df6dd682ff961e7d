//! Many seeds in a row, with what they met.

use std::time::{Duration, Instant};

use crate::kept;
use crate::profile::Profile;
use crate::shrink::{all, run, shrink};
use crate::world::Seen;

/// Runs to make a failure smaller.
const SHRINKING_RUNS: u32 = 400;

/// What twenty seeds meet, or the simulator has become blind: each row of recovery's table
/// that an honest disk can bring, each fault, each habit of clients, lines, clocks and sinks.
const MET: [&str; 57] = [
    "killed",
    "power cut",
    "killed in the middle of a call",
    "the power went after a kill",
    "a clean stop",
    "a torn tail was cut",
    "durable but unanswered commands were kept",
    "unanswered commands were lost",
    "a failed sync ended the node",
    "a start failed and was repeated",
    "a full disk refused a command",
    "a bit flipped",
    "a bit flipped in what can be made again",
    "damage was refused with 65",
    "an idle journal was sealed",
    "a snapshot was taken",
    "a snapshot was taken of a stopped node",
    "a snapshot could not be taken",
    "the event log was compared",
    "the event log began at a snapshot",
    "a client repeated a request",
    "a start with open positions",
    "a start with orders that sleep",
    "a start with conditional orders",
    "a start with order lists",
    "a start in an auction",
    "a request was lost",
    "a request was late",
    "a request was doubled",
    "an answer was lost",
    "an answer was late",
    "an answer was doubled",
    "an answer came to nobody who waits",
    "a client sent the same bytes again",
    "a client gave up",
    "the edge refused a time",
    "what clients were told was compared",
    "a sink refused",
    "a sink's answer was lost",
    "a sink fell silent",
    "a sink's step was torn",
    "a sink finished late what was given up",
    "a sink was made again",
    "a sink had everything",
    "the read models were compared",
    "the wall clock jumped forward",
    "the wall clock jumped back",
    "the wall clock jumped to 1970 or 2038",
    "the wall clock stood still",
    "the machine slept",
    "a start with another wall clock was confirmed",
    "the wall clock was set right for a start",
    "a timer was due",
    "a slot of funding was paid",
    "a countdown ran out",
    "thousands of accounts",
    "dust and extreme quantities",
];

/// Which seeds.
struct Campaign {
    from: u64,
    seeds: u64,
    time: Option<Duration>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

impl Campaign {
    /// Twenty seeds, or what `cargo xtask sim` asks for.
    fn from_environment() -> Campaign {
        let minutes: Option<f64> = std::env::var("DAYBOOK_SIM_MINUTES")
            .ok()
            .and_then(|text| text.parse().ok());
        Campaign {
            from: number("DAYBOOK_SIM_FROM").unwrap_or(1),
            seeds: number("DAYBOOK_SIM_SEEDS").unwrap_or(if minutes.is_some() {
                u64::MAX
            } else {
                20
            }),
            time: minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes)),
        }
    }
}

#[test]
fn every_seed_keeps_what_was_promised() {
    let campaign = Campaign::from_environment();
    println!("seed {}", campaign.from);
    let begun = Instant::now();
    let mut seen = Seen::default();
    let (mut seeds, mut violations) = (0_u64, 0_u64);
    while seeds < campaign.seeds && campaign.time.is_none_or(|time| begun.elapsed() < time) {
        let seed = campaign.from + seeds;
        let profile = Profile::of(seed, None);
        let ended = run(&profile, &all(&profile));
        seen.add(&ended.seen);
        seeds += 1;
        if let Some(what) = ended.violation {
            violations += 1;
            println!("seed {seed}: {what}");
            let keeps = shrink(&profile, ended.steps, SHRINKING_RUNS);
            let smaller = run(&profile, &keeps).violation.unwrap_or_default();
            println!("seed {seed}: {} steps fail as well: {smaller}", keeps.len());
            println!(
                "seed {seed}: to keep: {}",
                kept::line((&profile, &keeps), &smaller)
            );
        }
    }
    for (what, count) in seen.marks() {
        println!("  {count:>8}  {what}");
    }
    let an_hour = seeds as f64 / begun.elapsed().as_secs_f64() * 3_600.0;
    println!("{} commands, {an_hour:.0} seeds an hour", seen.commands);
    println!(
        "{seeds} seeds, {} crashes, {violations} violations",
        seen.crashes
    );
    assert_eq!(violations, 0, "the seeds are named above");
    for what in MET {
        let enough = seeds < 20 || 0 < seen.count(what);
        assert!(enough, "no seed met: {what}");
    }
}
