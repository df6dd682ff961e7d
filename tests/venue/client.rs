//! A small signed REST client, written from the dialect's documents and not from our code.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::venue::Trader;

/// Sends requests of one trader to one node.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    pub base: String,
    pub trader: Trader,
}

/// Status, headers of interest and body of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub offset: Option<u64>,
}

impl Client {
    /// Talks to `http` (`A:P`) as `trader`.
    pub fn new(http: &str, trader: &Trader) -> Client {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .into();
        Client {
            agent,
            base: format!("http://{http}"),
            trader: trader.clone(),
        }
    }

    /// A signed request with these parameters; `None` when the connection broke.
    pub fn signed(&self, method: &str, path: &str, parameters: &[(&str, &str)]) -> Option<Answer> {
        let mut query = String::new();
        for (name, value) in parameters {
            write!(query, "{name}={value}&").expect("writing to a string cannot fail");
        }
        write!(query, "timestamp={}", now_millis()).expect("writing to a string cannot fail");
        let signature = sign(&self.trader.secret, &query);
        self.raw(method, &format!("{path}?{query}&signature={signature}"), "")
    }

    /// Any request with the key header.
    pub fn raw(&self, method: &str, path_and_query: &str, body: &str) -> Option<Answer> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path_and_query}", self.base))
            .header("x-mbx-apikey", &self.trader.key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_string())
            .expect("the request is well formed");
        let mut response = self.agent.run(request).ok()?;
        let header = |name| response.headers().get(name)?.to_str().ok()?.parse().ok();
        let offset = header("x-daybook-offset");
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().ok()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Some(Answer {
            status,
            body,
            offset,
        })
    }

    /// A LIMIT GTC order on BTCUSDT with a client order id.
    #[expect(
        clippy::too_many_arguments,
        reason = "a test reads best with all on one line"
    )]
    pub fn limit(&self, side: &str, qty: &str, price: &str, client: &str) -> Option<Answer> {
        self.signed(
            "POST",
            "/api/v3/order",
            &[
                ("symbol", "BTCUSDT"),
                ("side", side),
                ("type", "LIMIT"),
                ("timeInForce", "GTC"),
                ("quantity", qty),
                ("price", price),
                ("newClientOrderId", client),
            ],
        )
    }

    /// Looks an order up by client order id.
    pub fn order(&self, client: &str) -> Option<Answer> {
        let parameters = [("symbol", "BTCUSDT"), ("origClientOrderId", client)];
        self.signed("GET", "/api/v3/order", &parameters)
    }

    /// (free, locked) of an asset, as printed.
    pub fn balance(&self, asset: &str) -> (String, String) {
        let answer = self
            .signed("GET", "/api/v3/account", &[])
            .expect("the node answers");
        let balances = answer.body["balances"]
            .as_array()
            .expect("balances")
            .clone();
        let row = balances.into_iter().find(|row| row["asset"] == asset);
        let row = row.unwrap_or_else(|| panic!("no balance of {asset}"));
        let text = |name: &str| row[name].as_str().expect("a text").to_string();
        (text("free"), text("locked"))
    }
}

/// Milliseconds since 1970.
pub fn now_millis() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_millis()
}

/// HMAC-SHA256 in hex.
pub fn sign(secret: &str, payload: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length works");
    mac.update(payload.as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
}

/// A decimal text as atoms of 1e-8.
pub fn atoms(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<8}").parse().expect("a number")
}
