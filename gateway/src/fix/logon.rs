//! The first message of a connection: who is it, and may they.
//!
//! It is read before the session layer sees it, because the session's store is found by the
//! key in it, and a wrong password is answered with its reason. Everything else about a
//! Logon (checksum, numbers, heartbeat) is checked by the session layer, on the same bytes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ironfix_core::types::Timestamp;
use schemas::ids::AccountId;
use schemas::units::TimeNs;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::auth::api_key::{self, Permission};
use crate::auth::signature;
use crate::call::App;
use crate::fix::claims::Name;
use crate::fix::refusal::printable;
use crate::fix::{VENUE, VERSION};
use crate::queries::{ApiKey, Secret};

/// The longest first message, in bytes.
const BYTES_MAX: usize = 4_096;
/// Who says nothing for so long is cut.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Heartbeats in seconds: from the shortest that is not a load to the longest that helps.
const HEARTBEAT_SECONDS: std::ops::RangeInclusive<u32> = 1..=300;
const SOH: u8 = 1;

/// The documented tags of a Logon beyond the standard's.
pub const CANCEL_ON_DISCONNECT: u32 = 8013;
pub const DROP_COPY: u32 = 9406;
pub const RESPONSE_MODE: u32 = 25036;

/// Who logged on, and how they want it.
#[derive(Clone, Debug)]
pub struct Logon {
    pub name: Name,
    pub account: AccountId,
    pub key: Arc<ApiKey>,
    /// ResetSeqNumFlag (141): both rows of numbers start again, and so do reports.
    pub is_reset: bool,
    /// CancelOrdersOnDisconnect (8013): orders of this session end with it.
    pub cancels_on_disconnect: bool,
    /// DropCopyFlag (9406): reports of the account, no order entry.
    pub is_drop_copy: bool,
    /// ResponseMode (25036) 2: no reports but those of its own messages.
    pub only_acks: bool,
}

/// Why nobody logged on.
#[derive(Clone, PartialEq, Debug)]
pub enum NotLoggedOn {
    /// Nothing that could be answered came.
    Silent,
    /// It is told why, by a Logout.
    Refused { sender: String, text: String },
}

/// Reads the first message, and whatever came with it.
///
/// # Errors
/// [`NotLoggedOn::Silent`] for a stream that ends, says too much or too little.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, NotLoggedOn> {
    let mut bytes = Vec::with_capacity(512);
    let reading = async {
        loop {
            if first_message(&bytes).is_some() {
                return true;
            }
            if bytes.len() >= BYTES_MAX {
                return false;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
        }
    };
    match tokio::time::timeout(TIMEOUT, reading).await {
        Ok(true) => Ok(bytes),
        Ok(false) | Err(_) => Err(NotLoggedOn::Silent),
    }
}

/// The bytes up to the end of the first checksum.
fn first_message(bytes: &[u8]) -> Option<&[u8]> {
    const CHECKSUM: &[u8] = b"\x0110=";
    let at = bytes
        .windows(CHECKSUM.len())
        .position(|window| window == CHECKSUM)?;
    let tail = at + CHECKSUM.len();
    let end = bytes[tail..].iter().position(|byte| *byte == SOH)?;
    Some(&bytes[..tail + end])
}

/// The fields of a Logon; RawData (96) is base64 and holds no SOH.
fn fields(bytes: &[u8]) -> Vec<(u32, &str)> {
    let parts = first_message(bytes)
        .unwrap_or_default()
        .split(|b| *b == SOH);
    parts
        .filter_map(|part| {
            let (tag, value) = std::str::from_utf8(part).ok()?.split_once('=')?;
            Some((tag.parse().ok()?, value))
        })
        .collect()
}

