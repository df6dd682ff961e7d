//! `scenarios/matching.jsonl`: the tests of four other matching engines.
//!
//! Every entry marked ok runs, but those that need what this venue does not have; they are
//! listed with the reason. Their `replace` and `move` are cancel-replace here, unless only
//! the quantity shrinks, which is an amendment.

use std::collections::BTreeMap;

use schemas::ids::SymbolId;
use schemas::instrument::{Side, TimeInForce};
use serde_json::Value;

use super::flow::{Fill, Flow, market};
use super::{file, in_1e_8, side, text};

struct Play {
    flow: Flow<String>,
    symbol: SymbolId,
    /// All numbers are multiplied by this, so that decimals become integers.
    scale: i64,
    /// Fills and cancels since the last `reset_log`.
    fills: Vec<Fill<String>>,
    cancels: Vec<(String, i64)>,
    refused: Vec<String>,
    /// Fills of the last command.
    last: Vec<Fill<String>>,
    /// Quantity and cost by order since the last `expect_cum`.
    sums: BTreeMap<String, (i64, i64)>,
    users: BTreeMap<String, schemas::ids::AccountId>,
}

type Checked = Result<(), String>;

impl Play {
    fn new(scale: i64) -> Play {
        let mut flow = Flow::new();
        let symbol = flow.add_symbol("SCENE");
        Play {
            flow,
            symbol,
            scale,
            fills: Vec::new(),
            cancels: Vec::new(),
            refused: Vec::new(),
            last: Vec::new(),
            sums: BTreeMap::new(),
            users: BTreeMap::new(),
        }
    }

    /// A number of the scenario in units.
    fn units(&self, value: &Value) -> i64 {
        let value = in_1e_8(value);
        assert_eq!(
            value % (100_000_000 / self.scale),
            0,
            "finer than the scale"
        );
        value / (100_000_000 / self.scale)
    }

    fn id(step: &Value) -> String {
        step["id"].as_str().expect("an id").to_owned()
    }

    fn step(&mut self, step: &Value) -> Checked {
        match step["op"].as_str().expect("an op") {
            "new" => self.place(step),
            "cancel" => self.cancel(&Self::id(step)),
            "replace" => self.replace(step),
            "reduce_to" => self.reduce_to(step),
            "move" => {
                let id = Self::id(step);
                let (price, open) = (self.units(&step["px"]), self.flow.open(&id));
                let fills = self.flow.replace(&id, price, open);
                self.note(fills);
                Ok(())
            }
            "reset_log" => {
                self.fills.clear();
                self.cancels.clear();
                self.refused.clear();
                Ok(())
            }
            "user" => {
                let name = step["user"].as_str().expect("a name").to_owned();
                let account = if self.users.is_empty() {
                    self.flow.first
                } else {
                    self.flow.second
                };
                self.users.insert(name, account);
                Ok(())
            }
            _ => self.expect(step),
        }
    }

