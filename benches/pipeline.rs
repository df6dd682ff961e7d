//! `XCS1=FILE cargo bench --bench pipeline`: sequencer + journal + engine + gate + event
//! log + views in one process. Prints CONTRACT's one line of JSON.
//!
//! Three parts: throughput (as fast as the ring takes them, segments prepared ahead),
//! latency (10,000 commands/s, open loop, in alternation with a bare 4 KiB fdatasync on
//! the same file system), and replay of what was journaled.

#[path = "../engine/tests/oracle/xcs1_stream.rs"]
#[expect(dead_code, reason = "the engine bench and the oracle use the rest")]
mod xcs1_stream;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use daybook::config::{Config, Live, Sql};
use daybook::node::Node;
use gateway::submit::Submit;
use hdrhistogram::Histogram;
use journal::frame::Frame;
use journal::reader::Reader;
use replay_tool::error::ReplayError;
use replay_tool::relay::Happened;
use replay_tool::replay::{Replayer, start_state};
use schemas::command::Command;
use schemas::ids::Offset;

use xcs1_stream::{Plan, Stream};

/// Commands a second in the latency part.
const RATE: u64 = 10_000;
/// One window of the latency part, and of the bare sync between.
const WINDOW: Duration = Duration::from_millis(1_000);
/// Windows of each kind.
const WINDOWS: usize = 8;
/// Bytes of a segment.
const SEGMENT_BYTES: u64 = 256 << 20;

fn main() {
    let stream = std::env::var("XCS1").expect("XCS1=FILE names the stream");
    let most: usize = number("XCS1_COMMANDS", 10_000_000);
    let folder = match std::env::var("BENCH_DIR") {
        Ok(dir) => tempfile::tempdir_in(dir),
        Err(_) => tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")),
    };
    let folder = folder.expect("a temporary directory");
    let bytes = std::fs::read(&stream).expect("the stream can be read");
    let mut parsed = Stream::parse(&bytes);
    parsed.records.truncate(parsed.fill.saturating_add(most));
    let stream = Work::new(&Plan::new(parsed));
    let commands = stream.founding.len() + stream.fill.len() + stream.timed.len();
    let ahead = (commands as u64 * 300 / SEGMENT_BYTES + 2) as u32;
    let throughput = throughput(&folder.path().join("throughput"), &stream, ahead);
    let latency = latency(&folder.path().join("latency"), &stream);
    println!(
        "{{\"durable_commands_per_s\":{:.0},\"p50_us\":{:.1},\"p99_us\":{:.1},\
         \"fdatasync_p50_us\":{:.1},\"fdatasync_p99_us\":{:.1},\"bytes_per_command\":{:.1},\
         \"replay_commands_per_s\":{:.0},\"commands\":{},\"seconds\":{:.2}}}",
        throughput.per_second,
        latency.p50_us,
        latency.p99_us,
        latency.sync_p50_us,
        latency.sync_p99_us,
        throughput.bytes_per_command,
        throughput.replay_per_second,
        throughput.commands,
        throughput.seconds,
    );
}

/// The stream as commands, made before any clock runs.
struct Work {
    founding: Vec<Command>,
    fill: Vec<Command>,
    timed: Vec<Command>,
}

