//! The bytes of every command and event, for ever.
//!
//! `golden/` holds one file of hexadecimal text per command kind and version and per event.
//! A difference means "add a version", never "write the file anew". A missing file is made
//! by `DAYBOOK_WRITE_GOLDEN=1 cargo test -p schemas golden`; an existing one is never touched.
//!
//! Reading order: this file (the comparisons), `samples` (the values).

mod samples;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::command::{Command, CommandBuffer};
use schemas::event::{Event, EventEncoder, OrderAmended, decode_events, encode_events};
use schemas::wire::Wire;

use samples::{command_samples, event_samples, rejects_by_number};

/// An archive as the journal presents it: 16-aligned.
#[repr(C, align(16))]
struct Aligned([u8; 512]);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// 32 bytes a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").expect("a string takes everything");
        }
        text.push('\n');
    }
    text
}

fn compare(file: &str, bytes: &[u8]) -> Result<(), String> {
    let path = folder().join(file);
    let found = hex(bytes);
    if !path.exists() && std::env::var_os("DAYBOOK_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("the golden folder is writable");
    }
    match std::fs::read_to_string(&path) {
        Ok(golden) if golden == found => Ok(()),
        Ok(golden) => Err(format!(
            "{file}: the bytes changed; add a version instead\nwas\n{golden}is\n{found}"
        )),
        Err(error) => Err(format!("{file}: {error}")),
    }
}

fn command_file(variant: &str, command: &Command) -> String {
    let name = snake(Command::kind_name(command.kind()).expect("every kind has a name"));
    let variant = if variant.is_empty() {
        String::new()
    } else {
        format!("_{variant}")
    };
    format!(
        "command_{:03}_{name}{variant}_v{}.hex",
        command.kind(),
        command.ver()
    )
}

fn event_file(variant: &str, event: &Event) -> String {
    let variant = if variant.is_empty() {
        String::new()
    } else {
        format!("_{variant}")
    };
    format!(
        "event_{:03}_{}{variant}.hex",
        encoded(event)[0],
        snake(event.name())
    )
}

fn encoded(event: &Event) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.put(&mut bytes);
    bytes
}

fn decode(command: &Command, bytes: &[u8]) -> Option<Command> {
    decode_as(command.kind(), command.ver(), bytes)
}

fn decode_as(kind: u16, ver: u16, bytes: &[u8]) -> Option<Command> {
    let mut aligned = Aligned([0; 512]);
    aligned.0[..bytes.len()].copy_from_slice(bytes);
    Command::decode(kind, ver, &aligned.0[..bytes.len()]).ok()
}

fn archive(command: &Command) -> Vec<u8> {
    let mut buffer = CommandBuffer::new();
    let length = command.encode(&mut buffer);
    buffer.first(length).to_vec()
}

