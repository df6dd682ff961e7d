//! The last aggregate trades of one symbol, and where every thousandth of them began.
//!
//! Ids count from 1 without a gap. An aggregate is let go only after its trades, which SQL
//! has then; from the nearest mark it is made again out of those.

use std::collections::VecDeque;

use schemas::ids::TradeId;
use schemas::market::{AggregatePage, AggregateTrade};
use schemas::report::TradeReport;

/// So many are kept even when their trades are not.
pub(crate) const AGGREGATES_KEPT: usize = 1_000;
/// Aggregates between two marks.
pub(crate) const MARK_EVERY: u64 = if cfg!(test) { 8 } else { 1_000 };

/// Where an aggregate that is no longer kept begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AggregateMark {
    pub id: u64,
    pub first: TradeId,
}

/// The newest aggregates without a gap.
#[derive(Default)]
pub(crate) struct Aggregates {
    kept: VecDeque<AggregateTrade>,
    marks: Vec<AggregateMark>,
}

impl Aggregates {
    /// Takes the newest trade; trades before `first_kept` are gone.
    #[inline]
    pub(crate) fn trade(&mut self, trade: &TradeReport, first_kept: u64) {
        // After a snapshot without aggregates the ids go on from those of the trades, which
        // are at least as many.
        let mut id = trade.trade.0;
        if let Some(last) = self.kept.back_mut() {
            if last.take(trade) {
                return;
            }
            id = last.id + 1;
        }
        if self
            .marks
            .last()
            .is_none_or(|mark| mark.id + MARK_EVERY <= id)
        {
            let first = trade.trade;
            self.marks.push(AggregateMark { id, first });
        }
        self.kept.push_back(AggregateTrade::new(id, trade));
        for _ in 0..2 {
            let oldest = self.kept.front();
            let is_needed = oldest.is_none_or(|oldest| first_kept <= oldest.last.0);
            if self.kept.len() <= AGGREGATES_KEPT || is_needed {
                break;
            }
            self.kept.pop_front();
        }
    }

    /// The id of the oldest one kept; above every id when there is none.
    pub(crate) fn first_id(&self) -> u64 {
        self.kept.front().map_or(u64::MAX, |oldest| oldest.id)
    }

    /// Those kept that belong on the page, ascending.
    pub(crate) fn page(&self, page: &AggregatePage) -> Vec<AggregateTrade> {
        let on_page = |found: &&AggregateTrade| page.holds(found);
        if page.ascends() {
            let from = self.kept.partition_point(|found| {
                page.from.is_some_and(|from| found.id < from)
                    || page.start.is_some_and(|start| found.time < start)
            });
            let found = self.kept.range(from..).filter(on_page);
            return found.take(page.limit).copied().collect();
        }
        let newest = self.kept.iter().rev().filter(on_page).take(page.limit);
        let mut found: Vec<_> = newest.copied().collect();
        found.reverse();
        found
    }

    /// The last mark at or before an id, if one is known.
    pub(crate) fn mark_before(&self, id: u64) -> Option<AggregateMark> {
        let after = self.marks.partition_point(|mark| mark.id <= id);
        self.marks.get(after.checked_sub(1)?).copied()
    }

    /// The last mark whose aggregate begins at or before a trade, if one is known.
    pub(crate) fn mark_before_trade(&self, trade: TradeId) -> Option<AggregateMark> {
        let after = self.marks.partition_point(|mark| mark.first <= trade);
        self.marks.get(after.checked_sub(1)?).copied()
    }

    pub(crate) fn parts(&self) -> (&VecDeque<AggregateTrade>, &[AggregateMark]) {
        (&self.kept, &self.marks)
    }

    /// What a snapshot brings back.
    pub(crate) fn restore(kept: VecDeque<AggregateTrade>, marks: Vec<AggregateMark>) -> Aggregates {
        Aggregates { kept, marks }
    }
}
