//! What an API key is, and how a new one is drawn.

use std::net::IpAddr;

use rand::Rng;
use rand::distr::Alphanumeric;
use schemas::ids::AccountId;
use schemas::units::TimeNs;

/// May ask for what is its account's own.
pub const READ: u32 = 1;
/// May place, amend and cancel orders.
pub const TRADE: u32 = 2;
/// May send money out.
pub const WITHDRAW: u32 = 4;
/// May open FIX sessions, order entry included.
pub const FIX: u32 = 8;
/// May open FIX sessions that only listen: market data and drop copy.
pub const FIX_READ: u32 = 16;

/// Characters of a key and of a secret.
pub const KEY_LENGTH: usize = 64;

/// How possession of a key is proved. Of Ed25519 and RSA only the public half is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum KeyKind {
    /// A shared secret.
    HmacSha256 = 1,
    /// RFC 8032.
    Ed25519 = 2,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 8192 bits.
    Rsa = 3,
}

impl KeyKind {
    /// The kind with that number.
    pub fn from_number(number: i64) -> Option<KeyKind> {
        match number {
            1 => Some(KeyKind::HmacSha256),
            2 => Some(KeyKind::Ed25519),
            3 => Some(KeyKind::Rsa),
            _ => None,
        }
    }

    /// The name by which operators choose it.
    pub fn name(self) -> &'static str {
        match self {
            KeyKind::HmacSha256 => "hmac",
            KeyKind::Ed25519 => "ed25519",
            KeyKind::Rsa => "rsa",
        }
    }
}

/// What a signature is checked with: the shared secret, the 32 bytes of an Ed25519 point, or
/// an RSA key as PKCS#1 in DER. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) Vec<u8>);

impl Secret {
    /// The bytes a signature is checked with.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A key in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredKey {
    /// Its public id.
    pub key: String,
    pub account: AccountId,
    pub kind: KeyKind,
    /// Bit set of [`READ`] to [`FIX_READ`].
    pub permissions: u32,
    /// Empty = from anywhere.
    pub addresses: Vec<IpAddr>,
    pub created: TimeNs,
    pub secret: Secret,
}

impl StoredKey {
    /// Whether every bit of `permission` is granted.
    pub fn may(&self, permission: u32) -> bool {
        self.permissions & permission == permission
    }
}

/// What a new key is to allow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewKey {
    pub account: AccountId,
    /// Bit set of [`READ`] to [`FIX_READ`].
    pub permissions: u32,
    /// Empty = from anywhere.
    pub addresses: Vec<IpAddr>,
    pub created: TimeNs,
}

/// A new key with its secret, which is shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct CreatedKey {
    pub key: String,
    pub secret: String,
}

impl std::fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreatedKey({})", self.key)
    }
}

/// 64 letters and digits nobody can guess.
pub(crate) fn draw() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).take(KEY_LENGTH);
    letters.map(char::from).collect()
}
