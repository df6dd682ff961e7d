//! Frames and their publication on the heap: no file, so that miri can run these.

use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::frame::{self, Frame, FrameError, JournalId, Record};
use crate::region::Region;
use crate::segment::{self, Header, Magic, Tail};
use crate::tests::life::payload_of;

fn header() -> Header {
    Header {
        magic: Magic::Journal,
        id: JournalId([9; 16]),
        first: Offset(0),
        previous: Offset(0),
        segment_bytes: 4096,
    }
}

fn push(tail: &mut Tail, seed: u32, offset: u64) {
    let payload = payload_of(offset);
    let record = Record {
        time: TimeNs(offset),
        kind: 1,
        ver: 1,
        payload: &payload,
    };
    let sealed = frame::seal(seed, Offset(offset), 0, &record);
    tail.push(&sealed, &payload);
}

#[test]
fn region_frames_come_back_as_they_went_in() {
    let header = header();
    let seed = header.id.seed();
    let mut tail = Tail::start(Region::heap(4096), &header);
    for offset in 0..12 {
        push(&mut tail, seed, offset);
    }
    let bytes = tail.bytes();
    let path = std::path::Path::new("heap");
    assert_eq!(
        Header::decode(bytes, Magic::Journal, path).expect("whole"),
        header
    );
    let mut at = segment::HEADER_BYTES;
    for offset in 0..12 {
        let frame = Frame::decode(&bytes[at..], seed).expect("it was pushed");
        assert_eq!(
            (frame.offset, frame.payload),
            (Offset(offset), &payload_of(offset)[..])
        );
        at += frame.span();
    }
    assert_eq!(Frame::decode(&bytes[at..], seed), Err(FrameError::Absent));
    assert!(Frame::decode(&bytes[segment::HEADER_BYTES..], seed + 1).is_err());
}

#[test]
fn region_view_sees_whole_frames_while_the_owner_writes() {
    let header = header();
    let seed = header.id.seed();
    let mut tail = Tail::start(Region::heap(16 << 10), &header);
    let view = tail.view();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut at, mut offset) = (segment::HEADER_BYTES, 0);
            while offset < 40 {
                let length = view.length(at) as usize;
                if length == 0 {
                    std::thread::yield_now();
                    continue;
                }
                let frame = Frame::decode(view.bytes(at, length), seed).expect("published");
                assert_eq!(
                    (frame.offset.0, frame.payload),
                    (offset, &payload_of(offset)[..])
                );
                (at, offset) = (at + frame.span(), offset + 1);
            }
        });
        for offset in 0..40 {
            push(&mut tail, seed, offset);
        }
    });
}

#[test]
fn region_frame_damaged_in_any_bit_does_not_verify() {
    let header = header();
    let seed = header.id.seed();
    let mut tail = Tail::start(Region::heap(512), &header);
    push(&mut tail, seed, 5);
    let whole = tail.bytes()[segment::HEADER_BYTES..].to_vec();
    let length = frame::HEADER_BYTES + payload_of(5).len();
    for bit in 0..length * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Frame::decode(&bytes, seed).is_err(), "bit {bit}");
    }
    for cut in 0..length {
        assert!(Frame::decode(&whole[..cut], seed).is_err(), "cut at {cut}");
    }
}

#[test]
fn region_buffers_of_words_are_plain_bytes() {
    let mut words = vec![0u128; 3];
    crate::region::bytes_of_mut(&mut words)[17] = 0xab;
    assert_eq!(crate::region::bytes_of(&words)[17], 0xab);
    assert_eq!(words[1], 0xab00_u128);
}
