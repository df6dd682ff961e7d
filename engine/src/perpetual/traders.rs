//! What an account chooses: leverage, margin type, position mode, isolated margin.

use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::margin;
use schemas::perpetual::{MarginType, PositionSide};
use schemas::perpetual_command::{
    AdjustMarginV1, SetLeverageV1, SetMarginTypeV1, SetPositionModeV1,
};
use schemas::perpetual_event::MarginAdjusted;
use schemas::reject::RejectReason;
use schemas::units::Amount;

use super::pool::worth;
use super::{Contract, Pool};
use crate::admin::Verdict;
use crate::apply::Engine;
use crate::clearing::ledger::Pot;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    fn contract_of(&self, symbol: SymbolId) -> Result<&Contract, RejectReason> {
        self.state
            .symbol(symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        let contract = self.state.perpetuals.contracts.get(&symbol);
        contract.ok_or(RejectReason::NoIndexPrice)
    }

    /// Higher leverage frees margin, lower binds more: it is refused when there is not
    /// enough, or when the position is too large for it.
    pub(crate) fn set_leverage(&mut self, command: &SetLeverageV1) -> Verdict {
        let (account, symbol, leverage) = (command.account, command.symbol, command.leverage);
        self.client(account)?;
        let contract = self.contract_of(symbol)?;
        let market = self.state.symbols[symbol.0 as usize].market;
        let table = contract.table.as_ref().ok_or(RejectReason::NoIndexPrice)?;
        if leverage < 1 || leverage > table.leverage_max() {
            return Err(RejectReason::InvalidLeverage);
        }
        let desk = contract.desk(account).copied().unwrap_or_default();
        let (mut now, mut then) = (0, 0);
        for leg in desk.legs.iter().filter(|leg| !leg.is_idle()) {
            let mark = contract.mark.unwrap_or(schemas::units::Price::ZERO);
            let lots = margin::exposure(leg.holding.size, leg.bids, leg.asks);
            let notional = Amount(worth(lots, mark, &market));
            if table
                .notional_max(leverage)
                .is_some_and(|cap| notional > cap)
            {
                return Err(RejectReason::LeverageLimit);
            }
            now += contract.needed(leg, &market, contract.leverage(account));
            then += contract.needed(leg, &market, leverage);
        }
        if desk.isolated && then > now && desk.legs.iter().any(|leg| !leg.holding.is_flat()) {
            return Err(RejectReason::MarginNeeded);
        }
        let sums = self.pool(Pool::Cross(account, market.quote));
        if then > now && sums.available() < then - now {
            return Err(RejectReason::InsufficientMargin);
        }
        self.state.perpetuals.desk_mut(account, symbol).leverage = leverage;
        self.out.push(Event::LeverageChanged {
            account,
            symbol,
            leverage,
        });
        Ok(())
    }

    /// Only without position and order on the symbol.
    pub(crate) fn set_margin_type(&mut self, command: &SetMarginTypeV1) -> Verdict {
        let (account, symbol) = (command.account, command.symbol);
        self.client(account)?;
        let contract = self.contract_of(symbol)?;
        let desk = contract.desk(account).copied().unwrap_or_default();
        let isolated = command.margin_type == MarginType::Isolated;
        if desk.isolated == isolated {
            return Err(RejectReason::MarginTypeUnchanged);
        }
        if self.has_orders(account, symbol) {
            return Err(RejectReason::MarginTypeOrders);
        }
        if desk.legs.iter().any(|leg| !leg.holding.is_flat()) {
            return Err(RejectReason::MarginTypePosition);
        }
        self.state.perpetuals.desk_mut(account, symbol).isolated = isolated;
        self.out.push(Event::MarginTypeChanged {
            account,
            symbol,
            margin_type: command.margin_type,
        });
        Ok(())
    }

    /// Only without any position and order on any perpetual.
    pub(crate) fn set_position_mode(&mut self, command: &SetPositionModeV1) -> Verdict {
        let (account, hedge) = (command.account, command.hedge);
        self.client(account)?;
        let trader = self.state.perpetuals.trader(account);
        if trader.is_some_and(|trader| trader.hedge) == hedge {
            return Err(RejectReason::PositionModeUnchanged);
        }
        let symbols: Vec<SymbolId> = trader.map_or(Vec::new(), |it| it.symbols.clone());
        if symbols
            .iter()
            .any(|symbol| self.has_orders(account, *symbol))
        {
            return Err(RejectReason::PositionModeOrders);
        }
        let holds = |symbol: &SymbolId| {
            let desk = self.state.perpetuals.contracts[symbol].desk(account);
            desk.is_some_and(|desk| desk.legs.iter().any(|leg| !leg.holding.is_flat()))
        };
        if symbols.iter().any(holds) {
            return Err(RejectReason::PositionModePosition);
        }
        self.state.perpetuals.trader_mut(account).hedge = hedge;
        self.out.push(Event::PositionModeChanged { account, hedge });
        Ok(())
    }

    /// Margin of an isolated position; what is taken back must leave its initial margin,
    /// and no unrealised profit leaves with it.
    pub(crate) fn adjust_margin(&mut self, command: &AdjustMarginV1) -> Verdict {
        let key = (command.account, command.symbol, command.side);
        let (account, symbol, side) = key;
        self.client(account)?;
        let contract = self.contract_of(symbol)?;
        let market = self.state.symbols[symbol.0 as usize].market;
        if !contract.desk(account).is_some_and(|desk| desk.isolated) {
            return Err(RejectReason::NotIsolated);
        }
        let leg = contract.leg(account, side);
        if leg.holding.is_flat() {
            return Err(RejectReason::NoPosition);
        }
        if command.amount == Amount::ZERO {
            return Err(RejectReason::AmountNotPositive);
        }
        if self.state.perpetuals.is_due(account) {
            return Err(RejectReason::Liquidating);
        }
        let (wallet, beside) = ((account, Pot::Free), (account, Pot::Held));
        let asset = market.quote;
        let (from, to, amount) = match command.amount.0 > 0 {
            true => {
                let sums = self.pool(Pool::Cross(account, asset));
                if sums.withdrawable() < command.amount.0 {
                    return Err(RejectReason::InsufficientMargin);
                }
                (wallet, beside, command.amount)
            }
            false => {
                let alone = super::Leg {
                    bids: 0,
                    asks: 0,
                    ..leg
                };
                let needed = contract.needed(&alone, &market, contract.leverage(account));
                let amount = command.amount.0.checked_neg();
                let amount = amount.ok_or(RejectReason::MarginNeeded)?;
                let left = leg.holding.isolated.0.saturating_sub(amount);
                if left + contract.profit(&leg, &market).min(0) < needed {
                    return Err(RejectReason::MarginNeeded);
                }
                (beside, wallet, Amount(amount))
            }
        };
        let perpetuals = &mut self.state.perpetuals;
        perpetuals.wallets.transfer(asset, from, to, amount);
        perpetuals.leg_mut(key).holding.isolated.0 += command.amount.0;
        perpetuals.note_moved(key);
        self.note_pool(key, asset);
        self.state
            .perpetuals
            .note_suffered(Pool::Cross(account, asset));
        self.out.push(Event::MarginAdjusted(MarginAdjusted {
            account,
            symbol,
            side,
            amount: command.amount,
        }));
        Ok(())
    }

    pub(crate) fn has_orders(&self, account: AccountId, symbol: SymbolId) -> bool {
        let seats = &self.state.seats;
        seats
            .with_orders(&self.state.tags, account, symbol)
            .is_some()
    }

    /// Every position of a contract is looked at: its rules changed.
    pub(crate) fn look_at_holders(&mut self, symbol: SymbolId) {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let mut pools = Vec::new();
        for (account, desk) in contract.all_desks() {
            for side in PositionSide::ALL {
                if !desk.legs[*side as usize].holding.is_flat() {
                    pools.push(self.pool_of(account, symbol, *side));
                }
            }
        }
        for pool in pools {
            self.state.perpetuals.note_suffered(pool);
        }
    }
}
