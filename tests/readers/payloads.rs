//! The payload of every command, the events, and frames around payloads.

use std::collections::BTreeSet;

use journal::frame::{Frame, FrameError};
use schemas::command::{Command, CommandBuffer};
use schemas::event::{decode_events, encode_events};

use crate::readers::{Input, Mutator, files, tree};

const ROUNDS: usize = 4_000;
const FRAME_HEADER: usize = 32;

/// Bytes as the journal presents them: 16-aligned.
#[repr(C, align(16))]
struct Aligned([u8; 8_192]);

impl Aligned {
    fn of(bytes: &[u8]) -> (Aligned, usize) {
        let mut aligned = Aligned([0; 8_192]);
        let length = bytes.len().min(aligned.0.len());
        aligned.0[..length].copy_from_slice(&bytes[..length]);
        (aligned, length)
    }
}

/// The golden bytes whose names begin so.
fn golden(kind: &str) -> Vec<(String, Vec<u8>)> {
    let files = files(&tree().join("schemas/golden"));
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("hexadecimal") as u8;
    let files = files.into_iter().filter(|(name, _)| name.starts_with(kind));
    files
        .map(|(name, text)| {
            let digits: Vec<u8> = text.into_iter().filter(u8::is_ascii_hexdigit).collect();
            let bytes = digits
                .chunks(2)
                .map(|pair| digit(pair[0]) << 4 | digit(pair[1]));
            (name, bytes.collect())
        })
        .collect()
}

/// The kind of `command_040_place_order_v1.hex`.
fn kind_of(name: &str) -> u16 {
    name.split('_')
        .nth(1)
        .and_then(|kind| kind.parse().ok())
        .expect("a kind")
}

fn archive(command: &Command) -> Vec<u8> {
    let mut buffer = CommandBuffer::new();
    let length = command.encode(&mut buffer);
    buffer.first(length).to_vec()
}

/// A command that can be read is written and read again as the same.
fn read_command(kind: u16, bytes: &[u8]) -> Result<bool, String> {
    let (aligned, length) = Aligned::of(bytes);
    let Ok(command) = Command::decode(kind, 1, &aligned.0[..length]) else {
        return Ok(false);
    };
    let (aligned, length) = Aligned::of(&archive(&command));
    let again = Command::decode(kind, 1, &aligned.0[..length]);
    if command.kind() == kind && again.as_ref() == Ok(&command) {
        return Ok(true);
    }
    Err(format!("{command:?} became {again:?}"))
}

#[test]
fn fuzz_payloads_of_commands() {
    let seeds = golden("command_");
    let kinds: BTreeSet<u16> = seeds.iter().map(|(name, _)| kind_of(name)).collect();
    let mut mutator = Mutator::new("payloads", ROUNDS, seeds);
    let (mut readable, mut inputs) = (BTreeSet::new(), 0);
    while let Some(mut input) = mutator.next() {
        if mutator.below(16) == 0 && mutator.corpus.len() < mutator.round {
            input.name = format!("command_{:03}_other", mutator.below(90));
        }
        let kind = kind_of(&input.name);
        let mut is_read = false;
        mutator.check(&input, || {
            is_read = read_command(kind, &input.bytes)?;
            Ok(())
        });
        if is_read {
            readable.insert(kind);
            inputs += 1;
        }
    }
    println!("payloads: {inputs} were commands");
    assert_eq!(readable, kinds, "every kind was read");
    assert!(kinds.len() * 2 < inputs, "changed ones were read, too");
}

#[test]
fn fuzz_payloads_of_events() {
    let mut seeds = golden("event_");
    // One command's events: the count is before them.
    for (_, bytes) in &mut seeds {
        bytes.splice(0..0, 1_u32.to_le_bytes());
    }
    let pairs: Vec<_> = seeds.chunks(2).filter(|pair| pair.len() == 2).collect();
    let both = pairs.iter().map(|pair| {
        let bytes = [&2_u32.to_le_bytes(), &pair[0].1[4..], &pair[1].1[4..]].concat();
        (format!("{}-and-{}", pair[0].0, pair[1].0), bytes)
    });
    let seeds: Vec<_> = both.collect::<Vec<_>>().into_iter().chain(seeds).collect();
    let whole = seeds.len();
    let mut mutator = Mutator::new("events", ROUNDS, seeds);
    let mut readable = 0;
    while let Some(input) = mutator.next() {
        mutator.check(&input, || {
            let Some(events) = decode_events(&input.bytes) else {
                return Ok(());
            };
            readable += 1;
            let mut again = Vec::new();
            encode_events(&events, &mut again);
            match decode_events(&again) {
                Some(same) if same == events => Ok(()),
                other => Err(format!("{events:?} became {other:?}")),
            }
        });
    }
    println!("events: {readable} were read");
    assert!(
        whole < readable,
        "the golden ones and changed ones were read"
    );
}

/// A frame as the drawing has it, its sum right.
fn framed(input: &Input, seed: u32) -> Vec<u8> {
    let length = FRAME_HEADER + input.bytes.len();
    let mut body = Vec::new();
    body.extend(7_u64.to_le_bytes());
    body.extend(1_700_000_000_000_000_000_u64.to_le_bytes());
    body.extend(kind_of(&input.name).to_le_bytes());
    body.extend(1_u16.to_le_bytes());
    body.extend(3_u32.to_le_bytes());
    body.extend(&input.bytes);
    let sum = crc32c::crc32c_append(seed, &body);
    let head = [(length as u32).to_le_bytes(), sum.to_le_bytes()].concat();
    [head, body].concat()
}

/// What stands there, by the drawing alone.
fn expected(bytes: &[u8], seed: u32) -> bool {
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    };
    let Some((length, sum)) = number(0).zip(number(4)) else {
        return false;
    };
    let Some(body) = bytes.get(8..length).filter(|_| FRAME_HEADER <= length) else {
        return false;
    };
    let (low, high) = (number(8).unwrap_or(0), number(12).unwrap_or(0));
    let lag = number(28).unwrap_or(0);
    crc32c::crc32c_append(seed, body) as usize == sum && (0 < high || lag <= low)
}

#[test]
fn fuzz_frames_of_the_journal() {
    let mut mutator = Mutator::new("frames", ROUNDS, golden("command_"));
    let seed = 0x5eed;
    let (mut whole, mut damaged) = (0, 0);
    while let Some(input) = mutator.next() {
        let mut bytes = framed(&input, seed);
        let is_damaged = mutator.below(2) == 0;
        if is_damaged {
            mutator.change(&mut bytes);
        }
        mutator.check(&input, || {
            let found = Frame::decode(&bytes, seed);
            if found.is_ok() != expected(&bytes, seed) {
                return Err(format!("{found:?}"));
            }
            let Ok(frame) = found else {
                damaged += 1;
                return Ok(());
            };
            whole += 1;
            let is_same = frame.payload == &bytes[FRAME_HEADER..FRAME_HEADER + frame.payload.len()]
                && frame.span().is_multiple_of(16)
                && frame.proves().0 <= frame.offset.0;
            is_same.then_some(()).ok_or(format!("{frame:?}"))
        });
        let short = &bytes[..bytes.len().min(FRAME_HEADER - 1)];
        assert_eq!(Frame::decode(short, seed), Err(FrameError::Absent));
    }
    println!("frames: {whole} whole, {damaged} damaged");
    assert!(0 < whole && 0 < damaged);
}
