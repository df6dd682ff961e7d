//! Random commands with a purpose: each seed draws its own mix, so that rare things are
//! common in some streams.

use schemas::command::{
    AddAssetV1, AddSymbolV1, AmendOrderV1, CancelAllV1, CancelOrderV1, CancelReplaceV1, Command,
    CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1, RequestDigest, SetAccountLimitsV1,
    SetAccountStateV1, SetAccountTierV1, SetFeeTierV1, SetFilterV1, SetSymbolFeesV1,
    SetSymbolStateV1, SetVenueLimitsV1, SetVenueStateV1, TransferV1, WithdrawV1,
};
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId, Text};
use schemas::instrument::{
    AccountState, CancelReplaceMode, Filter, LotSize, NotionalFilter, OrderType, PercentPrice,
    PriceFilter, SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce, VenueLimits,
    VenueState,
};
use schemas::trade_group::SetTradeGroupV1;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::naive::Naive;

/// splitmix64: the same numbers on every machine, for ever.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 <= result < `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// `low` <= result <= `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// What a stream is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// A bit of everything.
    Mixed,
    /// Prices of a few units and amounts of a few atoms: rounding everywhere.
    Dust,
    /// Two accounts that mostly meet themselves.
    SelfTrade,
    /// Many symbols over few assets.
    Wide,
    /// Filters, fees, tiers, limits and states change all the time.
    Rules,
    /// One deep book, every kind of taker.
    Deep,
    /// Accounts that come into trade groups and leave them, and meet each other all the time.
    Groups,
}

/// Draws commands, looking at the naive venue to make most of them sensible.
pub struct Swarm {
    pub random: Random,
    theme: Theme,
    users: u64,
    symbols: u64,
    middle: i64,
    spread: i64,
    lots: i64,
    weights: [u64; 9],
    client_ids: u64,
}

impl Swarm {
    pub fn new(seed: u64, theme: Theme) -> Swarm {
        let mut random = Random::new(seed);
        let (users, symbols) = match theme {
            Theme::SelfTrade => (2, 1),
            Theme::Groups => (4, 2),
            Theme::Wide => (4, 12),
            Theme::Deep => (8, 1),
            _ => (3 + random.below(5), 1 + random.below(3)),
        };
        let (middle, spread, lots) = match theme {
            Theme::Dust => (4, 3, 6),
            Theme::Deep => (10_000, 200, 500),
            _ => (1_000, 3 + random.between(0, 30), 40),
        };
        let mut weight = |low: i64, high: i64| random.between(low, high) as u64;
        let rules = if theme == Theme::Rules { 20 } else { 1 };
        let weights = [
            weight(30, 60), // limit
            weight(2, 12),  // market by base
            weight(2, 12),  // market by quote
            weight(4, 20),  // cancel
            weight(0, 2),   // cancel all
            weight(2, 12),  // cancel-replace
            weight(2, 12),  // amend
            weight(1, 4),   // money
            weight(rules, rules * 2),
        ];
        let client_ids = 3 + random.below(60);
        Swarm {
            random,
            theme,
            users,
            symbols,
            middle,
            spread,
            lots,
            weights,
            client_ids,
        }
    }

