//! Operators: rules, states, limits, money and keys, while trading goes on.

use engine::apply::Engine;
use schemas::command::{
    AddAssetV1, AddSymbolV1, BindKeyV1, Command, CreateAccountV1, DepositV1, SetAccountLimitsV1,
    SetAccountStateV1, SetAccountTierV1, SetFeeTierV1, SetFilterV1, SetSymbolFeesV1,
    SetSymbolStateV1, SetVenueLimitsV1, SetVenueStateV1, TransferV1, UnbindKeyV1, WithdrawV1,
};
use schemas::ids::{AssetId, BusinessId, KeyId, SymbolId, Text};
use schemas::instrument::{
    AccountState, Filter, LotSize, PriceFilter, SymbolKind, SymbolState, VenueLimits, VenueState,
};
use schemas::protection::Protection;
use schemas::trade_group::SetTradeGroupV1;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use super::{BASE, CONTRACTS, QUOTE, SPOT, Whole};

/// Assets and symbols that may be listed while trading goes on.
const LISTED_MAX: usize = 9;

impl Whole {
    /// A command of an operator.
    pub(super) fn rule(&mut self, engine: &Engine) -> Command {
        match self.random.below(10) {
            0..3 => self.market_rule(),
            3..5 => self.state(),
            5..7 => self.money(),
            7 => self.limits(),
            8 => self.listing_later(engine),
            _ => self.key(),
        }
    }

    fn any_symbol(&mut self) -> SymbolId {
        match self.random.chance(70) {
            true => *self.random.pick(&SPOT),
            false => *self.random.pick(&CONTRACTS),
        }
    }

    fn market_rule(&mut self) -> Command {
        let symbol = self.any_symbol();
        let rates = [0, 20_000, 100_000];
        match self.random.below(6) {
            0 => Command::SetSymbolFees(SetSymbolFeesV1 {
                maker: Rate(*self.random.pick(&[-10_000, 0, 20_000])),
                taker: Rate(*self.random.pick(&rates) + 20_000),
                symbol,
            }),
            1 => Command::SetFeeTier(SetFeeTierV1 {
                maker: Rate(*self.random.pick(&rates)),
                taker: Rate(*self.random.pick(&rates) + 10_000),
                tier: 1 + self.random.below(3) as u8,
            }),
            2 => {
                let symbol = *self.random.pick(&CONTRACTS);
                self.brackets(symbol)
            }
            _ => Command::SetFilter(SetFilterV1 {
                filter: self.filter(),
                symbol,
            }),
        }
    }

    fn filter(&mut self) -> Filter {
        match self.random.below(10) {
            0..4 => Filter::Protection(Protection {
                band: *self.random.pick(&[0, 0, 500, 1_500]),
                market_depth: *self.random.pick(&[0, 300]),
                breaker: *self.random.pick(&[0, 300, 1_000]),
                auction_ms: *self.random.pick(&[0, 50, 5_000]),
            }),
            4 => Filter::MaxNumAlgoOrders(*self.random.pick(&[0, 5, 30])),
            5 => Filter::MaxNumOrderLists(*self.random.pick(&[0, 10])),
            6 => Filter::MaxNumIcebergOrders(*self.random.pick(&[0, 20])),
            7 => Filter::MaxNumOrders(*self.random.pick(&[0, 20, 200])),
            8 => Filter::Price(PriceFilter {
                min: Price(1),
                max: Price(1_000_000),
                tick: Price(*self.random.pick(&[1, 1, 5])),
            }),
            _ => Filter::LotSize(LotSize {
                min: Qty(1),
                max: Qty(1_000_000),
                step: Qty(*self.random.pick(&[1, 1, 2])),
            }),
        }
    }

