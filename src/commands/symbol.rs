//! `daybook symbol`: what is listed, and in which state.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::account::{done, text};
use crate::commands::admin_client::{Target, business_id};
use crate::failure::{Exit, Failure};

/// List, add, change, halt and delist symbols. Names are `spot:BTCUSDT` or `BTCUSDT`.
#[derive(Subcommand)]
pub enum Symbol {
    /// Every symbol with its state and rules.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// List a new spot symbol, in state pre-trading; new assets are added with it.
    Add {
        /// Like `BTCUSDT`.
        name: String,
        /// The asset traded, like `BTC`; `BTC:8` names its decimals when it is new.
        #[arg(long)]
        base: String,
        /// The asset paid with.
        #[arg(long)]
        quote: String,
        /// Decimals of a price unit; fixed for ever.
        #[arg(long)]
        price_scale: u8,
        /// Decimals of a quantity unit; fixed for ever.
        #[arg(long)]
        qty_scale: u8,
        /// Opens by itself at this time, in milliseconds since 1970.
        #[arg(long)]
        opens_at: Option<u64>,
        #[command(flatten)]
        target: Target,
    },
    /// Change a rule: `tick=0.01`, `step`, `price-min`, `price-max`, `qty-min`, `qty-max`,
    /// `market-qty-max`, `notional-min`, `notional-max`, `percent=5/0.2`, `max-orders`,
    /// `max-position`, `maker-fee`, `taker-fee`; `max-algo-orders`, `max-iceberg-orders`,
    /// `max-order-lists`, `max-order-amends`, `iceberg-parts`, `trailing-delta=10/2000` (BIPS);
    /// `band=5%`, `breaker=10%`, `market-depth=2%`, `auction-seconds=60`. Zero is off.
    Set {
        /// The symbol.
        name: String,
        /// RULE=VALUE; may be repeated.
        #[arg(required = true)]
        rules: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
    /// No new orders.
    Halt(Named),
    /// Trading (again).
    Resume(Named),
    /// Only cancels.
    CancelOnly(Named),
    /// Collect orders without matching; `resume` or the end of its time uncrosses them.
    Auction(Named),
    /// Gone for good: every order is cancelled. A perpetual that somebody holds is settled.
    Delist {
        #[command(flatten)]
        named: Named,
        /// Closes every position of a perpetual at this price.
        #[arg(long)]
        final_price: Option<String>,
        /// The id of a settlement: said twice, done once [default: a new one].
        #[arg(long)]
        id: Option<String>,
    },
}

/// A symbol and where the node is.
#[derive(clap::Args)]
pub struct Named {
    /// The symbol.
    name: String,
    #[command(flatten)]
    target: Target,
}

impl Symbol {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Symbol::List { target } => {
                let answer = target.call("GET", "symbols", None)?;
                target.print(&answer, listed);
            }
            Symbol::Add {
                name,
                base,
                quote,
                price_scale,
                qty_scale,
                opens_at,
                target,
            } => {
                let body = json!({
                    "name": name, "base": base, "quote": quote, "price_scale": price_scale,
                    "qty_scale": qty_scale, "opens_at": opens_at,
                });
                done(target, &target.call("POST", "symbols", Some(&body))?);
            }
            Symbol::Set {
                name,
                rules,
                target,
            } => {
                let path = format!("symbols/{name}/set");
                done(
                    target,
                    &target.call("POST", &path, Some(&json!({"rules": rules})))?,
                );
            }
            Symbol::Halt(named) => named.state("halt")?,
            Symbol::Resume(named) => named.state("trading")?,
            Symbol::CancelOnly(named) => named.state("cancel-only")?,
            Symbol::Auction(named) => named.state("auction")?,
            Symbol::Delist {
                named,
                final_price: Some(price),
                id,
            } => {
                let path = format!("settlement/{}", named.name);
                let body = json!({"price": price, "id": business_id(id)});
                let target = &named.target;
                done(target, &target.call("POST", &path, Some(&body))?);
            }
            Symbol::Delist { named, .. } => named.state("delisted")?,
        }
        Ok(Exit::Ok)
    }
}

impl Named {
    fn state(&self, state: &str) -> Result<(), Failure> {
        let path = format!("symbols/{}/state", self.name);
        let body = json!({"state": state});
        done(&self.target, &self.target.call("POST", &path, Some(&body))?);
        Ok(())
    }
}

fn listed(answer: &Value) -> String {
    let symbols = answer.as_array().into_iter().flatten();
    let lines: Vec<_> = symbols
        .map(|symbol| {
            format!(
                "{:<16} {:<12} tick {} step {} fees {}/{}",
                text(&symbol["name"]),
                text(&symbol["state"]),
                text(&symbol["tick"]),
                text(&symbol["step"]),
                text(&symbol["maker_fee"]),
                text(&symbol["taker_fee"]),
            )
        })
        .collect();
    lines.join("\n")
}