    /// Assets, symbols, accounts and money to begin with.
    pub fn opening(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        for (code, scale) in [("AAA", 8), ("BBB", 8), ("DUST", 0), ("WEI", 18)] {
            let code = Text::new(code).expect("short");
            commands.push(Command::AddAsset(AddAssetV1 { code, scale }));
        }
        for index in 0..self.symbols {
            commands.push(self.listing(index));
            let symbol = SymbolId(index as u32);
            if index % 4 != 3 {
                let state = SymbolState::Trading;
                commands.push(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
            }
            commands.push(self.fees(symbol));
        }
        for _ in 0..self.users {
            let business = BusinessId::EMPTY;
            commands.push(Command::CreateAccount(CreateAccountV1 { business }));
        }
        for user in 0..self.users as u32 {
            for asset in 0..4 {
                let most = self.wealth(asset);
                commands.push(Command::Deposit(DepositV1 {
                    amount: Amount(1 + most * i128::from(self.random.below(1000)) / 1000),
                    account: AccountId(AccountId::FIRST_USER.0 + user),
                    asset: AssetId(asset),
                    business: BusinessId::EMPTY,
                }));
            }
        }
        commands
    }

    fn listing(&mut self, index: u64) -> Command {
        // (base, quote, price scale, quantity scale)
        let shapes = [
            (0, 1, 2, 5),
            (2, 0, 8, 0),
            (1, 3, 6, 4),
            (0, 3, 9, 8),
            (2, 3, 18, 0),
        ];
        let shape = match self.theme {
            Theme::Dust => shapes[[1, 4][index as usize % 2]],
            _ => shapes[index as usize % shapes.len()],
        };
        let opens_at = if index % 4 == 3 {
            TimeNs(crate::venue::START.0 + 5_000_000_000)
        } else {
            TimeNs(0)
        };
        Command::AddSymbol(AddSymbolV1 {
            opens_at,
            base: AssetId(shape.0),
            quote: AssetId(shape.1),
            name: Text::new(&format!("SYM{index}")).expect("short"),
            kind: SymbolKind::Spot,
            price_scale: shape.2,
            qty_scale: shape.3,
        })
    }

    /// Enough for some tens of orders.
    fn wealth(&self, asset: u16) -> i128 {
        let lots = i128::from(self.lots) * 40;
        let notional = lots * i128::from(self.middle);
        match (self.theme, asset) {
            (Theme::Dust, _) => notional,
            (_, 0 | 1) => notional * 20,
            (_, 2) => lots,
            _ => notional * 100_000_000,
        }
    }

    /// Opens again what rules have closed, or the streams would die down.
    fn relief(&mut self, naive: &Naive) -> Option<Command> {
        let mut wanted = Vec::new();
        if naive.venue != VenueState::Open {
            let (state, withdrawals) = (VenueState::Open, true);
            wanted.push(Command::SetVenueState(SetVenueStateV1 {
                state,
                withdrawals,
            }));
        }
        if naive.limits.orders_per_10s < 100 {
            let limits = VenueLimits::default();
            wanted.push(Command::SetVenueLimits(SetVenueLimitsV1 { limits }));
        }
        for (index, listed) in naive.symbols.iter().enumerate() {
            let symbol = SymbolId(index as u32);
            if matches!(listed.state, SymbolState::Halt | SymbolState::CancelOnly) {
                let state = SymbolState::Trading;
                wanted.push(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
            }
            let open = [
                (listed.lot.max != Qty(0)).then(|| Filter::LotSize(LotSize::default())),
                (listed.price.max != Price(0)).then(|| Filter::Price(PriceFilter::default())),
                (listed.max_position != 0).then_some(Filter::MaxPosition(Qty(0))),
                (listed.max_num_orders != 0).then_some(Filter::MaxNumOrders(0)),
            ];
            let open = open.into_iter().flatten();
            wanted.extend(open.map(|filter| Command::SetFilter(SetFilterV1 { filter, symbol })));
        }
        for (number, owner) in naive.accounts.iter().enumerate() {
            let account = AccountId(number as u32);
            if owner.state == AccountState::Frozen {
                let state = AccountState::Active;
                wanted.push(Command::SetAccountState(SetAccountStateV1 {
                    account,
                    state,
                }));
            }
            if owner.per_10s != 0 {
                wanted.push(Command::SetAccountLimits(SetAccountLimitsV1 {
                    account,
                    orders_per_10s: 0,
                    orders_per_day: 0,
                }));
            }
        }
        (!wanted.is_empty()).then(|| self.random.pick(&wanted).clone())
    }

    pub fn next(&mut self, naive: &Naive) -> Command {
        if self.theme == Theme::Groups && self.random.chance(4) {
            return Command::SetTradeGroup(SetTradeGroupV1 {
                account: self.account(),
                group: *self.random.pick(&[0, 1, 1, 1, 2]),
            });
        }
        let often = if self.theme == Theme::Rules { 20 } else { 5 };
        if self.random.chance(often)
            && let Some(relief) = self.relief(naive)
        {
            return relief;
        }
        let mut ticket = self.random.below(self.weights.iter().sum());
        let mut kind = 0;
        while ticket >= self.weights[kind] {
            ticket -= self.weights[kind];
            kind += 1;
        }
        match kind {
            0 => Command::PlaceOrder(self.limit_order()),
            1 | 2 => Command::PlaceOrder(self.market_order(kind == 2, naive)),
            3 => self.cancel(naive),
            4 => Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account: self.account(),
                symbol: self.symbol(),
            }),
            5 => self.cancel_replace(naive),
            6 => self.amend(naive),
            7 => self.money(naive),
            _ => self.rule(naive),
        }
    }

    fn account(&mut self) -> AccountId {
        // Now and then one that does not exist, or the venue's own.
        if self.random.below(400) == 0 {
            return *self
                .random
                .pick(&[AccountId(0), AccountId(1), AccountId(900)]);
        }
        AccountId(AccountId::FIRST_USER.0 + self.random.below(self.users) as u32)
    }

