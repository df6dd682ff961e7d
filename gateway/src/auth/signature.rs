//! HMAC-SHA256 over the raw query and the raw body, as hex in either case.

use hmac::{Hmac, Mac};
use schemas::command::RequestDigest;
use schemas::ids::AccountId;
use sha2::Sha256;

use crate::error::{ApiError, mandatory};
use crate::queries::Secret;
use crate::wire::parameters::Parameters;

/// Checks the signature, in constant time, and gives what the request is known by.
///
/// # Errors
/// -1102 without a signature, -1022 for a wrong one.
pub fn check(parameters: &Parameters, secret: &Secret) -> Result<[u8; 32], ApiError> {
    let text = parameters.get("signature").unwrap_or("");
    if text.is_empty() {
        return Err(mandatory("signature"));
    }
    let wrong = || ApiError::new(-1022, "Signature for this request is not valid.");
    let signature = from_hex(text).ok_or_else(wrong)?;
    match secret {
        Secret::Hmac(secret) => {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a secret of any length");
            mac.update(parameters.payload());
            mac.verify_slice(&signature).map_err(|_| wrong())?;
        }
    }
    Ok(signature)
}

/// The digest of (account, signature) by which the engine knows a repeated request.
pub fn digest(account: AccountId, signature: &[u8; 32]) -> RequestDigest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&account.0.to_le_bytes());
    hasher.update(signature);
    let mut digest = RequestDigest::default();
    digest
        .0
        .copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

/// 32 bytes from 64 hex digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? * 16 + digit(1)?) as u8;
    }
    Some(bytes)
}
