//! API keys: create, list, revoke. The secret is shown once and never journaled.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::act::{Refused, done, usage};
use crate::keyring::Grant;

/// Every permission by name.
const PERMISSIONS: [(&str, u32); 3] = [("read", 1), ("trade", 2), ("withdraw", 4)];

/// A new key.
#[derive(Deserialize)]
pub struct Create {
    permissions: Vec<String>,
    #[serde(default)]
    addresses: Vec<IpAddr>,
}

/// `POST accounts/N/keys`.
pub async fn create(
    State(admin): State<Admin>,
    Path(number): Path<u32>,
    Json(body): Json<Create>,
) -> Result<Json<Value>, Refused> {
    let account = admin.account(number)?;
    let mut permissions = 0;
    for name in &body.permissions {
        let found = PERMISSIONS.iter().find(|(known, _)| known == name);
        let (_, bit) = found.ok_or_else(|| {
            usage(format!(
                "no permission is called {name}; there are read, trade, withdraw"
            ))
        })?;
        permissions |= bit;
    }
    let key = admin
        .keys
        .create(
            &admin,
            Grant {
                account,
                permissions,
                addresses: &body.addresses,
            },
        )
        .await?;
    Ok(Json(
        json!({"account": number, "api_key": key.key, "api_secret": key.secret}),
    ))
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
                "api_key": key.key, "permissions": permissions, "addresses": key.addresses,
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
