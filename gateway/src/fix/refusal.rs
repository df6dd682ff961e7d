//! Refusals: the one table of errors, in FIX's words.
//!
//! Text (58) and ErrorCode (25016) are those of REST; the standard's own reason codes (103,
//! 102, 380) stand beside them for engines that know no other.

use ironfix_core::message::MsgType;
use ironfix_engine::OutboundMessage;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::ApiError;
use crate::fix::execution::timestamp;
use crate::fix::request::Request;
use crate::wire::client_id;

/// BusinessRejectReason (380).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Business {
    UnsupportedType = 3,
    NotAvailable = 4,
    NotAuthorized = 6,
}

/// BusinessMessageReject (j).
pub fn business_reject(request: &Request, reason: Business, text: &str) -> OutboundMessage {
    let mut message = OutboundMessage::new(MsgType::BusinessMessageReject);
    message
        .push_str(45, request.number())
        .push_str(372, &request.kind)
        .push_uint(380, reason as u64)
        .push_raw(58, printable(text));
    if let Some(name) = request.get(11).or_else(|| request.get(262)) {
        message.push_str(379, name);
    }
    message
}

/// A refused order (8, ExecType 8).
pub fn order_rejected(request: &Request, error: &ApiError, now: TimeNs) -> OutboundMessage {
    let mut message = OutboundMessage::new(MsgType::ExecutionReport);
    message
        .push_raw(17, refusal_id(error.offset))
        .push_char(150, '8')
        .push_char(39, '8')
        .push_str(37, "NONE");
    copy(
        request,
        &mut message,
        &[11, 55, 54, 38, 152, 40, 44, 59, 18, 99, 111],
    );
    message
        .push_uint(14, 0)
        .push_uint(151, 0)
        .push_uint(6, 0)
        .push_raw(60, timestamp(now))
        .push_uint(103, order_reason(error));
    tell(&mut message, error);
    message
}

/// OrderCancelReject (9); 434 says whether a cancel (F) or a replace (G) was refused.
pub fn cancel_rejected(request: &Request, error: &ApiError, status: char) -> OutboundMessage {
    let mut message = OutboundMessage::new(MsgType::OrderCancelReject);
    copy(request, &mut message, &[11, 41, 55]);
    message
        .push_str(37, request.get(37).unwrap_or("NONE"))
        .push_char(39, status)
        .push_char(434, if request.kind == "G" { '2' } else { '1' })
        .push_uint(102, cancel_reason(error));
    tell(&mut message, error);
    message
}

/// OrderAmendReject (XAR).
pub fn amend_rejected(request: &Request, error: &ApiError) -> OutboundMessage {
    let kind = MsgType::new("XAR").expect("a type of three letters");
    let mut message = OutboundMessage::new(kind);
    copy(request, &mut message, &[11, 41, 37, 55, 38]);
    tell(&mut message, error);
    message
}

/// Text and code of the one table.
pub fn tell(message: &mut OutboundMessage, error: &ApiError) {
    message
        .push_raw(58, printable(&full_text(error)))
        .push_int(25016, i64::from(error.code));
}

/// Repeats fields of a request.
pub fn copy(request: &Request, message: &mut OutboundMessage, tags: &[u32]) {
    for tag in tags {
        if let Some(value) = request.get(*tag) {
            message.push_raw(*tag, printable(value));
        }
    }
}

/// The text, with what the reader may do about it.
pub fn full_text(error: &ApiError) -> String {
    match &error.hint {
        Some(hint) => format!("{} ({hint})", error.msg),
        None => error.msg.to_string(),
    }
}

/// Text as a field can hold it: printable ASCII, never empty.
pub fn printable(text: &str) -> Vec<u8> {
    let seen = |byte: u8| {
        if (0x20..0x7f).contains(&byte) {
            byte
        } else {
            b'?'
        }
    };
    match text.is_empty() {
        true => b"?".to_vec(),
        false => text.bytes().map(seen).collect(),
    }
}

/// An ExecID that no other report has.
fn refusal_id(offset: Option<Offset>) -> String {
    match offset {
        Some(offset) => format!("{}-refused", offset.0),
        None => format!("{}-refused", client_id::generate().as_str()),
    }
}

/// OrdRejReason (103).
fn order_reason(error: &ApiError) -> u64 {
    const UNKNOWN_SYMBOL: u64 = 1;
    const CLOSED: u64 = 2;
    const LIMIT: u64 = 3;
    const DUPLICATE: u64 = 6;
    const QUANTITY: u64 = 13;
    const OTHER: u64 = 99;
    match (error.code, error.msg.as_ref()) {
        (-1121, _) => UNKNOWN_SYMBOL,
        (-2010, "Market is closed.") => CLOSED,
        (-2010, "Account has insufficient balance for requested action.") => LIMIT,
        (-2010, "Duplicate order sent.") => DUPLICATE,
        (-1013, "Filter failure: LOT_SIZE" | "Filter failure: MARKET_LOT_SIZE") => QUANTITY,
        _ => OTHER,
    }
}

/// CxlRejReason (102).
fn cancel_reason(error: &ApiError) -> u64 {
    match error.code {
        -2011 | -2013 => 1,
        -2038 => 0,
        _ => 99,
    }
}
