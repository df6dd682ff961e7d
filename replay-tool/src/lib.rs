//! Replay: from the journal to state, events, chain and root; the auditor's lens.
//!
//! The node uses [`replay`] and [`snapshot`] to start; `replay-tool` adds commands that only
//! look. Absent on purpose: any network, any async runtime, and any writing into what is
//! read ([`snapshot::write`] and [`snapshot::copy`] make snapshots for the node; no command
//! of `replay-tool` calls them).
//!
//! Reading order: `replay`, `relay`, `manifest`, `snapshot`, `walk`, `finding`, `event_check`,
//! `json`, `rules`, `order_life`, `commands`.
//!
//! **Invariant:** equal frames give equal events, chain and root, whatever state the replay
//! began with.

#![forbid(unsafe_code)]

pub mod error;
pub mod replay;
pub mod relay;
pub mod manifest;
pub mod snapshot;
pub mod walk;
pub mod finding;
mod event_check;
pub mod json;
pub mod rules;
pub mod order_life;
pub mod progress;
pub mod commands;
