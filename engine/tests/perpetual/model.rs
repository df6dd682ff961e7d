//! The money of perpetuals a second time, naively: every account, position and margin is
//! recomputed from what was traded, paid and taken over, by other code than the engine's.
//!
//! It hears the events that say what happened (prices, quantities, who) and calculates all
//! that follows (cost, profit, fees, margin, who is due), then compares with what the engine
//! says. Absent: matching, which the naive venue has.

use std::collections::{BTreeMap, BTreeSet};

use engine::apply::Engine;
use schemas::event::{Event, Trade};
use schemas::ids::{AccountId, OrderId, SymbolId};
use schemas::instrument::{OrderType, Side};
use schemas::perpetual::{PositionSide, WalletDirection};
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_event::{
    FundingFixed, FundingPaid, LiquidationFee, LiquidationStarted, MarginCalled, PositionTakenOver,
    TradeSettled,
};
use schemas::units::Price;

use super::world::{LIQUIDATION_FEE, MAKER, TAKER, UNIT, brackets};

const ONE: i128 = 100_000_000;

type Key = (AccountId, SymbolId, PositionSide);

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Position {
    pub size: i128,
    pub cost: i128,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    account: AccountId,
    position: PositionSide,
    side: Side,
    reducing: bool,
    open: i128,
    rests: bool,
    forced: bool,
    filled: i128,
}

#[derive(Default)]
pub struct Model {
    wallets: BTreeMap<AccountId, i128>,
    positions: BTreeMap<Key, Position>,
    marks: BTreeMap<SymbolId, i128>,
    leverage: BTreeMap<(AccountId, SymbolId), i128>,
    orders: BTreeMap<(SymbolId, OrderId), Order>,
    trade: Option<Trade>,
    fixed: Option<FundingFixed>,
    unpaid: BTreeMap<Key, i128>,
    forced_next: bool,
    deposited: i128,
    /// Called for margin and not calm since.
    called: BTreeSet<AccountId>,
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: T, known: T) -> Result<(), String> {
    match said == known {
        true => Ok(()),
        false => Err(format!(
            "{what}: the engine says {said:?}, the model {known:?}"
        )),
    }
}

/// Away from zero for what is paid.
fn up(number: i128, by: i128) -> i128 {
    -((-number).div_euclid(by))
}

fn maintenance(notional: i128) -> i128 {
    // Each bracket's rate on the part of the notional that lies in it.
    let rows = brackets();
    let mut sum = 0;
    for (index, row) in rows.iter().enumerate() {
        let top = rows.get(index + 1).map_or(i128::MAX, |next| next.floor.0);
        let part = notional.min(top) - row.floor.0;
        sum += part.max(0) * i128::from(row.maintenance.0);
    }
    up(sum, ONE)
}

