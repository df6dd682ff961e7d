//! Assets, symbols, their filters, fees and states.

use schemas::command::{
    AddAssetV1, AddSymbolV1, SetFeeTierV1, SetFilterV1, SetSymbolFeesV1, SetSymbolStateV1,
    SetVenueLimitsV1, SetVenueStateV1,
};
use schemas::event::Event;
use schemas::ids::{AssetId, SymbolId};
use schemas::instrument::{
    Filter, LotSize, NotionalFilter, PercentPrice, PriceFilter, Side, SymbolKind, SymbolState,
};
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty, RATE_ONE, Rate, TimeNs};

use super::Verdict;
use crate::apply::Engine;
use crate::clearing::fees::Rates;
use crate::risk::filters::PRICE_MAX;
use crate::risk::reference_price::WINDOW_MINUTES_MAX;
use crate::state::{Asset, Market, Symbol};
use crate::trace::Trace;

/// The most decimals an asset may have.
const SCALE_MAX: u8 = 18;

impl<T: Trace> Engine<T> {
    pub(super) fn add_asset(&mut self, command: &AddAssetV1) -> Verdict {
        if !is_name(command.code.as_bytes()) {
            return Err(RejectReason::InvalidName);
        }
        if command.scale > SCALE_MAX {
            return Err(RejectReason::InvalidScale);
        }
        if self
            .state
            .assets
            .iter()
            .any(|known| known.code == command.code)
        {
            return Err(RejectReason::NameTaken);
        }
        let next = u16::try_from(self.state.assets.len());
        let asset = AssetId(next.map_err(|_| RejectReason::NoMoreIds)?);
        self.state.push_asset(Asset {
            asset,
            code: command.code,
            scale: command.scale,
        });
        self.out.push(Event::AssetAdded {
            asset,
            code: command.code,
            scale: command.scale,
        });
        Ok(())
    }

    pub(super) fn add_symbol(&mut self, command: &AddSymbolV1) -> Verdict {
        let symbol = self.admit_symbol(command)?;
        self.state.push_symbol(symbol);
        if command.opens_at != TimeNs(0) {
            let key = (command.opens_at, self.state.timers_made);
            self.state.timers_made += 1;
            self.state.timers.insert(key, symbol.market.symbol);
        }
        self.out.push(Event::SymbolAdded {
            symbol: symbol.market.symbol,
            name: symbol.name,
            kind: symbol.kind,
            base: command.base,
            quote: command.quote,
            price_scale: command.price_scale,
            qty_scale: command.qty_scale,
        });
        Ok(())
    }

    fn admit_symbol(&self, command: &AddSymbolV1) -> Result<Symbol, RejectReason> {
        let asset = |id: AssetId| self.state.assets.get(usize::from(id.0));
        let base = asset(command.base).ok_or(RejectReason::UnknownAsset)?;
        let quote = asset(command.quote).ok_or(RejectReason::UnknownAsset)?;
        if base.asset == quote.asset {
            return Err(RejectReason::UnknownAsset);
        }
        if !is_name(command.name.as_bytes()) {
            return Err(RejectReason::InvalidName);
        }
        let taken = |known: &Symbol| known.name == command.name && known.kind == command.kind;
        if self.state.symbols.iter().any(taken) {
            return Err(RejectReason::NameTaken);
        }
        let next = u32::try_from(self.state.symbols.len());
        let market = Market {
            symbol: SymbolId(next.map_err(|_| RejectReason::NoMoreIds)?),
            base: base.asset,
            quote: quote.asset,
            quote_per_tick_lot: power_of_ten(
                quote.scale,
                u16::from(command.price_scale) + u16::from(command.qty_scale),
            )?,
            lot_atoms: power_of_ten(base.scale, u16::from(command.qty_scale))?,
        };
        Ok(Symbol {
            market,
            name: command.name,
            kind: command.kind,
            price_scale: command.price_scale,
            qty_scale: command.qty_scale,
            state: SymbolState::PreTrading,
            opens_at: command.opens_at,
            price: PriceFilter::default(),
            lot: LotSize::default(),
            market_lot: LotSize::default(),
            notional: NotionalFilter::default(),
            percent: PercentPrice::default(),
            max_num_orders: 0,
            max_position: Qty::ZERO,
            maker: Rate(0),
            taker: Rate(0),
            last_trade: None,
            next_order: 1,
            next_trade: 1,
        })
    }