/// Checks the first message: the venue, the key, its proof, the wishes.
///
/// # Errors
/// [`NotLoggedOn::Refused`] with the reason.
pub fn check(app: &App, bytes: &[u8], address: IpAddr) -> Result<Logon, NotLoggedOn> {
    let fields = fields(bytes);
    let get = |tag: u32| {
        let mut fields = fields.iter();
        fields.find(|(other, _)| *other == tag).map(|(_, v)| *v)
    };
    let is_ours = get(8) == Some(VERSION) && get(35) == Some("A");
    let sender = match get(49) {
        Some(sender) if is_ours && !sender.is_empty() => sender.to_owned(),
        _ => return Err(NotLoggedOn::Silent),
    };
    let refuse = |text: String| NotLoggedOn::Refused {
        sender: sender.clone(),
        text,
    };
    if get(56) != Some(VENUE) {
        return Err(refuse(format!("TargetCompID (56) has to be {VENUE}")));
    }
    let heartbeat = get(108).and_then(|text| text.parse::<u32>().ok());
    if !heartbeat.is_some_and(|seconds| HEARTBEAT_SECONDS.contains(&seconds)) {
        return Err(refuse(
            "HeartBtInt (108) has to be 1 to 300 seconds".to_owned(),
        ));
    }
    let is_drop_copy = get(DROP_COPY) == Some("Y");
    let permission = match is_drop_copy {
        true => Permission::FixRead,
        false => Permission::Fix,
    };
    let user = get(553).unwrap_or_default();
    let key = api_key::admit(&*app.parts.keys, user, address, permission)
        .map_err(|error| refuse(error.msg.into_owned()))?;
    let proof = Proof {
        password: get(554),
        signature: get(96),
        signed: [49, 56, 34, 52].map(|tag| get(tag).unwrap_or_default()),
    };
    let is_denied = app.parts.queries.is_denied(address, Some(key.account));
    if is_denied || !proof.is_of(&key.secret) {
        return Err(refuse(crate::error::rejected_key().msg.into_owned()));
    }
    Ok(Logon {
        name: Name {
            sender,
            key: key.key.clone(),
        },
        account: key.account,
        key,
        is_reset: get(141) == Some("Y"),
        cancels_on_disconnect: get(CANCEL_ON_DISCONNECT) == Some("Y"),
        is_drop_copy,
        only_acks: get(RESPONSE_MODE) == Some("2"),
    })
}

/// What a client shows for its key.
struct Proof<'a> {
    /// Password (554): the secret of an HMAC key.
    password: Option<&'a str>,
    /// RawData (96): the signature of a key that signs.
    signature: Option<&'a str>,
    /// What is signed: SenderCompID, TargetCompID, MsgSeqNum, SendingTime.
    signed: [&'a str; 4],
}

impl Proof<'_> {
    fn is_of(&self, secret: &Secret) -> bool {
        match (secret, self.password, self.signature) {
            // Hashes compare in constant time.
            (Secret::Hmac(secret), Some(password), _) => {
                blake3::hash(secret) == blake3::hash(password.as_bytes())
            }
            (Secret::Hmac(_), None, _) => false,
            (_, _, Some(text)) => {
                let [sender, target, number, time] = self.signed;
                let payload = signature::logon_payload(sender, target, number, time);
                signature::verify(secret, &payload, text).is_ok()
            }
            (_, _, None) => false,
        }
    }
}

/// A Logout that tells why nobody logged on; it belongs to no session and no store.
pub fn goodbye(sender: &str, text: &str, now: TimeNs) -> Vec<u8> {
    let stamp = Timestamp::from_nanos(now.0).unwrap_or(Timestamp::EPOCH);
    let text = String::from_utf8(printable(text)).expect("printable ASCII is UTF-8");
    let body = format!(
        "35=5\x0149={VENUE}\x0156={sender}\x0134=1\x0152={}\x0158={text}\x01",
        stamp.format_millis()
    );
    let head = format!("8={VERSION}\x019={}\x01", body.len());
    let bytes = head.bytes().chain(body.bytes());
    let sum = bytes.fold(0_u8, |sum, byte| sum.wrapping_add(byte));
    format!("{head}{body}10={sum:03}\x01").into_bytes()
}
