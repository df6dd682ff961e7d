//! One message of a producer, read; `schemas/kafka/commands.v1.json` is its form.

use std::borrow::Cow;

use schemas::ids::AccountId;
use schemas::instrument::SymbolKind;
use schemas::numbered::Producer;
use serde::Deserialize;

use crate::error::{self, ApiError};
use crate::router::{Access, Route};
use crate::wire::parameters::Parameters;
use crate::ws::api::frame::Pairs;
use crate::ws::api::methods::{Answers, find, find_futures};

/// The longest message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// Who says it, and which of its messages it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number {
    pub producer: Producer,
    /// 1, 2, 3 … per producer.
    pub sequence: u64,
}

/// What a message asks for.
pub struct Wish {
    pub account: AccountId,
    pub route: &'static Route,
    pub parameters: Parameters,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    producer: Cow<'a, str>,
    sequence: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole<'a> {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "producer", borrow)]
    _producer: Cow<'a, str>,
    #[serde(rename = "sequence")]
    _sequence: u64,
    account: u32,
    #[serde(borrow, default)]
    product: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    params: Pairs,
}

/// Whose message it is; `Err` says why nobody's.
pub fn number(bytes: &[u8]) -> Result<Number, String> {
    let head: Head<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let named = Producer::new(&head.producer).filter(|it| !it.is_empty());
    let producer = named.ok_or("`producer` is a text of 1 to 31 bytes")?;
    if head.sequence == 0 {
        return Err("`sequence` counts from 1".to_owned());
    }
    Ok(Number {
        producer,
        sequence: head.sequence,
    })
}

/// What a message asks for.
///
/// # Errors
/// -1135 for a form that is another, -1101 for a doubled parameter, -1020 for a method that
/// is none of trading.
pub fn wish(bytes: &[u8]) -> Result<Wish, ApiError> {
    let invalid = |hint: String| ApiError::new(-1135, "Invalid JSON Request").hint(hint);
    let whole: Whole<'_> =
        serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
    if whole.version != 1 {
        return Err(invalid(format!("`v` is {}, not 1", whole.version)));
    }
    let product = match &*whole.product {
        "" | "spot" => SymbolKind::Spot,
        "perp" => SymbolKind::Perpetual,
        other => return Err(invalid(format!("`product` is {other:?}, not spot or perp"))),
    };
    let mut pairs = whole.params.into_list();
    pairs.sort_unstable();
    if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        let msg = "Duplicate values for a parameter detected.";
        return Err(ApiError::new(-1101, msg));
    }
    let route = trading(product, &whole.method);
    Ok(Wish {
        account: AccountId(whole.account),
        route: route.ok_or_else(|| {
            let method = whole.method.escape_default();
            error::not_supported(format!("`{method}` is no method of trading"))
        })?,
        parameters: Parameters::from_pairs(pairs, Vec::new()),
    })
}

/// The endpoint of a method that needs a key which may trade.
fn trading(product: SymbolKind, method: &str) -> Option<&'static Route> {
    let found = match product {
        SymbolKind::Spot => find(method),
        SymbolKind::Perpetual => find_futures(method),
    };
    match found? {
        Answers::Endpoint(route) => matches!(route.access, Access::Trade(_)).then_some(route),
        Answers::Session(_) => None,
    }
}
