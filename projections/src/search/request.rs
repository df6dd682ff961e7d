//! What is asked, as JSON that both sinks understand, and what an owner may see of it.

use schemas::search::{PAGE_MAX, SUM_FIELDS, SearchGroup, SearchQuery};
use schemas::units::TimeNs;
use serde_json::{Map, Value, json};

/// Groups told at most; the rest is in nobody's count.
const GROUPS_MAX: usize = 100;

/// The aggregation of a query, in the words of Elasticsearch, which the embedded index
/// understands too.
pub(super) fn aggregation(field: &str) -> Value {
    let sums: Map<String, Value> = SUM_FIELDS
        .iter()
        .map(|name| ((*name).to_string(), json!({"sum": {"field": name}})))
        .collect();
    json!({"groups": {"terms": {"field": field, "size": GROUPS_MAX}, "aggs": sums}})
}

/// The groups of an answer to [`aggregation`].
pub(super) fn groups(answer: &Value) -> Vec<SearchGroup> {
    let buckets = answer["groups"]["buckets"].as_array();
    let groups = buckets.into_iter().flatten().map(|bucket| SearchGroup {
        value: match &bucket["key"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        count: bucket["doc_count"].as_u64().unwrap_or_default(),
        sums: SUM_FIELDS.map(|name| bucket[name]["value"].as_f64().unwrap_or_default()),
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    groups
}

/// How many documents are asked for.
pub(super) fn limit(query: &SearchQuery) -> usize {
    query.limit.clamp(1, PAGE_MAX)
}

/// Milliseconds of a bound: the start rounded up, the end rounded down.
pub(super) fn millis(query: &SearchQuery) -> (Option<u64>, Option<u64>) {
    let up = |time: TimeNs| time.0.div_ceil(1_000_000);
    (query.start.map(up), query.end.map(TimeNs::as_millis))
}

/// A document as the asker may see it: of a trade, an owner sees its own side.
pub(super) fn shown(query: &SearchQuery, body: String) -> String {
    let Some(account) = query.account else {
        return body;
    };
    let Ok(Value::Object(mut fields)) = serde_json::from_str(&body) else {
        return "{}".to_string();
    };
    if !fields.contains_key("taker_account") {
        return body;
    }
    for side in ["taker", "maker"] {
        let owner = fields
            .get(&format!("{side}_account"))
            .and_then(Value::as_u64);
        if owner != Some(u64::from(account.0)) {
            for what in ["order", "account", "fee", "fee_asset"] {
                fields.remove(&format!("{side}_{what}"));
            }
        }
    }
    Value::Object(fields).to_string()
}

#[cfg(test)]
mod tests {
    use super::shown;
    use schemas::ids::AccountId;
    use schemas::search::SearchQuery;
    use serde_json::{Value, json};

    #[test]
    fn an_owner_sees_no_other_side_and_staff_sees_both() {
        let trade = json!({
            "type": "Trade", "price": "1.0", "taker_account": 7, "taker_order": 1,
            "taker_fee": "0", "taker_fee_asset": "BTC", "maker_account": 8, "maker_order": 2,
            "maker_fee": "0", "maker_fee_asset": "USDT",
        });
        let seen = |account: Option<u32>| -> Value {
            let query = SearchQuery {
                account: account.map(AccountId),
                ..SearchQuery::default()
            };
            serde_json::from_str(&shown(&query, trade.to_string())).expect("JSON")
        };
        assert_eq!(seen(None), trade);
        assert_eq!(seen(Some(7))["taker_order"], 1);
        assert_eq!(seen(Some(7))["maker_order"], Value::Null);
        assert_eq!(seen(Some(8))["taker_account"], Value::Null);
        assert_eq!(seen(Some(8))["price"], "1.0");
    }
}
