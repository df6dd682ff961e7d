//! Proof that a request comes from the holder of its key.
//!
//! HMAC-SHA256 is hex in either case; RSA (PKCS#1 v1.5 with SHA-256) and Ed25519 are base64,
//! where case matters and only the one canonical text of a signature is taken. REST signs
//! its raw query and raw body, the WebSocket API its sorted parameters, FIX five fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use schemas::command::RequestDigest;
use schemas::ids::AccountId;
use sha2::Sha256;

use crate::error::{ApiError, mandatory};
use crate::queries::Secret;
use crate::wire::parameters::Parameters;

/// The longest signature, as text: 8192 bits of RSA in base64.
const TEXT_BYTES_MAX: usize = 1_368;
/// What separates fields in FIX.
const SOH: u8 = 1;

/// Checks a REST request and gives the bytes of its signature, which the request is known by.
///
/// # Errors
/// -1102 without a signature, -1022 for a wrong one.
pub fn check(parameters: &Parameters, secret: &Secret) -> Result<Vec<u8>, ApiError> {
    let text = parameters.get("signature").unwrap_or("");
    verify(secret, parameters.payload(), text)
}

/// Checks the signature of any transport over its payload and gives the signature's bytes.
/// HMAC is compared in constant time.
///
/// # Errors
/// -1102 without a signature, -1022 for a wrong one.
pub fn verify(secret: &Secret, payload: &[u8], text: &str) -> Result<Vec<u8>, ApiError> {
    if text.is_empty() {
        return Err(mandatory("signature"));
    }
    match secret {
        Secret::Hmac(secret) => {
            let wrong = || wrong("HMAC-SHA256 in hex, over the bytes as they were sent");
            let signature = from_hex(text).ok_or_else(wrong)?;
            let mut mac =
                Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a secret of any length");
            mac.update(payload);
            mac.verify_slice(&signature).map_err(|_| wrong())?;
            Ok(signature.to_vec())
        }
        Secret::Ed25519(point) => {
            let wrong = || wrong("Ed25519 in base64; in a URL its + / = are percent-encoded");
            let signature = from_base64(text).ok_or_else(wrong)?;
            let key = UnparsedPublicKey::new(&ED25519, point);
            key.verify(payload, &signature).map_err(|_| wrong())?;
            Ok(signature)
        }
        Secret::Rsa(der) => {
            let wrong = || {
                wrong("RSA PKCS#1 v1.5, SHA-256, in base64; in a URL its + / = are percent-encoded")
            };
            let signature = from_base64(text).ok_or_else(wrong)?;
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
            key.verify(payload, &signature).map_err(|_| wrong())?;
            Ok(signature)
        }
    }
}

/// What the WebSocket API signs: `name=value` of every parameter but the signature, sorted
/// by name, joined with `&`, in UTF-8 and not percent-encoded.
pub fn sorted_payload<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut sorted: Vec<_> = parameters.into_iter().collect();
    sorted.retain(|(name, _)| *name != "signature");
    sorted.sort_unstable();
    let pairs: Vec<String> = sorted
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&").into_bytes()
}

/// What a FIX logon signs in RawData (96): MsgType, SenderCompID, TargetCompID, MsgSeqNum
/// and SendingTime as they stand in the message, with SOH between.
pub fn logon_payload(sender: &str, target: &str, number: &str, time: &str) -> Vec<u8> {
    let fields = ["A", sender, target, number, time].map(str::as_bytes);
    fields.join(&SOH)
}

/// The digest of (account, signature) by which the engine knows a repeated request.
pub fn digest(account: AccountId, signature: &[u8]) -> RequestDigest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&account.0.to_le_bytes());
    hasher.update(signature);
    let mut digest = RequestDigest::default();
    digest
        .0
        .copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

fn wrong(expected: &'static str) -> ApiError {
    ApiError::new(-1022, "Signature for this request is not valid.")
        .hint(format!("this key signs with {expected}"))
}

/// The bytes of standard base64 with its padding; nothing else names the same bytes.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    STANDARD.decode(text).ok()
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
