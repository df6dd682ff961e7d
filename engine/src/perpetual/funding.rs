//! Premium and funding.
//!
//! Every `premium_interval_ns` the impact prices are compared with the index; the n-th
//! sample of an interval weighs n. At each slot the rate is fixed and every position of
//! that frame pays or receives at its mark. A sample or slot that was slept over is not made
//! up for: the one that is due is done once.

use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::Side;
use schemas::margin;
use schemas::perpetual::PositionSide;
use schemas::perpetual_command::RunFundingV1;
use schemas::perpetual_event::{FundingFixed, FundingPaid, PremiumSampled};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, RATE_ONE, Rate, TimeNs};

use super::prices::BASIS_SAMPLES;
use super::{Contract, Timer};
use crate::admin::Verdict;
use crate::apply::Engine;
use crate::matching::carried::Work;
use crate::trace::{Note, Trace};

/// A slot that is being paid, account by account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paying {
    pub symbol: SymbolId,
    pub rate: Rate,
    pub mark: Price,
    /// Who is next.
    pub next: AccountId,
}

/// The first multiple of an interval after a time.
pub(crate) fn next_multiple(now: TimeNs, interval_ns: u64) -> TimeNs {
    TimeNs((now.0 / interval_ns + 1).saturating_mul(interval_ns))
}

impl Contract {
    /// The funding rate by what was sampled so far.
    pub fn rate(&self) -> Rate {
        let premium = margin::average_premium(self.weighted, self.weights);
        let cap = self.table.as_ref().map_or(Rate(0), |it| it.funding_cap());
        margin::funding_rate(premium, self.spec.interest, cap)
    }
}

impl<T: Trace> Engine<T> {
    /// A sample is due.
    pub(crate) fn sample_premium(&mut self, symbol: SymbolId, due: TimeNs) {
        let now = self.state.now;
        let premium = self.premium_now(symbol);
        let middle = self.middle(symbol);
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("a timer has a contract");
        let spec = contract.spec;
        if let (Some(middle), Some(index)) = (middle, contract.index) {
            contract.basis.push_back(middle.0.saturating_sub(index.0));
            if contract.basis.len() > BASIS_SAMPLES {
                contract.basis.pop_front();
            }
        }
        if let Some(premium) = premium {
            // The number of this sample in its interval: 1, 2, 3 …
            let into = due.0 % spec.funding_interval_ns / spec.premium_interval_ns;
            let weight = i128::from(into) + 1;
            contract.weighted += weight * i128::from(premium);
            contract.weights += weight;
        }
        let finer = margin::PREMIUM_ONE / RATE_ONE;
        let premium = i128::from(premium.unwrap_or(0)) / finer;
        let sampled = PremiumSampled {
            symbol,
            premium: Rate(i64::try_from(premium).unwrap_or(0)),
            predicted: contract.rate(),
            next_funding: contract.next_funding,
        };
        self.out.push(Event::PremiumSampled(sampled));
        let next = next_multiple(now, spec.premium_interval_ns);
        self.set_timer(next, Timer::Sample(symbol));
        self.make_mark(symbol);
    }

    fn premium_now(&self, symbol: SymbolId) -> Option<i64> {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let index = contract.index?;
        let amount = contract.spec.impact_notional;
        let bid = self.impact_price(symbol, Side::Buy, amount);
        let ask = self.impact_price(symbol, Side::Sell, amount);
        margin::premium(bid, ask, index)
    }

    /// The average price at which that much quote could be sold to the bids or bought from
    /// the asks, to the worse for the book's side; `None` when there is not enough.
    pub(crate) fn impact_price(
        &self,
        symbol: SymbolId,
        side: Side,
        amount: Amount,
    ) -> Option<Price> {
        let books = &self.state.books;
        let unit = i128::from(
            self.state.symbols[symbol.0 as usize]
                .market
                .quote_per_tick_lot,
        );
        let (mut left, mut lots) = (amount.0, 0_i128);
        let mut at = books.best(symbol, side);
        while let Some(handle) = at {
            let order = books.orders.get(handle);
            let costs = i128::from(order.price.0) * unit;
            let worth = costs * i128::from(order.open.0);
            // Lots are counted in 1e-8, so that the last, partial one counts, too.
            if worth >= left {
                lots += left * RATE_ONE / costs;
                let price = amount.0.checked_mul(RATE_ONE)? / (lots * unit).max(1);
                return i64::try_from(price).ok().map(Price);
            }
            left -= worth;
            lots += i128::from(order.open.0) * RATE_ONE;
            at = books.after(handle);
        }
        None
    }

