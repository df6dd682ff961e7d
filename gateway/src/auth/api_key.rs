//! The header `X-MBX-APIKEY` → a key that may do this from here.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use crate::error::{ApiError, rejected_key};
use crate::queries::{ApiKey, Keys};

/// The longest key text.
const KEY_BYTES_MAX: usize = 64;

/// What a route asks of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    Read,
    Trade,
}

/// Finds the request's key and checks what it may do from that address.
///
/// # Errors
/// -2014 for a missing or malformed key; -2015 for an unknown one, or one that may not do
/// this or not from here.
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
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if text.is_empty() || text.len() > KEY_BYTES_MAX || !text.bytes().all(legal) {
        return Err(
            ApiError::new(-2014, "API-key format invalid.").status(StatusCode::UNAUTHORIZED)
        );
    }
    let key = keys.find(text).ok_or_else(rejected_key)?;
    let may = match permission {
        Permission::Read => key.may_read,
        Permission::Trade => key.may_trade,
    };
    let from_here = key.addresses.is_empty() || key.addresses.contains(&address);
    if may && from_here {
        Ok(key)
    } else {
        Err(rejected_key())
    }
}
