//! The load generator: requests that arrive when they are due, whether or not the node keeps
//! up, and latency counted from that moment.
//!
//! A generator that waits for an answer before it sends the next request hides exactly the
//! waits that matter (coordinated omission); here every arrival has its time before the run
//! begins. Absent on purpose: any part of the node, so that it loads other servers as well.
//!
//! Reading order: `schedule`, `run`, then a transport: `rest`, `socket`, `fix`.

pub mod schedule;
pub mod run;
pub mod rest;
pub mod socket;
pub mod fix;
pub mod report;

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Who sends, and what.
#[derive(Clone, Debug)]
pub struct Orders {
    pub key: String,
    pub secret: String,
    pub symbol: String,
    /// Base quantity of each order, as text.
    pub qty: String,
    /// What buys and what sells are asked for, as text; far enough apart nothing trades.
    pub prices: (String, String),
}

/// One side of the book that orders are sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Side<'a> {
    pub is_buy: bool,
    /// What is asked for, as text.
    pub price: &'a str,
}

impl Orders {
    /// Buys and sells in turn.
    pub fn side(&self, index: u64) -> Side<'_> {
        let is_buy = index.is_multiple_of(2);
        let price = if is_buy {
            &self.prices.0
        } else {
            &self.prices.1
        };
        Side { is_buy, price }
    }

    /// A client order id that no other run has used.
    pub fn name(index: u64) -> String {
        format!("load-{index}-{:08x}", rand::random::<u32>())
    }

    /// The parameters of order number `index`, without key and signature.
    pub fn parameters(&self, index: u64) -> Vec<(&'static str, String)> {
        let side = self.side(index);
        let side_name = if side.is_buy { "BUY" } else { "SELL" };
        vec![
            ("symbol", self.symbol.clone()),
            ("side", side_name.to_owned()),
            ("type", "LIMIT".to_owned()),
            ("timeInForce", "IOC".to_owned()),
            ("quantity", self.qty.clone()),
            ("price", side.price.to_owned()),
            ("newOrderRespType", "ACK".to_owned()),
            ("newClientOrderId", Orders::name(index)),
            ("timestamp", now_millis().to_string()),
        ]
    }

    /// HMAC-SHA256 over a payload, in hex.
    pub fn sign(&self, payload: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("HMAC takes a secret of any length");
        mac.update(payload);
        let bytes = mac.finalize().into_bytes();
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
    }
}

fn now_millis() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_millis()
}