impl Work {
    fn new(plan: &Plan) -> Work {
        let mut founding = Vec::new();
        plan.stream.opening(|command| founding.push(command));
        let (fill, end) = (plan.stream.fill, plan.stream.records.len());
        Work {
            founding,
            fill: (0..fill).map(|index| plan.command(index)).collect(),
            timed: (fill..end).map(|index| plan.command(index)).collect(),
        }
    }
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn config(dir: &Path, segments_ahead: u32) -> Config {
    Config {
        data_dir: dir.to_path_buf(),
        listen: ([127, 0, 0, 1], 0).into(),
        admin_listen: ([127, 0, 0, 1], 0).into(),
        fix_listen: Some(([127, 0, 0, 1], 0).into()),
        segment_bytes: SEGMENT_BYTES,
        segments_ahead,
        ring_commands: 16_384,
        snapshot_commands: 0,
        kafka: None,
        redis: None,
        telemetry: None,
        index: Default::default(),
        search: Default::default(),
        accept_time: false,
        sql: Sql::default(),
        tls: None,
        live: Live::default(),
        file: None,
    }
}

struct Throughput {
    per_second: f64,
    bytes_per_command: f64,
    replay_per_second: f64,
    commands: usize,
    seconds: f64,
}

/// Pushes every command as fast as the ring takes them, until the last effect is visible.
fn throughput(dir: &Path, stream: &Work, ahead: u32) -> Throughput {
    let node = founded(dir, stream, ahead);
    let commands = &stream.timed;
    // Segments are prepared by a thread of their own; it gets a moment before the clock runs.
    wait_prepared(dir, ahead);
    let before = node.pipeline.visible().0;
    let started = Instant::now();
    for command in commands {
        push(&node, command.clone());
    }
    wait_visible(&node, before + commands.len() as u64);
    let seconds = started.elapsed().as_secs_f64();
    node.stop().expect("it stops cleanly");
    let per_second = commands.len() as f64 / seconds;
    let (frames, bytes, replay_seconds) = replay(dir);
    Throughput {
        per_second,
        bytes_per_command: bytes as f64 / frames as f64,
        replay_per_second: frames as f64 / replay_seconds,
        commands: commands.len(),
        seconds,
    }
}

/// A node on which the untimed part of the stream has happened.
fn founded(dir: &Path, stream: &Work, ahead: u32) -> Node {
    let node = Node::open(&config(dir, ahead), Offset(u64::MAX)).expect("a new venue");
    for command in stream.founding.iter().chain(&stream.fill) {
        push(&node, command.clone());
    }
    wait_visible(&node, (stream.founding.len() + stream.fill.len()) as u64);
    node
}

fn push(node: &Node, command: Command) {
    while node.pipeline.push(command.clone()).is_err() {
        // A full ring holds many milliseconds of work: the core gets the processor.
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn wait_visible(node: &Node, next: u64) {
    while node.pipeline.visible().0 < next {
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn wait_prepared(dir: &Path, ahead: u32) {
    let deadline = Instant::now() + Duration::from_secs(240);
    let spares = || {
        let entries = std::fs::read_dir(dir.join("journal")).expect("a journal");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names
            .filter(|name| name.contains("spare") && !name.ends_with(".tmp"))
            .count()
    };
    while spares() < ahead as usize && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Frames, their bytes, and the seconds a replay of all of them takes.
fn replay(dir: &Path) -> (u64, u64, f64) {
    let start = start_state(dir, None).expect("a state to start from");
    let mut replayer = Replayer::new(start.engine, start.chain, Default::default());
    let mut reader = Reader::open(dir, start.next).expect("a journal");
    let mut bytes = 0;
    let started = Instant::now();
    let ahead = |frame: &Frame<'_>| bytes += frame.span() as u64;
    let follow = |_: Happened<'_>| Ok::<(), ReplayError>(());
    let frames = replayer.relay(&mut reader, Offset(u64::MAX), (ahead, follow));
    let seconds = started.elapsed().as_secs_f64();
    (frames.expect("it replays"), bytes, seconds)
}

struct Latency {
    p50_us: f64,
    p99_us: f64,
    sync_p50_us: f64,
    sync_p99_us: f64,
}

/// Submit to durable answer at a fixed rate, in windows that alternate with bare syncs.
fn latency(dir: &Path, stream: &Work) -> Latency {
    let node = founded(dir, stream, 1);
    let mut answers = histogram();
    let mut syncs = histogram();
    let file = File::create(dir.join("bare-sync")).expect("a file");
    file.write_all_at(&[1; 4_096], 0).expect("written");
    file.sync_all().expect("synced");
    let mut orders = stream.timed.iter().cloned();
    for window in 0..WINDOWS {
        let warm = window == 0;
        answer_window(
            &node,
            &mut orders,
            if warm { None } else { Some(&mut answers) },
        );
        let ends = Instant::now() + WINDOW;
        while Instant::now() < ends {
            let started = Instant::now();
            file.write_all_at(&[2; 4_096], 0).expect("written");
            file.sync_data().expect("synced");
            if !warm {
                syncs
                    .record(started.elapsed().as_nanos() as u64)
                    .expect("in range");
            }
        }
    }
    node.stop().expect("it stops cleanly");
    let us = |histogram: &Histogram<u64>, quantile| {
        histogram.value_at_quantile(quantile) as f64 / 1_000.0
    };
    Latency {
        p50_us: us(&answers, 0.5),
        p99_us: us(&answers, 0.99),
        sync_p50_us: us(&syncs, 0.5),
        sync_p99_us: us(&syncs, 0.99),
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are right")
}

/// One window at the rate. The time of a command is when it was due, not when a late
/// sender came to it: nothing is omitted.
fn answer_window(
    node: &Node,
    orders: &mut impl Iterator<Item = Command>,
    into: Option<&mut Histogram<u64>>,
) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let collector = std::thread::spawn(move || {
        let mut taken = Vec::new();
        while let Ok((due, pending)) = receiver.recv() {
            let pending: gateway::submit::Pending = pending;
            let answered = pending.blocking_recv();
            assert!(
                matches!(answered, Ok(Ok(_))),
                "a command was refused: {answered:?}"
            );
            let elapsed: Duration = Instant::now().saturating_duration_since(due);
            taken.push(elapsed.as_nanos() as u64);
        }
        taken
    });
    let started = Instant::now();
    let count = RATE * WINDOW.as_millis() as u64 / 1_000;
    for index in 0..count {
        let due = started + Duration::from_nanos(index * 1_000_000_000 / RATE);
        let now = Instant::now();
        if now < due {
            std::thread::sleep(due - now);
        }
        let command = orders.next().expect("there is always another order");
        let pending = node.pipeline.submit(command).expect("the ring has room");
        sender.send((due, pending)).expect("the collector lives");
    }
    drop(sender);
    let taken = collector.join().expect("the collector does not fail");
    if let Some(histogram) = into {
        for nanos in taken {
            histogram.record(nanos.max(1)).expect("in range");
        }
    }
}
