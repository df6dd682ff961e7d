//! Perpetual contracts as bytes of a snapshot, behind everything else and only if there
//! are any.

use schemas::ids::SymbolId;
use schemas::margin::Table;
use schemas::perpetual::{put_brackets, take_brackets};
use schemas::perpetual_report::{
    FundingReport, IncomeKind, IncomeReport, MarkReport, PerpetualOrder, TradeProfit,
};
use schemas::wire::Wire;

use super::{Account, Contract, Perpetuals, Seat};

/// Declares how a struct is written and read, field by field.
macro_rules! saved {
    ($put:ident, $take:ident, $name:ident { $($field:ident),* $(,)? }) => {
        fn $put(value: &$name, out: &mut Vec<u8>) {
            let $name { $($field,)* } = value;
            $($field.put(out);)*
        }
        fn $take(input: &mut &[u8]) -> Option<$name> {
            Some($name { $($field: Wire::take(input)?,)* })
        }
    };
}

saved!(
    put_mark,
    take_mark,
    MarkReport {
        symbol,
        index,
        mark,
        last_funding,
        predicted_funding,
        premium,
        interest,
        next_funding,
        time,
        open_interest,
    }
);
saved!(
    put_slot,
    take_slot,
    FundingReport {
        symbol,
        time,
        rate,
        mark,
    }
);
saved!(
    put_order,
    take_order,
    PerpetualOrder {
        symbol,
        order,
        terms,
        stop_price,
        callback,
        waits,
        triggered,
    }
);
saved!(
    put_profit,
    take_profit,
    TradeProfit {
        trade,
        realised,
        position,
    }
);

fn put_all<T>(
    all: impl ExactSizeIterator<Item = T>,
    out: &mut Vec<u8>,
    put: impl Fn(T, &mut Vec<u8>),
) {
    (all.len() as u64).put(out);
    for one in all {
        put(one, out);
    }
}

impl Perpetuals {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.contracts.is_empty() && self.accounts.is_empty()
    }

    /// Decimals by asset, which the directory of the snapshot tells.
    pub(crate) fn with_scales(mut self, scales: Vec<u8>) -> Perpetuals {
        self.scales = scales;
        self
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_all(self.contracts.iter(), out, |(symbol, it), out| {
            symbol.put(out);
            put_contract(it, out);
        });
        put_all(self.accounts.iter(), out, |(account, it), out| {
            account.put(out);
            put_account(it, out);
        });
    }

    pub(crate) fn take(input: &mut &[u8]) -> Option<Perpetuals> {
        let mut all = Perpetuals::default();
        for _ in 0..u64::take(input)? {
            let symbol = SymbolId::take(input)?;
            all.contracts.insert(symbol, take_contract(input)?);
        }
        for _ in 0..u64::take(input)? {
            let account = Wire::take(input)?;
            all.accounts.insert(account, take_account(input)?);
        }
        Some(all)
    }
}

fn put_contract(contract: &Contract, out: &mut Vec<u8>) {
    contract.quote.put(out);
    contract.quote_per_tick_lot.put(out);
    contract.spec.put(out);
    put_brackets(contract.table.brackets(), out);
    put_mark(&contract.mark, out);
    contract.longs.put(out);
    put_all(contract.slots.iter(), out, put_slot);
    put_all(contract.orders.values(), out, put_order);
}

fn take_contract(input: &mut &[u8]) -> Option<Contract> {
    let mut contract = Contract {
        quote: Wire::take(input)?,
        quote_per_tick_lot: Wire::take(input)?,
        spec: Wire::take(input)?,
        ..Contract::default()
    };
    contract.table = Table::new(&take_brackets(input)?).unwrap_or_default();
    contract.mark = take_mark(input)?;
    contract.longs = Wire::take(input)?;
    for _ in 0..u64::take(input)? {
        contract.slots.push_back(take_slot(input)?);
    }
    for _ in 0..u64::take(input)? {
        let order = take_order(input)?;
        contract.orders.insert(order.order, order);
    }
    Some(contract)
}

fn put_seat(seat: &Seat, out: &mut Vec<u8>) {
    seat.leverage.put(out);
    seat.isolated.put(out);
    for holding in &seat.holdings {
        holding.put(out);
    }
    seat.updated.put(out);
}

fn take_seat(input: &mut &[u8]) -> Option<Seat> {
    Some(Seat {
        leverage: Wire::take(input)?,
        isolated: Wire::take(input)?,
        holdings: [Wire::take(input)?, Wire::take(input)?, Wire::take(input)?],
        updated: Wire::take(input)?,
    })
}

fn put_income(entry: &IncomeReport, out: &mut Vec<u8>) {
    entry.account.put(out);
    entry.symbol.put(out);
    out.push(entry.kind as u8);
    entry.asset.put(out);
    entry.amount.put(out);
    entry.time.put(out);
    entry.id.0.put(out);
    entry.trade.put(out);
}

fn take_income(input: &mut &[u8]) -> Option<IncomeReport> {
    const KINDS: [IncomeKind; 5] = [
        IncomeKind::Transfer,
        IncomeKind::RealisedProfit,
        IncomeKind::Funding,
        IncomeKind::Commission,
        IncomeKind::InsuranceClear,
    ];
    Some(IncomeReport {
        account: Wire::take(input)?,
        symbol: Wire::take(input)?,
        kind: *KINDS.get(usize::from(u8::take(input)?))?,
        asset: Wire::take(input)?,
        amount: Wire::take(input)?,
        time: Wire::take(input)?,
        id: schemas::ids::EventId(Wire::take(input)?),
        trade: Wire::take(input)?,
    })
}

fn put_account(account: &Account, out: &mut Vec<u8>) {
    account.hedge.put(out);
    put_all(account.wallets.iter(), out, |(asset, wallet), out| {
        asset.put(out);
        wallet.0.put(out);
        wallet.1.put(out);
        wallet.2.put(out);
    });
    put_all(account.seats.iter(), out, |(symbol, seat), out| {
        symbol.put(out);
        put_seat(seat, out);
    });
    put_all(account.income.iter(), out, put_income);
    put_all(account.profits.iter(), out, |(symbol, profits), out| {
        symbol.put(out);
        put_all(profits.values(), out, put_profit);
    });
    account.updated.put(out);
}

fn take_account(input: &mut &[u8]) -> Option<Account> {
    let mut account = Account {
        hedge: Wire::take(input)?,
        ..Account::default()
    };
    for _ in 0..u64::take(input)? {
        let asset = Wire::take(input)?;
        let wallet = (Wire::take(input)?, Wire::take(input)?, Wire::take(input)?);
        account.wallets.insert(asset, wallet);
    }
    for _ in 0..u64::take(input)? {
        let symbol = Wire::take(input)?;
        account.seats.insert(symbol, take_seat(input)?);
    }
    for _ in 0..u64::take(input)? {
        account.income.push_back(take_income(input)?);
    }
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        let profits = account.profits.entry(symbol).or_default();
        for _ in 0..u64::take(input)? {
            let profit = take_profit(input)?;
            profits.insert(profit.trade, profit);
        }
    }
    account.updated = Wire::take(input)?;
    Some(account)
}
