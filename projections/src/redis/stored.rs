//! Reading back what Redis holds, as it stood at one moment.

use std::collections::BTreeMap;

use ::redis::{Connection, Pipeline, RedisError, RedisResult, Value, from_redis_value};
use schemas::ids::SymbolId;
use schemas::instrument::Side;

use crate::redis::markets::Markets;
use crate::redis::texts::{Keys, read_level, read_minute, read_order};

/// What reading gave.
pub(crate) enum Loaded {
    Whole(Markets),
    /// Another writer moved the cursor meanwhile.
    Moved,
    /// This key holds what no build of ours wrote.
    Strange {
        key: String,
        value: String,
    },
}

/// Reads everything of these symbols in one step; the cursor is watched by the caller.
pub(crate) fn load(
    connection: &mut Connection,
    keys: &Keys,
    symbols: &[(String, SymbolId)],
) -> RedisResult<Loaded> {
    let mut pipe = ::redis::pipe();
    pipe.atomic();
    pipe.cmd("HGETALL").arg(keys.orders());
    for (name, _) in symbols {
        ask_for(&mut pipe, keys, name);
    }
    let answer: Option<Vec<Value>> = pipe.query(connection)?;
    let Some(answer) = answer else {
        return Ok(Loaded::Moved);
    };
    let mut answer = answer.into_iter();
    let mut markets = Markets::default();
    let strange = |key: String, value: String| Ok(Loaded::Strange { key, value });
    let orders: BTreeMap<String, String> = next(&mut answer)?;
    for (field, row) in orders {
        match read_order(&field, &row) {
            Some((key, followed)) => drop(markets.followed.insert(key, followed)),
            None => return strange(keys.orders(), format!("{field}={row}")),
        }
    }
    for (name, symbol) in symbols {
        let market = markets.by_symbol.entry(*symbol).or_default();
        for side in [Side::Buy, Side::Sell] {
            let levels: Vec<String> = next(&mut answer)?;
            for text in levels {
                match read_level(&text) {
                    Some((price, qty)) => market.set((side, price), qty),
                    None => return strange(keys.book(name, side), text),
                }
            }
        }
        let minutes: BTreeMap<String, String> = next(&mut answer)?;
        for (field, row) in minutes {
            match read_minute(&field, &row) {
                Some(minute) => drop(market.minutes.insert(minute.open_time, minute)),
                None => return strange(keys.minutes(name), format!("{field}={row}")),
            }
        }
    }
    Ok(Loaded::Whole(markets))
}

fn ask_for(pipe: &mut Pipeline, keys: &Keys, name: &str) {
    for side in [Side::Buy, Side::Sell] {
        pipe.cmd("ZRANGE").arg(keys.book(name, side)).arg(0).arg(-1);
    }
    pipe.cmd("HGETALL").arg(keys.minutes(name));
}

fn next<T: ::redis::FromRedisValue>(answer: &mut impl Iterator<Item = Value>) -> RedisResult<T> {
    from_redis_value(answer.next().unwrap_or(Value::Nil)).map_err(RedisError::from)
}
