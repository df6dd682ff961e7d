//! Whether an order with terms may enter: what is checked beyond a plain order.

use schemas::command::PlaceOrderV1;
use schemas::ids::AssetId;
use schemas::instrument::{OrderType, Side, TimeInForce};
use schemas::order_command::{OrderTerms, PlaceOrderWithTermsV1};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::apply::Engine;
use crate::risk::admit::Admitted;
use crate::risk::filters::{Replaced, lot_holds, price_holds};
use crate::terms::SpecialCounts;
use crate::trace::Trace;
use crate::triggers::trigger_book::{Direction, Wait};

/// Most parts of an iceberg where ICEBERG_PARTS says nothing else.
const ICEBERG_PARTS: i64 = 100;
/// A price cannot fall by more than all of it.
const TRAILING_DELTA_MAX: u32 = 10_000;

/// What an admitted order does first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    /// It acts at once.
    Act(Admitted),
    /// It sleeps; asset and atoms that it holds meanwhile.
    Sleep {
        client_tag: u32,
        hold: (AssetId, Amount),
    },
}

impl Ready {
    pub(crate) fn client_tag(&self) -> u32 {
        match self {
            Ready::Act(admitted) => admitted.client_tag,
            Ready::Sleep { client_tag, .. } => *client_tag,
        }
    }
}

/// The order as it acts once it works.
pub(crate) fn acting(order: &PlaceOrderV1) -> PlaceOrderV1 {
    PlaceOrderV1 {
        order_type: order.order_type.working(),
        ..*order
    }
}

impl<T: Trace> Engine<T> {
    /// Window, states, counts, shape and filters of an order with terms. `besides` are
    /// orders that are counted with the open ones (a list's other legs) or as gone already
    /// (a replaced order, negative). The notional of what it acts as is the result.
    ///
    /// # Errors
    /// The first check that fails.
    pub(crate) fn admit_special(
        &mut self,
        command: &PlaceOrderWithTermsV1,
        replaced: Replaced,
        counted: SpecialCounts,
    ) -> Result<Amount, RejectReason> {
        let (order, terms) = (&command.order, &command.terms);
        self.check_window(order.valid_until)?;
        self.check_open(order.symbol, order.account)?;
        check_shape(order, terms)?;
        let notional = self.admit_terms(&acting(order), replaced)?;
        self.check_term_filters(order, terms, counted)?;
        Ok(notional)
    }

    pub(crate) fn check_term_filters(
        &mut self,
        order: &PlaceOrderV1,
        terms: &OrderTerms,
        counted: SpecialCounts,
    ) -> Result<(), RejectReason> {
        let index = order.symbol.0 as usize;
        let rules = self.state.terms.rules[index];
        let symbol = &self.state.symbols[index];
        if let Some(stop) = terms.stop_price()
            && !price_holds(&symbol.price, stop)
        {
            return Err(RejectReason::PriceFilter);
        }
        if let Some(part) = terms.iceberg_qty() {
            if !lot_holds(&symbol.lot, part) {
                return Err(RejectReason::LotSize);
            }
            let most = match rules.iceberg_parts {
                0 => ICEBERG_PARTS,
                parts => i64::from(parts),
            };
            if (order.qty.0 - 1) / part.0 + 1 > most {
                return Err(RejectReason::IcebergParts);
            }
            let bound = rules.max_num_iceberg_orders;
            if bound != 0 && counted.iceberg >= bound {
                return Err(RejectReason::MaxNumIcebergOrders);
            }
        }
        if let Some(delta) = terms.trailing_delta() {
            let filter = rules.trailing_delta;
            let (min, max) = match order.order_type.triggers_above(order.side) {
                true => (filter.min_above, filter.max_above),
                false => (filter.min_below, filter.max_below),
            };
            if delta < min || (max != 0 && delta > max) || delta > TRAILING_DELTA_MAX {
                return Err(RejectReason::TrailingDelta);
            }
        }
        let bound = rules.max_num_algo_orders;
        if order.order_type.is_contingent() && bound != 0 && counted.algo >= bound {
            return Err(RejectReason::MaxNumAlgoOrders);
        }
        Ok(())
    }

