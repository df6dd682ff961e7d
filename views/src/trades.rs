//! The last trades of one symbol, dense by trade id.

use std::collections::VecDeque;

use schemas::ids::{Offset, TradeId};
use schemas::page::TradePage;
use schemas::report::TradeReport;

/// So many are kept even when SQL has them.
pub(crate) const TRADES_KEPT: usize = 1_000;

/// The newest trades without a gap, each with the offset of its command.
#[derive(Default)]
pub(crate) struct Trades {
    kept: VecDeque<(Offset, TradeReport)>,
}

impl Trades {
    /// Adds the newest trade and lets go of at most two old ones.
    #[inline]
    pub(crate) fn push(&mut self, offset: Offset, trade: TradeReport, forgettable: Offset) {
        self.restore(offset, trade);
        for _ in 0..2 {
            let oldest = self.kept.front();
            if self.kept.len() <= TRADES_KEPT
                || oldest.is_none_or(|(offset, _)| forgettable <= *offset)
            {
                break;
            }
            self.kept.pop_front();
        }
    }

    /// Adds the newest trade.
    #[inline]
    pub(crate) fn restore(&mut self, offset: Offset, trade: TradeReport) {
        debug_assert!(
            self.last()
                .is_none_or(|last| last.trade.0 + 1 == trade.trade.0),
            "trade ids have a gap"
        );
        self.kept.push_back((offset, trade));
    }

    /// The id of the oldest trade kept; above every id when there is none.
    #[inline]
    pub(crate) fn first_id(&self) -> u64 {
        self.kept
            .front()
            .map_or(u64::MAX, |(_, trade)| trade.trade.0)
    }

    pub(crate) fn last(&self) -> Option<&TradeReport> {
        self.kept.back().map(|(_, trade)| trade)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &(Offset, TradeReport)> {
        self.kept.iter()
    }

    pub(crate) fn newest(&self, limit: usize) -> Vec<TradeReport> {
        let skip = self.kept.len().saturating_sub(limit);
        self.kept.range(skip..).map(|(_, trade)| *trade).collect()
    }

    /// From an id on, ascending; `None` when that trade is no longer kept.
    pub(crate) fn from(&self, from: TradeId, limit: usize) -> Option<Vec<TradeReport>> {
        let Some((_, oldest)) = self.kept.front() else {
            return Some(Vec::new());
        };
        let skip = from.0.max(1).checked_sub(oldest.trade.0)?;
        let kept = self
            .kept
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX));
        Some(kept.take(limit).map(|(_, trade)| *trade).collect())
    }

    fn get(&self, id: u64) -> Option<&TradeReport> {
        let index = id.checked_sub(self.first_id())?;
        self.kept
            .get(usize::try_from(index).ok()?)
            .map(|(_, trade)| trade)
    }

    /// Of one account's trade ids (ascending) those on the page.
    pub(crate) fn page(&self, own: &VecDeque<u64>, page: &TradePage) -> Vec<TradeReport> {
        let start = page
            .from
            .map_or(0, |from| own.partition_point(|id| *id < from.0));
        let on_page = |id: &u64| self.get(*id).filter(|trade| page.holds(trade)).copied();
        if page.ascends() {
            return own
                .range(start..)
                .filter_map(on_page)
                .take(page.limit)
                .collect();
        }
        let mut found: Vec<_> = own
            .iter()
            .rev()
            .filter_map(on_page)
            .take(page.limit)
            .collect();
        found.reverse();
        found
    }
}
