//! `state` of perpetual contracts: wallets, positions, prices, funding.

use schemas::command::{AddSymbolV1, Command, DepositV1, SetSymbolStateV1};
use schemas::ids::{AccountId, AssetId, SymbolId, Text};
use schemas::instrument::{Side, SymbolKind, SymbolState};
use schemas::perpetual::{Bracket, ContractSpec, PerpetualTerms, PriceSource, WalletDirection};
use schemas::perpetual_command::{
    FuturesTransferV1, PlacePerpetualV1, RunFundingV1, SetBracketsV1, SetContractV1,
    SetIndexPriceV1,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::venue::{ANN, BOB, Plan, genesis, json, order, said, write};

const PERPETUAL: SymbolId = SymbolId(1);
const QUOTE: AssetId = AssetId(1);
/// 5,000 USDT in atoms of 1e-8.
const FUNDS: i128 = 500_000_000_000;

fn price(price: i64) -> Command {
    Command::SetIndexPrice(SetIndexPriceV1 {
        price: Price(price),
        symbol: PERPETUAL,
        business: Text::EMPTY,
        source: PriceSource::Operator,
    })
}

fn funded(account: AccountId) -> [Command; 2] {
    let (amount, business) = (Amount(FUNDS), Text::EMPTY);
    [
        Command::Deposit(DepositV1 {
            amount,
            account,
            asset: QUOTE,
            business,
        }),
        Command::FuturesTransfer(FuturesTransferV1 {
            amount,
            account,
            asset: QUOTE,
            business,
            direction: WalletDirection::ToFutures,
        }),
    ]
}

fn placed(account: AccountId, side: Side) -> Command {
    let Command::PlaceOrder(mut order) = order(account, side, (5_000_000, 100)) else {
        unreachable!("it is an order");
    };
    order.symbol = PERPETUAL;
    Command::PlacePerpetual(PlacePerpetualV1 {
        order,
        stop_price: Price::ZERO,
        terms: PerpetualTerms::PLAIN,
        callback: 0,
    })
}

/// Funding, now.
pub fn funding() -> Command {
    Command::RunFunding(RunFundingV1 {
        symbol: PERPETUAL,
        business: Text::EMPTY,
    })
}

/// Ann is long 0.1 BTC at 50,000, Bob short; then the index rises to 51,000.
pub fn commands() -> Vec<Command> {
    let mut commands = genesis();
    commands.push(Command::AddSymbol(AddSymbolV1 {
        opens_at: TimeNs(0),
        base: AssetId(0),
        quote: QUOTE,
        name: Text::new("BTCUSDT").expect("short"),
        kind: SymbolKind::Perpetual,
        price_scale: 2,
        qty_scale: 3,
    }));
    let spec = ContractSpec {
        impact_notional: Amount(FUNDS),
        max_open_interest: Qty::ZERO,
        max_position: Qty::ZERO,
        interest: Rate(10_000),
        liquidation_fee: Rate(1_250_000),
        funding_interval_ns: 8 * 3_600_000_000_000,
        premium_interval_ns: 5_000_000_000,
        default_leverage: 10,
    };
    let symbol = PERPETUAL;
    commands.push(Command::SetContract(SetContractV1 { spec, symbol }));
    let bracket = Bracket {
        floor: Amount::ZERO,
        maintenance: Rate(400_000),
        max_leverage: 125,
    };
    let table = SetBracketsV1::new(symbol, &[bracket]).expect("one row fits");
    commands.push(Command::SetBrackets(Box::new(table)));
    let state = SymbolState::Trading;
    commands.push(Command::SetSymbolState(SetSymbolStateV1 { symbol, state }));
    commands.push(price(5_000_000));
    commands.extend(funded(ANN));
    commands.extend(funded(BOB));
    commands.push(placed(BOB, Side::Sell));
    commands.push(placed(ANN, Side::Buy));
    commands.push(price(5_100_000));
    commands
}

#[test]
fn state_shows_positions_wallets_and_the_contract() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let commands = commands();
    let plan = Plan {
        snapshots: vec![commands.len() as u64 - 1],
        ..Plan::default()
    };
    write(dir.path(), &commands, &plan);
    let last = (commands.len() - 1).to_string();
    let state = |what: [&str; 2]| {
        let (code, value) = json(&["state", "--at", &last, what[0], what[1]], &[dir.path()]);
        assert_eq!(code, 0, "{value}");
        value
    };
    let book = state(["--symbol", "perp:BTCUSDT"]);
    let contract = &book["contract"];
    assert_eq!(contract["index"], 5_100_000, "{book}");
    assert_eq!(contract["open_interest"], 100);
    assert_eq!(contract["brackets"][0]["max_leverage"], 125);
    let mark = contract["mark"].as_i64().expect("a mark price");
    assert!((5_000_000..=5_100_000).contains(&mark), "{mark}");
    for (account, size) in [("7", 100), ("8", -100)] {
        let held = state(["--account", account]);
        let position = &held["positions"][0];
        assert_eq!(position["symbol"], "perp:BTCUSDT", "{held}");
        assert_eq!(position["side"], "BOTH");
        assert_eq!(position["holding"]["size"], size);
        // A tick of a lot is 0.01 x 0.001 USDT: 1,000 atoms.
        assert_eq!(position["holding"]["cost"], size * 5_000_000 * 1_000);
        assert_eq!(position["unrealised"], size * (mark - 5_000_000) * 1_000);
        assert_eq!(position["leverage"], 10);
        // 0.4 % of 100 lots at mark.
        assert_eq!(position["maintenance"], 100 * mark * 1_000 / 250);
        assert_eq!(held["futures"][0]["asset"], "USDT");
        assert_eq!(held["futures"][0]["isolated"], 0);
    }
    let (code, text) = said(&["state", "--at", &last, "--account", "7"], &[dir.path()]);
    assert_eq!(code, 0);
    assert!(text.contains("futures USDT cross 5000."), "{text}");
    assert!(text.contains("perp:BTCUSDT BOTH 100 units"), "{text}");
    let spot = state(["--symbol", "spot:BTCUSDT"]);
    assert!(spot["contract"].is_null(), "{spot}");
}
