//! One message of a client, kept until it is answered.

use ironfix_core::message::RawMessage;

/// The fields of an application message in their order, header included.
#[derive(Clone, Debug)]
pub struct Request {
    /// MsgType (35).
    pub kind: String,
    fields: Vec<(u32, String)>,
}

impl Request {
    /// Keeps a message; the dictionary has found its values to be text.
    pub fn read(message: &RawMessage<'_>) -> Request {
        let fields = message.fields();
        Request {
            kind: message.msg_type().as_str().to_owned(),
            fields: fields
                .map(|field| (field.tag, String::from_utf8_lossy(field.value).into_owned()))
                .collect(),
        }
    }

    /// A request of these fields; for tests.
    pub fn of(kind: &str, fields: &[(u32, &str)]) -> Request {
        let fields = fields
            .iter()
            .map(|(tag, value)| (*tag, (*value).to_owned()));
        Request {
            kind: kind.to_owned(),
            fields: fields.collect(),
        }
    }

    /// The first field with that tag.
    pub fn get(&self, tag: u32) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(other, _)| *other == tag)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a tag, as of the entries of a group.
    pub fn all(&self, tag: u32) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(other, _)| *other == tag)
            .map(|(_, value)| value.as_str())
    }

    /// MsgSeqNum (34), as the client wrote it.
    pub fn number(&self) -> &str {
        self.get(34).unwrap_or("0")
    }

    /// Whether it may be a repetition (43).
    pub fn is_possible_duplicate(&self) -> bool {
        self.get(43) == Some("Y") || self.get(97) == Some("Y")
    }
}
