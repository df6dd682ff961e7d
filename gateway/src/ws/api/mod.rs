//! The WebSocket API at `/ws-api/v3`: requests and user events over one connection.
//!
//! A request runs the handler that its REST endpoint runs; only how it arrives, who signs
//! what and how the answer is wrapped differ. Requests are taken in the order they come
//! and answered as they are done. What a session knows beyond that (who logged on, whose
//! events it wants) dies with its connection.
//!
//! Reading order: `frame` (a message), `methods` (the table), `session` (the loop), `login`
//! (who asks), `subscriptions` (user events).

pub mod frame;
pub mod methods;
pub mod login;
pub mod subscriptions;
pub mod session;
