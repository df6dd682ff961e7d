//! Who asks: the key, the time of the request, the signature over its raw bytes.
//!
//! The three checks stand in the order of the rules: key, time, signature. Nothing here
//! remembers a request; repeated ones are the engine's to refuse. REST, the WebSocket API
//! and FIX use the same checks: `api_key::admit`, `timing::window`, `signature::verify` over
//! the payload of their transport; whoever keeps a session open watches `life`.
//! Reading order: `api_key`, `life`, `timing`, `signature`.

pub mod api_key;
pub mod life;
pub mod timing;
pub mod signature;

use schemas::command::RequestDigest;
use schemas::ids::AccountId;
use schemas::units::TimeNs;

/// The account behind a request that passed every check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caller {
    pub account: AccountId,
    /// timestamp + recvWindow: a command of this request may not be journaled later.
    pub valid_until: TimeNs,
    /// What the engine knows a repeated request by.
    pub request: RequestDigest,
    /// What its key may do, and whether only from certain addresses.
    pub may_trade: bool,
    pub is_bound_to_addresses: bool,
}
