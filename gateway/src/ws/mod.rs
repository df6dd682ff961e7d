//! The market streams: raw at `/ws`, wrapped at `/stream`.
//!
//! One task for each connection. The queue in front of it is bounded; who reads too
//! slowly is cut with a reason, never waited for. Reading order: `names`, `upgrade`.

pub mod upgrade;
