//! The load generator: requests that arrive when they are due, whether or not the node keeps
//! up, and latency counted from that moment.
//!
//! A generator that waits for an answer before it sends the next request hides exactly the
//! waits that matter (coordinated omission); here every arrival has its time before the run
//! begins. Absent on purpose: any part of the node, so that it loads other servers as well.
//!
//! Reading order: `schedule`, `run`, then a transport: `rest`, `socket`.

pub mod schedule;
pub mod run;
pub mod rest;
pub mod socket;
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

impl Orders {
    /// The parameters of order number `index`, without key and signature.
    pub fn parameters(&self, index: u64) -> Vec<(&'static str, String)> {
        let (side, price) = if index.is_multiple_of(2) {
            ("BUY", &self.prices.0)
        } else {
            ("SELL", &self.prices.1)
        };
        vec![
            ("symbol", self.symbol.clone()),
            ("side", side.to_owned()),
            ("type", "LIMIT".to_owned()),
            ("timeInForce", "IOC".to_owned()),
            ("quantity", self.qty.clone()),
            ("price", price.clone()),
            ("newOrderRespType", "ACK".to_owned()),
            (
                "newClientOrderId",
                format!("load-{index}-{:08x}", rand::random::<u32>()),
            ),
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
