//! Request weight per address and minute, and what happens to those who go on.
//!
//! The only memory of the gateway: counters by address, by the venue's clock. The limit
//! itself is the venue's and comes with every call. Nothing of it survives a restart.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::http::StatusCode;
use parking_lot::Mutex;
use schemas::units::TimeNs;

use crate::error::ApiError;

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;
/// Requests after the first 429 of a minute before the address is banned.
const REFUSALS_BEFORE_BAN: u32 = 50;
/// The first ban; each further one is twice as long.
const BAN_SECONDS: u64 = 120;
/// The longest ban: three days.
const BAN_SECONDS_MAX: u64 = 259_200;
/// Beyond so many addresses, those of earlier minutes are forgotten.
const ADDRESSES_MAX: usize = 16_384;

/// What each address used.
#[derive(Debug, Default)]
pub struct Limits {
    usage: Mutex<HashMap<IpAddr, Usage>>,
}

#[derive(Debug, Default)]
struct Usage {
    minute: u64,
    weight: u32,
    refusals: u32,
    bans: u32,
    banned_until: TimeNs,
}

/// One request as it counts against a limit of `limit` a minute.
#[derive(Clone, Copy, Debug)]
pub struct Spend {
    pub address: IpAddr,
    pub weight: u32,
    pub limit: u32,
    pub now: TimeNs,
}

/// The weight that an address has used in the running minute, and its refusal if any.
#[derive(Debug)]
pub struct Charge {
    pub used: u32,
    pub refusal: Option<ApiError>,
}

impl Limits {
    /// Counts one request.
    pub fn charge(&self, spend: Spend) -> Charge {
        let Spend {
            address,
            weight,
            limit,
            now,
        } = spend;
        let mut usage = self.usage.lock();
        let minute = now.0 / MINUTE_NS;
        if usage.len() >= ADDRESSES_MAX && !usage.contains_key(&address) {
            usage.retain(|_, entry| entry.minute == minute || now < entry.banned_until);
        }
        let entry = usage.entry(address).or_default();
        if entry.minute != minute {
            entry.minute = minute;
            entry.weight = 0;
            entry.refusals = 0;
        }
        let refusal = entry.charge(weight, limit, now);
        Charge {
            used: entry.weight,
            refusal,
        }
    }
}

impl Usage {
    fn charge(&mut self, weight: u32, limit: u32, now: TimeNs) -> Option<ApiError> {
        if now < self.banned_until {
            return Some(banned(self.banned_until, now));
        }
        self.weight = self.weight.saturating_add(weight);
        if self.weight <= limit {
            return None;
        }
        self.refusals += 1;
        if self.refusals <= REFUSALS_BEFORE_BAN {
            return Some(over_limit(limit, now));
        }
        let seconds = BAN_SECONDS
            .saturating_mul(1 << self.bans.min(16))
            .min(BAN_SECONDS_MAX);
        self.bans += 1;
        self.banned_until = TimeNs(now.0.saturating_add(seconds * SECOND_NS));
        Some(banned(self.banned_until, now))
    }
}

fn over_limit(limit: u32, now: TimeNs) -> ApiError {
    let msg = format!(
        "Too much request weight used; current limit is {limit} request weight per 1 MINUTE. \
         Please use WebSocket Streams for live updates to avoid polling the API."
    );
    let rest_ns = MINUTE_NS - now.0 % MINUTE_NS;
    ApiError::new(-1003, msg)
        .status(StatusCode::TOO_MANY_REQUESTS)
        .retry_after(rest_ns.div_ceil(SECOND_NS))
}

fn banned(until: TimeNs, now: TimeNs) -> ApiError {
    let msg = format!(
        "Way too much request weight used; IP banned until {}. \
         Please use WebSocket Streams for live updates to avoid bans.",
        until.as_millis()
    );
    ApiError::new(-1003, msg)
        .status(StatusCode::IM_A_TEAPOT)
        .retry_after((until.0 - now.0).div_ceil(SECOND_NS))
}
