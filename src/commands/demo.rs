//! `daybook demo`: a living venue for whoever wants to look.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use gateway::submit::Submit;
use schemas::command::{Command, CreateAccountV1, DepositV1};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId};
use schemas::units::{Amount, Price};

use crate::admin::Admin;
use crate::commands::serve::runtime;
use crate::config::{Config, Flags};
use crate::decimal::parse_amount;
use crate::demo::traders::Market;
use crate::failure::{Exit, Failure};
use crate::keyring::Grant;
use crate::serve::Venue;

/// Run a venue with simulated traders, two funded API keys and a ready ccxt snippet.
#[derive(clap::Args)]
pub struct Demo {
    /// Where to keep it [default: a temporary directory, gone afterwards].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Public address; when its port is taken the next free one is used.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Administration; likewise.
    #[arg(long, default_value = "127.0.0.1:8081")]
    admin_listen: SocketAddr,
    /// The seed of the simulated traders.
    #[arg(long, default_value_t = 20261121)]
    seed: u64,
    /// No simulated traders: a quiet venue.
    #[arg(long)]
    quiet: bool,
}

/// Ports tried after a taken one.
const PORTS: u16 = 50;

impl Demo {
    /// Runs until interrupted.
    ///
    /// # Errors
    /// As `daybook serve`.
    pub fn run(&self) -> Result<Exit, Failure> {
        let temporary = match &self.data_dir {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(|error| {
                Failure::new(Exit::NoSpace, format!("no temporary directory: {error}"))
            })?),
        };
        let data_dir = match (&self.data_dir, &temporary) {
            (Some(dir), _) => dir.clone(),
            (None, Some(dir)) => dir.path().to_path_buf(),
            (None, None) => return Err(Failure::new(Exit::Usage, "no data directory")),
        };
        let flags = Flags {
            data_dir,
            config: None,
            listen: Some(free_port(self.listen)?),
            admin_listen: Some(free_port(self.admin_listen)?),
            fix_listen: None,
            tls_cert: None,
            tls_key: None,
            tls_listen: None,
            roles: "all".to_string(),
            segment_bytes: Some(16 << 20),
            accept_time: true,
        };
        let config = Config::load(&flags)?;
        runtime()?.block_on(self.live(config))?;
        Ok(Exit::Ok)
    }

    async fn live(&self, config: Config) -> Result<(), Failure> {
        let data_dir = config.data_dir.clone();
        let venue = Venue::open(config).await?;
        let admin = venue.administration.clone();
        let mut keys = Vec::new();
        for name in ["alice", "bob"] {
            let account = funded(&admin, name, FUNDS).await?;
            let key = admin.keys.create(&admin, Grant::usual(account)).await;
            let key = key.map_err(|_| Failure::new(Exit::Io, "the demo keys were refused"))?;
            keys.push((name, account, key.key, key.secret));
        }
        println!("{}", venue.ready_line());
        greet(&venue, &data_dir, &keys);
        if !self.quiet {
            self.start_traders(&admin).await?;
        }
        venue.run_until_stopped().await
    }

    async fn start_traders(&self, admin: &Admin) -> Result<(), Failure> {
        let maker = funded(admin, "maker", DEEP_FUNDS).await?;
        let taker = funded(admin, "taker", DEEP_FUNDS).await?;
        let directory = admin.queries.directory();
        let submit: Arc<dyn Submit> = admin.submit.clone();
        for (symbol, dollars) in directory.symbols.iter().zip([50_000_i64, 3_000]) {
            let units = dollars * 10_i64.pow(u32::from(symbol.price_scale));
            let reference = admin
                .queries
                .last_price(symbol.symbol)
                .unwrap_or(Price(units));
            let market = Market::new(
                submit.clone(),
                *symbol,
                (maker, taker),
                (self.seed, reference),
            );
            tokio::spawn(market.run());
        }
        Ok(())
    }
}

