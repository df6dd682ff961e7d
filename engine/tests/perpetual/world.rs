//! A venue with two perpetuals in small units, so that every rounding shows.

use schemas::command::{AddSymbolV1, DepositV1};
use schemas::command::{
    CancelOrderV1, Command, OrderRef, PlaceOrderV1, RequestDigest, SetSymbolFeesV1,
    SetSymbolStateV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, ClientOrderId, OrderId, SymbolId, Text};
use schemas::instrument::{
    OrderType, SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce,
};
use schemas::perpetual::{
    Bracket, ContractSpec, PerpetualTerms, PositionSide, PriceSource, WalletDirection,
};
use schemas::perpetual_command::{
    FuturesTransferV1, InsuranceDepositV1, PlacePerpetualV1, SetBracketsV1, SetContractV1,
    SetIndexPriceV1, SetLeverageV1,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::venue::Venue;

/// Quote atoms of a price unit times a lot.
pub const UNIT: i128 = 10;
pub const MAKER: i64 = 20_000;
pub const TAKER: i64 = 40_000;
pub const LIQUIDATION_FEE: i64 = 1_250_000;

pub struct World {
    pub venue: Venue,
    pub quote: AssetId,
    pub symbols: [SymbolId; 2],
}

pub fn spec() -> ContractSpec {
    ContractSpec {
        impact_notional: Amount(5_000_000),
        max_open_interest: Qty::ZERO,
        max_position: Qty::ZERO,
        interest: Rate(10_000),
        liquidation_fee: Rate(LIQUIDATION_FEE),
        funding_interval_ns: 8 * 3_600_000_000_000,
        premium_interval_ns: 5_000_000_000,
        default_leverage: 10,
    }
}

/// Floors in quote atoms: small, so that streams cross them.
pub fn brackets() -> Vec<Bracket> {
    let row = |floor, rate, max_leverage| Bracket {
        floor: Amount(floor),
        maintenance: Rate(rate),
        max_leverage,
    };
    vec![
        row(0, 400_000, 125),
        row(10_000_003, 1_000_000, 50),
        row(60_000_007, 2_500_000, 20),
        row(200_000_000, 10_000_000, 5),
        row(900_000_000, 50_000_000, 1),
    ]
}

impl World {
    /// Both contracts at 1,000 price units.
    pub fn new() -> World {
        World::before_brackets(|_| {})
    }

    /// The same; `prepare` may plant a fault before any rule is set.
    pub fn before_brackets(prepare: impl FnOnce(&mut Venue)) -> World {
        let mut venue = Venue::new();
        prepare(&mut venue);
        let base = venue.add_asset("BTC", 8);
        let quote = venue.add_asset("USDT", 4);
        let symbols = ["BTCUSDT", "ETHUSDT"].map(|name| {
            let events = venue.apply(&Command::AddSymbol(AddSymbolV1 {
                opens_at: TimeNs(0),
                base,
                quote,
                name: Text::new(name).expect("short"),
                kind: SymbolKind::Perpetual,
                price_scale: 1,
                qty_scale: 2,
            }));
            let [Event::SymbolAdded { symbol, .. }] = events.as_slice() else {
                panic!("{events:?}");
            };
            *symbol
        });
        let mut world = World {
            venue,
            quote,
            symbols,
        };
        for symbol in symbols {
            world.list(symbol);
        }
        world
    }

    fn list(&mut self, symbol: SymbolId) {
        self.apply(&Command::SetContract(SetContractV1 {
            spec: spec(),
            symbol,
        }));
        let table = SetBracketsV1::new(symbol, &brackets()).expect("five rows fit");
        self.apply(&Command::SetBrackets(Box::new(table)));
        self.apply(&Command::SetSymbolFees(SetSymbolFeesV1 {
            maker: Rate(MAKER),
            taker: Rate(TAKER),
            symbol,
        }));
        let state = SymbolState::Trading;
        self.apply(&Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
        self.price(symbol, 1_000);
    }

    /// A command and every Continue it asks for.
    pub fn apply(&mut self, command: &Command) -> Vec<Event> {
        self.venue.complete(command)
    }

    /// An account with that much in its futures wallet.
    pub fn trader(&mut self, amount: i128) -> AccountId {
        let account = self.venue.add_account();
        if amount > 0 {
            self.fund(account, amount);
        }
        account
    }

    pub fn fund(&mut self, account: AccountId, amount: i128) {
        self.apply(&Command::Deposit(DepositV1 {
            amount: Amount(amount),
            account,
            asset: self.quote,
            business: Text::EMPTY,
        }));
        let events = self.transfer(account, amount, WalletDirection::ToFutures);
        let moved = |event: &Event| matches!(event, Event::FuturesTransferred(_));
        assert!(events.iter().any(moved), "{events:?}");
    }

    pub fn transfer(
        &mut self,
        account: AccountId,
        amount: i128,
        direction: WalletDirection,
    ) -> Vec<Event> {
        self.apply(&Command::FuturesTransfer(FuturesTransferV1 {
            amount: Amount(amount),
            account,
            asset: self.quote,
            business: Text::EMPTY,
            direction,
        }))
    }

    pub fn insure(&mut self, amount: i128) {
        self.apply(&Command::InsuranceDeposit(InsuranceDepositV1 {
            amount: Amount(amount),
            asset: self.quote,
            business: Text::EMPTY,
        }));
    }

    pub fn price(&mut self, symbol: SymbolId, price: i64) -> Vec<Event> {
        self.apply(&Command::SetIndexPrice(SetIndexPriceV1 {
            price: Price(price),
            symbol,
            business: Text::EMPTY,
            source: PriceSource::Operator,
        }))
    }

    pub fn leverage(&mut self, account: AccountId, symbol: SymbolId, leverage: u32) -> Vec<Event> {
        self.apply(&Command::SetLeverage(SetLeverageV1 {
            account,
            symbol,
            leverage,
        }))
    }

    pub fn place(&mut self, order: &PlacePerpetualV1) -> Vec<Event> {
        self.apply(&Command::PlacePerpetual(*order))
    }

    pub fn cancel(&mut self, account: AccountId, symbol: SymbolId, order: u64) -> Vec<Event> {
        self.apply(&Command::CancelOrder(CancelOrderV1 {
            target: OrderRef {
                order: OrderId(order),
                client_order: ClientOrderId::EMPTY,
            },
            valid_until: TimeNs(0),
            account,
            symbol,
            cancel_client: Text::EMPTY,
        }))
    }

    /// Cross wallet.
    pub fn wallet(&self, account: AccountId) -> i128 {
        self.venue.engine.wallet(account, self.quote).0.0
    }

    /// Size and cost of the one-way position.
    pub fn position(&self, account: AccountId, symbol: SymbolId) -> (i64, i128) {
        let leg = self.venue.engine.leg(account, symbol, PositionSide::Both);
        (leg.holding.size.0, leg.holding.cost.0)
    }

    pub fn check(&self) {
        self.venue
            .engine
            .check_invariants()
            .expect("every identity");
    }
}

/// A plain limit order.
pub fn limit(
    account: AccountId,
    symbol: SymbolId,
    (side, qty, price): (Side, i64, i64),
) -> PlacePerpetualV1 {
    PlacePerpetualV1 {
        order: PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: Price(price),
            qty: Qty(qty),
            valid_until: TimeNs(0),
            account,
            symbol,
            request: RequestDigest::default(),
            client_order: ClientOrderId::EMPTY,
            side,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::ExpireMaker,
        },
        stop_price: Price::ZERO,
        terms: PerpetualTerms::PLAIN,
        callback: 0,
    }
}

pub fn market(account: AccountId, symbol: SymbolId, side: Side, qty: i64) -> PlacePerpetualV1 {
    let mut place = limit(account, symbol, (side, qty, 0));
    place.order.order_type = OrderType::Market;
    place
}

pub fn reduce_only(mut place: PlacePerpetualV1) -> PlacePerpetualV1 {
    place.terms.reduce_only = true;
    place
}
