//! Orders by REST, or bare POSTs to compare with, over kept-alive connections.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::load::Orders;
use crate::load::run::{Connection, Outcome};

/// One connection that asks one thing at a time.
pub struct Rest {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    path: String,
    orders: Orders,
}

impl Rest {
    /// Connects to `host` (`A:P`); requests go to `path`.
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn open(host: &str, path: &str, orders: &Orders) -> Result<Rest> {
        let stream = TcpStream::connect(host).await;
        let stream = stream.with_context(|| format!("connecting to {host}"))?;
        stream.set_nodelay(true).context("setting TCP_NODELAY")?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its end shows at the next request.
        drop(tokio::spawn(connection));
        Ok(Rest {
            sender,
            host: host.to_owned(),
            path: path.to_owned(),
            orders: orders.clone(),
        })
    }

    fn request(&self, index: u64) -> Result<Request<Full<Bytes>>> {
        let pairs = self.orders.parameters(index);
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let payload = pairs.join("&");
        let signature = self.orders.sign(payload.as_bytes());
        let body = format!("{payload}&signature={signature}");
        Ok(Request::post(&self.path)
            .header("host", &self.host)
            .header("x-mbx-apikey", &self.orders.key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body)))?)
    }
}

impl Connection for Rest {
    async fn send(&mut self, index: u64) -> Result<Outcome> {
        let request = self.request(index)?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        Ok(if status.is_success() {
            Outcome::Accepted
        } else {
            Outcome::Refused
        })
    }
}
