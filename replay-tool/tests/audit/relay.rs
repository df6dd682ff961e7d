//! A replay on two threads tells what a replay on one tells.

use journal::reader::Reader;
use replay_tool::error::ReplayError;
use replay_tool::relay::Happened;
use replay_tool::replay::{Replayer, collect_skips, start_state};
use schemas::event::Event;
use schemas::ids::Offset;

use crate::venue::{Plan, busy, genesis, skip, write};

type Told = (Offset, Vec<Event>, Vec<u8>);

fn start(dir: &std::path::Path) -> (Replayer, Reader) {
    let start = start_state(dir, None).expect("a start");
    let skips = collect_skips(dir, start.next, None).expect("no damage");
    let reader = Reader::open(dir, start.next).expect("a reader");
    (Replayer::new(start.engine, start.chain, skips), reader)
}

#[test]
fn two_threads_tell_what_one_tells() {
    // A piece is 128 frames: nothing, less than one, exactly one, and several with a rest.
    for count in [0, 1, 128, 129, 1_000] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut commands = busy(count);
        commands.push(skip(genesis().len() as u64 + count as u64 / 2));
        write(dir.path(), &commands, &Plan::default());
        let (mut one, mut reader) = start(dir.path());
        let mut expected: Vec<Told> = Vec::new();
        while let Some(frame) = reader.next().expect("no damage") {
            let applied = one.step(&frame).expect("a command");
            let (events, encoded) = (applied.events.to_vec(), applied.encoded.to_vec());
            expected.push((applied.stamp.offset, events, encoded));
        }
        let (mut two, mut reader) = start(dir.path());
        let (mut told, mut seen) = (Vec::<Told>::new(), Vec::new());
        let follow = |happened: Happened<'_>| {
            let (events, encoded) = (happened.events.to_vec(), happened.encoded.to_vec());
            told.push((happened.stamp.offset, events, encoded));
            Ok::<(), ReplayError>(())
        };
        let frames = two
            .relay(
                &mut reader,
                Offset(u64::MAX),
                (|frame: &_| note(frame, &mut seen), follow),
            )
            .expect("it replays");
        assert_eq!(frames, expected.len() as u64);
        let offsets: Vec<Offset> = expected.iter().map(|told| told.0).collect();
        assert_eq!(seen, offsets);
        assert_eq!(told, expected);
        assert_eq!(two.chain.value(), one.chain.value());
        assert_eq!(two.chain.commitment(), one.chain.commitment());
        assert_eq!(two.engine.root(), one.engine.root());
    }
}

fn note(frame: &journal::frame::Frame<'_>, seen: &mut Vec<Offset>) {
    seen.push(frame.offset);
}

#[test]
fn a_replay_ends_where_it_is_told_to_and_goes_on_from_there() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(700), &Plan::default());
    let (mut whole, mut reader) = start(dir.path());
    let nobody = |_: Happened<'_>| Ok::<(), ReplayError>(());
    let all = whole.relay(&mut reader, Offset(u64::MAX), (|_: &_| (), nobody));
    let (mut parted, mut reader) = start(dir.path());
    let first = parted.relay(&mut reader, Offset(301), (|_: &_| (), nobody));
    assert_eq!(parted.engine.next(), Offset(301));
    let rest = parted.relay(&mut reader, Offset(u64::MAX), (|_: &_| (), nobody));
    let (first, rest) = (first.expect("it replays"), rest.expect("it replays"));
    assert_eq!(first + rest, all.expect("it replays"));
    assert_eq!(parted.chain.value(), whole.chain.value());
    assert_eq!(parted.engine.root(), whole.engine.root());
}

#[test]
fn what_the_follower_refuses_ends_the_replay() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(3_000), &Plan::default());
    let (mut replayer, mut reader) = start(dir.path());
    let mut heard = 0;
    let refused = replayer.relay(
        &mut reader,
        Offset(u64::MAX),
        (
            |_: &_| (),
            |happened: Happened<'_>| {
                heard += 1;
                match happened.stamp.offset.0 {
                    200 => Err(ReplayError::TimeBack {
                        offset: Offset(200),
                    }),
                    _ => Ok(()),
                }
            },
        ),
    );
    let refused = refused.expect_err("it was refused").to_string();
    assert!(refused.starts_with("offset 200:"), "{refused}");
    assert_eq!(heard, 201, "nothing is told behind it");
}

#[test]
fn damage_on_the_way_is_named_and_what_lies_before_it_is_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(400), &Plan::default());
    let (mut replayer, mut reader) = start(dir.path());
    // The engine stands elsewhere than the journal begins: as bad as a frame that is missing.
    let frame = reader.next().expect("no damage").expect("a frame");
    assert_eq!(frame.offset, Offset(0));
    let nobody = |_: Happened<'_>| Ok::<(), ReplayError>(());
    let refused = replayer.relay(&mut reader, Offset(u64::MAX), (|_: &_| (), nobody));
    let refused = refused.expect_err("a gap").to_string();
    assert_eq!(refused, "offset 1 comes where 0 is next");
}
