//! Orders by the WebSocket API: `order.place`, one at a time on each connection.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::load::Orders;
use crate::load::run::{Connection, Outcome};

/// One socket.
pub struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    orders: Orders,
}

impl Socket {
    /// Opens `ws://HOST PATH`.
    ///
    /// # Errors
    /// Nobody speaks WebSocket there.
    pub async fn open(host: &str, path: &str, orders: &Orders) -> Result<Socket> {
        let url = format!("ws://{host}{path}");
        let (socket, _) = connect_async(&url).await.with_context(|| url.clone())?;
        Ok(Socket {
            socket,
            orders: orders.clone(),
        })
    }

    fn request(&self, index: u64) -> Value {
        let mut pairs = self.orders.parameters(index);
        pairs.push(("apiKey", self.orders.key.clone()));
        pairs.sort_unstable();
        let payload: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signature = self.orders.sign(payload.join("&").as_bytes());
        pairs.push(("signature", signature));
        let parameters: serde_json::Map<String, Value> = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        json!({"id": index, "method": "order.place", "params": parameters})
    }
}

impl Connection for Socket {
    async fn send(&mut self, index: u64) -> Result<Outcome> {
        let request = self.request(index).to_string();
        self.socket.send(Message::text(request)).await?;
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text)?;
            if answer["id"] != index {
                continue;
            }
            return Ok(if answer["status"] == 200 {
                Outcome::Accepted
            } else {
                Outcome::Refused
            });
        }
        bail!("the socket was closed")
    }
}