    /// A slot is due: its rate is fixed and paid.
    pub(crate) fn fund(&mut self, symbol: SymbolId, due: TimeNs) {
        let now = self.state.now;
        self.fix_funding(symbol, due);
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("a timer has a contract");
        let next = next_multiple(now, contract.spec.funding_interval_ns);
        contract.next_funding = next;
        contract.weighted = 0;
        contract.weights = 0;
        self.set_timer(next, Timer::Fund(symbol));
    }

    /// An operator runs it now, by what was sampled so far; the slot stays due.
    pub(crate) fn run_funding(&mut self, command: &RunFundingV1) -> Verdict {
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        let contract = self.state.perpetuals.contracts.get(&command.symbol);
        let contract = contract.ok_or(RejectReason::UnknownSymbol)?;
        if contract.mark.is_none() {
            return Err(RejectReason::NoIndexPrice);
        }
        self.record_done(&command.business, None);
        self.fix_funding(command.symbol, self.state.now);
        Ok(())
    }

    fn fix_funding(&mut self, symbol: SymbolId, slot: TimeNs) {
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("it has a price");
        let Some(mark) = contract.mark else {
            return;
        };
        let rate = contract.rate();
        let premium = margin::average_premium(contract.weighted, contract.weights);
        let finer = i64::try_from(margin::PREMIUM_ONE / RATE_ONE).unwrap_or(1);
        contract.last_funding = rate;
        self.out.push(Event::FundingFixed(FundingFixed {
            symbol,
            slot,
            rate,
            mark,
            premium: Rate(premium / finer),
        }));
        self.pay_funding(Paying {
            symbol,
            rate,
            mark,
            next: AccountId(0),
        });
    }

    /// Pays account by account; goes on in the next frame where this one is full.
    pub(crate) fn pay_funding(&mut self, paying: Paying) {
        let symbol = paying.symbol;
        let market = self.state.symbols[symbol.0 as usize].market;
        let accounts = self.state.perpetuals.contracts[&symbol].desks.len() as u32;
        for number in paying.next.0..accounts {
            let account = AccountId(number);
            if self.is_full() {
                let rest = Paying {
                    next: account,
                    ..paying
                };
                return self.state.work.push_front(Work::Funding(rest));
            }
            let Some(desk) = self.state.perpetuals.contracts[&symbol].desk(account) else {
                continue;
            };
            let legs = desk.legs;
            for side in PositionSide::ALL {
                let size = legs[*side as usize].holding.size;
                if size.0 == 0 {
                    continue;
                }
                self.steps += 1;
                let unit = market.quote_per_tick_lot;
                let value = margin::value(size.0.into(), paying.mark, unit);
                let value = value.expect("admission saw to it");
                let payment = margin::funding_payment(value, paying.rate);
                let payment = payment.expect("a rate is below 100 %");
                #[cfg(feature = "planted-faults")]
                let payment = self.plant_rounding(payment);
                self.trace.note(Note::Funding {
                    account,
                    value,
                    rate: paying.rate,
                    payment,
                });
                let key = (account, symbol, *side);
                self.gain_from(key, market.quote, (AccountId::ROUNDING, payment));
                self.state.perpetuals.note_moved(key);
                self.note_pool(key, market.quote);
                self.out.push(Event::FundingPaid(FundingPaid {
                    account,
                    symbol,
                    side: *side,
                    size,
                    amount: payment,
                }));
            }
        }
    }

    /// The fault that drops funding's rounding: who receives gets an atom more.
    #[cfg(feature = "planted-faults")]
    fn plant_rounding(&self, payment: Amount) -> Amount {
        let is_dropping = self.planted == Some(crate::apply::PlantedFault::FundingRounding);
        match is_dropping && payment.0 > 0 {
            true => Amount(payment.0 + 1),
            false => payment,
        }
    }
}
