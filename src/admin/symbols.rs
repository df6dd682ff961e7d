//! Symbols: list, add, change state. Their rules are set in `rules`.

use axum::Json;
use axum::extract::{Path, State};
use schemas::command::{AddAssetV1, AddSymbolV1, Command, SetSymbolStateV1};
use schemas::ids::{AssetCode, AssetId, SymbolName};
use schemas::instrument::{SymbolKind, SymbolState};
use schemas::units::{Amount, Rate, TimeNs};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, usage};
use crate::decimal::print_amount;

/// Decimals of a new asset that names none.
const ASSET_SCALE: u8 = 8;

/// A new symbol.
#[derive(Deserialize)]
pub struct Add {
    name: String,
    base: String,
    quote: String,
    price_scale: u8,
    qty_scale: u8,
    opens_at: Option<u64>,
}

/// A new state.
#[derive(Deserialize)]
pub struct StateBody {
    state: String,
}

/// `GET symbols`.
pub async fn list(State(admin): State<Admin>) -> Json<Value> {
    let directory = admin.queries.directory();
    let rows: Vec<_> = directory
        .symbols
        .iter()
        .map(|symbol| {
            let price = |units: i64| print_amount(Amount(units.into()), symbol.price_scale);
            let qty = |units: i64| print_amount(Amount(units.into()), symbol.qty_scale);
            let kind = match symbol.kind {
                SymbolKind::Spot => "spot",
                SymbolKind::Perpetual => "perp",
            };
            json!({
                "name": format!("{kind}:{}", symbol.name),
                "state": state_name(symbol.state),
                "tick": price(symbol.price.tick.0),
                "price_min": price(symbol.price.min.0),
                "price_max": price(symbol.price.max.0),
                "step": qty(symbol.lot_size.step.0),
                "qty_min": qty(symbol.lot_size.min.0),
                "qty_max": qty(symbol.lot_size.max.0),
                "max_orders": symbol.max_num_orders,
                "band_bips": symbol.protection.band,
                "market_depth_bips": symbol.protection.market_depth,
                "breaker_bips": symbol.protection.breaker,
                "auction_ms": symbol.protection.auction_ms,
                "indicative": symbol.indicative.map(|found| json!({
                    "price": price(found.price.0),
                    "qty": qty(found.qty.0),
                    "surplus": qty(found.surplus),
                })),
                "maker_fee": rate(symbol.maker_fee),
                "taker_fee": rate(symbol.taker_fee),
            })
        })
        .collect();
    Json(Value::Array(rows))
}

/// `POST symbols`: adds the assets that are new, then the symbol.
pub async fn add(
    State(admin): State<Admin>,
    Json(body): Json<Add>,
) -> Result<Json<Value>, Refused> {
    let bare = body.name.strip_prefix("spot:").unwrap_or(&body.name);
    let name = SymbolName::new(bare)
        .ok_or_else(|| usage(format!("the name {bare} is longer than 20 bytes")))?;
    let base = asset(&admin, &body.base).await?;
    let quote = asset(&admin, &body.quote).await?;
    let command = Command::AddSymbol(AddSymbolV1 {
        opens_at: TimeNs::from_millis(body.opens_at.unwrap_or(0)),
        base,
        quote,
        name,
        kind: SymbolKind::Spot,
        price_scale: body.price_scale,
        qty_scale: body.qty_scale,
    });
    admin.answer(command).await
}

/// `POST symbols/NAME/state`.
pub async fn state(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Json(body): Json<StateBody>,
) -> Result<Json<Value>, Refused> {
    let symbol = admin.symbol(&name)?.symbol;
    let known = SymbolState::ALL
        .iter()
        .find(|state| state_name(**state) == body.state);
    let state = *known.ok_or_else(|| usage(format!("no state is called {}", body.state)))?;
    admin
        .answer(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }))
        .await
}

/// The asset named `CODE` or `CODE:DECIMALS`, added when it is new.
async fn asset(admin: &Admin, text: &str) -> Result<AssetId, Refused> {
    let (code, scale) = match text.split_once(':') {
        Some((code, scale)) => {
            let scale = scale
                .parse()
                .map_err(|_| usage(format!("{text}: decimals, like BTC:8")))?;
            (code, scale)
        }
        None => (text, ASSET_SCALE),
    };
    if let Ok(known) = admin.asset(code) {
        return Ok(known.asset);
    }
    let new = AssetCode::new(code)
        .ok_or_else(|| usage(format!("the code {code} is longer than 12 bytes")))?;
    admin
        .act(Command::AddAsset(AddAssetV1 { code: new, scale }))
        .await?;
    admin.asset(code).map(|asset| asset.asset)
}

fn rate(rate: Rate) -> String {
    print_amount(Amount(rate.0.into()), 8)
}

/// The name of a state on the command line.
pub fn state_name(state: SymbolState) -> &'static str {
    match state {
        SymbolState::PreTrading => "pre-trading",
        SymbolState::Trading => "trading",
        SymbolState::CancelOnly => "cancel-only",
        SymbolState::Halt => "halt",
        SymbolState::Delisted => "delisted",
        SymbolState::Auction => "auction",
    }
}
