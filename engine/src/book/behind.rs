//! Levels of a side by their distance from the best one.

use schemas::ids::SymbolId;
use schemas::instrument::Side;
use schemas::units::Price;

use crate::book::level::PriceIndex;
use crate::book::{Books, key_of};
use crate::lookup::NIL;

impl Books {
    /// The price so many levels behind the best one, as if the order `gone` were not there;
    /// `None` when there are fewer levels. Looks at one order per level.
    pub(crate) fn price_behind(
        &self,
        (symbol, side): (SymbolId, Side),
        levels: u8,
        gone: Option<u32>,
    ) -> Option<Price> {
        let index = &self.books[symbol.0 as usize].sides[side as usize];
        let mut left = levels;
        let mut at = index.best_head();
        while let Some(handle) = at {
            let order = self.orders.get(handle);
            let is_alone = order.next == NIL && gone == Some(handle);
            if !is_alone {
                if left == 0 {
                    return Some(order.price);
                }
                left -= 1;
            }
            at = index.head_after(key_of(side, order.price));
        }
        None
    }
}
