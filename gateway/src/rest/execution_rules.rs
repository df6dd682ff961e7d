//! `GET /api/v3/executionRules`: how far from the reference price orders may trade.
//!
//! The dialect knows one rule, PRICE_RANGE, which is our band. The breaker bounds trades,
//! too, but what it does is told by the symbol's status; it is not shown here.

use schemas::instrument::SymbolKind;
use serde_json::{Value, json};

use crate::call::{Answer, Call, Outcome};
use crate::wire::parameters::Parameters;
use crate::wire::symbol_query::{Chosen, choose};

/// A multiplier of one, in BIPS.
const ONE: u32 = 10_000;

/// Two for one symbol, forty for all.
pub fn weight(parameters: &Parameters) -> u32 {
    match parameters.optional("symbol") {
        Ok(Some(_)) => 2,
        _ => 40,
    }
}

/// Answers with each symbol that has a band.
pub async fn execution_rules(call: &Call) -> Outcome {
    call.parameters
        .only(&["symbol", "symbols", "symbolStatus"])?;
    let symbols = match choose(&call.parameters, &call.directory, SymbolKind::Spot)? {
        Chosen::One(symbol) => vec![symbol],
        Chosen::Many(symbols) => symbols,
    };
    let banded = symbols.iter().filter(|symbol| symbol.protection.band != 0);
    let rules: Vec<Value> = banded
        .map(|symbol| {
            let band = symbol.protection.band;
            let up = multiplier(ONE.saturating_add(band));
            let down = multiplier(ONE.saturating_sub(band));
            json!({
                "symbol": symbol.name.as_str(),
                "rules": [{
                    "ruleType": "PRICE_RANGE",
                    "bidLimitMultUp": up,
                    "bidLimitMultDown": down,
                    "askLimitMultUp": up,
                    "askLimitMultDown": down,
                }],
            })
        })
        .collect();
    Ok(Answer::json(&json!({ "symbolRules": rules })))
}

fn multiplier(bips: u32) -> String {
    format!("{}.{:04}", bips / ONE, bips % ONE)
}