    /// Duplicates, balance, would match or trigger.
    ///
    /// # Errors
    /// The first check that fails.
    pub(crate) fn admit_special_funds(
        &mut self,
        command: &PlaceOrderWithTermsV1,
        notional: Amount,
    ) -> Result<Ready, RejectReason> {
        let order = &command.order;
        if !order.order_type.is_contingent() {
            return self.admit_funds(&acting(order), notional).map(Ready::Act);
        }
        let (account, symbol) = (order.account, order.symbol);
        let client_tag = self.free_tag(account, symbol, &order.client_order)?;
        self.check_request(account, &order.request)?;
        let hold = self.hold_asleep(order, &command.terms)?;
        if self.state.ledger.balance(account, hold.0).free < hold.1 {
            return Err(RejectReason::InsufficientBalance);
        }
        self.check_trigger(order, &command.terms)?;
        Ok(Ready::Sleep { client_tag, hold })
    }

    /// What a contingent order holds while it sleeps: asset and atoms.
    pub(crate) fn hold_asleep(
        &mut self,
        order: &PlaceOrderV1,
        terms: &OrderTerms,
    ) -> Result<(AssetId, Amount), RejectReason> {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let market = symbol.market;
        if order.side == Side::Sell {
            return Ok((market.base, market.base_atoms(order.qty)));
        }
        let price = match order.order_type.working() {
            OrderType::Market => terms.stop_price().or(symbol.last_trade),
            _ => Some(order.price),
        };
        let price = price.unwrap_or(Price::ZERO);
        Ok((market.quote, self.priced(&market, price, order.qty)?))
    }

    /// A stop price has to be beyond the last price.
    pub(crate) fn check_trigger(
        &self,
        order: &PlaceOrderV1,
        terms: &OrderTerms,
    ) -> Result<(), RejectReason> {
        let last = self.state.symbols[order.symbol.0 as usize].last_trade;
        let direction = direction_of(order);
        match (terms.stop_price(), last) {
            (Some(stop), Some(last)) if direction.mirror(stop) <= direction.mirror(last) => {
                Err(RejectReason::WouldTrigger)
            }
            _ => Ok(()),
        }
    }
}

/// The way the price has to go to reach the stop price.
pub(crate) fn direction_of(order: &PlaceOrderV1) -> Direction {
    match order.order_type.triggers_above(order.side) {
        true => Direction::Rising,
        false => Direction::Falling,
    }
}

/// The way that sets off a trailing order once it tracks.
pub(crate) fn tracks(side: Side) -> Direction {
    match side {
        Side::Buy => Direction::Rising,
        Side::Sell => Direction::Falling,
    }
}

/// What a contingent order sleeps for.
pub(crate) fn wait_of(order: &PlaceOrderV1, terms: &OrderTerms, last: Option<Price>) -> Wait {
    match (terms.trailing_delta(), terms.stop_price(), last) {
        (None, stop, _) => Wait::Stop(direction_of(order), stop.expect("its shape was checked")),
        (Some(_), Some(stop), _) => Wait::Activation(direction_of(order), stop),
        (Some(_), None, Some(_)) => Wait::Tracking(tracks(order.side)),
        (Some(_), None, None) => Wait::FirstTrade,
    }
}

/// Type and terms fit together.
pub(crate) fn check_shape(order: &PlaceOrderV1, terms: &OrderTerms) -> Result<(), RejectReason> {
    let contingent = order.order_type.is_contingent();
    let has_trigger = terms.stop_price != Price::ZERO || terms.trailing_delta != 0;
    let market = contingent && order.order_type.working() == OrderType::Market;
    let plain_market = !market || (order.price == Price::ZERO && is_gtc(order));
    let iceberg = terms.iceberg_qty != Qty::ZERO;
    let may_hide = order.order_type.working() != OrderType::Market && is_gtc(order);
    let fits = contingent == has_trigger
        && terms.stop_price.0 >= 0
        && terms.iceberg_qty.0 >= 0
        && plain_market
        && (!contingent || order.quote_qty == Amount::ZERO)
        && (!iceberg || may_hide);
    if !fits {
        return Err(RejectReason::InvalidOrder);
    }
    if iceberg && terms.iceberg_qty >= order.qty {
        return Err(RejectReason::IcebergTooLarge);
    }
    Ok(())
}

fn is_gtc(order: &PlaceOrderV1) -> bool {
    order.time_in_force == TimeInForce::Gtc
}
