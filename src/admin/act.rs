//! Submits administrative commands and waits until they are durable.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gateway::submit::{Receipt, SubmitError};
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId};
use schemas::instrument::SymbolKind;
use schemas::report::{AssetReport, Directory, SymbolReport};
use serde_json::{Value, json};

use crate::admin::Admin;

/// An answer that says why not.
pub struct Refused {
    status: StatusCode,
    body: Value,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// A refusal with its text.
pub fn refusal(status: StatusCode, text: impl Into<String>) -> Refused {
    Refused {
        status,
        body: json!({"error": text.into()}),
    }
}

/// The request itself makes no sense.
pub fn usage(text: impl Into<String>) -> Refused {
    Refused {
        status: StatusCode::BAD_REQUEST,
        body: json!({"error": text.into(), "usage": true}),
    }
}

impl Admin {
    /// Journals one command and waits for its events.
    ///
    /// # Errors
    /// [`Refused`] with the reason of the engine or of the ring.
    pub async fn act(&self, command: Command) -> Result<Receipt, Refused> {
        let pending = self.submit.submit(command).map_err(not_taken)?;
        let receipt = pending
            .await
            .unwrap_or(Err(SubmitError::Stopped))
            .map_err(not_taken)?;
        for event in &receipt.events {
            if let Event::CommandRejected { reason } = event {
                let text = format!("refused at offset {}: {reason:?}", receipt.offset.0);
                return Err(refusal(StatusCode::CONFLICT, text));
            }
        }
        Ok(receipt)
    }

    /// Journals one command and answers with its offset.
    ///
    /// # Errors
    /// See [`Admin::act`].
    pub async fn answer(&self, command: Command) -> Result<Json<Value>, Refused> {
        self.act(command).await.map(|receipt| Json(done(&receipt)))
    }

    /// The asset with that code.
    ///
    /// # Errors
    /// [`Refused`] that lists the assets there are.
    pub fn asset(&self, code: &str) -> Result<AssetReport, Refused> {
        let directory = self.queries.directory();
        let found = directory
            .assets
            .iter()
            .find(|asset| asset.code.as_str() == code);
        found.copied().ok_or_else(|| {
            let known: Vec<_> = directory
                .assets
                .iter()
                .map(|asset| asset.code.as_str().to_string())
                .collect();
            usage(format!(
                "no asset is called {code}; there are {}",
                known.join(", ")
            ))
        })
    }

    /// The symbol with that name; a bare one is a spot symbol.
    ///
    /// # Errors
    /// [`Refused`] when there is none.
    pub fn symbol(&self, name: &str) -> Result<SymbolReport, Refused> {
        match name.strip_prefix("perp:") {
            Some(bare) => self.named(SymbolKind::Perpetual, bare, name),
            None => {
                let bare = name.strip_prefix("spot:").unwrap_or(name);
                self.named(SymbolKind::Spot, bare, name)
            }
        }
    }

    /// The perpetual with that name, `perp:` in front or not.
    ///
    /// # Errors
    /// [`Refused`] when there is none.
    pub fn perpetual(&self, name: &str) -> Result<SymbolReport, Refused> {
        let bare = name.strip_prefix("perp:").unwrap_or(name);
        self.named(SymbolKind::Perpetual, bare, name)
    }

    fn named(&self, kind: SymbolKind, bare: &str, said: &str) -> Result<SymbolReport, Refused> {
        let directory = self.queries.directory();
        let found = directory
            .symbols
            .iter()
            .find(|symbol| symbol.kind == kind && symbol.name.as_str() == bare);
        found
            .copied()
            .ok_or_else(|| usage(format!("no symbol is called {said}")))
    }

    /// A user's account that exists.
    ///
    /// # Errors
    /// [`Refused`] when there is none.
    pub fn account(&self, number: u32) -> Result<AccountId, Refused> {
        let account = AccountId(number);
        match self.queries.account(account) {
            Some(_) => Ok(account),
            None => Err(usage(format!("there is no account {number}"))),
        }
    }
}

/// What a durable change answers.
pub fn done(receipt: &Receipt) -> Value {
    let before = receipt.events.iter().find_map(|event| match event {
        Event::AlreadyDone { at } => Some(at.0),
        _ => None,
    });
    json!({"offset": receipt.offset.0, "done_before": before})
}

/// The id of an act, as the journal keeps it.
///
/// # Errors
/// [`Refused`] when it is empty or longer than 36 bytes.
pub fn business(id: &str) -> Result<BusinessId, Refused> {
    match BusinessId::new(id) {
        Some(business) if !business.is_empty() => Ok(business),
        _ => Err(usage(format!("the id `{id}` must have 1 to 36 bytes"))),
    }
}

/// The code of an asset id.
pub fn asset_code(directory: &Directory, asset: AssetId) -> String {
    let found = directory.assets.get(usize::from(asset.0));
    found.map_or_else(|| asset.0.to_string(), |asset| asset.code.to_string())
}

fn not_taken(error: SubmitError) -> Refused {
    refusal(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}
