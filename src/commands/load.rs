//! `daybook load`: how a node behaves under a load of our choice.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;

use crate::commands::serve::runtime;
use crate::failure::{Exit, Failure};
use crate::load::Orders;
use crate::load::fix::Fix;
use crate::load::report;
use crate::load::rest::Rest;
use crate::load::run::{Connection, Measured, Run};
use crate::load::schedule::{Arrival, due};
use crate::load::socket::Socket;

/// Send orders to a node at a fixed rate and measure until each is durably answered.
///
/// Requests arrive when they are due, whether or not the node keeps up, and latency counts
/// from that moment. The orders are LIMIT IOC far from each other, so that nothing trades
/// and nothing stays. Use a node of your own: this is a real load.
#[derive(clap::Args)]
pub struct Load {
    /// What carries the orders.
    #[arg(value_enum)]
    transport: Transport,
    /// Where the node listens [default: 127.0.0.1:8080, or 127.0.0.1:9878 for FIX].
    #[arg(long, value_name = "A:P")]
    target: Option<String>,
    /// Where requests go [default: /api/v3/order, or /ws-api/v3].
    #[arg(long)]
    path: Option<String>,
    /// The API key; its account needs no money, but then every order is refused.
    #[arg(long, env = "API_KEY", default_value = "")]
    key: String,
    /// Its HMAC secret.
    #[arg(long, env = "API_SECRET", default_value = "", hide_env_values = true)]
    secret: String,
    #[arg(long, default_value = "BTCUSDT")]
    symbol: String,
    /// Base quantity of each order.
    #[arg(long, default_value = "0.001")]
    qty: String,
    /// What is asked for when buying.
    #[arg(long, default_value = "40000")]
    buy: String,
    /// What is asked for when selling.
    #[arg(long, default_value = "60000")]
    sell: String,
    /// Requests a second over all connections.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// How long requests arrive.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Of which so many at the start are not measured.
    #[arg(long, default_value_t = 1)]
    warmup: u64,
    /// Connections open at once.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    #[arg(long, value_enum, default_value = "constant")]
    arrival: Arrival,
    /// The seed of Poisson arrivals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the latencies there as an HdrHistogram log.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What carries the orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Transport {
    /// POST with a signed form.
    Rest,
    /// order.place of the WebSocket API.
    Socket,
    /// NewOrderSingle of FIX 4.4; each connection is a session of its own.
    Fix,
}

/// More arrivals than that would not fit in memory beside anything else.
const ARRIVALS_MAX: u64 = 100_000_000;

impl Load {
    /// Runs and prints what was measured.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when nobody answers, [`Exit::Usage`] for impossible numbers.
    pub fn run(&self) -> Result<Exit, Failure> {
        let arrivals = self.rate.saturating_mul(self.seconds);
        if self.connections == 0 || arrivals == 0 || ARRIVALS_MAX < arrivals {
            let line = "--connections, --rate and --seconds: at least 1, together at most 1e8";
            return Err(Failure::new(Exit::Usage, line));
        }
        let measured = runtime()?.block_on(self.measure());
        let measured =
            measured.map_err(|error| Failure::new(Exit::Unavailable, format!("{error:#}")))?;
        if let Some(path) = &self.out {
            report::write_log(path, &measured)
                .map_err(|error| Failure::new(Exit::Io, format!("{error:#}")))?;
        }
        if self.json {
            println!("{}", report::summary(&measured));
        } else {
            println!("{}", report::text(&measured));
        }
        Ok(if measured.broken == 0 {
            Exit::Ok
        } else {
            Exit::Finding
        })
    }

    async fn measure(&self) -> anyhow::Result<Measured> {
        let orders = Orders {
            key: self.key.clone(),
            secret: self.secret.clone(),
            symbol: self.symbol.clone(),
            qty: self.qty.clone(),
            prices: (self.buy.clone(), self.sell.clone()),
        };
        let (target, path) = match self.transport {
            Transport::Rest => ("127.0.0.1:8080", "/api/v3/order"),
            Transport::Socket => ("127.0.0.1:8080", "/ws-api/v3"),
            Transport::Fix => ("127.0.0.1:9878", ""),
        };
        let target = self.target.as_deref().unwrap_or(target);
        let path = self.path.as_deref().unwrap_or(path);
        let numbers = 0..self.connections;
        Ok(match self.transport {
            Transport::Rest => {
                let open = numbers.map(|_| Rest::open(target, path, &orders));
                self.drive(try_join_all(open).await?).await
            }
            Transport::Socket => {
                let open = numbers.map(|_| Socket::open(target, path, &orders));
                self.drive(try_join_all(open).await?).await
            }
            Transport::Fix => {
                let open = numbers.map(|number| Fix::open(target, number, &orders));
                self.drive(try_join_all(open).await?).await
            }
        })
    }

    async fn drive<C: Connection>(&self, connections: Vec<C>) -> Measured {
        let due = due(self.arrival, self.rate, self.seconds, self.seed);
        let length = Duration::from_secs(self.seconds);
        let run = Run::new(due, length, Duration::from_secs(self.warmup));
        let view = tokio::spawn(report::watch(Arc::clone(&run)));
        let measured = run.drive(connections).await;
        view.abort();
        measured
    }
}
