//! The language of the system: units, ids, commands, events, reasons to refuse.
//!
//! Everyone may depend on this crate and it depends on nobody. It holds no logic
//! of the venue but the arithmetic of margin, which engine and edges share, does no I/O and
//! allocates nothing on the hot path.
//!
//! Reading order: `units`, `ids`, `instrument`, `command`, `order_command`, `event`, `order_event`,
//! `peg`, `numbered`, `trade_group`, `protection`, `reject`, `report`, `order_change`, `page`,
//! `market`; then `perpetual` and what it names.

#![forbid(unsafe_code)]

pub mod units;
pub mod ids;
pub mod wire;
pub mod protection;
pub mod instrument;
pub mod reject;
pub mod perpetual;
pub mod margin;
pub mod ranking;
pub mod order_command;
pub mod peg;
pub mod trade_group;
pub mod perpetual_command;
pub mod command;
pub mod numbered;
pub mod order_event;
pub mod perpetual_event;
pub mod event;
pub mod report;
pub mod order_change;
pub mod perpetual_report;
pub mod income;
pub mod price_candle;
pub mod search;
pub mod page;
pub mod market;
