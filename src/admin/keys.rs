//! API keys: create, list, revoke. A secret is shown once and never journaled; of Ed25519
//! and RSA keys there is none here.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{Path, State};
use backoffice::keys::{FIX, FIX_READ, KeyKind, READ, TRADE, WITHDRAW};
use backoffice::public_key::PublicKey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, done, usage};
use crate::keyring::Grant;

/// Every permission by name.
const PERMISSIONS: [(&str, u32); 5] = [
    ("read", READ),
    ("trade", TRADE),
    ("withdraw", WITHDRAW),
    ("fix", FIX),
    ("fix-read", FIX_READ),
];

/// A new key.
#[derive(Deserialize)]
pub struct Create {
    permissions: Vec<String>,
    #[serde(default)]
    addresses: Vec<IpAddr>,
    /// hmac, ed25519 or rsa; hmac without it.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// PEM, for ed25519 and rsa.
    public_key: Option<String>,
}

/// `POST accounts/N/keys`.
pub async fn create(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<Create>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let public = public_key(&body)?;
    let mut permissions = 0;
    for name in &body.permissions {
        let found = PERMISSIONS.iter().find(|(known, _)| known == name);
        let (_, bit) = found.ok_or_else(|| {
            let known = PERMISSIONS.map(|(known, _)| known).join(", ");
            usage(format!("no permission is called {name}; there are {known}"))
        })?;
        permissions |= bit;
    }
    let grant = Grant {
        account,
        permissions,
        addresses: &body.addresses,
    };
    let Some(public) = public else {
        let key = admin.keys.create(&admin, grant).await?;
        return Ok(Json(
            json!({"account": number, "api_key": key.key, "api_secret": key.secret}),
        ));
    };
    let kind = public.kind.name();
    let key = admin.keys.register(&admin, grant, public).await?;
    Ok(Json(
        json!({"account": number, "api_key": key, "type": kind}),
    ))
}

/// The public half that a request brings; `None` for an HMAC key.
fn public_key(body: &Create) -> Result<Option<PublicKey>, Refused> {
    let kinds = [KeyKind::HmacSha256, KeyKind::Ed25519, KeyKind::Rsa];
    let kind = match &body.kind {
        None => None,
        Some(name) => {
            let found = kinds.into_iter().find(|kind| kind.name() == name);
            let unknown = || {
                usage(format!(
                    "no type is called {name}; there are hmac, ed25519, rsa"
                ))
            };
            Some(found.ok_or_else(unknown)?)
        }
    };
    let read = match (kind, &body.public_key) {
        (None | Some(KeyKind::HmacSha256), None) => return Ok(None),
        (None, Some(pem)) => PublicKey::from_pem(pem),
        (Some(kind), Some(pem)) => PublicKey::of_kind(kind, pem),
        (Some(kind), None) => {
            let kind = kind.name();
            return Err(usage(format!(
                "a key of type {kind} needs --public-key FILE (PEM)"
            )));
        }
    };
    read.map(Some).map_err(|error| usage(error.to_string()))
}

/// `GET accounts/N/keys`.
pub async fn list(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let keys = admin.keys.list(account).await?;
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let permissions: Vec<_> = PERMISSIONS
                .iter()
                .filter(|(_, bit)| key.permissions & bit != 0)
                .map(|(name, _)| *name)
                .collect();
            json!({
                "api_key": key.key, "type": key.kind.name(), "permissions": permissions,
                "addresses": key.addresses, "created_ms": key.created.as_millis(),
            })
        })
        .collect();
    Ok(Json(Value::Array(rows)))
}

/// `DELETE accounts/N/keys/KEY`.
pub async fn revoke(
    State(admin): State<Admin>,
    Path((number, key)): Path<(u32, String)>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let receipt = admin.keys.revoke(&admin, account, &key).await?;
    Ok(Json(done(&receipt)))
}
