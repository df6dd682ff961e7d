//! Tests of the crate. They use real files in temporary folders; the heap region and the
//! frame logic are tested without files in `heap`, which miri can run.
//!
//! Reading order: `life`, `heap`, `derived`, `table`, `damage`, `full_disk`,
//! `power_cut`, `broken`, `live`, `bell_model`.

mod life;
mod heap;
mod derived;
mod table;
mod damage;
mod full_disk;
mod power_cut;
mod broken;
mod live;
#[cfg(loom)]
mod bell_model;