    /// Mostly back to what lets trading go on.
    fn state(&mut self) -> Command {
        let account = self.account();
        match self.random.below(6) {
            0 => Command::SetAccountState(SetAccountStateV1 {
                account,
                state: match self.random.chance(20) {
                    true => AccountState::Frozen,
                    false => AccountState::Active,
                },
            }),
            1 => Command::SetVenueState(SetVenueStateV1 {
                state: *self.random.pick(&[
                    VenueState::Open,
                    VenueState::Open,
                    VenueState::Open,
                    VenueState::Open,
                    VenueState::Open,
                    VenueState::CancelOnly,
                    VenueState::Halt,
                ]),
                withdrawals: self.random.chance(70),
            }),
            2 => Command::SetSymbolState(SetSymbolStateV1 {
                symbol: self.any_symbol(),
                state: *self
                    .random
                    .pick(&[SymbolState::Halt, SymbolState::CancelOnly]),
            }),
            3 => Command::SetSymbolState(SetSymbolStateV1 {
                symbol: *self.random.pick(&SPOT),
                state: SymbolState::Auction,
            }),
            _ => Command::SetSymbolState(SetSymbolStateV1 {
                symbol: self.any_symbol(),
                state: SymbolState::Trading,
            }),
        }
    }

    fn money(&mut self) -> Command {
        let (account, to) = (self.account(), self.account());
        let asset = *self.random.pick(&[BASE, QUOTE]);
        let amount = Amount(1 + i128::from(self.random.below(1 << 34)));
        // Some are said twice.
        let business = match self.random.chance(40) {
            true => BusinessId::new(&format!("pay{}", self.random.below(30))).expect("short"),
            false => BusinessId::EMPTY,
        };
        match self.random.below(4) {
            0 => Command::CreateAccount(CreateAccountV1 { business }),
            1 => Command::Deposit(DepositV1 {
                amount,
                account,
                asset,
                business,
            }),
            2 => Command::Withdraw(WithdrawV1 {
                amount,
                account,
                asset,
                business,
            }),
            _ => Command::Transfer(TransferV1 {
                amount,
                from: account,
                to,
                asset,
                business,
            }),
        }
    }

    fn limits(&mut self) -> Command {
        let account = self.account();
        match self.random.below(4) {
            3 => Command::SetTradeGroup(SetTradeGroupV1 {
                account,
                group: self.random.below(3) as u32,
            }),
            0 => Command::SetAccountTier(SetAccountTierV1 {
                account,
                tier: self.random.below(4) as u8,
            }),
            1 => Command::SetAccountLimits(SetAccountLimitsV1 {
                account,
                orders_per_10s: *self.random.pick(&[0, 0, 20]),
                orders_per_day: *self.random.pick(&[0, 0, 4_000]),
            }),
            _ => Command::SetVenueLimits(SetVenueLimitsV1 {
                limits: VenueLimits {
                    weight_per_minute: 6_000,
                    orders_per_10s: *self.random.pick(&[40, 1_000_000]),
                    orders_per_day: 100_000_000,
                },
            }),
        }
    }

    /// Another asset or market; nobody trades there.
    fn listing_later(&mut self, engine: &Engine) -> Command {
        let (assets, symbols) = (engine.assets().len(), engine.symbols().len());
        if self.random.chance(50) || symbols >= LISTED_MAX {
            let code = Text::new(&format!("A{}", assets % LISTED_MAX)).expect("short");
            return Command::AddAsset(AddAssetV1 { code, scale: 6 });
        }
        Command::AddSymbol(AddSymbolV1 {
            opens_at: TimeNs(engine.now().0 + self.random.below(20_000_000_000)),
            base: AssetId(self.random.below(assets as u64) as u16),
            quote: QUOTE,
            name: Text::new(&format!("LATE{symbols}")).expect("short"),
            kind: SymbolKind::Spot,
            price_scale: 2,
            qty_scale: 4,
        })
    }

    fn key(&mut self) -> Command {
        let account = self.account();
        let key = KeyId::new(&format!("key{}", self.random.below(20))).expect("short");
        match self.random.chance(60) {
            true => Command::BindKey(BindKeyV1 {
                account,
                permissions: 7,
                key,
            }),
            false => Command::UnbindKey(UnbindKeyV1 { account, key }),
        }
    }
}