    fn symbol(&mut self) -> SymbolId {
        if self.random.below(400) == 0 {
            return SymbolId(77);
        }
        SymbolId(self.random.below(self.symbols) as u32)
    }

    fn side(&mut self) -> Side {
        *self.random.pick(&[Side::Buy, Side::Sell])
    }

    fn client(&mut self) -> ClientOrderId {
        if self.random.chance(30) {
            return ClientOrderId::EMPTY;
        }
        let number = self.random.below(self.client_ids);
        Text::new(&format!("client-{number}")).expect("short")
    }

    fn request(&mut self) -> RequestDigest {
        if self.random.chance(70) {
            return RequestDigest::default();
        }
        let mut digest = [7; 16];
        digest[..2].copy_from_slice(&(self.random.below(3_000) as u16).to_le_bytes());
        RequestDigest(digest)
    }

    fn prevention(&mut self) -> SelfTradePrevention {
        if self.theme == Theme::Groups && self.random.chance(60) {
            return SelfTradePrevention::Transfer;
        }
        // Streams of the first five are pinned.
        *self.random.pick(&SelfTradePrevention::ALL[..5])
    }

    fn limit_order(&mut self) -> PlaceOrderV1 {
        let side = self.side();
        let away = self.random.between(-self.spread / 2, self.spread);
        let price = match side {
            Side::Buy => self.middle - away,
            Side::Sell => self.middle + away,
        };
        let mut order = crate::venue::limit(
            self.account(),
            self.symbol(),
            side,
            (price.max(1), self.random.between(1, self.lots)),
        );
        order.client_order = self.client();
        order.request = self.request();
        order.self_trade = self.prevention();
        order.time_in_force = match self.random.below(10) {
            0 | 1 => TimeInForce::Ioc,
            2 | 3 => TimeInForce::Fok,
            _ => TimeInForce::Gtc,
        };
        if self.random.chance(10) {
            order.order_type = OrderType::LimitMaker;
            order.time_in_force = TimeInForce::Gtc;
        }
        self.spoil(&mut order);
        order
    }

    fn market_order(&mut self, by_quote: bool, naive: &Naive) -> PlaceOrderV1 {
        let (account, symbol, side) = (self.account(), self.symbol(), self.side());
        let mut order = crate::venue::limit(
            account,
            symbol,
            side,
            (0, self.random.between(1, self.lots * 2)),
        );
        order.order_type = OrderType::Market;
        order.time_in_force = *self.random.pick(&[TimeInForce::Gtc, TimeInForce::Ioc]);
        order.client_order = self.client();
        order.request = self.request();
        order.self_trade = self.prevention();
        if by_quote {
            let unit = naive
                .symbols
                .get(symbol.0 as usize)
                .map_or(1, |s| s.quote_per_tick_lot);
            let most = i128::from(self.middle) * i128::from(self.lots) * 2 * unit;
            let part = i128::from(self.random.below(1_000_000));
            (order.qty, order.quote_qty) = (Qty(0), Amount(1 + most * part / 1_000_000));
        }
        self.spoil(&mut order);
        order
    }

    /// One order in thirty is wrong somewhere.
    fn spoil(&mut self, order: &mut PlaceOrderV1) {
        match self.random.below(300) {
            0 => order.qty = Qty(0),
            1 => order.price = Price(0),
            2 => order.qty = Qty(-3),
            3 => order.price = Price(-3),
            4 => order.quote_qty = Amount(5),
            5 => order.valid_until = TimeNs(1),
            6 => order.valid_until = TimeNs(u64::MAX),
            7 => order.qty = Qty(1_000_000_000_000),
            8 => order.price = Price(1_000_000_000),
            _ => {}
        }
    }

    /// An open order of the symbol, mostly of that account.
    fn target(&mut self, naive: &Naive, account: AccountId, symbol: SymbolId) -> OrderRef {
        let nobody = OrderRef {
            order: OrderId(999_999),
            client_order: ClientOrderId::EMPTY,
        };
        let Some(listed) = naive.symbols.get(symbol.0 as usize) else {
            return nobody;
        };
        let foreign = self.random.chance(3);
        let open: Vec<_> = listed
            .queue(Side::Buy)
            .into_iter()
            .chain(listed.queue(Side::Sell))
            .filter(|order| foreign || order.account == account)
            .collect();
        if open.is_empty() || self.random.chance(3) {
            return OrderRef {
                order: OrderId(self.random.below(30)),
                ..nobody
            };
        }
        let order = *self.random.pick(&open);
        let by_id = OrderRef {
            order: OrderId(order.id),
            client_order: ClientOrderId::EMPTY,
        };
        match self.random.below(10) {
            0..=5 => by_id,
            6 | 7 => OrderRef {
                order: OrderId(0),
                client_order: order.client,
            },
            8 => OrderRef {
                client_order: order.client,
                ..by_id
            },
            _ => OrderRef {
                client_order: self.client(),
                ..by_id
            },
        }
    }

