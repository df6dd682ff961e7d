//! The engine's own steps: as JSON, and as sentences with their arithmetic.

use engine::trace::Note;
use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::units::{Amount, RATE_ONE, Rate};

use crate::json::{Json, Names, Show};

impl Show for Note {
    fn show(&self, out: &mut Json<'_>) {
        out.object(|out| fields(self, out));
    }
}

/// The members of a step's object; `rule` is the formula.
fn fields(note: &Note, out: &mut Json<'_>) {
    let formula = formula(note);
    out.field("step", name(note));
    match note {
        Note::Notional {
            symbol,
            price,
            qty,
            quote_per_tick_lot,
            quote,
        } => {
            out.field("symbol", symbol);
            out.field("price", price);
            out.field("qty", qty);
            out.field("quote_per_tick_lot", quote_per_tick_lot);
            out.field("quote", quote);
        }
        Note::Fee {
            account,
            received,
            rate,
            fee,
        } => {
            out.field("account", account);
            out.field("received", received);
            out.field("rate", rate);
            out.field("fee", fee);
        }
        Note::Hold {
            account,
            asset,
            amount,
        } => {
            out.field("account", account);
            out.field("asset", asset);
            out.field("amount", amount);
        }
        Note::Moved {
            asset,
            from,
            to,
            amount,
        } => {
            out.field("asset", asset);
            out.field("from", from);
            out.field("to", to);
            out.field("amount", amount);
        }
        Note::Passed { rule } | Note::Failed { rule } => out.field("rule", *rule),
        Note::Reference { symbol, price } => {
            out.field("symbol", symbol);
            out.field("price", price);
        }
        Note::Position { .. }
        | Note::Margin { .. }
        | Note::Funding { .. }
        | Note::Bankruptcy { .. } => held(note, out),
        Note::Met { symbol, price, qty } => {
            out.field("symbol", symbol);
            out.field("price", price);
            out.field("qty", qty);
        }
    }
    if let Some(formula) = formula {
        out.field("formula", formula.as_str());
    }
}

fn held(note: &Note, out: &mut Json<'_>) {
    match note {
        Note::Position {
            account,
            symbol,
            size,
            cost,
            realised,
        } => {
            out.field("account", account);
            out.field("symbol", symbol);
            out.field("size", size);
            out.field("cost", cost);
            out.field("realised", realised);
        }
        Note::Margin {
            account,
            symbol,
            needed,
            left,
        } => {
            out.field("account", account);
            out.field("symbol", symbol);
            out.field("needed", needed);
            out.field("left", left);
        }
        Note::Funding {
            account,
            value,
            rate,
            payment,
        } => {
            out.field("account", account);
            out.field("value", value);
            out.field("rate", rate);
            out.field("payment", payment);
        }
        Note::Bankruptcy {
            account,
            symbol,
            size,
            cost,
            behind,
            quote_per_tick_lot,
            price,
        } => {
            out.field("account", account);
            out.field("symbol", symbol);
            out.field("size", size);
            out.field("cost", cost);
            out.field("behind", behind);
            out.field("quote_per_tick_lot", quote_per_tick_lot);
            out.field("price", price);
        }
        _ => unreachable!("the caller looked"),
    }
}

fn name(note: &Note) -> &'static str {
    match note {
        Note::Notional { .. } => "Notional",
        Note::Fee { .. } => "Fee",
        Note::Hold { .. } => "Hold",
        Note::Moved { .. } => "Moved",
        Note::Passed { .. } => "Passed",
        Note::Failed { .. } => "Failed",
        Note::Reference { .. } => "Reference",
        Note::Position { .. } => "Position",
        Note::Margin { .. } => "Margin",
        Note::Funding { .. } => "Funding",
        Note::Bankruptcy { .. } => "Bankruptcy",
        Note::Met { .. } => "Met",
    }
}