#[test]
fn golden_bytes_of_every_command_are_as_released() {
    let failures: Vec<String> = command_samples()
        .iter()
        .filter_map(|(variant, command)| {
            compare(&command_file(variant, command), &archive(command)).err()
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn golden_bytes_of_every_event_are_as_released() {
    let failures: Vec<String> = event_samples()
        .iter()
        .filter_map(|(variant, event)| compare(&event_file(variant, event), &encoded(event)).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn golden_numbers_of_reject_reasons_are_as_released() {
    let bytes = rejects_by_number();
    let path = folder().join("reject_reasons.txt");
    if !path.exists() && std::env::var_os("DAYBOOK_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &bytes).expect("the golden folder is writable");
    }
    let golden = std::fs::read_to_string(&path).expect("reject_reasons.txt is there");
    // New reasons may follow; a released number never changes.
    assert!(
        bytes.starts_with(&golden),
        "released numbers changed:\n{golden}now\n{bytes}"
    );
    assert_eq!(
        bytes, golden,
        "a new reason: append its line to the golden file"
    );
}

#[test]
fn golden_folder_holds_every_kind_and_nothing_else() {
    let sampled: BTreeSet<u16> = command_samples().iter().map(|(_, c)| c.kind()).collect();
    let kinds: BTreeSet<u16> = (0..=u16::MAX)
        .filter(|kind| Command::kind_name(*kind).is_some())
        .collect();
    assert_eq!(sampled, kinds);

    let tagged: BTreeSet<u8> = event_samples().iter().map(|(_, e)| encoded(e)[0]).collect();
    let tags: BTreeSet<u8> = (0..=u8::MAX)
        .filter(|tag| {
            let mut bytes = vec![1_u8; 600];
            bytes[0] = *tag;
            Event::take(&mut bytes.as_slice()).is_some()
        })
        .collect();
    assert_eq!(tagged, tags);

    let mut expected: BTreeSet<String> = command_samples()
        .iter()
        .map(|(variant, command)| command_file(variant, command))
        .collect();
    expected.extend(
        event_samples()
            .iter()
            .map(|(variant, event)| event_file(variant, event)),
    );
    expected.insert("reject_reasons.txt".to_owned());
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the golden folder is there")
        .map(|entry| {
            entry
                .expect("readable folder")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_command_reads_back_equal() {
    for (_, command) in command_samples() {
        let bytes = archive(&command);
        assert_eq!(decode(&command, &bytes).as_ref(), Some(&command));
        assert!(
            bytes.len().is_multiple_of(16) || command.kind() != 40,
            "the hot command fills whole alignment steps"
        );
    }
}

#[test]
fn padding_is_zero_whatever_lay_in_the_buffer() {
    let samples = command_samples();
    for (_, command) in &samples {
        for (_, earlier) in &samples {
            let mut buffer = CommandBuffer::new();
            earlier.encode(&mut buffer);
            let length = command.encode(&mut buffer);
            assert_eq!(buffer.first(length), archive(command).as_slice());
        }
    }
}

#[test]
fn damaged_commands_never_panic() {
    for (_, command) in command_samples() {
        let bytes = archive(&command);
        for length in 0..bytes.len() {
            assert_eq!(decode(&command, &bytes[..length]), None, "cut to {length}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // Either refused, or another value that can be used without harm.
            if let Some(read) = decode(&command, &damaged) {
                assert!(!format!("{read:?}").is_empty());
                archive(&read);
            }
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(decode(&command, &longer), None, "one byte too many");
        for kind in 0..64 {
            let read = decode_as(kind, command.ver(), &bytes);
            assert!(read.is_none_or(|read| read.kind() == kind));
        }
        assert_eq!(
            decode_as(command.kind(), 2, &bytes),
            None,
            "a version of the future"
        );
    }
}

#[test]
fn every_event_reads_back_equal() {
    let events: Vec<Event> = event_samples()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    for event in &events {
        let bytes = encoded(event);
        let mut input = bytes.as_slice();
        assert_eq!(Event::take(&mut input), Some(*event));
        assert!(input.is_empty(), "{} reads all its bytes", event.name());
    }
    let mut frame = Vec::new();
    encode_events(&events, &mut frame);
    assert_eq!(decode_events(&frame), Some(events));
}

#[test]
fn an_encoder_writes_what_encode_events_writes() {
    let mut events: Vec<Event> = event_samples()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    // The event with the most text, at the end of the room, with all that a text can hold.
    let longest = events.iter().find_map(|event| match event {
        Event::OrderAmended(amended) => Some(*amended),
        _ => None,
    });
    let text = schemas::ids::Text::from_bytes(&[b'x'; 36]).expect("as long as can be");
    events.push(Event::OrderAmended(OrderAmended {
        old_client: text,
        new_client: text,
        ..longest.expect("there is a sample of each")
    }));
    let mut encoder = EventEncoder::default();
    let mut expected = Vec::new();
    let mut agree = |some: &[Event]| {
        expected.clear();
        encode_events(some, &mut expected);
        assert_eq!(encoder.encode(some), expected.as_slice(), "{some:?}");
    };
    agree(&events);
    // What the longer encoding left behind does not show in a shorter one.
    for one in events.chunks(1).rev() {
        agree(one);
    }
    agree(&[]);
    agree(&events);
}

#[test]
fn damaged_events_never_panic() {
    let events: Vec<Event> = event_samples()
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    for event in &events {
        let bytes = encoded(event);
        for length in 0..bytes.len() {
            assert_eq!(
                Event::take(&mut &bytes[..length]),
                None,
                "{} cut",
                event.name()
            );
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Some(read) = Event::take(&mut damaged.as_slice()) {
                assert!(!format!("{read:?}").is_empty());
            }
        }
    }
    let mut frame = Vec::new();
    encode_events(&events, &mut frame);
    for length in 0..frame.len() {
        assert_eq!(decode_events(&frame[..length]), None);
    }
    frame.push(0);
    assert_eq!(decode_events(&frame), None, "one byte too many");
    assert_eq!(
        decode_events(&[0xff; 64]),
        None,
        "an absurd count allocates nothing"
    );
}
