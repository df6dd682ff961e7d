//! What messages must say before they mean anything: the code's side of `schemas/fix/`.
//!
//! A client's engine has the whole of FIX 4.4, so tags that are not listed are let through
//! and ignored. A tag that is missing, out of its set, of the wrong form or there twice is a
//! session reject (3), whose 371 names it. A test compares this table with the dictionary.

use ironfix_core::message::RawMessage;
use ironfix_core::{InboundDefect, InboundRejection, InboundValidator};

/// What a field's value looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Any text without control characters.
    Text,
    /// One of these characters.
    Char(&'static str),
    /// A whole number from 0.
    Count,
    /// Digits with at most one point; no sign, no exponent.
    Decimal,
    /// Several characters of this set with spaces between (ExecInst).
    Chars(&'static str),
    /// Y or N.
    Flag,
    /// A UTC timestamp; its first 17 characters are looked at.
    Time,
}

/// One field that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    pub tag: u32,
    pub name: &'static str,
    pub form: Form,
}

/// One application message that is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    pub kind: &'static str,
    pub name: &'static str,
    pub required: &'static [u32],
    /// Of each row at least one has to be there; a reject names the first.
    pub either: &'static [&'static [u32]],
    pub optional: &'static [u32],
    /// Tags that stand once for each entry of a group.
    pub repeated: &'static [u32],
}

/// Shorthand of the tables below.
const fn field(tag: u32, name: &'static str, form: Form) -> Field {
    Field { tag, name, form }
}

/// Every field of a body that is read.
pub const FIELDS: &[Field] = &[
    field(11, "ClOrdID", Form::Text),
    field(18, "ExecInst", Form::Chars("6")),
    field(37, "OrderID", Form::Count),
    field(38, "OrderQty", Form::Decimal),
    field(40, "OrdType", Form::Char("1234JP")),
    field(41, "OrigClOrdID", Form::Text),
    field(44, "Price", Form::Decimal),
    field(54, "Side", Form::Char("12")),
    field(55, "Symbol", Form::Text),
    field(59, "TimeInForce", Form::Char("134")),
    field(60, "TransactTime", Form::Time),
    field(99, "StopPx", Form::Decimal),
    field(111, "MaxFloor", Form::Decimal),
    field(146, "NoRelatedSym", Form::Count),
    field(152, "CashOrderQty", Form::Decimal),
    field(211, "PegOffsetValue", Form::Count),
    field(262, "MDReqID", Form::Text),
    field(263, "SubscriptionRequestType", Form::Char("012")),
    field(264, "MarketDepth", Form::Count),
    field(265, "MDUpdateType", Form::Char("01")),
    field(267, "NoMDEntryTypes", Form::Count),
    field(269, "MDEntryType", Form::Char("012")),
    field(320, "SecurityReqID", Form::Text),
    field(530, "MassCancelRequestType", Form::Char("17")),
    field(559, "SecurityListRequestType", Form::Char("04")),
    field(835, "PegMoveType", Form::Char("1")),
    field(836, "PegOffsetType", Form::Char("3")),
    field(847, "TargetStrategy", Form::Count),
    field(1094, "PegPriceType", Form::Char("45")),
    field(1102, "TriggerPrice", Form::Decimal),
    field(1109, "TriggerPriceDirection", Form::Char("UD")),
    field(7940, "StrategyID", Form::Count),
    field(25001, "SelfTradePreventionMode", Form::Char("123456")),
    field(25002, "CancelRestrictions", Form::Char("12")),
    field(25009, "TriggerTrailingDeltaBips", Form::Count),
    field(
        25033,
        "OrderCancelRequestAndNewOrderSingleMode",
        Form::Char("12"),
    ),
    field(25034, "CancelClOrdID", Form::Text),
];

/// What describes an order besides its name, symbol and side.
const ORDER: &[u32] = &[
    18, 38, 44, 59, 60, 99, 111, 152, 211, 835, 836, 847, 1094, 1102, 1109, 7940, 25001, 25009,
];
const ORDER_SIZE: &[u32] = &[38, 152];
const TARGET: &[u32] = &[41, 37];

/// Every application message that is taken.
pub const MESSAGES: &[Message] = &[
    Message {
        kind: "D",
        name: "NewOrderSingle",
        required: &[11, 55, 54, 40],
        either: &[ORDER_SIZE],
        optional: ORDER,
        repeated: &[],
    },
    Message {
        kind: "F",
        name: "OrderCancelRequest",
        required: &[11, 55],
        either: &[TARGET],
        optional: &[37, 38, 41, 54, 60, 25002],
        repeated: &[],
    },
    Message {
        kind: "G",
        name: "OrderCancelReplaceRequest",
        required: &[11, 55, 54, 40],
        either: &[TARGET, ORDER_SIZE],
        optional: &[
            18, 37, 38, 41, 44, 59, 60, 99, 111, 152, 847, 1102, 1109, 7940, 25001, 25009,
        ],
        repeated: &[],
    },
    Message {
        kind: "H",
        name: "OrderStatusRequest",
        required: &[55],
        either: &[&[11, 37]],
        optional: &[11, 37, 54],
        repeated: &[],
    },
    Message {
        kind: "V",
        name: "MarketDataRequest",
        required: &[262, 263],
        either: &[],
        optional: &[55, 146, 264, 265, 267, 269],
        repeated: &[55, 269],
    },
    Message {
        kind: "XAK",
        name: "OrderAmendKeepPriorityRequest",
        required: &[11, 55, 38],
        either: &[TARGET],
        optional: &[37, 41],
        repeated: &[],
    },
    Message {
        kind: "XCN",
        name: "OrderCancelRequestAndNewOrderSingle",
        required: &[11, 55, 54, 40, 25033],
        either: &[TARGET, ORDER_SIZE],
        optional: &[
            18, 37, 38, 41, 44, 59, 60, 99, 111, 152, 211, 835, 836, 847, 1094, 1102, 1109, 7940,
            25001, 25002, 25009, 25034,
        ],
        repeated: &[],
    },
    Message {
        kind: "q",
        name: "OrderMassCancelRequest",
        required: &[11, 530],
        either: &[],
        optional: &[54, 55, 60],
        repeated: &[],
    },
    Message {
        kind: "x",
        name: "SecurityListRequest",
        required: &[320, 559],
        either: &[],
        optional: &[55],
        repeated: &[],
    },
];