/// The calculation of a step, with its rounding.
fn formula(note: &Note) -> Option<String> {
    match note {
        Note::Notional {
            price,
            qty,
            quote_per_tick_lot,
            quote,
            ..
        } => Some(format!(
            "{} ticks x {} lots x {quote_per_tick_lot} = {}",
            price.0, qty.0, quote.0
        )),
        Note::Fee {
            received,
            rate,
            fee,
            ..
        } => Some(times_rate(*received, *rate, *fee)),
        Note::Funding {
            value,
            rate,
            payment,
            ..
        } => Some(times_rate(*value, *rate, *payment)),
        Note::Bankruptcy {
            size,
            cost,
            behind,
            quote_per_tick_lot,
            price,
            ..
        } => {
            let direction = if size.0 > 0 { "up" } else { "down" };
            Some(format!(
                "({} - {}) / ({} x {quote_per_tick_lot}) = {}, rounded {direction} to the tick",
                cost.0, behind.0, size.0, price.0
            ))
        }
        _ => None,
    }
}

/// A product with a rate of 1e-8, and how the quotient was rounded.
fn times_rate(amount: Amount, rate: Rate, result: Amount) -> String {
    let product = amount.0.checked_mul(i128::from(rate.0));
    let Some(product) = product else {
        return format!("{} x {} / {RATE_ONE} = {}", amount.0, rate.0, result.0);
    };
    let rest = product.rem_euclid(RATE_ONE);
    let rounded = match rest {
        0 => "exact",
        _ if result.0 == product.div_euclid(RATE_ONE) => "rounded down",
        _ => "rounded up",
    };
    let (amount, rate, result) = (amount.0, rate.0, result.0);
    format!("{amount} x {rate} / {RATE_ONE} = {result}, {rounded} (rest {rest})")
}

/// A step as a sentence.
pub fn sentence(note: &Note, names: &Names) -> String {
    let symbol = |it: &SymbolId| names.of_symbol(*it).unwrap_or("?").to_string();
    let asset = |it: &AssetId| names.of_asset(*it).unwrap_or("?").to_string();
    let formula = formula(note).unwrap_or_default();
    match note {
        Note::Notional { symbol: of, .. } => {
            format!("notional on {}: {formula} quote atoms", symbol(of))
        }
        Note::Fee { account, .. } => format!("commission of account {}: {formula}", account.0),
        Note::Hold {
            account,
            asset: of,
            amount,
        } => {
            let (account, of) = (account.0, asset(of));
            match amount.0 {
                0.. => format!("account {account} holds {} atoms of {of}", amount.0),
                _ => format!(
                    "account {account} gets {} held atoms of {of} back",
                    -amount.0
                ),
            }
        }
        Note::Moved {
            asset: of,
            from,
            to,
            amount,
        } => format!(
            "{} atoms of {} go from account {} to account {}",
            amount.0,
            asset(of),
            from.0,
            to.0
        ),
        Note::Passed { rule } => format!("{rule}: holds"),
        Note::Failed { rule } => format!("{rule}: does not hold"),
        Note::Reference { symbol: of, price } => {
            format!("reference price of {}: {} ticks", symbol(of), price.0)
        }
        Note::Position { .. } | Note::Margin { .. } => sentence_of_position(note, names),
        Note::Funding { account, .. } => format!("funding of account {}: {formula}", account.0),
        Note::Bankruptcy {
            account,
            symbol: of,
            ..
        } => format!(
            "bankruptcy price of account {} on {}: {formula}",
            account.0,
            symbol(of)
        ),
        Note::Met {
            symbol: of,
            price,
            qty,
        } => format!(
            "meets {} lots at {} ticks on {}",
            qty.0,
            price.0,
            symbol(of)
        ),
    }
}

fn sentence_of_position(note: &Note, names: &Names) -> String {
    let place = |account: &AccountId, symbol: &SymbolId| {
        let symbol = names.of_symbol(*symbol).unwrap_or("?");
        format!("account {} on {symbol}", account.0)
    };
    match note {
        Note::Position {
            account,
            symbol,
            size,
            cost,
            realised,
        } => format!(
            "{}: {} lots at a cost of {}, {} realised",
            place(account, symbol),
            size.0,
            cost.0,
            realised.0
        ),
        Note::Margin {
            account,
            symbol,
            needed,
            left,
        } => format!(
            "{}: margin of {} needed, {} left",
            place(account, symbol),
            needed.0,
            left.0
        ),
        _ => unreachable!("the caller looked"),
    }
}
