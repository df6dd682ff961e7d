//! `XCS1=FILE cargo bench --bench engine`: one stream through the engine, one line of JSON.
//!
//! Timed is `apply` alone, as the thread's CPU time: holds, filters, self-trade checks, fees,
//! client order ids and native events on. Encoding, chain and event log belong to the gate
//! and to the pipeline bench. Commands are built outside the clock, 1,024 at a time, so that
//! they lie in the cache as the ring would leave them.

#[path = "../engine/tests/oracle/xcs1_stream.rs"]
#[expect(
    dead_code,
    reason = "the oracle test and the pipeline bench use the rest"
)]
mod xcs1_stream;

use std::path::Path;

use rustix::time::{ClockId, clock_gettime};
use schemas::command::Command;

use xcs1_stream::{Plan, Runner, Stream, verify};

/// Commands built at once.
const CHUNK: usize = 1_024;

/// CPU time of this thread, in ns: what other processes take does not count.
fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Private memory of this process, in bytes.
fn private_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok());
    kib.unwrap_or(0) * 1024
}

/// What one timed run gives.
struct Timed {
    ns_per_command: f64,
    state_hash: u64,
}

/// What the books of the fill phase take, by resting order. Only the first engine of the
/// process can tell: a later one lives in what the first gave back.
fn bytes_per_resting_order(plan: &Plan) -> f64 {
    let mut runner = Runner::new(&plan.stream);
    let before = private_bytes();
    for index in 0..plan.stream.fill {
        runner.apply(&plan.command(index));
    }
    let grown = private_bytes() - before;
    grown as f64 / runner.engine.resting_orders().max(1) as f64
}

fn run(plan: &Plan) -> Timed {
    let mut runner = Runner::new(&plan.stream);
    let (fill, end) = (plan.stream.fill, plan.stream.records.len());
    for index in 0..fill {
        runner.apply(&plan.command(index));
    }
    let mut commands: Vec<Command> = Vec::with_capacity(CHUNK);
    let mut spent_ns = 0;
    let mut index = fill;
    while index < end {
        commands.clear();
        commands.extend((index..end.min(index + CHUNK)).map(|index| plan.command(index)));
        index += commands.len();
        let start = cpu_ns();
        // The sequencer takes commands from the ring in batches, so it knows the next too.
        for (place, command) in commands.iter().enumerate() {
            if let Some(next) = commands.get(place + 1) {
                runner.engine.foresee(next);
            }
            runner.apply(command);
        }
        spent_ns += cpu_ns() - start;
    }
    Timed {
        ns_per_command: spent_ns as f64 / (end - fill).max(1) as f64,
        state_hash: runner.state_hash(plan.stream.symbols),
    }
}

fn main() {
    let Some(file) = std::env::var_os("XCS1") else {
        eprintln!("XCS1=FILE cargo bench --bench engine: no stream named, nothing to run");
        return;
    };
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&file).display());
            std::process::exit(2);
        }
    };
    let plan = Plan::unplayed(Stream::parse(&bytes));
    drop(bytes);
    let bytes_per_resting_order = bytes_per_resting_order(&plan);
    let plan = plan.played();
    let counts = verify(&plan);
    let timed = run(&plan);
    assert_eq!(
        timed.state_hash, counts.state_hash,
        "two runs of one stream"
    );
    let name = Path::new(&file)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    println!(
        "{{\"stream\":{},\"ns_per_command\":{:.1},\"trades\":{},\"rejects\":{},\
         \"state_hash\":\"{:016x}\",\"bytes_per_resting_order\":{:.0}}}",
        serde_json::Value::from(name.as_str()),
        timed.ns_per_command,
        counts.trades,
        counts.rejects,
        counts.state_hash,
        bytes_per_resting_order,
    );
}
