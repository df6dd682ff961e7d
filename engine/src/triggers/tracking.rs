//! Trailing orders of one direction that track the price, grouped by the best price seen.
//!
//! An order that started later has seen a part of what an earlier one has, so its best
//! price is never better: groups in order of their starts stand in order of their bests. A
//! new best price therefore merges groups from the end, the smaller into the larger, and
//! an order is found by when it started.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::OrderId;

/// BIPS in one.
const ONE: i128 = 10_000;

/// One trailing order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trailer {
    pub order: OrderId,
    /// In BIPS.
    pub delta: u32,
    /// When it started, in the count of its trigger book.
    pub start: u64,
}

/// Orders with the same best price.
#[derive(Debug)]
pub struct Group {
    /// Mirrored.
    pub best: i64,
    /// By delta and start: the first one is set off first.
    pub members: BTreeMap<(u32, u64), OrderId>,
}

/// All trailing orders of one direction that track.
#[derive(Default, Debug)]
pub struct Tracking {
    /// By the start of the earliest order that ever belonged to it.
    groups: BTreeMap<u64, Group>,
    /// The key that sets off the first of each group, and the group.
    heads: BTreeSet<(i64, u64)>,
    rises: bool,
}

impl Tracking {
    /// Nobody tracks. `rises`: whether a price that rises sets them off.
    pub fn new(rises: bool) -> Tracking {
        Tracking {
            rises,
            ..Tracking::default()
        }
    }

    /// Whether nobody tracks.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The mirrored price that sets off an order, exactly: the first one that has come back
    /// from the best by the whole delta.
    fn key_of(&self, best: i64, delta: u32) -> i64 {
        let factor = match self.rises {
            true => ONE + i128::from(delta),
            false => ONE - i128::from(delta),
        };
        let product = i128::from(best) * factor;
        let ceiling = product.div_euclid(ONE) + i128::from(product.rem_euclid(ONE) != 0);
        i64::try_from(ceiling).unwrap_or(i64::MAX)
    }

    fn head_of(&self, group: &Group) -> Option<i64> {
        let ((delta, _), _) = group.members.first_key_value()?;
        Some(self.key_of(group.best, *delta))
    }

    /// Takes a group out together with its entry among the heads.
    fn take_group(&mut self, start: u64) -> Group {
        let group = self.groups.remove(&start).expect("the caller found it");
        if let Some(head) = self.head_of(&group) {
            self.heads.remove(&(head, start));
        }
        group
    }

    /// Puts a group back, unless it is empty.
    fn put_group(&mut self, start: u64, group: Group) {
        if let Some(head) = self.head_of(&group) {
            self.heads.insert((head, start));
            self.groups.insert(start, group);
        }
    }

    /// An order starts to track at this mirrored price, which everybody has seen.
    pub fn add(&mut self, best: i64, trailer: Trailer) {
        let member = ((trailer.delta, trailer.start), trailer.order);
        let last = self.groups.last_key_value();
        let last = last.filter(|(_, group)| group.best == best);
        match last.map(|(start, _)| *start) {
            Some(start) => {
                let mut group = self.take_group(start);
                group.members.insert(member.0, member.1);
                self.put_group(start, group);
            }
            None => self.restore(trailer.start, best, [member].into()),
        }
    }

    /// Puts a whole group in; the next call has a later start and no better best.
    pub fn restore(&mut self, start: u64, best: i64, members: BTreeMap<(u32, u64), OrderId>) {
        self.put_group(start, Group { best, members });
    }

    /// Lets go of an order; false when it was set off already.
    pub fn remove(&mut self, delta: u32, start: u64) -> bool {
        let Some((first, _)) = self.groups.range(..=start).next_back() else {
            return false;
        };
        let first = *first;
        let mut group = self.take_group(first);
        let found = group.members.remove(&(delta, start)).is_some();
        self.put_group(first, group);
        found
    }

    /// Everybody sees a mirrored price: who has seen no better one has a new best.
    pub fn improve(&mut self, price: i64) {
        let is_worse = |(_, group): &(&u64, &Group)| group.best > price;
        let mut merged: Option<(u64, Group)> = None;
        while let Some((start, _)) = self.groups.last_key_value().filter(is_worse) {
            let start = *start;
            let mut group = self.take_group(start);
            if let Some((_, mut later)) = merged.take() {
                if later.members.len() > group.members.len() {
                    std::mem::swap(&mut later, &mut group);
                }
                group.members.append(&mut later.members);
            }
            group.best = price;
            merged = Some((start, group));
        }
        let Some((start, mut group)) = merged else {
            return;
        };
        let equal = self.groups.last_key_value();
        let equal = equal.filter(|(_, group)| group.best == price);
        if let Some(earlier) = equal.map(|(start, _)| *start) {
            let mut joined = self.take_group(earlier);
            joined.members.append(&mut group.members);
            return self.put_group(earlier, joined);
        }
        self.put_group(start, group);
    }

    /// Takes out everybody whom a mirrored price sets off, with the key that did.
    pub fn take_due(&mut self, price: i64, due: &mut Vec<(i64, u64, OrderId)>) {
        while let Some((head, start)) = self.heads.first().copied()
            && head <= price
        {
            let mut group = self.take_group(start);
            while let Some(first) = group.members.first_entry() {
                let (delta, started) = *first.key();
                let key = self.key_of(group.best, delta);
                if key > price {
                    break;
                }
                due.push((key, started, first.remove()));
            }
            self.put_group(start, group);
        }
    }

    /// Every group with its start, in order.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (u64, &Group)> {
        self.groups.iter().map(|(start, group)| (*start, group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random walks against a list of (best, delta, start) that is looked through whole.
    #[test]
    fn groups_find_what_a_list_finds() {
        for rises in [false, true] {
            let mut tracking = Tracking::new(rises);
            let mut list: Vec<(i64, u32, u64)> = Vec::new();
            let (mut random, mut price) = (11u64, 100_000i64);
            let mut draw = |below: u64| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            for start in 0..20_000u64 {
                price += draw(401) as i64 - 200;
                price = price.clamp(50_000, 150_000);
                let seen = if rises { price } else { -price };
                tracking.improve(seen);
                let mut due = Vec::new();
                tracking.take_due(seen, &mut due);
                let mut expected = Vec::new();
                list.retain_mut(|(best, delta, start)| {
                    *best = seen.min(*best);
                    let (best, moved) = (i128::from(best.abs()), i128::from(price));
                    let delta_bips = i128::from(*delta);
                    let is_due = match rises {
                        true => moved * ONE >= best * (ONE + delta_bips),
                        false => moved * ONE <= best * (ONE - delta_bips),
                    };
                    if is_due {
                        expected.push(*start);
                    }
                    !is_due
                });
                let mut found: Vec<u64> = due.iter().map(|(_, start, _)| *start).collect();
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected, "at {start}");
                let delta = draw(300) as u32 + 1;
                tracking.add(
                    seen,
                    Trailer {
                        order: OrderId(start),
                        delta,
                        start,
                    },
                );
                list.push((seen, delta, start));
                if draw(3) == 0 {
                    let (_, delta, start) = list.remove(draw(list.len() as u64) as usize);
                    assert!(tracking.remove(delta, start), "it tracks");
                    assert!(!tracking.remove(delta, start), "it is gone");
                }
            }
        }
    }
}