impl Model {
    pub fn hear(&mut self, events: &[Event]) -> Result<(), String> {
        events.iter().try_for_each(|event| self.event(event))
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::FuturesTransferred(it) => {
                let amount = match it.direction {
                    WalletDirection::ToFutures => it.amount.0,
                    WalletDirection::ToSpot => -it.amount.0,
                };
                self.deposited += amount;
                *self.wallets.entry(it.account).or_default() += amount;
            }
            Event::InsuranceDeposited { amount, .. } => {
                self.deposited += amount.0;
                *self.wallets.entry(AccountId::INSURANCE).or_default() += amount.0;
            }
            Event::MarginCalled(it) => self.called(it)?,
            Event::MarkPriceChanged(it) => {
                self.marks.insert(it.symbol, it.mark.0.into());
            }
            Event::LeverageChanged {
                account,
                symbol,
                leverage,
            } => {
                self.leverage
                    .insert((*account, *symbol), (*leverage).into());
            }
            Event::Trade(trade) => self.trade = Some(*trade),
            Event::TradeSettled(it) => self.settled(it)?,
            Event::FundingFixed(it) => self.fixed(it)?,
            Event::FundingPaid(it) => self.paid(it)?,
            Event::LiquidationStarted(it) => self.started(it)?,
            Event::LiquidationOrdered(_) => self.forced_next = true,
            Event::LiquidationFee(it) => self.liquidation_fee(it)?,
            Event::PositionTakenOver(it) => self.taken_over(it)?,
            other => self.order(other),
        }
        Ok(())
    }

    fn order(&mut self, event: &Event) {
        match event {
            Event::OrderAccepted(it) => {
                let order = Order {
                    account: it.account,
                    position: PositionSide::Both,
                    side: it.side,
                    reducing: false,
                    open: it.qty.0.into(),
                    rests: false,
                    forced: std::mem::take(&mut self.forced_next),
                    filled: 0,
                };
                self.orders.insert((it.symbol, it.order), order);
            }
            Event::PerpetualAccepted(it) => {
                let order = self
                    .orders
                    .get_mut(&(it.symbol, it.order))
                    .expect("accepted");
                order.position = it.terms.position_side;
                let closes = matches!(
                    (order.side, order.position),
                    (Side::Sell, PositionSide::Long) | (Side::Buy, PositionSide::Short)
                );
                order.reducing = it.terms.reduce_only || closes;
            }
            Event::OrderRested(it) => {
                let order = self
                    .orders
                    .get_mut(&(it.symbol, it.order))
                    .expect("accepted");
                order.rests = true;
                order.open = it.open.0.into();
            }
            Event::OrderModified(it) => {
                let order = self
                    .orders
                    .get_mut(&(it.symbol, it.order))
                    .expect("accepted");
                order.rests = false;
            }
            Event::OrderAmended(it) => {
                let order = self
                    .orders
                    .get_mut(&(it.symbol, it.order))
                    .expect("accepted");
                order.open = it.open.0.into();
            }
            Event::OrderDone(it) => {
                let order = self
                    .orders
                    .get_mut(&(it.symbol, it.order))
                    .expect("accepted");
                order.rests = false;
            }
            _ => {}
        }
    }

    /// One side of a trade; gives what was realised.
    fn fill(&mut self, key: Key, bought: i128, price: i128) -> i128 {
        let it = self.positions.entry(key).or_default();
        let closing = match it.size.signum() * bought.signum() {
            -1 => bought.abs().min(it.size.abs()),
            _ => 0,
        };
        let sign = it.size.signum();
        let mut realised = 0;
        if closing > 0 {
            // Toward zero, and the difference stays.
            let released = it.cost * closing / it.size.abs();
            realised = sign * closing * price * UNIT - released;
            it.cost -= released;
            it.size -= sign * closing;
        }
        let opening = (bought.abs() - closing) * bought.signum();
        it.cost += opening * price * UNIT;
        it.size += opening;
        realised
    }

    /// Changes a wallet; what it lacks is settled from its most profitable position.
    fn move_wallet(&mut self, account: AccountId, amount: i128) {
        let wallet = self.wallets.entry(account).or_default();
        *wallet += amount;
        let missing = -*wallet;
        if missing <= 0 || amount >= 0 || account.is_venue() {
            return;
        }
        *wallet = 0;
        let best = self.held(account).into_iter().max_by(|one, other| {
            // The first of equals, which `max_by` would give last.
            one.1.cmp(&other.1).then(other.0.cmp(&one.0))
        });
        let (key, _) = best.expect("a pool that owes has a position");
        self.positions.get_mut(&key).expect("held").cost += missing;
    }

    /// Positions of an account with their unrealised profit.
    fn held(&self, account: AccountId) -> Vec<(Key, i128)> {
        let own = self
            .positions
            .iter()
            .filter(|(key, it)| key.0 == account && it.size != 0);
        own.map(|(key, it)| (*key, it.size * self.mark(key.1) * UNIT - it.cost))
            .collect()
    }

    fn mark(&self, symbol: SymbolId) -> i128 {
        self.marks.get(&symbol).copied().unwrap_or(0)
    }

    fn settled(&mut self, it: &TradeSettled) -> Result<(), String> {
        let trade = self.trade.take().ok_or("settled without a trade")?;
        same("trade", it.trade, trade.trade)?;
        let (qty, price) = (i128::from(trade.qty.0), i128::from(trade.price.0));
        same("quote", trade.quote.0, qty * price * UNIT)?;
        let sides = [
            (
                (trade.maker_account, trade.maker_order, it.maker_position),
                (trade.taker_side.opposite(), MAKER),
                (trade.maker_fee.0, it.maker_realised.0),
            ),
            (
                (trade.taker_account, trade.taker_order, it.taker_position),
                (trade.taker_side, TAKER),
                (trade.taker_fee.0, it.taker_realised.0),
            ),
        ];
        for ((account, order, position), (side, rate), (fee, realised)) in sides {
            let known = self
                .orders
                .get_mut(&(trade.symbol, order))
                .ok_or("no order")?;
            same("account of an order", account, known.account)?;
            same("position of an order", position, known.position)?;
            known.open -= qty;
            known.filled += trade.quote.0;
            let rate = if known.forced { 0 } else { i128::from(rate) };
            same("fee", fee, up(trade.quote.0 * rate, ONE))?;
            let bought = match side {
                Side::Buy => qty,
                Side::Sell => -qty,
            };
            let key = (account, trade.symbol, position);
            let known = self.fill(key, bought, price);
            same("realised", realised, known)?;
            self.move_wallet(account, known);
            self.move_wallet(account, -fee);
            *self.wallets.entry(AccountId::FEES).or_default() += fee;
        }
        Ok(())
    }

    fn fixed(&mut self, it: &FundingFixed) -> Result<(), String> {
        if !self.unpaid.is_empty() {
            return Err(format!("funding left unpaid: {:?}", self.unpaid));
        }
        same(
            "mark at funding",
            i128::from(it.mark.0),
            self.mark(it.symbol),
        )?;
        let held = self.positions.iter();
        let held = held.filter(|(key, position)| key.1 == it.symbol && position.size != 0);
        self.unpaid = held.map(|(key, position)| (*key, position.size)).collect();
        self.fixed = Some(*it);
        Ok(())
    }

    fn paid(&mut self, it: &FundingPaid) -> Result<(), String> {
        let key = (it.account, it.symbol, it.side);
        let size = self.unpaid.remove(&key).ok_or("nobody owes that funding")?;
        same("size at funding", i128::from(it.size.0), size)?;
        let fixed = self.fixed.ok_or("no rate")?;
        let value = size * i128::from(fixed.mark.0) * UNIT;
        let owed = value * i128::from(fixed.rate.0);
        // Who pays pays the fraction, too; who receives does not get it.
        let amount = match owed > 0 {
            true => -up(owed, ONE),
            false => -owed / ONE,
        };
        same("funding", it.amount.0, amount)?;
        self.move_wallet(it.account, amount);
        *self.wallets.entry(AccountId::ROUNDING).or_default() -= amount;
        Ok(())
    }

    /// Margin balance, initial margin with orders, and maintenance.
    pub fn pool(&self, account: AccountId) -> (i128, i128, i128) {
        let mut balance = self.wallets.get(&account).copied().unwrap_or(0);
        let mut due = 0;
        for ((_, symbol, side), profit) in self.held(account) {
            balance += profit;
            let size = self.positions[&(account, symbol, side)].size;
            due += maintenance(size.abs() * self.mark(symbol) * UNIT);
        }
        let mut needed = 0;
        for symbol in self.marks.keys() {
            for side in PositionSide::ALL {
                let lots = self.exposure((account, *symbol, *side), 0);
                let notional = lots * self.mark(*symbol) * UNIT;
                needed += up(notional, self.leverage_of(account, *symbol));
            }
        }
        (balance, needed, due)
    }

    fn leverage_of(&self, account: AccountId, symbol: SymbolId) -> i128 {
        self.leverage.get(&(account, symbol)).copied().unwrap_or(10)
    }

    /// The worse side of position and orders, with so many more bids (negative: asks).
    fn exposure(&self, key: Key, more: i128) -> i128 {
        let size = self.positions.get(&key).map_or(0, |it| it.size);
        let (mut bids, mut asks) = (more.max(0), (-more).max(0));
        for ((symbol, _), order) in &self.orders {
            let counts = order.rests && !order.reducing;
            if counts && (order.account, *symbol, order.position) == key {
                match order.side {
                    Side::Buy => bids += order.open,
                    Side::Sell => asks += order.open,
                }
            }
        }
        (size + bids).abs().max((size - asks).abs())
    }

    /// Four fifths of the balance are bound.
    fn called(&mut self, it: &MarginCalled) -> Result<(), String> {
        let (balance, _, due) = self.pool(it.account);
        let position = self.positions.get(&(it.account, it.symbol, it.side));
        let size = position.map_or(0, |it| it.size);
        same("size called", i128::from(it.holding.size.0), size)?;
        let own = maintenance(size.abs() * self.mark(it.symbol) * UNIT);
        same("maintenance called", it.maintenance.0, own)?;
        if due * 5 < balance * 4 {
            return Err(format!("{due} of {balance} is called for margin"));
        }
        self.called.insert(it.account);
        Ok(())
    }

    fn started(&mut self, it: &LiquidationStarted) -> Result<(), String> {
        let (balance, _, due) = self.pool(it.account);
        same("balance", it.balance.0, balance)?;
        same("maintenance", it.maintenance.0, due)?;
        match balance <= due {
            true => Ok(()),
            false => Err(format!("{balance} is more than {due}: not due")),
        }
    }

    fn liquidation_fee(&mut self, it: &LiquidationFee) -> Result<(), String> {
        let orders = self.orders.values().rev();
        let forced = orders.filter(|order| order.forced && order.account == it.account);
        let filled = forced
            .map_while(|order| Some(order.filled))
            .max()
            .unwrap_or(0);
        let most = up(filled * i128::from(LIQUIDATION_FEE), ONE);
        if it.amount.0 > most {
            return Err(format!("a fee of {} on {filled}", it.amount.0));
        }
        self.move_wallet(it.account, -it.amount.0);
        *self.wallets.entry(AccountId::INSURANCE).or_default() += it.amount.0;
        Ok(())
    }

    fn taken_over(&mut self, it: &PositionTakenOver) -> Result<(), String> {
        let (size, price) = (i128::from(it.size.0), i128::from(it.price.0));
        same("quote taken over", it.quote.0, size.abs() * price * UNIT)?;
        let known = self.fill((it.from, it.symbol, it.from_side), -size, price);
        same("realised by a takeover", it.from_realised.0, known)?;
        self.move_wallet(it.from, known);
        let known = self.fill((it.to, it.symbol, it.to_side), size, price);
        same("realised by who takes over", it.to_realised.0, known)?;
        self.move_wallet(it.to, known);
        Ok(())
    }

    /// After a command and all it left over: the same money everywhere, and nobody is due.
    pub fn compare(&mut self, engine: &Engine, accounts: &[AccountId]) -> Result<(), String> {
        let quote = schemas::ids::AssetId(1);
        let venue = [AccountId::FEES, AccountId::ROUNDING, AccountId::INSURANCE];
        for account in accounts.iter().chain(&venue) {
            let known = self.wallets.get(account).copied().unwrap_or(0);
            let said = engine.wallet(*account, quote).0.0;
            same(&format!("wallet of {}", account.0), said, known)?;
            for symbol in self.marks.keys() {
                for side in PositionSide::ALL {
                    let known = self.positions.get(&(*account, *symbol, *side)).copied();
                    let holding = engine.leg(*account, *symbol, *side).holding;
                    let said = Position {
                        size: holding.size.0.into(),
                        cost: holding.cost.0,
                    };
                    same(
                        &format!("position of {}", account.0),
                        said,
                        known.unwrap_or_default(),
                    )?;
                }
            }
        }
        for account in accounts {
            let (balance, _, due) = self.pool(*account);
            let is_thin = due * 5 >= balance * 4 && !self.held(*account).is_empty();
            if is_thin && !self.called.contains(account) {
                return Err(format!("account {} is thin and was not called", account.0));
            }
            if due * 50 < balance * 36 || self.held(*account).is_empty() {
                self.called.remove(account);
            }
            if balance <= due && !self.held(*account).is_empty() {
                return Err(format!("account {} is due and was left alone", account.0));
            }
        }
        if !self.unpaid.is_empty() {
            return Err(format!("funding left unpaid: {:?}", self.unpaid));
        }
        // Realised, unrealised, fees, funding, insurance: what came in, less what went out.
        let wallets: i128 = self.wallets.values().sum();
        let costs: i128 = self.positions.values().map(|it| it.cost).sum();
        same("everything there is", wallets - costs, self.deposited)
    }

    /// Whether margin and brackets let a limit order in; `None` when they are not asked.
    pub fn lets_in(&self, place: &PlacePerpetualV1) -> Option<bool> {
        let (order, terms) = (&place.order, &place.terms);
        let closes = matches!(
            (order.side, terms.position_side),
            (Side::Sell, PositionSide::Long) | (Side::Buy, PositionSide::Short)
        );
        let is_asked = order.order_type != OrderType::Market
            && order.price != Price::ZERO
            && !terms.reduce_only
            && !closes;
        if !is_asked {
            return None;
        }
        let key = (order.account, order.symbol, place.terms.position_side);
        let (mark, leverage) = (
            self.mark(order.symbol),
            self.leverage_of(order.account, order.symbol),
        );
        let qty = i128::from(order.qty.0);
        let more = match order.side {
            Side::Buy => qty,
            Side::Sell => -qty,
        };
        let (before, after) = (self.exposure(key, 0), self.exposure(key, more));
        if after <= before {
            return Some(true);
        }
        let (balance, needed, _) = self.pool(order.account);
        let margin = |lots: i128| up(lots * mark * UNIT, leverage);
        let price = i128::from(order.price.0);
        let loss = (more.signum() * (price - mark) * qty * UNIT).max(0);
        let fee = up(qty * price * UNIT * i128::from(TAKER), ONE);
        let left = balance - needed - (margin(after) - margin(before)) - loss - fee;
        let rows = brackets();
        let above = rows
            .iter()
            .find(|row| i128::from(row.max_leverage) < leverage);
        let fits = above.is_none_or(|row| after * mark * UNIT <= row.floor.0);
        Some(left >= 0 && fits)
    }
}
