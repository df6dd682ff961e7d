//! What a new data directory starts with: RULES, "A new data directory", as commands.
//!
//! Every line is a journaled command like any other; said again on a directory that has
//! it already, it changes nothing.

use schemas::command::{
    AddAssetV1, AddSymbolV1, Command, SetFilterV1, SetSymbolFeesV1, SetSymbolStateV1,
    SetVenueLimitsV1, SetVenueStateV1,
};
use schemas::ids::{AssetCode, AssetId, SymbolId, SymbolName};
use schemas::instrument::{
    Filter, LotSize, NotionalFilter, PercentPrice, PriceFilter, SymbolKind, SymbolState,
    VenueLimits, VenueState,
};
use schemas::perpetual::{Bracket, ContractSpec};
use schemas::perpetual_command::{SetBracketsV1, SetContractGuardV1, SetContractV1};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

/// Decimals of a price unit and of a quantity unit: together the 8 of USDT.
const PRICE_SCALE: u8 = 3;
const QTY_SCALE: u8 = 5;
/// Decimals of every asset of the start.
const ASSET_SCALE: u8 = 8;

const BTC: AssetId = AssetId(0);
const ETH: AssetId = AssetId(1);
const USDT: AssetId = AssetId(2);

/// What differs between the two symbols of the start.
struct Listing {
    symbol: SymbolId,
    name: &'static str,
    base: AssetId,
    /// In quantity units.
    step: i64,
    qty_max: i64,
}

const LISTINGS: [Listing; 2] = [
    Listing {
        symbol: SymbolId(0),
        name: "BTCUSDT",
        base: BTC,
        step: 1,
        qty_max: 900_000_000,
    },
    Listing {
        symbol: SymbolId(1),
        name: "ETHUSDT",
        base: ETH,
        step: 10,
        qty_max: 10_000_000_000,
    },
];

/// Decimals of a perpetual's price unit and quantity unit: finer prices for the mark.
const PERPETUAL_PRICE_SCALE: u8 = 5;
const PERPETUAL_QTY_SCALE: u8 = 3;

/// Orders with price protection are not set off at a gap of 5 % between last and mark price,
/// and who has 80 % of the margin balance bound as maintenance margin is called.
const TRIGGER_PROTECT: Rate = Rate(5_000_000);
const MARGIN_CALL: Rate = Rate(80_000_000);

/// What differs between the two perpetuals of the start.
struct Perpetual {
    symbol: SymbolId,
    name: &'static str,
    base: AssetId,
    /// In price units.
    tick: i64,
    qty_max: i64,
}

const CONTRACTS: [Perpetual; 2] = [
    Perpetual {
        symbol: SymbolId(2),
        name: "BTCUSDT",
        base: BTC,
        tick: 10_000,
        qty_max: 1_000_000,
    },
    Perpetual {
        symbol: SymbolId(3),
        name: "ETHUSDT",
        base: ETH,
        tick: 1_000,
        qty_max: 10_000_000,
    },
];

/// The commands that make an empty venue the one of RULES.
pub fn commands() -> Vec<Command> {
    let mut commands = Vec::new();
    for code in ["BTC", "ETH", "USDT"] {
        let code = AssetCode::new(code).expect("three or four letters fit");
        commands.push(Command::AddAsset(AddAssetV1 {
            code,
            scale: ASSET_SCALE,
        }));
    }
    commands.push(Command::SetVenueLimits(SetVenueLimitsV1 {
        limits: VenueLimits::default(),
    }));
    let state = VenueState::Open;
    commands.push(Command::SetVenueState(SetVenueStateV1 {
        state,
        withdrawals: true,
    }));
    for listing in &LISTINGS {
        list(listing, &mut commands);
    }
    for contract in &CONTRACTS {
        list_perpetual(contract, &mut commands);
    }
    commands
}

/// How many symbols a new data directory has.
pub const SYMBOLS: usize = LISTINGS.len() + CONTRACTS.len();

