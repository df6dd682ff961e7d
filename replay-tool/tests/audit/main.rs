//! What `replay-tool` finds and does not find in directories that hold a small venue.
//!
//! Reading order: `venue` (makes the directories), `clean`, `snapshots`, `damage`, `looks`,
//! `perpetuals`, `explained`, `relay`.

mod venue;
mod clean;
mod snapshots;
mod damage;
mod looks;
mod perpetuals;
mod explained;
mod relay;
