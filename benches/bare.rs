//! A server that does nothing: what the library alone costs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{get, post};

/// Set in the process that is to be the bare server.
pub const VARIABLE: &str = "DAYBOOK_BENCH_BARE";

/// The bare server as a child; ended when dropped.
pub struct Bare {
    child: Child,
    pub host: String,
}

impl Bare {
    /// Starts this program again, as the server.
    pub fn start() -> Result<Bare> {
        let mut child = Command::new(std::env::current_exe()?)
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut host = String::new();
        let stdout = child.stdout.take().context("stdout is piped")?;
        BufReader::new(stdout).read_line(&mut host)?;
        Ok(Bare {
            child,
            host: host.trim().to_owned(),
        })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Serves until it is killed.
pub fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let router = Router::new()
            .route("/api/v3/order", post(answer))
            .route("/ws-api/v3", get(echo));
        axum::serve(listener, router).await?;
        Ok(())
    })
}

/// As long as an acknowledgement.
async fn answer(body: Bytes) -> String {
    format!(
        "{{\"symbol\":\"BTCUSDT\",\"orderId\":{},\"orderListId\":-1,\
         \"clientOrderId\":\"load-0-00000000\",\"transactTime\":1700000000000}}",
        body.len()
    )
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Text(_) = message
                && socket.send(message).await.is_err()
            {
                return;
            }
        }
    })
}