    pub(super) fn set_filter(&mut self, command: &SetFilterV1) -> Verdict {
        let mut symbol = *self
            .state
            .symbol(command.symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        match command.filter {
            Filter::Price(filter) => symbol.price = filter,
            Filter::LotSize(filter) => symbol.lot = filter,
            Filter::MarketLotSize(filter) => symbol.market_lot = filter,
            Filter::Notional(filter) => symbol.notional = filter,
            Filter::PercentPrice(filter) => symbol.percent = filter,
            Filter::MaxNumOrders(count) => symbol.max_num_orders = count,
            Filter::MaxPosition(qty) => symbol.max_position = qty,
            Filter::Protection(protection) => {
                // Liquidations of perpetuals must not wait for an auction.
                if protection.breaker != 0 && symbol.kind != SymbolKind::Spot {
                    return Err(RejectReason::InvalidFilter);
                }
                self.state.guard.set(command.symbol, protection);
            }
            other => {
                if !order_rule_fits(&other) {
                    return Err(RejectReason::InvalidFilter);
                }
                self.state.terms.rules[command.symbol.0 as usize].set(other);
            }
        }
        if !filters_fit(&symbol) {
            return Err(RejectReason::InvalidFilter);
        }
        *self.state.symbols.change(command.symbol) = symbol;
        self.out.push(Event::FilterChanged {
            symbol: command.symbol,
            filter: command.filter,
        });
        Ok(())
    }

    pub(super) fn set_symbol_fees(&mut self, command: &SetSymbolFeesV1) -> Verdict {
        let (maker, taker) = (command.maker, command.taker);
        self.state
            .symbol(command.symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        check_rates(maker, taker)?;
        let symbol = self.state.symbols.change(command.symbol);
        symbol.maker = maker;
        symbol.taker = taker;
        self.out.push(Event::SymbolFeesChanged {
            symbol: command.symbol,
            maker,
            taker,
        });
        Ok(())
    }

    pub(super) fn set_fee_tier(&mut self, command: &SetFeeTierV1) -> Verdict {
        let (tier, maker, taker) = (command.tier, command.maker, command.taker);
        if tier == 0 {
            return Err(RejectReason::InvalidFees);
        }
        check_rates(maker, taker)?;
        self.state.tiers.insert(tier, Rates { maker, taker });
        self.out.push(Event::FeeTierChanged { tier, maker, taker });
        Ok(())
    }

    pub(super) fn set_venue_limits(&mut self, command: &SetVenueLimitsV1) -> Verdict {
        self.state.limits = command.limits;
        self.out.push(Event::VenueLimitsChanged {
            limits: command.limits,
        });
        Ok(())
    }

    pub(super) fn set_venue_state(&mut self, command: &SetVenueStateV1) -> Verdict {
        self.state.venue = command.state;
        self.state.withdrawals = command.withdrawals;
        self.wake_all();
        self.out.push(Event::VenueStateChanged {
            state: command.state,
            withdrawals: command.withdrawals,
        });
        Ok(())
    }

    pub(super) fn set_symbol_state(&mut self, command: &SetSymbolStateV1) -> Verdict {
        let known = self
            .state
            .symbol(command.symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        let is_back = command.state == SymbolState::PreTrading && known.state != command.state;
        let contract = self.state.perpetuals.contracts.get(&command.symbol);
        // A contract with positions ends by a settlement, not by a switch.
        let is_held = contract.is_some_and(|contract| contract.longs != 0);
        let is_over = command.state == SymbolState::Delisted && is_held;
        if known.state == SymbolState::Delisted || is_back || is_over {
            return Err(RejectReason::InvalidState);
        }
        let symbol = command.symbol;
        match command.state {
            SymbolState::Auction if known.kind != SymbolKind::Spot => {
                return Err(RejectReason::InvalidState);
            }
            SymbolState::Auction => self.call_auction(symbol),
            // What was collected is never left crossed in an open market.
            SymbolState::Trading if self.was_collecting(symbol) => self.uncross(symbol),
            state => {
                self.end_collecting(symbol);
                self.change_symbol_state(symbol, state);
                self.wake_all();
                if state == SymbolState::Delisted {
                    self.cancel_symbol(symbol);
                }
            }
        }
        Ok(())
    }

    /// A symbol still in pre-trading opens; one that was moved by hand is left alone.
    pub(crate) fn open_by_timer(&mut self, symbol: SymbolId) {
        if self.state.symbols[symbol.0 as usize].state == SymbolState::PreTrading {
            self.change_symbol_state(symbol, SymbolState::Trading);
            self.wake_all();
        }
        self.go_on_with_auction(symbol);
    }

    /// Whether the symbol is in an auction or was halted in one.
    fn was_collecting(&self, symbol: SymbolId) -> bool {
        let books = &self.state.books;
        let bid = books.best_price(symbol, Side::Buy);
        let crossed = bid.is_some_and(|bid| books.reaches(symbol, Side::Sell, bid));
        crossed || self.is_collecting(symbol)
    }

    pub(crate) fn change_symbol_state(&mut self, symbol: SymbolId, state: SymbolState) {
        self.state.symbols.change(symbol).state = state;
        self.out.push(Event::SymbolStateChanged { symbol, state });
    }
}

/// 10^(scale - used), a whole number >= 1.
fn power_of_ten(scale: u8, used: u16) -> Result<u64, RejectReason> {
    let exponent = u16::from(scale)
        .checked_sub(used)
        .ok_or(RejectReason::InvalidScale)?;
    Ok(10u64.pow(u32::from(exponent)))
}

fn is_name(name: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty() && name.iter().all(fits)
}

/// Neither rate beyond 100 %, and together the venue never pays.
fn check_rates(maker: Rate, taker: Rate) -> Verdict {
    let fits = |rate: Rate| i128::from(rate.0).abs() <= RATE_ONE;
    if fits(maker) && fits(taker) && maker.0 + taker.0 >= 0 {
        Ok(())
    } else {
        Err(RejectReason::InvalidFees)
    }
}

/// Bounds in order unless the upper one is disabled.
fn order_rule_fits(filter: &Filter) -> bool {
    match filter {
        Filter::TrailingDelta(delta) => {
            bounds_fit(delta.min_above, delta.max_above)
                && bounds_fit(delta.min_below, delta.max_below)
        }
        _ => true,
    }
}

fn filters_fit(symbol: &Symbol) -> bool {
    let price = &symbol.price;
    let percent = &symbol.percent;
    let price_fits = bounds_fit(price.min.0, price.max.0)
        && price.max <= PRICE_MAX
        && price.min <= PRICE_MAX
        && price.tick.0 >= 0;
    let lot_fits = |lot: &LotSize| bounds_fit(lot.min.0, lot.max.0) && lot.step.0 >= 0;
    let notional = &symbol.notional;
    let percent_fits = (percent.bid_up == 0 || percent.bid_up >= percent.bid_down)
        && (percent.ask_up == 0 || percent.ask_up >= percent.ask_down)
        && percent.minutes <= WINDOW_MINUTES_MAX;
    price_fits
        && lot_fits(&symbol.lot)
        && lot_fits(&symbol.market_lot)
        && bounds_fit(notional.min.0, notional.max.0)
        && percent_fits
        && symbol.max_position.0 >= 0
        && largest_order_fits(symbol, price.max, symbol.lot.max)
}

/// The largest order that the filters let in has a notional that the ledger can hold.
fn largest_order_fits(symbol: &Symbol, price: Price, qty: Qty) -> bool {
    price.0 < 0 || qty.0 < 0 || symbol.market.notional(price, qty).is_some()
}

/// Not negative, and in order unless the upper bound is disabled.
fn bounds_fit<N: Into<i128>>(min: N, max: N) -> bool {
    let (min, max): (i128, i128) = (min.into(), max.into());
    min >= 0 && max >= 0 && (max == 0 || min <= max)
}
