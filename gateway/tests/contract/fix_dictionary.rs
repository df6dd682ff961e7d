//! The dictionary in `schemas/fix` and the code's table say the same; and no bytes whatever
//! bring the reading of messages down.

use std::collections::BTreeSet;

use gateway::fix::dictionary::{Dictionary, FIELDS, Form, MESSAGES};
use gateway::fix::execution::ReportId;
use gateway::fix::request::Request;
use ironfix_core::FieldRef;
use ironfix_core::InboundValidator;
use ironfix_core::message::{MsgType, RawMessage};
use proptest::prelude::*;

const FILE: &str = include_str!("../../../schemas/fix/FIX44-daybook.xml");

/// The attributes of the elements of that name, in order; the file has one element a line.
fn elements<'a>(text: &'a str, name: &str) -> Vec<Vec<(&'a str, &'a str)>> {
    let open = format!("<{name} ");
    let lines = text.lines().map(str::trim);
    lines
        .filter_map(|line| line.strip_prefix(open.as_str()))
        .map(|rest| {
            let parts: Vec<&str> = rest.split('"').collect();
            let pairs = parts.chunks_exact(2);
            pairs
                .map(|pair| (pair[0].trim().trim_end_matches('='), pair[1]))
                .collect()
        })
        .collect()
}

fn value<'a>(attributes: &[(&'a str, &'a str)], name: &str) -> &'a str {
    let found = attributes.iter().find(|(other, _)| *other == name);
    found.map_or("", |(_, value)| value)
}

fn name_of(tag: u32) -> &'static str {
    let found = FIELDS.iter().find(|field| field.tag == tag);
    found.expect("a message names known fields").name
}

#[test]
fn the_dictionary_lists_the_fields_that_are_read() {
    let fields = FILE.split("<fields>").nth(1).expect("the fields");
    let blocks: Vec<&str> = fields.split("<field ").skip(1).collect();
    assert_eq!(blocks.len(), FIELDS.len());
    for (block, field) in blocks.iter().zip(FIELDS) {
        let text = format!("<field {block}");
        let attributes = elements(&text, "field").remove(0);
        assert_eq!(value(&attributes, "number"), field.tag.to_string());
        assert_eq!(value(&attributes, "name"), field.name);
        let set: String = elements(block, "value")
            .iter()
            .map(|attributes| value(attributes, "enum"))
            .collect();
        let (kind, expected) = match field.form {
            Form::Text => ("STRING", ""),
            Form::Char(set) => ("CHAR", set),
            Form::Chars(set) => ("MULTIPLEVALUESTRING", set),
            Form::Count => ("INT", ""),
            Form::Decimal => ("QTY", ""),
            Form::Flag => ("BOOLEAN", ""),
            Form::Time => ("UTCTIMESTAMP", ""),
        };
        assert_eq!(value(&attributes, "type"), kind, "{}", field.name);
        assert_eq!(set, expected, "{}", field.name);
    }
}

#[test]
fn the_dictionary_lists_the_messages_that_are_taken() {
    let messages = FILE.split("</messages>").next().expect("the messages");
    let blocks: Vec<&str> = messages.split("<message ").skip(1).collect();
    assert_eq!(blocks.len(), MESSAGES.len());
    for (block, message) in blocks.iter().zip(MESSAGES) {
        let text = format!("<message {block}");
        let head = elements(&text, "message").remove(0);
        assert_eq!(value(&head, "msgtype"), message.kind);
        assert_eq!(value(&head, "name"), message.name);
        let names = |tags: &[u32]| {
            tags.iter()
                .map(|tag| name_of(*tag))
                .collect::<BTreeSet<_>>()
        };
        let fields = elements(block, "field");
        let listed = |name: &str, wanted: &str| {
            let matching = fields.iter().filter(|field| value(field, name) == wanted);
            matching
                .map(|field| value(field, "name"))
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(
            listed("required", "Y"),
            names(message.required),
            "{}",
            message.name
        );
        assert_eq!(
            listed("required", "N"),
            names(message.optional),
            "{}",
            message.name
        );
        assert_eq!(
            listed("repeated", "Y"),
            names(message.repeated),
            "{}",
            message.name
        );
        let either: Vec<BTreeSet<&str>> = elements(block, "either")
            .iter()
            .map(|row| value(row, "fields").split(' ').collect())
            .collect();
        let expected: Vec<_> = message.either.iter().map(|row| names(row)).collect();
        assert_eq!(either, expected, "{}", message.name);
    }
}

fn any_field() -> impl Strategy<Value = (u32, Vec<u8>)> {
    let known = FIELDS.iter().map(|field| field.tag).collect::<Vec<_>>();
    let tag = prop_oneof![4 => prop::sample::select(known), 1 => any::<u32>()];
    let value = prop_oneof![
        2 => "[0-9.]{0,24}".prop_map(String::into_bytes),
        2 => "[A-Z0-9 ]{0,3}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    (tag, value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever stands in a message, it is taken or rejected, and read without a panic.
    #[test]
    fn any_fields_are_taken_or_rejected(
        kind in prop::sample::select(vec!["D", "F", "G", "H", "V", "XAK", "XCN", "q", "x", "AE"]),
        fields in prop::collection::vec(any_field(), 0..20),
    ) {
        let fields: Vec<FieldRef<'_>> =
            fields.iter().map(|(tag, value)| FieldRef::new(*tag, value)).collect();
        let kind = MsgType::new(kind).expect("a type");
        let message = RawMessage::with_field_slice(b"", 0..0, 0..0, kind, &fields);
        let message = message.expect("ranges of nothing");
        let verdict = Dictionary.validate(&message);
        let request = Request::read(&message);
        if verdict.is_ok() && request.kind == "D" {
            prop_assert!(request.get(11).is_some() && request.get(55).is_some());
            prop_assert!(request.get(38).is_some() || request.get(152).is_some());
        }
    }

    /// The place of a report is found in a message that has one, and in no rubbish.
    #[test]
    fn a_report_is_known_by_its_place(
        offset in 0..u64::MAX,
        index in any::<u32>(),
        before in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let id = ReportId::from_numbers(offset, index).expect("not nothing");
        prop_assert_eq!(ReportId::parse(&id.to_string()), Some(id));
        let mut frame = b"8=FIX.4.4\x0135=8".to_vec();
        frame.extend_from_slice(format!("\x0117={id}\x01").as_bytes());
        frame.extend_from_slice(&before);
        prop_assert_eq!(ReportId::of_frame(&frame), Some(id));
        let _ = ReportId::of_frame(&before);
    }
}
