//! The public half of a client's key pair, from PEM.
//!
//! Nothing secret is read here; a private key that is offered by mistake is refused by name
//! and goes nowhere.

use pkcs1::RsaPublicKey;
use spki::der::{Decode, Document, Encode};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::error::BackofficeError;
use crate::keys::KeyKind;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// The longest text that is looked at, in bytes; 8192 bits of RSA need a fifth of it.
const PEM_BYTES_MAX: usize = 8 * 1024;
const ED25519_BYTES: usize = 32;
/// Bits of an RSA modulus: shorter can be broken, longer is slow to check.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The exponent is odd, at least 3 and has at most 33 bits, as the check of signatures asks.
const EXPONENT_MAX: u64 = (1 << 33) - 1;

/// What a client registers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    pub kind: KeyKind,
    /// The point of Ed25519, or PKCS#1 in DER.
    pub(crate) bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads `BEGIN PUBLIC KEY` (RFC 5280) of either kind, or `BEGIN RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// [`BackofficeError::PublicKey`] with the reason.
    pub fn from_pem(text: &str) -> Result<PublicKey, BackofficeError> {
        read(text.trim()).map_err(|reason| BackofficeError::PublicKey { reason })
    }

    /// The same, of the kind that was announced.
    ///
    /// # Errors
    /// [`BackofficeError::PublicKey`], also for a key of another kind.
    pub fn of_kind(kind: KeyKind, text: &str) -> Result<PublicKey, BackofficeError> {
        let key = PublicKey::from_pem(text)?;
        match (kind, key.kind) {
            (KeyKind::Ed25519, KeyKind::Rsa) => Err("it is an RSA key, Ed25519 was announced"),
            (KeyKind::Rsa, KeyKind::Ed25519) => Err("it is an Ed25519 key, RSA was announced"),
            (KeyKind::HmacSha256, _) => Err("an HMAC key has no public half"),
            _ => Ok(key),
        }
        .map_err(|reason| BackofficeError::PublicKey { reason })
    }
}

fn read(text: &str) -> Result<PublicKey, &'static str> {
    if text.contains("PRIVATE KEY") {
        return Err("it is a private key: keep it, and give the public half");
    }
    if text.len() > PEM_BYTES_MAX {
        return Err("it is longer than any key");
    }
    let form = "expected PEM that begins with -----BEGIN PUBLIC KEY-----";
    let (label, document) = Document::from_pem(text).map_err(|_| form)?;
    match label {
        "PUBLIC KEY" => read_info(document.as_bytes()),
        "RSA PUBLIC KEY" => read_rsa(document.as_bytes()),
        _ => Err(form),
    }
}

fn read_info(der: &[u8]) -> Result<PublicKey, &'static str> {
    let broken = "its DER is broken";
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| broken)?;
    let bits = info.subject_public_key.as_bytes().ok_or(broken)?;
    if info.algorithm.oid == RSA {
        return read_rsa(bits);
    }
    if info.algorithm.oid != ED25519 {
        return Err("it is neither Ed25519 nor RSA");
    }
    if bits.len() != ED25519_BYTES {
        return Err("an Ed25519 key has 32 bytes");
    }
    Ok(PublicKey {
        kind: KeyKind::Ed25519,
        bytes: bits.to_vec(),
    })
}

fn read_rsa(der: &[u8]) -> Result<PublicKey, &'static str> {
    let broken = "its DER is broken";
    let key = RsaPublicKey::from_der(der).map_err(|_| broken)?;
    let modulus = key.modulus.as_bytes();
    let first = modulus.first().ok_or(broken)?;
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    if !RSA_BITS.contains(&bits) {
        return Err("an RSA key must have 2048 to 8192 bits");
    }
    let exponent = key.public_exponent.as_bytes();
    let value = exponent.iter().try_fold(0_u64, |sum, byte| {
        sum.checked_mul(256)?.checked_add(u64::from(*byte))
    });
    match value {
        Some(value) if value % 2 == 1 && (3..=EXPONENT_MAX).contains(&value) => Ok(PublicKey {
            kind: KeyKind::Rsa,
            bytes: key.to_der().map_err(|_| broken)?,
        }),
        _ => Err("its exponent is not usable; 65537 is the usual one"),
    }
}
