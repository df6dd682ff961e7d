//! Lists whose pending orders come without a quantity: how they enter.

use schemas::instrument::{OrderType, Side};
use schemas::order_command::PlaceOrderListV1;
use schemas::peg::PlacePeggedListV1;
use schemas::reject::RejectReason;
use schemas::units::Qty;

use crate::apply::Engine;
use crate::lists::Sizes;
use crate::risk::admit::check_shape as check_plain_shape;
use crate::risk::filters::Replaced;
use crate::terms::SpecialCounts;
use crate::terms::admit::{acting, check_shape};
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    #[inline(never)]
    pub(crate) fn place_paying_list(&mut self, command: &PlacePeggedListV1) {
        self.enter_pegged(command, Sizes::Bought);
    }

    /// One order of a list, as an order of its own; one whose quantity is not known yet is
    /// asked what does not depend on it.
    ///
    /// # Errors
    /// The first check that fails.
    pub(crate) fn admit_leg(
        &mut self,
        (list, index): (&PlaceOrderListV1, usize),
        sizes: Sizes,
        counted: SpecialCounts,
    ) -> Result<(), RejectReason> {
        let mut command = list.leg(index);
        if sizes == Sizes::Written || index == 0 {
            let admitted = self.admit_special(&command, Replaced::default(), counted);
            return admitted.map(|_| ());
        }
        // At most the working order's quantity; the smallest that its parts allow.
        let most = list.legs[0].qty;
        command.order.qty = match command.terms.iceberg_qty() {
            Some(part) if part < most => Qty(part.0 + 1),
            _ => most,
        };
        check_shape(&command.order, &command.terms)?;
        let order = acting(&command.order);
        check_plain_shape(&order)?;
        if order.order_type != OrderType::Market {
            self.check_price_alone(&order)?;
        }
        self.check_term_filters(&command.order, &command.terms, counted)
    }
}

/// The working order buys, and the others sell what they get.
pub(crate) fn check_paying(list: &PlaceOrderListV1) -> Result<(), RejectReason> {
    let legs = &list.legs[..list.contingency.legs()];
    let waits = |index: usize| legs[index].side == Side::Sell && legs[index].qty == Qty::ZERO;
    let fits = list.contingency != schemas::instrument::ContingencyType::Oco
        && legs[0].side == Side::Buy
        && (1..legs.len()).all(waits);
    if fits {
        Ok(())
    } else {
        Err(RejectReason::InvalidOrder)
    }
}
