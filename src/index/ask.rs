//! Asks one venue that speaks the dialect for the price of its last trade.
//!
//! REST opens a connection for each question; the WebSocket API keeps its own and opens
//! another one when that breaks. Redirects are not followed, long answers not read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::config::index::{Address, Source};
use crate::decimal::parse_amount;

/// More than any answer about one price.
const ANSWER_BYTES: usize = 64 * 1024;
/// Decimals of a price that is read.
pub const SCALE: u8 = 8;

/// Why there is no price.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nobody answered, or not in time, or not as the dialect does: what it said before
    /// stands until it is stale.
    Silent(String),
    /// It said something that is no price: nothing that it said stands any more.
    Bad(String),
}

impl Trouble {
    /// In words.
    pub fn reason(&self) -> &str {
        match self {
            Trouble::Silent(reason) | Trouble::Bad(reason) => reason,
        }
    }
}

/// A byte stream, plain or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

type Socket = WebSocketStream<Box<dyn Stream>>;

/// One venue that is asked again and again.
pub struct Asker {
    address: Address,
    symbol: String,
    secrecy: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
    stale: Duration,
    /// The open connection of the WebSocket API.
    socket: Option<Socket>,
    /// The number of the last question.
    asked: u64,
}

fn silent(error: impl std::fmt::Display) -> Trouble {
    Trouble::Silent(error.to_string())
}

impl Asker {
    /// `stale`: an answer that a cache kept longer is none. `secrecy` is what `https` and
    /// `wss` need. `None` for a source whose URL means nothing.
    pub fn new(
        source: &Source,
        stale: Duration,
        secrecy: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
    ) -> Option<Asker> {
        Some(Asker {
            address: source.address()?,
            symbol: source.symbol.clone(),
            secrecy,
            stale,
            socket: None,
            asked: 0,
        })
    }

    /// The price in 1e-8 of the quote asset, above zero.
    ///
    /// # Errors
    /// [`Trouble`]; asking again is always possible.
    pub async fn ask(&mut self, patience: Duration) -> Result<i64, Trouble> {
        let asked = match self.address.is_socket {
            false => tokio::time::timeout(patience, self.ask_rest()).await,
            true => tokio::time::timeout(patience, self.ask_socket()).await,
        };
        let waited = || Trouble::Silent(format!("no answer within {} ms", patience.as_millis()));
        let answer = asked.map_err(|_| waited()).flatten();
        if answer.is_err() {
            // Half an answer may still be on its way there.
            self.socket = None;
        }
        read_price(&answer?, &self.symbol)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Trouble> {
        let Address { host, port, .. } = &self.address;
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((plain, *port)).await.map_err(silent)?;
        stream.set_nodelay(true).map_err(silent)?;
        if !self.address.is_secret {
            return Ok(Box::new(stream));
        }
        let config = self.secrecy.clone();
        let config = config.ok_or_else(|| silent("no certificates to trust (index.roots)"))?;
        let name = ServerName::try_from(plain.to_owned()).map_err(silent)?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        Ok(Box::new(stream.map_err(silent)?))
    }

    async fn ask_rest(&mut self) -> Result<Value, Trouble> {
        let (mut sender, connection) = handshake(TokioIo::new(self.connect().await?))
            .await
            .map_err(silent)?;
        // Its end shows at the answer; dropped, the connection closes.
        let connection = tokio::spawn(connection);
        let Address { host, path, .. } = &self.address;
        let symbol = &self.symbol;
        let request = Request::get(format!("{path}/api/v3/ticker/price?symbol={symbol}"))
            .header(header::HOST, host)
            .body(Empty::<Bytes>::new())
            .map_err(silent)?;
        let answer = sender.send_request(request).await.map_err(silent)?;
        let (head, body) = answer.into_parts();
        if head.status.is_redirection() {
            let place = head.headers.get(header::LOCATION);
            let place = place.and_then(|it| it.to_str().ok()).unwrap_or("nowhere");
            let status = head.status.as_u16();
            return Err(Trouble::Silent(format!(
                "{status}, a redirect to {place}: not followed"
            )));
        }
        let age = head.headers.get(header::AGE);
        let age = age.and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
        if let Some(seconds) = age.filter(|it| Duration::from_secs(*it) > self.stale) {
            return Err(Trouble::Silent(format!("stale: kept for {seconds} s")));
        }
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(silent)?.to_bytes();
        connection.abort();
        if head.status != StatusCode::OK {
            return Err(Trouble::Silent(format!("status {}", head.status.as_u16())));
        }
        serde_json::from_slice(&body).map_err(|_| Trouble::Bad("no JSON".to_owned()))
    }

    async fn ask_socket(&mut self) -> Result<Value, Trouble> {
        if self.socket.is_none() {
            let Address { host, port, .. } = &self.address;
            let path = match self.address.path.as_str() {
                "" => "/ws-api/v3",
                path => path,
            };
            let stream = self.connect().await?;
            let url = format!("ws://{host}:{port}{path}");
            let mut limits = WebSocketConfig::default();
            limits.max_message_size = Some(ANSWER_BYTES);
            let opened =
                tokio_tungstenite::client_async_with_config(url, stream, Some(limits)).await;
            self.socket = Some(opened.map_err(silent)?.0);
        }
        self.asked += 1;
        let id = self.asked;
        let question = json!({
            "id": id, "method": "ticker.price", "params": {"symbol": self.symbol},
        });
        let socket = self.socket.as_mut().expect("it was just opened");
        let question = Message::text(question.to_string());
        socket.send(question).await.map_err(silent)?;
        loop {
            let message = socket.next().await.ok_or_else(|| silent("it hung up"))?;
            let Message::Text(text) = message.map_err(silent)? else {
                continue;
            };
            let answer: Value =
                serde_json::from_str(&text).map_err(|_| Trouble::Bad("no JSON".to_owned()))?;
            if answer["id"] == id {
                if answer["status"] != 200 {
                    return Err(Trouble::Silent(format!("status {}", answer["status"])));
                }
                return Ok(answer["result"].clone());
            }
        }
    }
}

/// The price in an answer, which has to be about the symbol.
fn read_price(answer: &Value, symbol: &str) -> Result<i64, Trouble> {
    if answer["symbol"] != symbol {
        let line = format!("it speaks of {}, not of {symbol}", answer["symbol"]);
        return Err(Trouble::Bad(line));
    }
    let text = answer["price"].as_str().unwrap_or("");
    let price = parse_amount(text, SCALE).and_then(|it| i64::try_from(it.0).ok());
    match price {
        Some(price) if price > 0 => Ok(price),
        _ => Err(Trouble::Bad(format!("its price is {}", answer["price"]))),
    }
}
