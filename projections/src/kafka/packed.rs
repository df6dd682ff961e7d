//! Values as rkyv bytes: the event as the log holds it, in an envelope that says which one.
//!
//! Smaller and faster than JSON, in units instead of decimals; for readers written in Rust.

use rkyv::{Archive, Deserialize, Serialize};
use schemas::event::Event;
use schemas::wire::Wire;

use crate::telling::Fact;

/// One value of any topic. Never edited; a new form is a `PackedV2`.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct PackedV1 {
    /// `offset << 16 | index`.
    pub id: u64,
    pub time_ns: u64,
    /// The encoding of `schemas::event`.
    pub event: Vec<u8>,
}

/// The value of one event.
pub fn pack(fact: Fact<'_>) -> Vec<u8> {
    let mut event = Vec::with_capacity(128);
    fact.event.put(&mut event);
    let packed = PackedV1 {
        id: fact.id().0,
        time_ns: fact.time.0,
        event,
    };
    let bytes = rkyv::to_bytes::<rkyv::rancor::Error>(&packed);
    bytes.expect("plain data always serializes").to_vec()
}

/// Reads a value; `None` when the bytes mean nothing.
pub fn unpack(bytes: &[u8]) -> Option<(PackedV1, Event)> {
    let mut aligned = rkyv::util::AlignedVec::<16>::new();
    aligned.extend_from_slice(bytes);
    let packed = rkyv::from_bytes::<PackedV1, rkyv::rancor::Error>(&aligned).ok()?;
    let input = &mut packed.event.as_slice();
    let event = Event::take(input)?;
    input.is_empty().then_some((packed, event))
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
    use crate::telling::Fact;
    use schemas::event::Event;
    use schemas::ids::Offset;
    use schemas::units::TimeNs;

    #[test]
    fn a_packed_event_reads_back_and_damage_does_not() {
        let event = Event::AlreadyDone { at: Offset(9) };
        let fact = Fact {
            offset: Offset(5),
            index: 2,
            time: TimeNs(77),
            event: &event,
        };
        let bytes = pack(fact);
        let (packed, found) = unpack(&bytes).expect("it reads back");
        assert_eq!((packed.id, packed.time_ns, found), (5 << 16 | 2, 77, event));
        assert_eq!(unpack(&bytes[..bytes.len() - 1]), None);
    }
}
