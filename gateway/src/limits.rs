//! Requests per second and request weight per minute of an address, and what happens to
//! those who go on.
//!
//! The only memory of the gateway: counters by address, by the venue's clock. The limits
//! themselves are the venue's and come with every call. IPv6 counts by /64, since that is
//! what one subscriber holds. The table never grows beyond its bound. Nothing of it
//! survives a restart.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

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
/// Beyond so many addresses the one that came first is forgotten, unless it is banned.
const ADDRESSES_MAX: usize = 16_384;
/// So many banned ones are passed over in a row; then the next one goes, banned or not.
const CANDIDATES: usize = 16;
/// The part of an IPv6 address that counts: its first 64 bits.
const NETWORK_BITS: u128 = !(u64::MAX as u128);

/// What each address used.
#[derive(Debug, Default)]
pub struct Limits {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    usage: HashMap<IpAddr, Usage>,
    /// The same addresses, the one that came first in front.
    by_age: VecDeque<IpAddr>,
}

#[derive(Debug, Default)]
struct Usage {
    minute: u64,
    weight: u32,
    second: u64,
    requests: u32,
    refusals: u32,
    bans: u32,
    banned_until: TimeNs,
}

/// One request as it counts against the limits.
#[derive(Clone, Copy, Debug)]
pub struct Spend {
    pub address: IpAddr,
    pub weight: u32,
    /// Weight a minute.
    pub limit: u32,
    /// Requests a second, whatever they weigh; 0 = as many as the weight allows.
    pub per_second: u32,
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
        let (address, now) = (subscriber(spend.address), spend.now);
        let mut table = self.table.lock();
        let minute = now.0 / MINUTE_NS;
        if !table.usage.contains_key(&address) {
            table.make_room(now);
            table.by_age.push_back(address);
        }
        let entry = table.usage.entry(address).or_default();
        if entry.minute != minute {
            entry.minute = minute;
            entry.weight = 0;
            entry.refusals = 0;
        }
        let second = now.0 / SECOND_NS;
        if entry.second != second {
            entry.second = second;
            entry.requests = 0;
        }
        let refusal = entry.charge(spend);
        Charge {
            used: entry.weight,
            refusal,
        }
    }

    /// How many addresses are remembered; never more than the bound.
    pub fn remembered(&self) -> usize {
        self.table.lock().usage.len()
    }
}

/// What counts as one client: an IPv4 address, or the /64 of an IPv6 one.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_BITS).into(),
        four => four,
    }
}

impl Table {
    /// Forgets the oldest address when the table is full; one that is banned moves to the
    /// back instead, a few times.
    fn make_room(&mut self, now: TimeNs) {
        for step in 0..=CANDIDATES {
            if self.usage.len() < ADDRESSES_MAX {
                return;
            }
            let Some(oldest) = self.by_age.pop_front() else {
                return;
            };
            let banned = self
                .usage
                .get(&oldest)
                .is_some_and(|entry| now < entry.banned_until);
            if banned && step < CANDIDATES {
                self.by_age.push_back(oldest);
            } else {
                self.usage.remove(&oldest);
            }
        }
    }
}

impl Usage {
    fn charge(&mut self, spend: Spend) -> Option<ApiError> {
        let now = spend.now;
        if now < self.banned_until {
            return Some(banned(self.banned_until, now));
        }
        self.weight = self.weight.saturating_add(spend.weight);
        self.requests = self.requests.saturating_add(1);
        let too_heavy = spend.limit < self.weight;
        let too_fast = spend.per_second != 0 && spend.per_second < self.requests;
        if !too_heavy && !too_fast {
            return None;
        }
        self.refusals += 1;
        if self.refusals <= REFUSALS_BEFORE_BAN {
            return Some(if too_heavy {
                over_limit(spend.limit, now)
            } else {
                too_many(spend.per_second, now)
            });
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

fn too_many(per_second: u32, now: TimeNs) -> ApiError {
    let msg = format!(
        "Too many requests; current limit is {per_second} requests per 1 SECOND. \
         Please use WebSocket Streams for live updates to avoid polling the API."
    );
    let rest_ns = SECOND_NS - now.0 % SECOND_NS;
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
