//! Amendments and prevented matches of one symbol, until SQL has them.

use std::collections::VecDeque;

use schemas::event::Event;
use schemas::ids::{EventId, Offset};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::page::{AmendmentPage, PreventedPage};
use schemas::wire::Wire;

use crate::market::At;

/// Old ones let go of with each new one, at most.
const FORGOTTEN_AT_ONCE: usize = 4;

/// What is remembered, ascending by event.
#[derive(Default)]
pub(crate) struct OrderChanges {
    amendments: VecDeque<AmendmentReport>,
    prevented: VecDeque<PreventedReport>,
}

impl OrderChanges {
    /// Takes an event that [`schemas::order_change::is_change`] names.
    pub(crate) fn apply(&mut self, (at, id): (At, EventId), event: &Event) {
        match event {
            Event::OrderAmended(amended) => {
                forget(&mut self.amendments, at.forgettable, |it| it.id);
                let amendment = AmendmentReport::new((id, at.time), amended);
                self.amendments.push_back(amendment);
            }
            Event::TradePrevented(met) => {
                forget(&mut self.prevented, at.forgettable, |it| it.id);
                let prevented = PreventedReport::new((id, at.time), met);
                self.prevented.push_back(prevented);
            }
            Event::OrderDone(done) => {
                let begin = EventId::new(at.offset, 0);
                let newest = self.prevented.iter_mut().rev();
                newest
                    .take_while(|met| begin <= met.id)
                    .any(|met| met.take(done));
            }
            _ => {}
        }
    }

    pub(crate) fn amendments(&self, page: &AmendmentPage) -> Vec<AmendmentReport> {
        let start = self.amendments.partition_point(|it| it.id < page.from);
        let on_page = self.amendments.range(start..).filter(|it| page.holds(it));
        on_page.take(page.limit).copied().collect()
    }

    pub(crate) fn prevented(&self, page: &PreventedPage) -> Vec<PreventedReport> {
        let from = page.from();
        let start = self.prevented.partition_point(|it| it.id < from);
        let on_page = self.prevented.range(start..).filter(|it| page.holds(it));
        on_page.take(page.limit).copied().collect()
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_all(&self.amendments, out);
        put_all(&self.prevented, out);
    }

    pub(crate) fn take(input: &mut &[u8]) -> Option<OrderChanges> {
        Some(OrderChanges {
            amendments: take_all(input)?,
            prevented: take_all(input)?,
        })
    }
}

fn forget<T>(kept: &mut VecDeque<T>, forgettable: Offset, id: impl Fn(&T) -> EventId) {
    let first_kept = EventId::new(forgettable, 0);
    for _ in 0..FORGOTTEN_AT_ONCE {
        if kept.front().is_none_or(|oldest| first_kept <= id(oldest)) {
            break;
        }
        kept.pop_front();
    }
}

fn put_all<T: Wire>(kept: &VecDeque<T>, out: &mut Vec<u8>) {
    (kept.len() as u64).put(out);
    for one in kept {
        one.put(out);
    }
}

fn take_all<T: Wire>(input: &mut &[u8]) -> Option<VecDeque<T>> {
    let mut kept = VecDeque::new();
    for _ in 0..u64::take(input)? {
        kept.push_back(T::take(input)?);
    }
    Some(kept)
}