impl Message {
    /// The message of that type, if it is taken.
    pub fn find(kind: &str) -> Option<&'static Message> {
        MESSAGES.iter().find(|message| message.kind == kind)
    }

    fn reads(&self, tag: u32) -> bool {
        let rows = [self.required, self.optional, self.repeated];
        rows.iter().any(|tags| tags.contains(&tag))
    }
}

impl Form {
    /// Whether a value has this form.
    fn is_met(self, value: &[u8]) -> Met {
        let digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
        let is_one_of = |set: &str| value.len() == 1 && set.as_bytes().contains(&value[0]);
        let well_formed = match self {
            Form::Text => value.iter().all(|byte| (0x20..0x7f).contains(byte)),
            Form::Char(set) if !is_one_of(set) => return Met::OutOfRange,
            Form::Flag if !is_one_of("YN") => return Met::OutOfRange,
            Form::Char(_) | Form::Flag => true,
            Form::Count => digits(value) && value.len() <= 20,
            Form::Decimal => {
                let mut parts = value.splitn(2, |byte| *byte == b'.');
                let whole = parts.next().is_some_and(digits);
                whole && parts.next().is_none_or(digits)
            }
            Form::Chars(set) => {
                let mut items = value.split(|byte| *byte == b' ');
                let known = |item: &[u8]| item.len() == 1 && set.as_bytes().contains(&item[0]);
                if !items.all(known) {
                    return Met::OutOfRange;
                }
                true
            }
            Form::Time => is_time(value),
        };
        if well_formed {
            Met::Yes
        } else {
            Met::Malformed
        }
    }
}

enum Met {
    Yes,
    Malformed,
    OutOfRange,
}

/// `YYYYMMDD-HH:MM:SS`, and a fraction that is not looked at.
fn is_time(value: &[u8]) -> bool {
    const PATTERN: &[u8] = b"dddddddd-dd:dd:dd";
    value.len() >= PATTERN.len()
        && PATTERN
            .iter()
            .zip(value)
            .all(|(wanted, byte)| match wanted {
                b'd' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

/// The dictionary as the session layer asks it.
#[derive(Clone, Copy, Debug)]
pub struct Dictionary;

impl InboundValidator for Dictionary {
    fn validate(&self, message: &RawMessage<'_>) -> Result<(), InboundRejection> {
        let Some(known) = Message::find(message.msg_type().as_str()) else {
            // Answered with a business reject, as FIX wants it for a type of its own.
            return Ok(());
        };
        let mut seen: Vec<u32> = Vec::with_capacity(32);
        for field in message.fields() {
            if !known.reads(field.tag) {
                continue;
            }
            let is_repeated = known.repeated.contains(&field.tag);
            if !is_repeated && seen.contains(&field.tag) {
                return Err(refused(InboundDefect::TagAppearsMoreThanOnce, field.tag));
            }
            seen.push(field.tag);
            check(field.tag, field.value)?;
        }
        let missing = |tag: u32| refused(InboundDefect::RequiredTagMissing, tag);
        if let Some(tag) = known.required.iter().find(|tag| !seen.contains(tag)) {
            return Err(missing(*tag));
        }
        let one_of = |row: &&&[u32]| !row.iter().any(|tag| seen.contains(tag));
        match known.either.iter().find(one_of) {
            Some(row) => Err(missing(row[0])),
            None => Ok(()),
        }
    }
}

fn check(tag: u32, value: &[u8]) -> Result<(), InboundRejection> {
    let Some(field) = FIELDS.iter().find(|field| field.tag == tag) else {
        return Ok(());
    };
    match field.form.is_met(value) {
        Met::Yes => Ok(()),
        Met::Malformed => Err(refused(InboundDefect::IncorrectDataFormat, tag)),
        Met::OutOfRange => Err(refused(InboundDefect::ValueIncorrect, tag)),
    }
}

fn refused(defect: InboundDefect, tag: u32) -> InboundRejection {
    let name = FIELDS
        .iter()
        .find(|field| field.tag == tag)
        .map_or("", |field| field.name);
    InboundRejection::new(defect, Some(tag), format!("{defect}: {name} ({tag})"))
}
