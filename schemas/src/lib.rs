//! The language of the system: units, ids, commands, events, reasons to refuse.
//!
//! Everyone may depend on this crate and it depends on nobody. It holds no logic
//! of the venue, does no I/O and allocates nothing on the hot path.
//!
//! Reading order: `units`, `ids`, `instrument`, `command`, `order_command`, `event`, `order_event`,
//! `reject`, `report`, `page`, `market`.

#![forbid(unsafe_code)]

pub mod units;
pub mod ids;
pub mod wire;
pub mod instrument;
pub mod reject;
pub mod order_command;
pub mod command;
pub mod order_event;
pub mod event;
pub mod report;
pub mod search;
pub mod page;
pub mod market;
