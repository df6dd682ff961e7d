//! A single pegged order enters, by itself or in place of another.

use schemas::instrument::OrderStage;
use schemas::order_command::PlaceOrderWithTermsV1;
use schemas::peg::{PlacePeggedV1, ReplacePeggedV1};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price};

use crate::apply::Engine;
use crate::pegs::{Waiting, check_peg};
use crate::risk::filters::Replaced;
use crate::terms::SpecialCounts;
use crate::terms::admit::Ready;
use crate::trace::Trace;

/// A pegged order as it is admitted: with the price that it gets, or is reckoned with.
struct Priced {
    command: PlaceOrderWithTermsV1,
    notional: Amount,
    waiting: Waiting,
}

impl<T: Trace> Engine<T> {
    pub(crate) fn place_pegged(&mut self, command: &PlacePeggedV1) {
        let order = &command.new.order;
        let counted = self.state.terms.counts_of(order.account, order.symbol);
        let priced = self.price_new(command, None, (Replaced::default(), counted));
        let admitted = priced.and_then(|priced| {
            let ready = self.admit_special_funds(&priced.command, priced.notional)?;
            Ok((priced, ready))
        });
        match admitted {
            Ok((priced, ready)) => self.accept_pegged(&priced, &ready),
            Err(reason) => self.reject_order(order, reason),
        }
    }

    /// The order with its price, through every check that needs neither money nor book.
    fn price_new(
        &mut self,
        command: &PlacePeggedV1,
        gone: Option<u32>,
        (replaced, counted): (Replaced, SpecialCounts),
    ) -> Result<Priced, RejectReason> {
        let PlaceOrderWithTermsV1 { order, terms } = command.new;
        self.check_window(order.valid_until)?;
        self.check_open(order.symbol, order.account)?;
        check_peg(&order, command.peg)?;
        // What the owner wrote has to pass by itself.
        if order.price != Price::ZERO {
            self.admit_special(&command.new, replaced, counted)?;
        }
        let limit = order.price;
        let peg = command.peg;
        let price = match order.order_type.is_contingent() {
            true => self.price_until_pegged((&order, &terms), peg)?,
            false => self.price_pegged(&order, (peg, limit), gone)?,
        };
        let mut priced = command.new;
        priced.order.price = price;
        let notional = self.admit_special(&priced, replaced, counted)?;
        Ok(Priced {
            command: priced,
            notional,
            waiting: Waiting { peg, limit },
        })
    }

    fn accept_pegged(&mut self, priced: &Priced, ready: &Ready) {
        let stage = match ready {
            Ready::Act(_) => OrderStage::Working,
            Ready::Sleep { .. } => OrderStage::Waiting,
        };
        let handle = self.enter_aside(&priced.command, ready.client_tag(), (None, stage));
        self.enter_peg(handle, priced.waiting, stage);
        self.start_special(handle, &priced.command, ready);
    }

    /// Tells the peg of an order that was just accepted, and remembers it if it waits.
    pub(crate) fn enter_peg(&mut self, handle: u32, waiting: Waiting, stage: OrderStage) {
        let order = self.state.books.orders.get(handle);
        let (key, price) = ((order.symbol, order.id), order.price);
        if stage == OrderStage::Working {
            return self.tell_pegged(handle, waiting, price);
        }
        self.state.pegs.insert(key, waiting);
        self.tell_pegged(handle, waiting, Price::ZERO);
    }

    /// As a replacement with terms; the book is read without the order that is to go.
    pub(crate) fn replace_pegged(&mut self, command: &ReplacePeggedV1) {
        let replace = &command.replace;
        let order = &replace.new.order;
        let (account, symbol) = (order.account, order.symbol);
        let found = self.find_restricted((account, symbol), &replace.target, replace.restriction);
        let replaced = self.replaced(found.ok());
        let counted = self.counted_without(account, symbol, found.ok());
        let new = PlacePeggedV1 {
            new: replace.new,
            peg: command.peg,
        };
        let priced = match self.price_new(&new, found.ok(), (replaced, counted)) {
            Ok(priced) => priced,
            Err(reason) => return self.reject_order(order, reason),
        };
        let how = (replace.cancel_client, replace.mode);
        if !self.make_way(found, (account, symbol), how) {
            return;
        }
        match self.admit_special_funds(&priced.command, priced.notional) {
            Ok(ready) => self.accept_pegged(&priced, &ready),
            Err(reason) => self.reject_order(order, reason),
        }
    }
}
