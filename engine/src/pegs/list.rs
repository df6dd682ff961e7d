//! A list with pegged orders enters whole or not at all.

use schemas::instrument::OrderStage;
use schemas::order_command::PlaceOrderListV1;
use schemas::peg::{Peg, PlacePeggedListV1};
use schemas::reject::RejectReason;
use schemas::units::Price;

use crate::apply::Engine;
use crate::lists::Sizes;
use crate::lists::place::stage_of;
use crate::pegs::{Waiting, check_peg};
use crate::trace::Trace;

/// The pegs of a list's orders.
pub(crate) type LegPegs = [Option<Waiting>; 3];

impl<T: Trace> Engine<T> {
    #[inline(never)]
    pub(crate) fn place_pegged_list(&mut self, command: &PlacePeggedListV1) {
        self.enter_pegged(command, Sizes::Written);
    }

    /// A list with a peg for each order or none, priced and entered.
    pub(crate) fn enter_pegged(&mut self, command: &PlacePeggedListV1, sizes: Sizes) {
        match self.price_legs(command, sizes) {
            Ok((list, pegs)) => self.enter_list(&list, (&pegs, sizes)),
            Err(reason) => self.reject_list(&command.list, reason),
        }
    }

    /// The list with a price for each order: what it gets at once, or is reckoned with.
    fn price_legs(
        &mut self,
        command: &PlacePeggedListV1,
        sizes: Sizes,
    ) -> Result<(PlaceOrderListV1, LegPegs), RejectReason> {
        let mut list = command.list;
        self.check_window(list.valid_until)?;
        self.check_open(list.symbol, list.account)?;
        let mut pegs = [None; 3];
        for (index, peg) in command.pegs.into_iter().enumerate() {
            if peg == Peg::NONE {
                continue;
            }
            if index >= list.contingency.legs() {
                return Err(RejectReason::InvalidOrder);
            }
            let leg = command.list.leg(index);
            check_peg(&leg.order, peg)?;
            let limit = leg.order.price;
            if limit != Price::ZERO {
                let counted = self.state.terms.counts_of(list.account, list.symbol);
                self.admit_leg((&command.list, index), sizes, counted)?;
            }
            list.legs[index].price = match stage_of(&command.list, index) {
                OrderStage::Working => self.price_pegged(&leg.order, (peg, limit), None)?,
                _ => self.price_until_pegged((&leg.order, &leg.terms), peg)?,
            };
            pegs[index] = Some(Waiting { peg, limit });
        }
        Ok((list, pegs))
    }
}