/// What each key of the demo owns.
const FUNDS: [(&str, &str); 3] = [("BTC", "10"), ("ETH", "100"), ("USDT", "1000000")];
/// What the simulated traders own.
const DEEP_FUNDS: [(&str, &str); 3] = [
    ("BTC", "100000"),
    ("ETH", "1000000"),
    ("USDT", "5000000000"),
];

/// The account called `demo-NAME`, made and funded at the first start.
async fn funded(admin: &Admin, name: &str, funds: [(&str, &str); 3]) -> Result<AccountId, Failure> {
    let refused = |_| Failure::new(Exit::Io, "the demo accounts were refused");
    let business = |text: &str| BusinessId::new(text).unwrap_or_default();
    let create = CreateAccountV1 {
        business: business(&format!("demo-{name}")),
    };
    let receipt = admin
        .act(Command::CreateAccount(create))
        .await
        .map_err(refused)?;
    let account = receipt.events.iter().find_map(|event| match event {
        Event::AccountCreated { account, .. } => Some(*account),
        _ => None,
    });
    let account =
        account.ok_or_else(|| Failure::new(Exit::OurFault, "a demo account has no number"))?;
    for (code, amount) in funds {
        let asset = admin.asset(code).map_err(refused)?;
        let amount = parse_amount(amount, asset.scale).unwrap_or(Amount::ZERO);
        let asset: AssetId = asset.asset;
        let business = business(&format!("demo-{name}-{code}"));
        let deposit = DepositV1 {
            amount,
            account,
            asset,
            business,
        };
        admin
            .act(Command::Deposit(deposit))
            .await
            .map_err(refused)?;
    }
    let named = admin.keys.name(account, name).await;
    named.map_err(|_| Failure::new(Exit::Io, "the demo names were refused"))?;
    Ok(account)
}

/// The first free port from the wished one on; says so when it is another.
fn free_port(wished: SocketAddr) -> Result<SocketAddr, Failure> {
    for step in 0..PORTS {
        let mut address = wished;
        address.set_port(wished.port().saturating_add(step));
        if std::net::TcpListener::bind(address).is_ok() {
            if step > 0 {
                println!("port {} is taken; using {}", wished.port(), address.port());
            }
            return Ok(address);
        }
    }
    let line = format!(
        "no free port from {} on; choose one with --listen",
        wished.port()
    );
    Err(Failure::new(Exit::PortInUse, line))
}

fn greet(venue: &Venue, dir: &std::path::Path, keys: &[(&str, AccountId, String, String)]) {
    let base = format!("http://{}", venue.addresses.http);
    println!("\nDaybook demo, data in {}", dir.display());
    println!("  book      {base}/api/v3/depth?symbol=BTCUSDT&limit=10");
    println!("  trades    {base}/api/v3/trades?symbol=BTCUSDT&limit=10");
    println!("  stream    ws://{}/ws/btcusdt@trade", venue.addresses.http);
    println!("  metrics   http://{}/metrics", venue.addresses.admin);
    for (name, account, key, secret) in keys {
        println!(
            "  {name} (account {}): key {key} secret {secret}",
            account.0
        );
    }
    let Some((_, _, key, secret)) = keys.first() else {
        return;
    };
    println!(
        "\nccxt:\n\
         import ccxt\n\
         ex = ccxt.binance({{'apiKey': '{key}', 'secret': '{secret}',\n\
         \x20                  'options': {{'fetchMarkets': {{'types': ['spot']}}, \
         'fetchCurrencies': False, 'fetchMargins': False}}}})\n\
         ex.urls['api'].update(public='{base}/api/v3', private='{base}/api/v3')\n\
         print(ex.fetch_order_book('BTC/USDT', 5))\n\
         print(ex.create_order('BTC/USDT', 'market', 'buy', 0.01))\n\
         \nstop with Ctrl-C"
    );
}
