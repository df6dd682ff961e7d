//! How an administrative subcommand reaches a node: its admin port and its token.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Exit, Failure};

/// Where the node is and how to print.
#[derive(clap::Args, Clone, Debug)]
pub struct Target {
    /// The node's data directory: its token and its admin address are read there.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The node's admin address [default: the data directory's, else http://127.0.0.1:8081].
    #[arg(long, value_name = "URL")]
    pub admin: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// The file in the data directory that holds the token of administration.
pub const TOKEN_FILE: &str = "admin.token";
/// The file in the data directory that holds the admin address of the running node.
pub const ADDRESS_FILE: &str = "admin.address";
/// The token, where no data directory is at hand.
const TOKEN_VARIABLE: &str = "DAYBOOK_ADMIN_TOKEN";

impl Target {
    /// Sends one request and returns the answer's JSON.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] without a node, [`Exit::Permission`] without the right
    /// token, [`Exit::Finding`] when the node refuses.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let base = self.base();
        let url = format!("{base}/admin/v1/{path}");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(&url)
            .header("authorization", format!("Bearer {}", self.token(&base)?))
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default())
            .map_err(|error| Failure::new(Exit::Usage, format!("{url}: {error}")))?;
        let unreachable = |error: ureq::Error| {
            let line = format!("no node answers at {base}: {error}; is `daybook serve` running?");
            Failure::new(Exit::Unavailable, line)
        };
        let mut response = agent.run(request).map_err(unreachable)?;
        let status = response.status().as_u16();
        let answer: Value = response.body_mut().read_json().unwrap_or(Value::Null);
        if status < 300 {
            return Ok(answer);
        }
        let text = answer["error"]
            .as_str()
            .unwrap_or("no reason given")
            .to_string();
        let exit = match status {
            401 => Exit::Permission,
            400 if answer["usage"] == true => Exit::Usage,
            _ => Exit::Finding,
        };
        Err(Failure::new(exit, text))
    }

    /// Prints the answer: as JSON, or as `text` makes of it.
    pub fn print(&self, answer: &Value, text: impl Fn(&Value) -> String) {
        if self.json {
            println!("{answer}");
        } else {
            println!("{}", text(answer));
        }
    }

    fn base(&self) -> String {
        let written = self
            .data_dir
            .as_ref()
            .and_then(|directory| std::fs::read_to_string(directory.join(ADDRESS_FILE)).ok());
        let base = self
            .admin
            .clone()
            .or_else(|| written.map(|address| format!("http://{}", address.trim())))
            .unwrap_or_else(|| "http://127.0.0.1:8081".to_string());
        base.trim_end_matches('/').to_string()
    }

    fn token(&self, base: &str) -> Result<String, Failure> {
        if let Some(directory) = &self.data_dir {
            let path = directory.join(TOKEN_FILE);
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Failure::io("read the admin token", &path, &error))?;
            return Ok(text.trim().to_string());
        }
        std::env::var(TOKEN_VARIABLE).map_err(|_| {
            let line = format!(
                "no token for {base}: give --data-dir DIR (its {TOKEN_FILE} is read) or set \
                 {TOKEN_VARIABLE}"
            );
            Failure::new(Exit::Permission, line)
        })
    }
}

/// The id of an administrative act: the one given, or a new one.
pub fn business_id(given: &Option<String>) -> String {
    given.clone().unwrap_or_else(|| {
        let random: u128 = rand::random();
        format!("cli-{random:032x}")
    })
}
