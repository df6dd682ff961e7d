//! Structured logs on stderr; `RUST_LOG` chooses what, `DAYBOOK_LOG=json` how.

use tracing_subscriber::EnvFilter;

/// Starts logging; warnings and worse unless `RUST_LOG` says otherwise.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::env::var("DAYBOOK_LOG").is_ok_and(|form| form == "json") {
        builder.json().init();
    } else {
        builder.init();
    }
}
