//! Signed requests that were accepted within the last 60 s of journal time.
//!
//! The same bytes sent again are refused, also when the order is closed already, so a
//! blind retry never trades twice. Bounded; forgotten in order of arrival.

use std::collections::VecDeque;

use schemas::command::RequestDigest;
use schemas::ids::AccountId;
use schemas::units::TimeNs;

use crate::lookup::{Lookup, Tags};

/// How long a request is remembered, in nanoseconds of journal time.
const REMEMBERED_NS: u64 = 60_000_000_000;
/// No more than so many are remembered; then orders are refused until some expire.
const REQUESTS_MAX: usize = 4_000_000;
/// So many are forgotten per frame at most, so that no frame takes long.
const FORGOTTEN_PER_FRAME: usize = 64;

/// One accepted request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    pub time: TimeNs,
    pub account: AccountId,
    pub digest: RequestDigest,
}

/// Accepted requests in order of arrival.
#[derive(Default, Debug)]
pub struct Requests {
    queue: VecDeque<Request>,
    /// Number of the first in the queue; handles are numbers modulo 2^32.
    first: u32,
    lookup: Lookup,
}

impl Requests {
    /// Forgets what is too old.
    #[inline]
    pub fn expire(&mut self, tags: &Tags, now: TimeNs) {
        for _ in 0..FORGOTTEN_PER_FRAME {
            match self.queue.front() {
                Some(oldest) if is_over(oldest, now) => {
                    let tag = tag_of(tags, oldest.account, &oldest.digest);
                    self.lookup.remove(tag, self.first);
                    self.queue.pop_front();
                    self.first = next_handle(self.first);
                }
                _ => return,
            }
        }
    }

    /// Whether the request was accepted lately.
    #[inline]
    pub fn holds(&self, tags: &Tags, request: &Request) -> bool {
        let tag = tag_of(tags, request.account, &request.digest);
        let found = self.lookup.find(tag, |handle| {
            let known = &self.queue[distance(self.first, handle)];
            known.account == request.account
                && known.digest == request.digest
                && !is_over(known, request.time)
        });
        found.is_some()
    }

    /// Whether there is no room for another.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.queue.len() >= REQUESTS_MAX
    }

    /// Remembers an accepted request.
    #[inline]
    pub fn add(&mut self, tags: &Tags, request: Request) {
        let tag = tag_of(tags, request.account, &request.digest);
        let mut handle = self.first.wrapping_add(self.queue.len() as u32);
        if handle < self.first {
            // The handle that means none was left out on the way.
            handle = handle.wrapping_add(1);
        } else if handle == u32::MAX {
            handle = 0;
        }
        self.lookup.insert(tag, handle);
        self.queue.push_back(request);
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Request> {
        self.queue.iter()
    }
}

#[inline]
fn is_over(request: &Request, now: TimeNs) -> bool {
    request.time.0.saturating_add(REMEMBERED_NS) <= now.0
}

#[inline]
fn tag_of(tags: &Tags, account: AccountId, digest: &RequestDigest) -> u32 {
    tags.of_request(account, digest)
}

#[inline]
fn next_handle(handle: u32) -> u32 {
    if handle >= u32::MAX - 1 {
        0
    } else {
        handle + 1
    }
}

/// Position in the queue: handles run 0 ..= u32::MAX - 1 in a circle.
#[inline]
fn distance(first: u32, handle: u32) -> usize {
    if handle >= first {
        (handle - first) as usize
    } else {
        (u32::MAX - first) as usize + handle as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(time: u64, number: u64) -> Request {
        let mut digest = [1; 16];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        Request {
            time: TimeNs(time),
            account: AccountId(7),
            digest: RequestDigest(digest),
        }
    }

    #[test]
    fn a_request_is_remembered_for_a_minute_also_over_the_end_of_the_circle() {
        let tags = Tags::new(3);
        let mut requests = Requests {
            first: u32::MAX - 5,
            ..Requests::default()
        };
        for number in 0..1_000 {
            let now = number * 1_000_000_000;
            requests.expire(&tags, TimeNs(now));
            assert!(!requests.holds(&tags, &request(now, number)));
            requests.add(&tags, request(now, number));
            assert!(requests.holds(&tags, &request(now, number)));
            if number >= 60 {
                assert!(requests.holds(&tags, &request(now, number - 59)));
                assert!(!requests.holds(&tags, &request(now, number - 60)));
            }
        }
        assert_eq!(requests.all().count(), 60);
    }
}
