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
    commands
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
