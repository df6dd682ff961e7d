//! The root: one hash of the whole state. BLAKE3 per section, then over the sections.

use crate::apply::Engine;
use crate::trace::Trace;

/// The root of sections in their fixed order.
pub fn root_of_sections<N: AsRef<str>>(sections: &[(N, Vec<u8>)]) -> [u8; 32] {
    let mut whole = blake3::Hasher::new();
    for (name, bytes) in sections {
        let name = name.as_ref().as_bytes();
        whole.update(&(name.len() as u64).to_le_bytes());
        whole.update(name);
        whole.update(blake3::hash(bytes).as_bytes());
    }
    *whole.finalize().as_bytes()
}

impl<T: Trace> Engine<T> {
    /// Equal roots mean equal states: the same future for the same commands.
    pub fn root(&self) -> [u8; 32] {
        root_of_sections(&self.sections())
    }
}