    fn cancel(&mut self, naive: &Naive) -> Command {
        let (account, symbol) = (self.account(), self.symbol());
        Command::CancelOrder(CancelOrderV1 {
            target: self.target(naive, account, symbol),
            valid_until: if self.random.chance(2) {
                TimeNs(1)
            } else {
                TimeNs(0)
            },
            account,
            symbol,
            cancel_client: self.client(),
        })
    }

    fn cancel_replace(&mut self, naive: &Naive) -> Command {
        let order = if self.random.chance(85) {
            self.limit_order()
        } else {
            let by_quote = self.random.chance(50);
            self.market_order(by_quote, naive)
        };
        Command::CancelReplace(CancelReplaceV1 {
            target: self.target(naive, order.account, order.symbol),
            cancel_client: self.client(),
            mode: *self.random.pick(CancelReplaceMode::ALL),
            order,
        })
    }

    fn amend(&mut self, naive: &Naive) -> Command {
        let (account, symbol) = (self.account(), self.symbol());
        let target = self.target(naive, account, symbol);
        let found = naive
            .symbols
            .get(symbol.0 as usize)
            .and_then(|listed| listed.order(target.order.0))
            .map_or(10, |order| order.qty);
        Command::AmendOrder(AmendOrderV1 {
            target,
            new_qty: Qty(self.random.between(-1, found + 1)),
            valid_until: TimeNs(0),
            account,
            symbol,
            request: self.request(),
            new_client: self.client(),
        })
    }

    fn money(&mut self, naive: &Naive) -> Command {
        let (account, asset) = (self.account(), AssetId(self.random.below(5) as u16));
        let free = naive.balance(account, asset).0;
        let part = i128::from(self.random.below(110)) - 2;
        let amount = Amount(free / 400 * part);
        let business = match self.random.below(4) {
            0 => BusinessId::EMPTY,
            _ => Text::new(&format!("pay-{}", self.random.below(500))).expect("short"),
        };
        match self.random.below(3) {
            0 => Command::Deposit(DepositV1 {
                amount: Amount(self.wealth(asset.0) / 100 * part),
                account,
                asset,
                business,
            }),
            1 => Command::Withdraw(WithdrawV1 {
                amount,
                account,
                asset,
                business,
            }),
            _ => {
                let to = self.account();
                Command::Transfer(TransferV1 {
                    amount,
                    from: account,
                    to,
                    asset,
                    business,
                })
            }
        }
    }

    fn fees(&mut self, symbol: SymbolId) -> Command {
        let (maker, taker) = self.rates();
        Command::SetSymbolFees(SetSymbolFeesV1 {
            maker,
            taker,
            symbol,
        })
    }

    /// Zero, usual, a rebate, or (refused) more rebate than fee.
    fn rates(&mut self) -> (Rate, Rate) {
        match self.random.below(5) {
            0 => (Rate(0), Rate(0)),
            1 => (Rate(100_000), Rate(100_000)),
            2 => (Rate(-(self.random.below(20_000) as i64)), Rate(40_000)),
            3 => (
                Rate(self.random.between(0, 5_000_000)),
                Rate(self.random.between(0, 9_999_999)),
            ),
            _ => (Rate(-50_000), Rate(self.random.between(0, 60_000))),
        }
    }