    fn place(&mut self, step: &Value) -> Checked {
        let id = Self::id(step);
        let at = (self.units(&step["px"]), self.units(&step["qty"]));
        let mut order = self.flow.order(self.symbol, side(&step["side"]), at);
        if let Some(account) = step["user"].as_str().and_then(|user| self.users.get(user)) {
            order.account = *account;
        }
        let flags: Vec<&str> = step["flags"]
            .as_array()
            .map(|flags| flags.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        match (flags.as_slice(), step["tif"].as_str()) {
            ([], None | Some("GTC")) => {}
            (["IOC"], _) | ([], Some("IOC")) => order.time_in_force = TimeInForce::Ioc,
            (["AON", "IOC"], _) => order.time_in_force = TimeInForce::Fok,
            other => panic!("unknown flags {other:?}"),
        }
        if step["type"] == "M" {
            order = market(order);
        }
        let matched = match self.flow.place(id.clone(), &order) {
            Ok(fills) => {
                let matched = !fills.is_empty();
                let complete = fills.iter().map(|fill| fill.qty).sum::<i64>() == at.1;
                self.note(fills);
                equal("complete", &Value::Bool(complete), &step["expect_complete"])?;
                matched
            }
            Err(_) => {
                self.refused.push(id);
                false
            }
        };
        equal("matched", &Value::Bool(matched), &step["expect_matched"])
    }

    fn note(&mut self, fills: Vec<Fill<String>>) {
        for fill in &fills {
            for id in [&fill.maker, &fill.taker] {
                let sum = self.sums.entry(id.clone()).or_insert((0, 0));
                *sum = (sum.0 + fill.qty, sum.1 + fill.qty * fill.price);
            }
        }
        self.fills.extend(fills.clone());
        self.last = fills;
    }

    fn cancel(&mut self, id: &str) -> Checked {
        let open = self.flow.open(&id.to_owned());
        if open > 0 {
            self.flow.cancel(&id.to_owned());
        }
        self.cancels.push((id.to_owned(), open));
        Ok(())
    }

    fn replace(&mut self, step: &Value) -> Checked {
        let id = Self::id(step);
        let by = self.units(&step["dqty"]);
        let live = self
            .flow
            .live
            .get(&id)
            .ok_or_else(|| format!("{id} does not rest"))?;
        let (open, was) = (self.flow.open(&id), live.price);
        let price = if step["px"].is_null() {
            was
        } else {
            self.units(&step["px"])
        };
        let fills = if by < 0 && price == was {
            self.flow.reduce(&id, -by);
            Vec::new()
        } else {
            self.flow.replace(&id, price, open + by)
        };
        let traded: i64 = fills.iter().map(|fill| fill.qty).sum();
        self.note(fills);
        let state = match (self.flow.live.contains_key(&id), traded) {
            (true, _) => "accepted",
            (false, 0) => "cancelled",
            (false, _) => "complete",
        };
        equal("state", &Value::from(state), &step["expect_state"])?;
        equal("match_qty", &Value::from(traded), &step["expect_match_qty"])
    }

    fn reduce_to(&mut self, step: &Value) -> Checked {
        let (id, left) = (Self::id(step), self.units(&step["qty"]));
        let open = self.flow.open(&id);
        if left < open {
            self.flow.reduce(&id, open - left);
            self.cancels.push((id, open - left));
        }
        Ok(())
    }

    fn expect(&mut self, step: &Value) -> Checked {
        match step["op"].as_str().expect("an op") {
            "expect_fills" => self.expect_fills(step),
            "expect_cum" => self.expect_sums(step),
            "expect_depth" => {
                self.expect_depth(Side::Buy, &step["bids"])?;
                self.expect_depth(Side::Sell, &step["asks"])
            }
            "expect_count" => {
                for (key, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
                    let orders: u64 = self
                        .flow
                        .levels(self.symbol, side)
                        .iter()
                        .map(|level| level.2)
                        .sum();
                    equal(key, &Value::from(orders), &step[key])?;
                }
                Ok(())
            }
            "expect_book" => self.expect_book(step),
            "expect_no_trades" => {
                if self.last.is_empty() {
                    Ok(())
                } else {
                    Err(format!("{:?}", self.last))
                }
            }
            "expect_maker_fill" => self.expect_maker_fill(step),
            "expect_orders" => self.expect_orders(step),
            other => Err(format!("unknown expectation {other}")),
        }
    }

    /// Some entries keep a cancel only as an expectation: it is sent where it is expected.
    fn send_lost_cancels(&mut self, step: &Value) -> Checked {
        for cancel in list(&step["cancels"]) {
            let id = word(&cancel[0]);
            let sent = self.cancels.iter().any(|(known, _)| *known == id);
            if !sent && self.flow.live.contains_key(&id) {
                self.cancel(&id)?;
            }
        }
        Ok(())
    }

    fn expect_fills(&mut self, step: &Value) -> Checked {
        self.send_lost_cancels(step)?;
        let expected: Vec<(String, String, i64, i64)> = list(&step["fills"])
            .iter()
            .map(|fill| {
                (
                    word(&fill[0]),
                    word(&fill[1]),
                    self.units(&fill[2]),
                    self.units(&fill[3]),
                )
            })
            .collect();
        let found: Vec<(String, String, i64, i64)> = self
            .fills
            .iter()
            .map(|fill| (fill.maker.clone(), fill.taker.clone(), fill.price, fill.qty))
            .collect();
        if expected != found {
            return Err(format!("fills {found:?}, expected {expected:?}"));
        }
        let refused: Vec<String> = list(&step["rejected"]).iter().map(word).collect();
        if refused != self.refused {
            return Err(format!("refused {:?}, expected {refused:?}", self.refused));
        }
        let mut cancels: Vec<(String, i64)> = list(&step["cancels"])
            .iter()
            .map(|cancel| (word(&cancel[0]), self.units(&cancel[1])))
            .collect();
        cancels.extend(
            list(&step["events"])
                .iter()
                .filter(|event| event[0] == "cancel")
                .map(|event| (word(&event[1]), self.units(&event[2]))),
        );
        if cancels != self.cancels {
            return Err(format!("cancels {:?}, expected {cancels:?}", self.cancels));
        }
        Ok(())
    }

    fn expect_sums(&mut self, step: &Value) -> Checked {
        for (id, sum) in step["orders"].as_object().expect("orders by id") {
            let found = self.sums.get(id).copied().unwrap_or((0, 0));
            let expected = (self.units(&sum[0]), self.units(&sum[1]) * self.scale);
            if found != expected {
                return Err(format!("{id} filled {found:?}, expected {expected:?}"));
            }
        }
        self.sums.clear();
        Ok(())
    }

    fn expect_depth(&self, side: Side, rows: &Value) -> Checked {
        let levels = self.flow.levels(self.symbol, side);
        for (index, row) in list(rows).iter().enumerate() {
            let expected = (self.units(&row[0]), self.units(&row[2]), row[1].as_u64());
            let found = levels
                .get(index)
                .map_or((0, 0, Some(0)), |level| (level.0, level.1, Some(level.2)));
            if found != expected {
                return Err(format!(
                    "{side:?} level {index}: {found:?}, expected {expected:?}"
                ));
            }
        }
        Ok(())
    }

    /// Rows of (bid quantity, price, ask quantity), highest price first.
    fn expect_book(&self, step: &Value) -> Checked {
        let mut found = Vec::new();
        for level in self.flow.levels(self.symbol, Side::Sell).iter().rev() {
            found.push((String::new(), level.0.to_string(), level.1.to_string()));
        }
        for level in self.flow.levels(self.symbol, Side::Buy) {
            found.push((level.1.to_string(), level.0.to_string(), String::new()));
        }
        let expected: Vec<(String, String, String)> = list(&step["rows"])
            .iter()
            .filter(|row| row[1] != "price")
            .map(|row| (word(&row[0]), word(&row[1]), word(&row[2])))
            .collect();
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found:?}, expected {expected:?}"))
        }
    }

    fn expect_maker_fill(&self, step: &Value) -> Checked {
        let [fill] = self.last.as_slice() else {
            return Err(format!("one fill expected, found {:?}", self.last));
        };
        equal("maker", &Value::from(fill.maker.clone()), &step["maker"])?;
        equal("px", &Value::from(fill.price), &step["px"])?;
        equal("qty", &Value::from(fill.qty), &step["qty"])?;
        let complete = !self.flow.live.contains_key(&fill.maker);
        equal("complete", &Value::from(complete), &step["complete"])
    }

    fn expect_orders(&self, step: &Value) -> Checked {
        for row in list(&step["rows"]).iter().filter(|row| row[0] != "id") {
            let id = word(&row[0]);
            let live = self
                .flow
                .live
                .get(&id)
                .ok_or_else(|| format!("{id} does not rest"))?;
            let found = [live.price, live.qty, live.executed].map(|number| number.to_string());
            let expected = [word(&row[1]), word(&row[2]), word(&row[3])];
            if found != expected {
                return Err(format!("{id} is {found:?}, expected {expected:?}"));
            }
        }
        Ok(())
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn equal(what: &str, found: &Value, expected: &Value) -> Checked {
    if expected.is_null() || found == expected {
        return Ok(());
    }
    Err(format!("{what} is {found}, expected {expected}"))
}

/// What the scenario needs and this venue does not have.
fn missing_feature(entry: &Value) -> Option<String> {
    let check = entry["check"].as_str().expect("a check");
    if check != "ok" {
        return Some(format!("marked {check}"));
    }
    let rests = list(&entry["steps"]).iter().any(|step| {
        step["op"] == "new"
            && step["type"] == "M"
            && step["expect_complete"] != true
            && entry["repo"] == "enewhuis/liquibook"
    });
    rests.then(|| "a market order's remainder rests there; here it expires (RULES)".to_owned())
}

fn play(entry: &Value) -> Checked {
    let decimals = entry["repo"] == "geseq/orderbook";
    let mut play = Play::new(if decimals { 10_000 } else { 1 });
    for (index, step) in list(&entry["steps"]).iter().enumerate() {
        play.step(step)
            .map_err(|what| format!("step {index} {step}: {what}"))?;
        play.flow
            .venue
            .engine
            .check_invariants()
            .map_err(|violation| format!("step {index}: {violation:?}"))?;
    }
    Ok(())
}

#[test]
fn oracle_scenarios_of_other_engines_give_the_same() {
    let Some(path) = file("scenarios/matching.jsonl") else {
        return;
    };
    let (mut passed, mut failures) = (0, Vec::new());
    for line in text(&path).lines() {
        let entry: Value = serde_json::from_str(line).expect("a JSON line");
        let id = entry["id"].as_str().expect("an id");
        match missing_feature(&entry) {
            Some(reason) => println!("not run: {id}: {reason}"),
            None => match play(&entry) {
                Ok(()) => passed += 1,
                Err(what) => failures.push(format!("{id}: {what}")),
            },
        }
    }
    println!("{passed} scenarios give the same");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "nothing was run");
}
