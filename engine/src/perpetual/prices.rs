//! Index and mark price, and who is looked at when the mark moves.

use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::{Side, SymbolKind, SymbolState};
use schemas::margin;
use schemas::perpetual::{PositionSide, PriceSource};
use schemas::perpetual_command::SetIndexPriceV1;
use schemas::perpetual_event::{IndexPriceSet, MarkPriceChanged};
use schemas::reject::RejectReason;
use schemas::units::Price;

use super::Timer;
use crate::admin::Verdict;
use crate::apply::Engine;
use crate::risk::filters::PRICE_MAX;
use crate::trace::Trace;

/// So many samples make the average basis: five minutes of one every five seconds.
pub(super) const BASIS_SAMPLES: usize = 60;

impl<T: Trace> Engine<T> {
    /// An index price takes effect at once: mark, triggers, liquidations.
    pub(crate) fn set_index_price(&mut self, command: &SetIndexPriceV1) -> Verdict {
        let symbol = command.symbol;
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        let listed = self
            .state
            .symbol(symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        if listed.kind != SymbolKind::Perpetual {
            return Err(RejectReason::UnknownSymbol);
        }
        let is_settled = listed.state == SymbolState::Delisted;
        let contract = self.state.perpetuals.contracts.get(&symbol);
        let contract = contract.ok_or(RejectReason::InvalidContract)?;
        if is_settled {
            return Err(RejectReason::InvalidState);
        }
        let fits = command.price <= PRICE_MAX
            && self.price_fits(contract, symbol.0 as usize, command.price);
        if !fits {
            return Err(RejectReason::InvalidPrice);
        }
        self.record_done(&command.business, None);
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("just seen");
        let is_first = contract.index.is_none();
        contract.index = Some(command.price);
        self.out.push(Event::IndexPriceSet(IndexPriceSet {
            symbol,
            price: command.price,
            source: command.source,
        }));
        if is_first {
            self.start_timers(symbol);
        }
        if command.source == PriceSource::Operator {
            // It never goes stale (RULES).
            self.feed(symbol, true);
        }
        self.make_mark(symbol);
        Ok(())
    }

    /// From the first index price on the premium is sampled and funding is due.
    fn start_timers(&mut self, symbol: SymbolId) {
        let now = self.state.now;
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("it has a price");
        let spec = contract.spec;
        let funding = super::funding::next_multiple(now, spec.funding_interval_ns);
        contract.next_funding = funding;
        let sample = super::funding::next_multiple(now, spec.premium_interval_ns);
        self.set_timer(funding, Timer::Fund(symbol));
        self.set_timer(sample, Timer::Sample(symbol));
    }

    /// The mark price of the moment; whoever it may hurt is looked at.
    pub(crate) fn make_mark(&mut self, symbol: SymbolId) {
        let now = self.state.now;
        let last = self.state.symbols[symbol.0 as usize].last_trade;
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("it has a price");
        let Some(index) = contract.index else {
            return;
        };
        let left = contract.next_funding.0.saturating_sub(now.0);
        let interval = contract.spec.funding_interval_ns;
        let funding = margin::funding_leg(index, contract.last_funding, (left, interval));
        let basis = contract.average_basis();
        let basis = basis
            .and_then(|basis| index.0.checked_add(basis))
            .map(Price);
        let legs = [basis, last];
        let mark = margin::mark_price(index, funding, legs);
        // A median is at most the second of three; an index in range keeps it in range
        // unless both others are beyond it.
        let contract = &self.state.perpetuals.contracts[&symbol];
        let mark = match self.price_fits(contract, symbol.0 as usize, mark) {
            true => mark,
            false => index,
        };
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("it has a price");
        if contract.mark == Some(mark) {
            return;
        }
        contract.mark = Some(mark);
        self.out
            .push(Event::MarkPriceChanged(MarkPriceChanged { symbol, mark }));
        self.look_at_hurt(symbol, mark);
        self.show_mark(symbol, mark);
    }

    /// Positions whose safe price the mark has reached, by the index; nobody else.
    fn look_at_hurt(&mut self, symbol: SymbolId, mark: Price) {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let (first, last) = (AccountId(0), AccountId(u32::MAX));
        let fell = contract
            .falling
            .range((mark.0, first, PositionSide::Both)..);
        let rose = contract
            .rising
            .range(..=(mark.0, last, PositionSide::Short));
        let hurt: Vec<_> = fell.chain(rose).map(|it| (it.1, it.2)).collect();
        for (account, side) in hurt {
            let pool = self.pool_of(account, symbol, side);
            self.state.perpetuals.note_suffered(pool);
        }
        self.look_at_called(symbol);
    }

    /// Best bid and ask, if both stand.
    pub(super) fn middle(&self, symbol: SymbolId) -> Option<Price> {
        let books = &self.state.books;
        let bid = books.best_price(symbol, Side::Buy)?;
        let ask = books.best_price(symbol, Side::Sell)?;
        Some(Price(bid.0 + (ask.0 - bid.0) / 2))
    }
}

impl super::Contract {
    /// Rounded toward zero; `None` before the first sample.
    fn average_basis(&self) -> Option<i64> {
        let count = i128::try_from(self.basis.len())
            .ok()
            .filter(|it| *it != 0)?;
        let sum: i128 = self.basis.iter().map(|basis| i128::from(*basis)).sum();
        i64::try_from(sum / count).ok()
    }
}
