//! Contingent orders that sleep, and what wakes them.
//!
//! Every price is *mirrored* for its direction (itself when it rises to a trigger, its
//! negative when it falls), so that one code serves both: whatever has the smaller key is
//! reached first, and a key is reached when it is not above the mirrored price.
//!
//! ```text
//! trade ─▶ watch: stops and trailing orders that its price reaches ─▶ queue of the symbol
//! end of the command, or a later one ─▶ fire: a bounded slice, symbols in turn
//! ```
//!
//! No orders here, only their numbers: orders lie in the slab of the books, beside the
//! queues. An order that was set off and cancelled before its turn stays in the queue as a
//! number that nobody bears any more.
//!
//! Reading order: `trigger_book`, `tracking`, `fire`.

pub mod trigger_book;
pub mod tracking;
pub mod fire;
