//! Icebergs in a walk that changes nothing: their later parts join the end of the level.

use std::collections::VecDeque;

use schemas::units::Qty;

use crate::book::Books;
use crate::book::order::Order;
use crate::matching::taker::Step;

/// A part of an iceberg as it would stand in the book.
pub(crate) struct Part {
    pub shown: Order,
    hidden: Qty,
    size: Qty,
}

/// Parts that would have joined the queue of the level that is being walked.
pub(crate) struct Parts {
    queue: VecDeque<(u32, Part)>,
}

impl Parts {
    pub(crate) fn new() -> Parts {
        Parts {
            queue: VecDeque::new(),
        }
    }

    /// The iceberg that is met before the walk leaves the level for `next`.
    #[inline]
    pub(crate) fn before(&self, books: &Books, next: Option<u32>) -> Option<u32> {
        let (handle, part) = self.queue.front()?;
        let stays = next.is_some_and(|next| books.orders.get(next).price == part.shown.price);
        (!stays).then_some(*handle)
    }

    /// Goes to a maker; what stands there is not the order itself if it is an iceberg.
    #[inline]
    pub(crate) fn take(
        &mut self,
        books: &Books,
        handle: u32,
        next: &mut Option<u32>,
    ) -> Option<Part> {
        if *next != Some(handle) {
            return self.queue.pop_front().map(|(_, part)| part);
        }
        *next = books.after(handle);
        let extras = books.orders.extras(handle)?;
        Some(Part {
            shown: *books.orders.get(handle),
            hidden: extras.hidden,
            size: extras.terms.iceberg_qty,
        })
    }

    /// A part that was used up makes room for the next one, last in its level.
    pub(crate) fn put_back(&mut self, books: &Books, handle: u32, (part, step): (Part, Step)) {
        let used = match step {
            Step::Fill(qty) | Step::Decrement(qty) | Step::Transfer(qty) => qty,
            _ => return,
        };
        if used != part.shown.open || part.hidden == Qty::ZERO {
            return;
        }
        let open = part.size.min(part.hidden);
        let shown = Order {
            open,
            ..*books.orders.get(handle)
        };
        let next = Part {
            shown,
            hidden: Qty(part.hidden.0 - open.0),
            size: part.size,
        };
        self.queue.push_back((handle, next));
    }
}
