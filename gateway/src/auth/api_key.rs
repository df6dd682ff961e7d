//! The public id of a key → a key that may do this from here.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use crate::error::{ApiError, rejected_key};
use crate::queries::{ApiKey, Keys};

/// The longest key text.
const KEY_BYTES_MAX: usize = 64;

/// What a route or a session asks of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    Read,
    Trade,
    Withdraw,
    /// A FIX session that enters orders.
    Fix,
    /// A FIX session that only listens; one that may enter orders may do so too.
    FixRead,
}

impl ApiKey {
    /// Whether it was given this permission.
    pub fn may(&self, permission: Permission) -> bool {
        match permission {
            Permission::Read => self.may_read,
            Permission::Trade => self.may_trade,
            Permission::Withdraw => self.may_withdraw,
            Permission::Fix => self.may_fix,
            Permission::FixRead => self.may_fix || self.may_fix_read,
        }
    }
}

/// The key of the header `X-MBX-APIKEY`, if it may do this from that address.
///
/// # Errors
/// As [`admit`].
pub fn check(
    keys: &dyn Keys,
    headers: &HeaderMap,
    address: IpAddr,
    permission: Permission,
) -> Result<Arc<ApiKey>, ApiError> {
    let text = headers
        .get("x-mbx-apikey")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    admit(keys, text, address, permission)
}

/// The key with that public id, if it may do this from that address. What it is asked for
/// was not proved yet; that is the signature's part.
///
/// # Errors
/// -2014 for a missing or malformed key; -2015 for an unknown or revoked one, or one that
/// may not do this or not from here.
pub fn admit(
    keys: &dyn Keys,
    text: &str,
    address: IpAddr,
    permission: Permission,
) -> Result<Arc<ApiKey>, ApiError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if text.is_empty() || text.len() > KEY_BYTES_MAX || !text.bytes().all(legal) {
        return Err(
            ApiError::new(-2014, "API-key format invalid.").status(StatusCode::UNAUTHORIZED)
        );
    }
    let key = keys.find(text).ok_or_else(rejected_key)?;
    let address = address.to_canonical();
    let from_here = key.addresses.is_empty() || key.addresses.contains(&address);
    if key.may(permission) && from_here && !key.life.is_over() {
        Ok(key)
    } else {
        Err(rejected_key())
    }
}