fn list_perpetual(contract: &Perpetual, commands: &mut Vec<Command>) {
    let symbol = contract.symbol;
    commands.push(Command::AddSymbol(AddSymbolV1 {
        opens_at: TimeNs(0),
        base: contract.base,
        quote: USDT,
        name: SymbolName::new(contract.name).expect("seven letters fit"),
        kind: SymbolKind::Perpetual,
        price_scale: PERPETUAL_PRICE_SCALE,
        qty_scale: PERPETUAL_QTY_SCALE,
    }));
    for filter in perpetual_filters(contract) {
        commands.push(Command::SetFilter(SetFilterV1 { filter, symbol }));
    }
    commands.push(Command::SetSymbolFees(SetSymbolFeesV1 {
        maker: Rate(20_000),
        taker: Rate(40_000),
        symbol,
    }));
    commands.push(Command::SetContract(SetContractV1 {
        spec: contract_spec(),
        symbol,
    }));
    let brackets = brackets();
    let brackets = SetBracketsV1::new(symbol, &brackets).expect("twelve rows fit");
    commands.push(Command::SetBrackets(Box::new(brackets)));
    commands.push(Command::SetContractGuard(SetContractGuardV1 {
        trigger_protect: TRIGGER_PROTECT,
        margin_call: MARGIN_CALL,
        symbol,
    }));
    let state = SymbolState::Trading;
    commands.push(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
}

/// What both perpetuals of the start are. The impact notional, 25,000 USDT, is what 200
/// USDT carry at the highest leverage.
pub fn contract_spec() -> ContractSpec {
    ContractSpec {
        impact_notional: usdt(25_000),
        max_open_interest: Qty::ZERO,
        max_position: Qty::ZERO,
        interest: Rate(10_000),
        liquidation_fee: Rate(1_250_000),
        funding_interval_ns: 8 * 3_600 * 1_000_000_000,
        premium_interval_ns: 5 * 1_000_000_000,
        default_leverage: 20,
    }
}

/// The table BRACKETS-BTCUSDT of the oracles.
pub fn brackets() -> Vec<Bracket> {
    const ROWS: [(i128, i64, u32); 12] = [
        (0, 400_000, 125),
        (50_000, 500_000, 100),
        (600_000, 650_000, 75),
        (3_000_000, 1_000_000, 50),
        (12_000_000, 2_000_000, 25),
        (70_000_000, 2_500_000, 20),
        (100_000_000, 5_000_000, 10),
        (230_000_000, 10_000_000, 5),
        (480_000_000, 12_500_000, 4),
        (600_000_000, 15_000_000, 3),
        (800_000_000, 25_000_000, 2),
        (1_200_000_000, 50_000_000, 1),
    ];
    let row = |(floor, rate, max_leverage)| Bracket {
        floor: usdt(floor),
        maintenance: Rate(rate),
        max_leverage,
    };
    ROWS.into_iter().map(row).collect()
}

fn usdt(whole: i128) -> Amount {
    Amount(whole * 10_i128.pow(u32::from(ASSET_SCALE)))
}

fn perpetual_filters(contract: &Perpetual) -> [Filter; 7] {
    let step = Qty(1);
    let max = Qty(contract.qty_max);
    [
        Filter::Price(PriceFilter {
            min: Price(contract.tick),
            max: Price(100_000_000_000),
            tick: Price(contract.tick),
        }),
        Filter::LotSize(LotSize {
            min: step,
            max,
            step,
        }),
        Filter::MarketLotSize(LotSize {
            min: step,
            max,
            step,
        }),
        Filter::Notional(NotionalFilter {
            min: usdt(5),
            max: Amount::ZERO,
            apply_min_to_market: false,
            apply_max_to_market: false,
        }),
        Filter::PercentPrice(PercentPrice {
            // As on Binance: bids are bound from above and asks from below.
            bid_up: 11_500,
            bid_down: 0,
            ask_up: 0,
            ask_down: 8_500,
            minutes: 0,
        }),
        Filter::MaxNumOrders(10_000),
        Filter::MaxNumAlgoOrders(1_000),
    ]
}

fn list(listing: &Listing, commands: &mut Vec<Command>) {
    let symbol = listing.symbol;
    commands.push(Command::AddSymbol(AddSymbolV1 {
        opens_at: TimeNs(0),
        base: listing.base,
        quote: USDT,
        name: SymbolName::new(listing.name).expect("seven letters fit"),
        kind: SymbolKind::Spot,
        price_scale: PRICE_SCALE,
        qty_scale: QTY_SCALE,
    }));
    for filter in filters(listing) {
        commands.push(Command::SetFilter(SetFilterV1 { filter, symbol }));
    }
    let rate = Rate(100_000);
    commands.push(Command::SetSymbolFees(SetSymbolFeesV1 {
        maker: rate,
        taker: rate,
        symbol,
    }));
    let state = SymbolState::Trading;
    commands.push(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
}

fn filters(listing: &Listing) -> [Filter; 7] {
    // A tick of 0.01, prices up to 1,000,000.
    let price = PriceFilter {
        min: Price(10),
        max: Price(1_000_000_000),
        tick: Price(10),
    };
    let step = Qty(listing.step);
    let max = Qty(listing.qty_max);
    let notional = NotionalFilter {
        min: Amount(5 * 10_i128.pow(u32::from(ASSET_SCALE))),
        max: Amount::ZERO,
        apply_min_to_market: false,
        apply_max_to_market: false,
    };
    let percent = PercentPrice {
        bid_up: 50_000,
        bid_down: 2_000,
        ask_up: 50_000,
        ask_down: 2_000,
        minutes: 5,
    };
    [
        Filter::Price(price),
        Filter::LotSize(LotSize {
            min: step,
            max,
            step,
        }),
        Filter::MarketLotSize(LotSize {
            min: Qty::ZERO,
            max,
            step: Qty::ZERO,
        }),
        Filter::Notional(notional),
        Filter::PercentPrice(percent),
        Filter::MaxNumOrders(10_000),
        Filter::MaxNumAlgoOrders(1_000),
    ]
}
