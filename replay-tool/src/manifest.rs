//! What a snapshot says about itself, beside the checksums of its files.
//!
//! ```text
//! format u32 | next u64 | time u64 | journal 16 | root 32 | commitment 32
//! chain: bytes u32, saved chain | sections: count u32, each: bytes u32, name
//! ```

use engine::chain::Chain;
use journal::frame::JournalId;
use schemas::ids::Offset;
use schemas::units::TimeNs;
use schemas::wire::Wire;

use crate::error::SnapshotFault;

/// The manifest's format that this build writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// A snapshot's own description.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The first command that is not in the state.
    pub next: Offset,
    /// Time of the last command that is.
    pub time: TimeNs,
    /// The journal that the state belongs to.
    pub journal: JournalId,
    /// Root of the engine's state.
    pub root: [u8; 32],
    /// The auditor's commitment to every event so far.
    pub commitment: [u8; 32],
    /// The chain up to here, ready to go on.
    pub chain: Chain,
    /// Names of the engine's sections, in the order under the root.
    pub sections: Vec<String>,
}

impl Manifest {
    /// The explicit bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        FORMAT.put(&mut out);
        self.next.put(&mut out);
        self.time.put(&mut out);
        self.journal.0.put(&mut out);
        self.root.put(&mut out);
        self.commitment.put(&mut out);
        put_bytes(&self.chain.save(), &mut out);
        length_of(self.sections.len()).put(&mut out);
        for name in &self.sections {
            put_bytes(name.as_bytes(), &mut out);
        }
        out
    }

    /// Reads what [`Manifest::encode`] wrote.
    ///
    /// # Errors
    /// [`SnapshotFault::Newer`] for a format of a later build, else
    /// [`SnapshotFault::Manifest`].
    pub fn decode(bytes: &[u8]) -> Result<Manifest, SnapshotFault> {
        let mut input = bytes;
        let found = u32::take(&mut input).ok_or(SnapshotFault::Manifest)?;
        if found != FORMAT {
            return Err(SnapshotFault::Newer {
                found,
                known: FORMAT,
            });
        }
        take_body(&mut input)
            .filter(|manifest| input.is_empty() && manifest.commits())
            .ok_or(SnapshotFault::Manifest)
    }

    /// Whether the saved chain has the commitment that stands beside it.
    fn commits(&self) -> bool {
        self.chain.commitment() == self.commitment
    }
}

fn take_body(input: &mut &[u8]) -> Option<Manifest> {
    let next = Offset::take(input)?;
    let time = TimeNs::take(input)?;
    let journal = JournalId(Wire::take(input)?);
    let root = Wire::take(input)?;
    let commitment = Wire::take(input)?;
    let chain = Chain::load(take_bytes(input)?)?;
    let count = u32::take(input)?;
    let mut sections = Vec::new();
    for _ in 0..count {
        sections.push(String::from_utf8(take_bytes(input)?.to_vec()).ok()?);
    }
    Some(Manifest {
        next,
        time,
        journal,
        root,
        commitment,
        chain,
        sections,
    })
}

fn length_of(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a chain and section names are small")
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    length_of(bytes.len()).put(out);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::take(input)?;
    let (bytes, rest) = input.split_at_checked(length as usize)?;
    *input = rest;
    Some(bytes)
}
