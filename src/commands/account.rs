//! `daybook account`: who trades here, and with what.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::admin_client::{Target, business_id};
use crate::failure::{Exit, Failure};

/// Create, fund, freeze and look at accounts. Every change is journaled.
#[derive(Subcommand)]
pub enum Account {
    /// Create an account with an API key, and fund it.
    Create {
        /// A name for people; kept beside the journal, never in it.
        name: String,
        /// What to put into it, like `BTC=1.5`; may be repeated.
        #[arg(long, value_name = "ASSET=AMOUNT")]
        deposit: Vec<String>,
        /// What to put into its futures wallet, like `USDT=1000`; may be repeated.
        #[arg(long, value_name = "ASSET=AMOUNT")]
        futures: Vec<String>,
        /// The id of this act: said twice, done once [default: made from the name].
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Money arrives from outside.
    Deposit(Money),
    /// Money leaves to the outside.
    Withdraw(Money),
    /// Money moves to another account.
    Transfer {
        /// Where it goes.
        #[arg(long)]
        to: u32,
        #[command(flatten)]
        money: Money,
    },
    /// No new orders; cancels stay possible.
    Freeze(One),
    /// Trading again.
    Unfreeze(One),
    /// The fee tier, the trade group, or the order-rate limits.
    Set {
        /// The account's number.
        account: u32,
        /// Fee tier; 0 = the symbol's own rates.
        #[arg(long)]
        tier: Option<u8>,
        /// Self-trade prevention works among the accounts of a group; 0 = in none.
        #[arg(long)]
        trade_group: Option<u32>,
        /// Orders per 10 seconds, set together with those per day; 0 = the venue's.
        #[arg(long, requires = "orders_per_day")]
        orders_per_10s: Option<u32>,
        /// Orders per day, set together with those per 10 seconds; 0 = the venue's.
        #[arg(long, requires = "orders_per_10s")]
        orders_per_day: Option<u32>,
        #[command(flatten)]
        target: Target,
    },
    /// Money moves from the spot wallet to the futures wallet of the same account.
    Futures {
        /// Back: from the futures wallet to the spot wallet.
        #[arg(long)]
        out: bool,
        #[command(flatten)]
        money: Money,
    },
    /// Balances, state, tier.
    Show(One),
}

/// An account and where the node is.
#[derive(clap::Args)]
pub struct One {
    /// The account's number.
    account: u32,
    #[command(flatten)]
    target: Target,
}

/// A movement of money.
#[derive(clap::Args)]
pub struct Money {
    /// The account's number.
    account: u32,
    /// Like `USDT=100.5`.
    #[arg(value_name = "ASSET=AMOUNT")]
    amount: String,
    /// The id of this payment: said twice, done once [default: a new one].
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Account {
    /// Asks the node.
    ///
    /// # Errors
    /// See [`Target::call`].
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Account::Create { .. } => self.create()?,
            Account::Deposit(money) => money.send("deposit", None)?,
            Account::Withdraw(money) => money.send("withdraw", None)?,
            Account::Transfer { to, money } => money.send("transfer", Some(*to))?,
            Account::Futures { out, money } => money.to_futures(*out)?,
            Account::Freeze(one) => one.post("freeze")?,
            Account::Unfreeze(one) => one.post("unfreeze")?,
            Account::Set {
                account,
                tier,
                trade_group,
                orders_per_10s,
                orders_per_day,
                target,
            } => {
                let body = json!({
                    "tier": tier, "trade_group": trade_group, "orders_per_10s": orders_per_10s,
                    "orders_per_day": orders_per_day,
                });
                let path = format!("accounts/{account}/set");
                done(target, &target.call("POST", &path, Some(&body))?);
            }
            Account::Show(one) => {
                let path = format!("accounts/{}", one.account);
                let answer = one.target.call("GET", &path, None)?;
                one.target.print(&answer, shown);
            }
        }
        Ok(Exit::Ok)
    }

    fn create(&self) -> Result<(), Failure> {
        let Account::Create {
            name,
            deposit,
            futures,
            id,
            target,
        } = self
        else {
            return Ok(());
        };
        let deposits = monies(deposit)?;
        let futures = monies(futures)?;
        // The same name again is the same act: a retry never pays the deposits twice.
        let digest = blake3::hash(name.as_bytes()).to_hex();
        let id = id
            .clone()
            .unwrap_or_else(|| format!("create-{}", &digest[..24]));
        let body = json!({"name": name, "deposits": deposits, "futures": futures, "id": id});
        let answer = target.call("POST", "accounts", Some(&body))?;
        target.print(&answer, |answer| {
            format!(
                "account {} ({})\napi key    {}\napi secret {}",
                answer["account"],
                text(&answer["name"]),
                text(&answer["api_key"]),
                text(&answer["api_secret"])
            )
        });
        Ok(())
    }
}

impl Money {
    fn send(&self, verb: &str, to: Option<u32>) -> Result<(), Failure> {
        let (asset, amount) = split(&self.amount)?;
        let id = business_id(&self.id);
        let body = json!({"asset": asset, "amount": amount, "id": id, "to": to});
        let path = format!("accounts/{}/{verb}", self.account);
        done(&self.target, &self.target.call("POST", &path, Some(&body))?);
        Ok(())
    }
}

impl Money {
    fn to_futures(&self, out: bool) -> Result<(), Failure> {
        let (asset, amount) = split(&self.amount)?;
        let id = business_id(&self.id);
        let body = json!({"asset": asset, "amount": amount, "id": id, "out": out});
        let path = format!("accounts/{}/futures", self.account);
        done(&self.target, &self.target.call("POST", &path, Some(&body))?);
        Ok(())
    }
}

impl One {
    fn post(&self, verb: &str) -> Result<(), Failure> {
        let path = format!("accounts/{}/{verb}", self.account);
        done(
            &self.target,
            &self.target.call("POST", &path, Some(&json!({})))?,
        );
        Ok(())
    }
}

/// Prints that a change is in the journal.
pub fn done(target: &Target, answer: &Value) {
    target.print(answer, |answer| {
        if answer["done_before"].is_u64() {
            format!("done before, at offset {}", answer["done_before"])
        } else {
            format!("done at offset {}", answer["offset"])
        }
    });
}

fn shown(answer: &Value) -> String {
    let mut lines = vec![format!(
        "account {} ({}), {}, fee tier {}",
        answer["account"],
        text(&answer["name"]),
        text(&answer["state"]),
        answer["tier"]
    )];
    for balance in answer["balances"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{:>6} free {:>28} held {:>28}",
            text(&balance["asset"]),
            text(&balance["free"]),
            text(&balance["held"])
        ));
    }
    lines.join("\n")
}

/// A JSON string without its quotes.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Each as an object for the node.
fn monies(texts: &[String]) -> Result<Vec<Value>, Failure> {
    let money = |text: &String| {
        let (asset, amount) = split(text)?;
        Ok(json!({"asset": asset, "amount": amount}))
    };
    texts.iter().map(money).collect()
}

/// `ASSET=AMOUNT` in two.
///
/// # Errors
/// Usage, when there is no `=`.
pub fn split(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=').ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("`{text}` is not ASSET=AMOUNT, like USDT=100.5"),
        )
    })
}