    fn rule(&mut self, naive: &Naive) -> Command {
        let (symbol, account) = (self.symbol(), self.account());
        match self.random.below(12) {
            0..=3 => Command::SetFilter(SetFilterV1 {
                filter: self.filter(),
                symbol,
            }),
            4 => self.fees(symbol),
            5 => {
                let (maker, taker) = self.rates();
                let tier = self.random.below(4) as u8;
                Command::SetFeeTier(SetFeeTierV1 { maker, taker, tier })
            }
            6 => Command::SetAccountTier(SetAccountTierV1 {
                account,
                tier: self.random.below(4) as u8,
            }),
            7 => Command::SetAccountState(SetAccountStateV1 {
                account,
                state: self.mostly(AccountState::Active, AccountState::Frozen),
            }),
            8 => Command::SetAccountLimits(SetAccountLimitsV1 {
                account,
                orders_per_10s: *self.random.pick(&[0, 0, 3, 20]),
                orders_per_day: *self.random.pick(&[0, 0, 400]),
            }),
            9 => Command::SetVenueLimits(SetVenueLimitsV1 {
                limits: VenueLimits {
                    weight_per_minute: 5,
                    orders_per_10s: *self.random.pick(&[5, 40, 1_000_000]),
                    orders_per_day: 100_000_000,
                },
            }),
            10 => Command::SetVenueState(SetVenueStateV1 {
                state: *self.random.pick(&[
                    VenueState::Open,
                    VenueState::Open,
                    VenueState::Open,
                    VenueState::CancelOnly,
                    VenueState::Halt,
                ]),
                withdrawals: self.random.chance(70),
            }),
            _ => self.symbol_state(naive, symbol),
        }
    }

    fn mostly<T>(&mut self, usual: T, rare: T) -> T {
        if self.random.chance(75) { usual } else { rare }
    }

    fn symbol_state(&mut self, naive: &Naive, symbol: SymbolId) -> Command {
        // A delisted symbol is gone; list another in its place while there are few.
        let gone = |listed: &crate::naive::Symbol| listed.state == SymbolState::Delisted;
        let replace = naive.symbols.iter().all(gone) || self.random.chance(10);
        if self.theme == Theme::Rules && naive.symbols.len() < 10 && replace {
            self.symbols = naive.symbols.len() as u64;
            return self.listing(naive.symbols.len() as u64);
        }
        let state = match self.random.below(40) {
            0 if matches!(self.theme, Theme::Rules | Theme::Wide) => SymbolState::Delisted,
            1 => SymbolState::PreTrading,
            2..=4 => SymbolState::Halt,
            5..=7 => SymbolState::CancelOnly,
            _ => SymbolState::Trading,
        };
        Command::SetSymbolState(SetSymbolStateV1 { symbol, state })
    }

    fn filter(&mut self) -> Filter {
        let open = self.random.chance(40);
        let (middle, lots) = (self.middle, self.lots);
        match self.random.below(7) {
            _ if self.random.chance(3) => Filter::Price(PriceFilter {
                min: Price(9),
                max: Price(8),
                tick: Price(1),
            }),
            0 => Filter::Price(PriceFilter {
                min: Price(if open { 0 } else { middle - self.spread / 2 }.max(0)),
                max: Price(if open { 0 } else { middle + self.spread }),
                tick: Price(self.random.between(0, 3)),
            }),
            1 | 2 => {
                let lot = LotSize {
                    min: Qty(if open {
                        0
                    } else {
                        self.random.between(0, lots / 4)
                    }),
                    max: Qty(if open { 0 } else { lots }),
                    step: Qty(*self.random.pick(&[0, 1, 1, 1, 2, 3, 5])),
                };
                *self
                    .random
                    .pick(&[Filter::LotSize(lot), Filter::MarketLotSize(lot)])
            }
            3 => Filter::Notional(NotionalFilter {
                min: Amount(if open {
                    0
                } else {
                    i128::from(middle * lots / 8)
                }),
                max: Amount(if open {
                    0
                } else {
                    i128::from(middle * lots) * 10
                }),
                apply_min_to_market: self.random.chance(50),
                apply_max_to_market: self.random.chance(50),
            }),
            4 => Filter::PercentPrice(self.percent(open)),
            5 => Filter::MaxNumOrders(if open {
                0
            } else {
                self.random.below(12) as u32
            }),
            _ => Filter::MaxPosition(Qty(if open {
                0
            } else {
                lots * self.random.between(1, 60)
            })),
        }
    }

    fn percent(&mut self, open: bool) -> PercentPrice {
        if open {
            return PercentPrice::default();
        }
        PercentPrice {
            bid_up: 10_000 + self.random.below(500) as u32,
            bid_down: 9_990 - self.random.below(500) as u32,
            ask_up: 10_000 + self.random.below(500) as u32,
            ask_down: 9_990 - self.random.below(500) as u32,
            minutes: *self.random.pick(&[0, 1, 5]),
        }
    }

    /// Time until the next command, in ns.
    pub fn pause(&mut self) -> u64 {
        match self.random.below(1000) {
            0 => 61_000_000_000,
            1 => 86_400_000_000_000,
            2..=20 => 3_000_000_000,
            21..=300 => 0,
            _ => self.random.below(100_000_000),
        }
    }
}
