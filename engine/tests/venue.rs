//! An engine under test, with its clock, and the few commands every test needs.

use engine::apply::{Engine, Stamp};
use schemas::command::{
    AddAssetV1, AddSymbolV1, Command, CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1,
    RequestDigest, SetSymbolFeesV1, SetSymbolStateV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId, Text};
use schemas::instrument::{
    OrderType, SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

/// The first moment of every test: 2026-01-01 00:00 UTC.
pub const START: TimeNs = TimeNs(1_767_225_600_000_000_000);

pub struct Venue {
    pub engine: Engine,
    pub now: TimeNs,
    /// Whether the last command left work to a Continue.
    pub more: bool,
    /// Whether the last [`Venue::complete`] needed a Continue.
    pub carried: bool,
    /// Every command applied, as a journal would hold it.
    pub journal: Vec<(Stamp, Command)>,
}

/// How a new symbol counts.
#[derive(Clone, Copy)]
pub struct Scales {
    pub price: u8,
    pub qty: u8,
}

impl Venue {
    pub fn new() -> Venue {
        Venue {
            engine: Engine::new(7),
            now: START,
            more: false,
            carried: false,
            journal: Vec::new(),
        }
    }

    /// Applies one command now.
    pub fn apply(&mut self, command: &Command) -> Vec<Event> {
        let mut events = Vec::new();
        let at = Stamp {
            offset: self.engine.next(),
            time: self.now,
        };
        let outcome = self.engine.apply(at, command, &mut events);
        self.more = outcome.more;
        self.journal.push((at, command.clone()));
        events
    }

    /// Applies a command and every Continue it asks for.
    pub fn complete(&mut self, command: &Command) -> Vec<Event> {
        let mut events = self.apply(command);
        self.carried = self.more;
        while self.more {
            events.extend(self.apply(&Command::Continue));
        }
        events
    }

    pub fn add_asset(&mut self, code: &str, scale: u8) -> AssetId {
        let code = Text::new(code).expect("a short code");
        let events = self.apply(&Command::AddAsset(AddAssetV1 { code, scale }));
        match events.as_slice() {
            [Event::AssetAdded { asset, .. }] => *asset,
            other => panic!("no asset: {other:?}"),
        }
    }

    /// Lists a symbol without filters and opens it.
    pub fn add_symbol(&mut self, name: &str, pair: (AssetId, AssetId), scales: Scales) -> SymbolId {
        let events = self.apply(&Command::AddSymbol(AddSymbolV1 {
            opens_at: TimeNs(0),
            base: pair.0,
            quote: pair.1,
            name: Text::new(name).expect("a short name"),
            kind: SymbolKind::Spot,
            price_scale: scales.price,
            qty_scale: scales.qty,
        }));
        let symbol = events
            .iter()
            .find_map(|event| match event {
                Event::SymbolAdded { symbol, .. } => Some(*symbol),
                _ => None,
            })
            .unwrap_or_else(|| panic!("no symbol: {events:?}"));
        let state = SymbolState::Trading;
        self.apply(&Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
        symbol
    }

    pub fn set_fees(&mut self, symbol: SymbolId, maker: i64, taker: i64) {
        let events = self.apply(&Command::SetSymbolFees(SetSymbolFeesV1 {
            maker: Rate(maker),
            taker: Rate(taker),
            symbol,
        }));
        assert!(
            matches!(events.as_slice(), [Event::SymbolFeesChanged { .. }]),
            "{events:?}"
        );
    }

    pub fn add_account(&mut self) -> AccountId {
        let business = BusinessId::EMPTY;
        let events = self.apply(&Command::CreateAccount(CreateAccountV1 { business }));
        match events.as_slice() {
            [Event::AccountCreated { account, .. }] => *account,
            other => panic!("no account: {other:?}"),
        }
    }

    pub fn deposit(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        let events = self.apply(&Command::Deposit(DepositV1 {
            amount: Amount(amount),
            account,
            asset,
            business: BusinessId::EMPTY,
        }));
        assert!(
            events
                .iter()
                .any(|event| matches!(event, Event::Deposited { .. })),
            "no deposit: {events:?}"
        );
    }
}

/// A LIMIT order, good till cancelled, without self-trade prevention, under no client id.
pub fn limit(account: AccountId, symbol: SymbolId, side: Side, at: (i64, i64)) -> PlaceOrderV1 {
    PlaceOrderV1 {
        quote_qty: Amount(0),
        price: Price(at.0),
        qty: Qty(at.1),
        valid_until: TimeNs(0),
        account,
        symbol,
        request: RequestDigest::default(),
        client_order: ClientOrderId::EMPTY,
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::None,
    }
}

/// The order of that number.
pub fn by_id(order: u64) -> OrderRef {
    OrderRef {
        order: OrderId(order),
        client_order: ClientOrderId::EMPTY,
    }
}
