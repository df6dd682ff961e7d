//! Search: a question out of parameters, an answer as JSON.

use schemas::search::{GROUP_FIELDS, Kind, PAGE_MAX, SUM_FIELDS, SearchPage, SearchQuery};
use serde_json::{Map, Value, json};

use crate::error::{ApiError, illegal};
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::parameters::Parameters;

const ROWS: usize = 100;

/// The parameters of words, with the fields they ask for.
const WORDS: [(&str, &str); 9] = [
    ("symbol", "symbol"),
    ("asset", "asset"),
    ("side", "side"),
    ("status", "status"),
    ("type", "type"),
    ("orderType", "order_type"),
    ("reason", "reason"),
    ("clientOrderId", "client_order"),
    ("businessId", "business"),
];
const OTHERS: [&str; 8] = [
    "kind",
    "orderId",
    "tradeId",
    "startTime",
    "endTime",
    "before",
    "limit",
    "group",
];

/// Reads everything but whose documents are meant.
///
/// # Errors
/// -1106 for another parameter, -1100 and -1105 for bad values.
pub fn read(parameters: &Parameters) -> Result<SearchQuery, ApiError> {
    let names: Vec<&str> = WORDS.iter().map(|(name, _)| *name).chain(OTHERS).collect();
    parameters.only(&names)?;
    let mut words = Vec::new();
    for (name, field) in WORDS {
        if let Some(value) = parameters.optional(name)? {
            words.push((field, value.to_string()));
        }
    }
    let kind = match parameters.optional("kind")? {
        None => None,
        Some(word) => {
            let kind = Kind::from_word(word);
            Some(kind.ok_or_else(|| illegal("kind", "order|trade|ledger|audit"))?)
        }
    };
    let group = match parameters.optional("group")? {
        None => None,
        Some(field) => {
            let known = GROUP_FIELDS.into_iter().find(|known| *known == field);
            Some(known.ok_or_else(|| illegal("group", &GROUP_FIELDS.join("|")))?)
        }
    };
    Ok(SearchQuery {
        account: None,
        kind,
        words,
        order: parameters.integer("orderId")?,
        trade: parameters.integer("tradeId")?,
        start: parameters.integer("startTime")?.map(read_time),
        end: parameters.integer("endTime")?.map(read_end_time),
        before: parameters.integer("before")?,
        limit: parameters.limit(ROWS, PAGE_MAX)?,
        group,
    })
}

/// The answer: documents newest first, where the next page begins, and the groups.
pub fn answer(page: &SearchPage) -> Value {
    let documents = page.documents.iter().map(|text| {
        let document = serde_json::from_str(text);
        document.unwrap_or(Value::Null)
    });
    let groups = page.groups.iter().map(|group| {
        let mut row = Map::new();
        row.insert("value".to_string(), group.value.as_str().into());
        row.insert("count".to_string(), group.count.into());
        for (name, sum) in SUM_FIELDS.iter().zip(group.sums) {
            row.insert((*name).to_string(), sum.into());
        }
        Value::Object(row)
    });
    json!({
        "documents": documents.collect::<Vec<_>>(),
        // Larger than a double holds, therefore text.
        "before": page.next.map(|next| next.to_string()),
        "groups": groups.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::wire::parameters::Parameters;
    use schemas::search::Kind;

    #[test]
    fn questions_are_read_and_what_means_nothing_is_refused() {
        let ask = |query: &str| {
            let parameters = Parameters::read(query.as_bytes(), b"").expect("well formed");
            read(&parameters)
        };
        let query = ask("kind=order&symbol=BTCUSDT&status=FILLED&limit=5000&group=side&before=9");
        let query = query.expect("it reads");
        assert_eq!((query.kind, query.limit), (Some(Kind::Order), 1_000));
        assert_eq!((query.group, query.before), (Some("side"), Some(9)));
        assert_eq!(query.words.len(), 2);
        for (text, code) in [
            ("kind=orders", -1100),
            ("group=price", -1100),
            ("account=7", -1106),
            ("limit=0", -1130),
            ("startTime=x", -1100),
            ("symbol=", -1105),
        ] {
            assert_eq!(ask(text).expect_err(text).code, code, "{text}");
        }
    }
}
