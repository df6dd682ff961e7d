//! Perpetuals: orders, prices that jump, margin, funding, insurance.

use engine::apply::Engine;
use schemas::command::{CancelAllV1, Command, PlaceOrderV1, RequestDigest};
use schemas::ids::{AccountId, BusinessId, SymbolId};
use schemas::instrument::{OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::perpetual::{
    Bracket, ContractSpec, MarginType, PerpetualTerms, PositionSide, PriceMatch, PriceSource,
    WalletDirection, WorkingType,
};
use schemas::perpetual_command::{
    AdjustMarginV1, FuturesTransferV1, InsuranceDepositV1, ModifyOrderV1, PlacePerpetualV1,
    RunFundingV1, SetBracketsV1, SetContractGuardV1, SetContractV1, SetIndexPriceV1,
    SetIndexSourcesV1, SetLeverageV1, SetMarginTypeV1, SetPositionModeV1, SettleContractV1,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use super::{CONTRACTS, MIDDLE, QUOTE, Whole};

const SPEC: ContractSpec = ContractSpec {
    impact_notional: Amount(5_000_000),
    max_open_interest: Qty::ZERO,
    max_position: Qty::ZERO,
    interest: Rate(10_000),
    liquidation_fee: Rate(1_250_000),
    funding_interval_ns: 8 * 3_600_000_000_000,
    premium_interval_ns: 5_000_000_000,
    default_leverage: 10,
};

impl Whole {
    /// Contract, leverage table and first price.
    pub(super) fn contract(&mut self, symbol: SymbolId) -> [Command; 4] {
        let price = Price(MIDDLE);
        [
            Command::SetContract(SetContractV1 { spec: SPEC, symbol }),
            self.brackets(symbol),
            self.guard(symbol),
            index_price(symbol, price),
        ]
    }

    /// Protection on, or (rarely) off.
    pub(super) fn guard(&mut self, symbol: SymbolId) -> Command {
        Command::SetContractGuard(SetContractGuardV1 {
            trigger_protect: Rate(*self.random.pick(&[0, 500_000, 5_000_000])),
            margin_call: Rate(*self.random.pick(&[80_000_000, 80_000_000, 50_000_000, 0])),
            symbol,
        })
    }

    /// Some sources live, mostly enough of them.
    fn sources(&mut self, symbol: SymbolId) -> Command {
        Command::SetIndexSources(SetIndexSourcesV1 {
            symbol,
            live: self.random.below(8) as u32,
            needed: 2,
        })
    }

    /// Floors so low that orders cross them.
    pub(super) fn brackets(&mut self, symbol: SymbolId) -> Command {
        let first = 8_000_000 + i128::from(self.random.between(0, 4_000_000));
        let row = |floor, rate, max_leverage| Bracket {
            floor: Amount(floor),
            maintenance: Rate(rate),
            max_leverage,
        };
        let rows = [
            row(0, 400_000, 125),
            row(first, 1_000_000, 50),
            row(60_000_007, 2_500_000, 20),
            row(200_000_000, 10_000_000, 5),
            row(900_000_000, 50_000_000, 1),
        ];
        let table = SetBracketsV1::new(symbol, &rows).expect("five rows fit");
        Command::SetBrackets(Box::new(table))
    }

    pub(super) fn futures_transfer(
        &mut self,
        account: AccountId,
        amount: i128,
        direction: WalletDirection,
    ) -> Command {
        Command::FuturesTransfer(FuturesTransferV1 {
            amount: Amount(amount),
            account,
            asset: QUOTE,
            business: BusinessId::EMPTY,
            direction,
        })
    }

    /// A command on a perpetual.
    pub(super) fn perpetual(&mut self, engine: &Engine) -> Command {
        let (account, symbol) = (self.account(), *self.random.pick(&CONTRACTS));
        let of = (account, symbol);
        let contract = engine.contract(symbol);
        let mark = contract.and_then(|contract| contract.mark);
        let mark = mark.map_or(MIDDLE, |mark| mark.0);
        match self.random.below(100) {
            0..52 => Command::PlacePerpetual(self.position(of, mark)),
            52..58 => Command::CancelOrder(self.cancel(engine, of)),
            58..63 => self.modify(engine, of),
            63..80 => self.price(symbol, mark),
            80..84 => self.margin(engine, of),
            84..87 => Command::SetLeverage(SetLeverageV1 {
                account,
                symbol,
                leverage: *self.random.pick(&[1, 5, 10, 20, 50, 100, 125]),
            }),
            87 => Command::SetMarginType(SetMarginTypeV1 {
                account,
                symbol,
                margin_type: *self.random.pick(MarginType::ALL),
            }),
            88 => Command::SetPositionMode(SetPositionModeV1 {
                account,
                hedge: self.random.chance(50),
            }),
            89..94 => {
                let amount = 1 + self.random.below(400_000) as i128;
                let direction = *self.random.pick(WalletDirection::ALL);
                self.futures_transfer(account, amount, direction)
            }
            94 | 95 => self.ending(symbol, mark),
            96 | 97 => Command::InsuranceDeposit(InsuranceDepositV1 {
                amount: Amount(1 + self.random.below(50_000) as i128),
                asset: QUOTE,
                business: BusinessId::EMPTY,
            }),
            _ => Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account,
                symbol,
            }),
        }
    }

    /// Funding, protection, sources; once in a long while the end of the second contract, at
    /// a price nearby.
    fn ending(&mut self, symbol: SymbolId, mark: i64) -> Command {
        match self.random.below(8) {
            0 => return self.guard(symbol),
            1..4 => return self.sources(symbol),
            _ => {}
        }
        let business = BusinessId::EMPTY;
        if symbol == CONTRACTS[1] && self.random.chance(4) {
            let price = Price(mark * self.random.between(90, 110) / 100);
            return Command::SettleContract(SettleContractV1 {
                price,
                symbol,
                business,
            });
        }
        Command::RunFunding(RunFundingV1 { symbol, business })
    }

    /// A step of the index price; now and then a jump that liquidates.
    fn price(&mut self, symbol: SymbolId, mark: i64) -> Command {
        let next = match self.random.below(1_000) < self.jumps {
            true => mark * self.random.between(50, 170) / 100,
            false => mark + self.random.between(-mark / 50 - 2, mark / 50 + 2),
        };
        // Back toward the middle, so that a run does not end in dust.
        let next = match next {
            ..200 => 900,
            5_000.. => 1_200,
            next => next,
        };
        index_price(symbol, Price(next))
    }

    fn position(&mut self, of: (AccountId, SymbolId), mark: i64) -> PlacePerpetualV1 {
        let qty = match self.random.below(10) {
            0 => self.random.between(200, 3_000),
            1..4 => self.random.between(20, 200),
            _ => self.random.between(1, 40),
        };
        let away = self.random.between(-mark / 60 - 1, mark / 60 + 1);
        let mut place = PlacePerpetualV1 {
            order: PlaceOrderV1 {
                quote_qty: Amount::ZERO,
                price: Price((mark + away).max(1)),
                qty: Qty(qty),
                valid_until: TimeNs(0),
                account: of.0,
                symbol: of.1,
                request: RequestDigest::default(),
                client_order: self.name(20),
                side: *self.random.pick(&[Side::Buy, Side::Sell]),
                order_type: OrderType::Limit,
                time_in_force: TimeInForce::Gtc,
                self_trade: *self.random.pick(SelfTradePrevention::ALL),
            },
            stop_price: Price::ZERO,
            terms: PerpetualTerms::PLAIN,
            callback: 0,
        };
        let sides = [PositionSide::Both, PositionSide::Both, PositionSide::Long];
        place.terms.position_side = *self.random.pick(&sides);
        place.terms.reduce_only = self.random.chance(12);
        self.vary(&mut place, mark);
        place
    }

    /// Another type, another time in force, a trigger.
    fn vary(&mut self, place: &mut PlacePerpetualV1, mark: i64) {
        match self.random.below(20) {
            0 => place.order.time_in_force = TimeInForce::Ioc,
            1 => place.order.time_in_force = TimeInForce::Fok,
            2 => place.order.order_type = OrderType::LimitMaker,
            3 => place.terms.good_till = TimeNs(crate::venue::START.0 + self.random.below(1 << 46)),
            4 => {
                place.terms.price_match = *self.random.pick(PriceMatch::ALL);
                if place.terms.price_match != PriceMatch::None {
                    place.order.price = Price::ZERO;
                }
            }
            5..8 => {
                place.order.order_type = OrderType::Market;
                place.order.price = Price::ZERO;
            }
            8..12 => self.condition(place, mark),
            _ => {}
        }
    }

    /// Sleeps until a price is reached.
    fn condition(&mut self, place: &mut PlacePerpetualV1, mark: i64) {
        let kinds = [
            OrderType::StopLoss,
            OrderType::StopLossLimit,
            OrderType::TakeProfit,
            OrderType::TakeProfitLimit,
        ];
        let kind = *self.random.pick(&kinds);
        let away = self.random.between(1, mark / 20 + 2);
        place.terms.price_protect = self.random.chance(30);
        place.order.order_type = kind;
        place.stop_price = match kind.triggers_above(place.order.side) {
            true => Price(mark + away),
            false => Price((mark - away).max(1)),
        };
        place.terms.working_type = *self.random.pick(WorkingType::ALL);
        if kind.working() == OrderType::Market {
            place.order.price = Price::ZERO;
            match self.random.below(4) {
                0 => {
                    place.terms.close_position = true;
                    (place.terms.reduce_only, place.order.qty) = (false, Qty::ZERO);
                }
                1 if kind == OrderType::StopLoss => {
                    place.callback = self.random.between(10, 500) as u32;
                }
                _ => {}
            }
        }
    }

    fn modify(&mut self, engine: &Engine, of: (AccountId, SymbolId)) -> Command {
        let (target, price, qty) = self.target(engine, of);
        let by = self.random.between(-price / 80 - 1, price / 80 + 1);
        Command::ModifyOrder(ModifyOrderV1 {
            target,
            new_qty: Qty(qty + self.random.between(-qty / 2, qty / 2 + 1)),
            new_price: Price((price + by).max(1)),
            valid_until: TimeNs(0),
            account: of.0,
            symbol: of.1,
            request: RequestDigest::default(),
            side: *self.random.pick(&[Side::Buy, Side::Sell]),
            price_match: PriceMatch::None,
        })
    }

    /// Margin for a position, mostly for one that is there.
    fn margin(&mut self, engine: &Engine, of: (AccountId, SymbolId)) -> Command {
        let open = engine.open_positions(of.0);
        let (symbol, side) = match open.is_empty() {
            true => (of.1, PositionSide::Both),
            false => {
                let position = self.random.pick(&open);
                (position.symbol, position.side)
            }
        };
        Command::AdjustMargin(AdjustMarginV1 {
            amount: Amount(i128::from(self.random.between(-20_000, 60_000))),
            account: of.0,
            symbol,
            side,
        })
    }
}

fn index_price(symbol: SymbolId, price: Price) -> Command {
    Command::SetIndexPrice(SetIndexPriceV1 {
        price,
        symbol,
        business: BusinessId::EMPTY,
        source: PriceSource::Operator,
    })
}
