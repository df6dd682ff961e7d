//! What an order with terms has beside the plain record.

use schemas::ids::OrderListId;
use schemas::instrument::OrderStage;
use schemas::order_command::OrderTerms;
use schemas::units::{Amount, Qty};

use crate::book::order::Orders;
use crate::triggers::trigger_book::Wait;

/// One order with terms, or in a list, or amended under MAX_NUM_ORDER_AMENDS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extras {
    pub terms: OrderTerms,
    /// `None` of a single order.
    pub list: Option<OrderListId>,
    pub stage: OrderStage,
    /// It lies in the slab and in the index, but in no queue of the book.
    pub aside: bool,
    /// What it holds while it is aside, in atoms of what it pays with.
    pub held: Amount,
    /// Of an iceberg what does not stand in the book.
    pub hidden: Qty,
    /// What it sleeps for, and when it began.
    pub wait: Option<Wait>,
    pub arrival: u64,
    /// How often it was amended.
    pub amends: u32,
}

impl Extras {
    /// Of an order that has just been accepted.
    pub fn new(terms: OrderTerms, list: Option<OrderListId>, stage: OrderStage) -> Extras {
        Extras {
            terms,
            list,
            stage,
            aside: true,
            held: Amount::ZERO,
            hidden: Qty::ZERO,
            wait: None,
            arrival: 0,
            amends: 0,
        }
    }
}

impl Orders {
    /// The extras of the order in that place; `None` for a plain order.
    #[inline]
    pub fn extras(&self, handle: u32) -> Option<&Extras> {
        let order = self.get(handle);
        if !order.special {
            return None;
        }
        self.extras.get(&(order.symbol, order.id))
    }

    /// The extras of an order that has some.
    ///
    /// # Panics
    /// When it has none.
    pub(crate) fn extras_mut(&mut self, handle: u32) -> &mut Extras {
        let order = self.get(handle);
        let key = (order.symbol, order.id);
        self.extras
            .get_mut(&key)
            .expect("a special order has extras")
    }

    /// What is open of the order, the hidden part with it.
    #[inline]
    pub fn total_open(&self, handle: u32) -> Qty {
        let hidden = self.extras(handle).map_or(0, |extras| extras.hidden.0);
        Qty(self.get(handle).open.0 + hidden)
    }
}
