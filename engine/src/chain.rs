//! Two running hashes over the events, taken after the engine, on another thread.
//!
//! The chain (xxh3) is cheap and finds divergence between two replicas; it proves
//! nothing to an adversary. The commitment (BLAKE3 over blocks of 1,024 frames) does.

use schemas::wire::Wire;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::apply::Stamp;

/// Frames in one block of the commitment.
pub const BLOCK_FRAMES: u32 = 1_024;

/// A block of large frames is folded in parts of at least so many bytes.
const PART_BYTES: usize = 256 << 10;

/// The running hashes; their value is a function of every frame absorbed.
#[derive(Clone, Debug)]
pub struct Chain {
    value: u64,
    commitment: [u8; 32],
    /// Frames of the block under way.
    frames: u32,
    /// What the commitment does not cover yet.
    gathered: Vec<u8>,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Before the first frame.
    pub fn new() -> Chain {
        Chain {
            value: 0,
            commitment: [0; 32],
            frames: 0,
            gathered: Vec::new(),
        }
    }

    /// Takes the events of one command in, as [`schemas::event::encode_events`] wrote them.
    pub fn absorb(&mut self, at: Stamp, encoded_events: &[u8]) {
        let mut head = [0; 32];
        head[..8].copy_from_slice(&self.value.to_le_bytes());
        head[8..16].copy_from_slice(&at.offset.0.to_le_bytes());
        head[16..24].copy_from_slice(&at.time.0.to_le_bytes());
        head[24..].copy_from_slice(&(encoded_events.len() as u64).to_le_bytes());
        self.value = xxh3_64_with_seed(encoded_events, xxh3_64(&head));
        self.gathered.extend_from_slice(&head[8..]);
        self.gathered.extend_from_slice(encoded_events);
        self.frames += 1;
        if self.frames == BLOCK_FRAMES || self.gathered.len() >= PART_BYTES {
            self.commitment = self.commitment();
            self.gathered.clear();
            self.frames %= BLOCK_FRAMES;
        }
    }

    /// The chain: equal values mean equal events so far.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The auditor's commitment to every frame so far.
    pub fn commitment(&self) -> [u8; 32] {
        if self.gathered.is_empty() {
            return self.commitment;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.commitment);
        hasher.update(&self.gathered);
        *hasher.finalize().as_bytes()
    }

    /// What [`Chain::load`] reads.
    pub fn save(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.value.put(&mut out);
        self.commitment.put(&mut out);
        self.frames.put(&mut out);
        out.extend_from_slice(&self.gathered);
        out
    }

    /// The chain that [`Chain::save`] wrote; `None` if the bytes mean nothing.
    pub fn load(mut bytes: &[u8]) -> Option<Chain> {
        let input = &mut bytes;
        let value = u64::take(input)?;
        let commitment = <[u8; 32]>::take(input)?;
        let frames = u32::take(input)?;
        (frames < BLOCK_FRAMES).then(|| Chain {
            value,
            commitment,
            frames,
            gathered: input.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::ids::Offset;
    use schemas::units::TimeNs;

    #[test]
    fn a_saved_chain_goes_on_as_if_never_saved() {
        let mut whole = Chain::new();
        let mut parted = Chain::new();
        for offset in 0..2_500u64 {
            let at = Stamp {
                offset: Offset(offset),
                time: TimeNs(offset * 3),
            };
            whole.absorb(at, &offset.to_le_bytes());
            parted = Chain::load(&parted.save()).expect("what was saved is read");
            parted.absorb(at, &offset.to_le_bytes());
        }
        assert_eq!(whole.value(), parted.value());
        assert_eq!(whole.commitment(), parted.commitment());
        assert!(Chain::load(&[1, 2, 3]).is_none());
    }
}
