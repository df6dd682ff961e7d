//! FIX 4.4: orders in, reports and market data out, for engines that already speak it.
//!
//! The session layer (numbers, heartbeats, resends, gap fills, rejects) is `ironfix-engine`
//! (ADR 0023); what it does not do stands here: who may log on, what is kept on disk, and
//! what the messages mean. An order becomes the same command as on REST, by the same code,
//! so both edges refuse and accept the same things with the same texts.
//!
//! Reports are not made from answers but from the account's events, each with its place in
//! the journal as its ExecID. What a session was told last lies in its store; so a session
//! that was away is told the rest, and nothing twice.
//!
//! Absent on purpose: lists (E), quotes, allocation, TLS (a terminator in front does it).
//!
//! Reading order: `listener` (a connection's life), `logon` and `claims` (who is it),
//! `store`, `session` (messages in), `dictionary` and `request` (what they may say),
//! `order_entry` (their commands), `responder` (answers in order), `account_feed` and
//! `execution` (reports), `status`, `market_data`, `security_list`, `refusal`.

pub mod listener;
pub mod logon;
pub mod claims;
pub mod store;
pub mod paced;
pub mod session;
pub mod dictionary;
pub mod request;
pub mod order_entry;
pub mod responder;
pub mod account_feed;
pub mod execution;
pub mod status;
pub mod market_data;
pub mod security_list;
pub mod refusal;

/// The TargetCompID of the venue.
pub const VENUE: &str = "DAYBOOK";
/// The only version spoken.
pub const VERSION: &str = "FIX.4.4";
/// The longest message that is read, in bytes; orders are a few hundred.
pub const MESSAGE_BYTES_MAX: usize = 16 << 10;
