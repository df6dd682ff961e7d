//! The documents of money, accounts, keys and the venue's rules.

use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, KeyId};
use schemas::units::Amount;

use crate::document::Document;
use crate::names::Names;
use crate::telling::words;

/// An amount and the code of its asset.
pub(super) fn money(
    document: &mut Document<'_>,
    names: &Names,
    (name, asset_name): (&str, &str),
    (asset, amount): (AssetId, Amount),
) {
    match names.asset(asset) {
        Some(asset) => document
            .decimal(name, amount.0, asset.scale)
            .text(asset_name, &asset.code),
        None => document
            .decimal(name, amount.0, 0)
            .text(asset_name, &format!("#{}", asset.0)),
    };
}

/// A payment as one account sees it: what came is positive.
pub(super) fn payment(document: &mut Document<'_>, names: &Names, of: (&Event, AccountId)) {
    let (event, account) = of;
    let mut line = |asset, delta, business: &BusinessId| {
        document.number("account", account.0.into());
        money(document, names, ("delta", "asset"), (asset, delta));
        document.text("business", business.as_str());
    };
    match event {
        Event::Deposited {
            asset,
            amount,
            business,
            ..
        } => line(*asset, *amount, business),
        Event::Withdrawn {
            asset,
            amount,
            business,
            ..
        } => line(*asset, Amount(-amount.0), business),
        Event::Transferred {
            from,
            to,
            asset,
            amount,
            business,
        } => {
            let out = account == *from;
            let delta = if out { Amount(-amount.0) } else { *amount };
            line(*asset, delta, business);
            let other = if out { to } else { from };
            document.number("counterparty", other.0.into());
        }
        other => unreachable!("{} is no payment", other.name()),
    }
}

/// Everything that is neither an order, a trade nor a payment.
pub(super) fn rule_or_account(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::BalanceChanged(it) => {
            document.number("account", it.account.0.into());
            money(document, names, ("free", "asset"), (it.asset, it.free));
            let scale = names.asset(it.asset).map_or(0, |asset| asset.scale);
            document.decimal("held", it.held.0, scale);
        }
        Event::CommandRejected { reason } => {
            document.word("reason", reason);
        }
        Event::CommandSkipped => {}
        Event::AccountCreated { account, business } => {
            document
                .number("account", account.0.into())
                .text_if("business", business.as_str());
        }
        Event::AccountStateChanged { account, state } => {
            document
                .number("account", account.0.into())
                .word("state", state);
        }
        Event::AccountTierChanged { account, tier } => {
            document
                .number("account", account.0.into())
                .number("tier", (*tier).into());
        }
        Event::TradeGroupChanged { account, group } => {
            document
                .number("account", account.0.into())
                .number("group", (*group).into());
        }
        Event::AccountLimitsChanged {
            account,
            orders_per_10s,
            orders_per_day,
        } => {
            document
                .number("account", account.0.into())
                .number("orders_per_10s", (*orders_per_10s).into())
                .number("orders_per_day", (*orders_per_day).into());
        }
        Event::KeyBound {
            account,
            permissions,
            key,
        } => {
            document
                .number("account", account.0.into())
                .text("key_begins", beginning(key))
                .number("permissions", (*permissions).into());
        }
        Event::KeyUnbound { account, key } => {
            document
                .number("account", account.0.into())
                .text("key_begins", beginning(key));
        }
        other => rule(document, names, other),
    }
}

/// Listing, rules and switches.
fn rule(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::AssetAdded { code, scale, .. } => {
            document
                .text("asset", code.as_str())
                .number("scale", (*scale).into());
        }
        Event::SymbolAdded {
            symbol,
            kind,
            base,
            quote,
            price_scale,
            qty_scale,
            ..
        } => {
            words::symbol(document, names, *symbol);
            document.word("product", kind);
            for (name, asset) in [("base", base), ("quote", quote)] {
                let code = names.asset(*asset).map(|asset| asset.code.as_str());
                document.text(name, code.unwrap_or("#"));
            }
            document
                .number("price_scale", (*price_scale).into())
                .number("qty_scale", (*qty_scale).into());
        }
        Event::FilterChanged { symbol, filter } => {
            words::filter(document, names, (*symbol, filter));
        }
        Event::SymbolFeesChanged {
            symbol,
            maker,
            taker,
        } => words::fees(document, names, (*symbol, [maker.0, taker.0])),
        Event::SymbolStateChanged { symbol, state } => {
            words::symbol(document, names, *symbol);
            document.word("state", state);
        }
        Event::VenueStateChanged { state, withdrawals } => {
            document
                .word("state", state)
                .flag("withdrawals", *withdrawals);
        }
        Event::FeeTierChanged { tier, maker, taker } => {
            document
                .number("tier", (*tier).into())
                .decimal("maker", maker.0.into(), 8)
                .decimal("taker", taker.0.into(), 8);
        }
        Event::VenueLimitsChanged { limits } => {
            document
                .number("weight_per_minute", limits.weight_per_minute.into())
                .number("orders_per_10s", limits.orders_per_10s.into())
                .number("orders_per_day", limits.orders_per_day.into());
        }
        other => unreachable!("{} is told elsewhere", other.name()),
    }
}

/// Enough of a key to know it by, too little to use it.
fn beginning(key: &KeyId) -> &str {
    key.as_str().get(..8).unwrap_or_default()
}
