//! One message: reading a request, and wrapping what is said back.

use std::borrow::Cow;
use std::fmt;

use axum::extract::ws::Utf8Bytes;
use schemas::report::Directory;
use schemas::units::TimeNs;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::auth::signature::sorted_payload;
use crate::call::Outcome;
use crate::error::ApiError;
use crate::wire::parameters::Parameters;

/// A request, parsed.
#[derive(Debug)]
pub struct Request {
    /// As it came, to be given back: a number, a text, or null.
    pub id: String,
    pub method: String,
    pub api_key: Option<String>,
    pub parameters: Parameters,
    /// Whether the reply shows the limits, if the request says so.
    pub shows_limits: Option<bool>,
}

/// A message that is no request: what to say, and under which id.
#[derive(Debug)]
pub struct NoRequest {
    pub id: String,
    pub error: ApiError,
}

impl NoRequest {
    fn new(id: &str, error: ApiError) -> Box<NoRequest> {
        let id = id.to_owned();
        Box::new(NoRequest { id, error })
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(default)]
    params: Pairs,
}

/// Parameters in the order they came; values as text.
#[derive(Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Each as it came.
    pub fn into_list(self) -> Vec<(String, String)> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            let text = value.get();
            if text == "null" {
                continue;
            }
            // A number stays as it was written: that is what was signed.
            let value = match serde_json::from_str::<String>(text) {
                Ok(inner) if text.starts_with('"') => inner,
                _ => text.to_owned(),
            };
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }
}

impl Request {
    /// Reads a message.
    ///
    /// # Errors
    /// [`NoRequest`]: -1135 for what is no request at all, -1101 for a doubled name.
    pub fn read(text: &str) -> Result<Request, Box<NoRequest>> {
        let raw: Raw<'_> = serde_json::from_str(text).map_err(|error| {
            let hint = error.to_string();
            NoRequest::new(
                "null",
                ApiError::new(-1135, "Invalid JSON Request").hint(hint),
            )
        })?;
        let id = raw.id.map_or("null", RawValue::get).to_owned();
        let no_request = |error: ApiError| NoRequest::new(&id, error);
        let is_plain = id.parse::<i64>().is_ok() || id.parse::<u64>().is_ok();
        if !is_plain && !id.starts_with('"') && id != "null" {
            let hint = "'id' is a whole number, a text or null";
            let error = ApiError::new(-1135, "Invalid JSON Request").hint(hint);
            return Err(NoRequest::new("null", error));
        }
        let method = raw.method.unwrap_or_default().into_owned();
        if method.is_empty() {
            return Err(no_request(crate::error::mandatory("method")));
        }
        let mut pairs = raw.params.0;
        pairs.sort_unstable();
        if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            let msg = "Duplicate values for a parameter detected.";
            return Err(no_request(ApiError::new(-1101, msg)));
        }
        let signed = pairs.iter().map(|(name, value)| (&**name, &**value));
        let payload = sorted_payload(signed);
        let mut take = |name: &str| {
            let at = pairs.iter().position(|(other, _)| other == name)?;
            Some(pairs.remove(at).1)
        };
        let api_key = take("apiKey");
        let shows_limits = match take("returnRateLimits").as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => {
                let error = crate::error::illegal("returnRateLimits", "true|false");
                return Err(no_request(error));
            }
        };
        Ok(Request {
            id,
            method,
            api_key,
            parameters: Parameters::from_pairs(pairs, payload),
            shows_limits,
        })
    }
}

/// What a reply tells of the limits.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Weight of the address in the running minute.
    pub weight: u32,
    pub now: TimeNs,
    /// Whether the reply shows it.
    pub is_shown: bool,
}

/// A handler's answer under the id of its request.
pub fn reply(id: &str, outcome: &Outcome, (used, directory): (Used, &Directory)) -> Utf8Bytes {
    let mut orders = None;
    let mut text = match outcome {
        Ok(answer) => {
            orders = answer.order_counts;
            let (status, body) = (answer.status.as_u16(), &answer.body);
            format!(r#"{{"id":{id},"status":{status},"result":{body}"#)
        }
        Err(error) => {
            let (status, body) = (error.status.as_u16(), body(error, used.now));
            format!(r#"{{"id":{id},"status":{status},"error":{body}"#)
        }
    };
    let offset = match outcome {
        Ok(answer) => answer.offset,
        Err(error) => error.offset,
    };
    if let Some(offset) = offset {
        text.push_str(&format!(r#","offset":{}"#, offset.0));
    }
    if used.is_shown {
        text.push_str(r#","rateLimits":["#);
        let limits = directory.limits;
        if let Some((per_10s, per_day)) = orders {
            text.push_str(&limit(
                ("ORDERS", "SECOND", 10),
                (limits.orders_per_10s, per_10s),
            ));
            text.push(',');
            text.push_str(&limit(
                ("ORDERS", "DAY", 1),
                (limits.orders_per_day, per_day),
            ));
            text.push(',');
        }
        let weight = (limits.weight_per_minute, used.weight);
        text.push_str(&limit(("REQUEST_WEIGHT", "MINUTE", 1), weight));
        text.push(']');
    }
    text.push('}');
    text.into()
}

fn limit((kind, interval, number): (&str, &str, u32), (limit, count): (u32, u32)) -> String {
    let window = format!(r#""interval":"{interval}","intervalNum":{number}"#);
    format!(r#"{{"rateLimitType":"{kind}",{window},"limit":{limit},"count":{count}}}"#)
}

/// An error as this API words it: the moment to try again is a time, not a span.
fn body(error: &ApiError, now: TimeNs) -> String {
    let Some(seconds) = error.retry_after else {
        return error.body();
    };
    let (now_ms, again_ms) = (now.as_millis(), now.as_millis() + seconds * 1_000);
    let mut error = error.clone();
    error.data = Some(format!(
        r#"{{"serverTime":{now_ms},"retryAfter":{again_ms}}}"#
    ));
    error.body()
}
