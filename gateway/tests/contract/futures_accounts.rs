//! Futures wallets, positions and settings: what is read, what is set, what is refused.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AssetId, EventId, TradeId};
use schemas::perpetual::{
    Bracket, ContractSpec, Holding, MarginType, PositionSide, WalletDirection,
};
use schemas::perpetual_event::FuturesTransferred;
use schemas::perpetual_report::{
    ContractReport, FundingReport, FuturesAccountReport, FuturesBalance, IncomeKind, IncomeReport,
    MarkReport, PositionReport, SymbolConfig, TradeProfit,
};
use schemas::reject::RejectReason;
use schemas::report::TradeReport;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::client::{Client, flat};
use crate::market::trade;
use crate::venue::{ALICE, BOB, NOW_MS, PERP, Reply};

const USDT: AssetId = AssetId(2);
const NOW: TimeNs = TimeNs(NOW_MS * 1_000_000);

/// Atoms of so many hundredths of a dollar.
fn cents(cents: i128) -> Amount {
    Amount(cents * 1_000_000)
}

/// 0.5 long from 199.00 at a mark of 200.00.
fn position() -> PositionReport {
    PositionReport {
        account: ALICE,
        symbol: PERP,
        side: PositionSide::Both,
        holding: Holding {
            size: Qty(50_000),
            cost: cents(9_950),
            isolated: Amount::ZERO,
        },
        leverage: 20,
        margin_type: MarginType::Cross,
        mark: Price(20_000),
        notional: cents(10_000),
        unrealised: cents(50),
        position_margin: cents(500),
        order_margin: cents(100),
        maintenance: cents(40),
        bid_notional: cents(2_000),
        ask_notional: Amount::ZERO,
        liquidation: None,
        updated: NOW,
    }
}

/// Two steps: up to 50,000 dollars, and beyond.
fn contract() -> ContractReport {
    let bracket = |floor: i128, maintenance: i64, max_leverage: u32| Bracket {
        floor: cents(floor * 100),
        maintenance: Rate(maintenance),
        max_leverage,
    };
    ContractReport {
        symbol: PERP,
        spec: ContractSpec {
            funding_interval_ns: 8 * 3_600_000_000_000,
            ..ContractSpec::default()
        },
        brackets: vec![bracket(0, 400_000, 125), bracket(50_000, 500_000, 100)],
    }
}

/// Alice holds that position; 1,000 dollars back it.
fn client() -> Client {
    let client = Client::new();
    client.venue.list_perpetual();
    let balance = FuturesBalance {
        asset: USDT,
        cross: cents(100_000),
        cross_unrealised: cents(50),
        position_margin: cents(500),
        order_margin: cents(100),
        maintenance: cents(40),
        available: cents(99_450),
        withdrawable: cents(99_400),
        updated: NOW,
        ..FuturesBalance::default()
    };
    let mut state = client.venue.state.lock();
    let futures = &mut state.futures;
    futures.contract = Some(contract());
    futures.mark = MarkReport {
        symbol: PERP,
        index: Price(19_990),
        mark: Price(20_000),
        predicted_funding: Rate(10_000),
        interest: Rate(10_000),
        next_funding: TimeNs((NOW_MS + 5_000) * 1_000_000),
        time: NOW,
        open_interest: Qty(50_000),
        ..MarkReport::default()
    };
    futures.account = Some(FuturesAccountReport {
        account: ALICE,
        hedge: false,
        balances: vec![balance],
        positions: vec![position()],
        configs: Vec::new(),
        updated: NOW,
    });
    futures.config = Some(SymbolConfig {
        symbol: PERP,
        leverage: 20,
        margin_type: MarginType::Cross,
    });
    drop(state);
    client
}

#[tokio::test]
async fn prices_and_funding_are_public() {
    let client = client();
    client.venue.state.lock().futures.funding = vec![FundingReport {
        symbol: PERP,
        time: NOW,
        rate: Rate(-10_000),
        mark: Price(20_000),
    }];
    for (uri, text) in [
        (
            "/fapi/v1/premiumIndex?symbol=BTCUSDT",
            r#"
                {"symbol":"BTCUSDT","markPrice":"200.00000000","indexPrice":"199.90000000",
                "estimatedSettlePrice":"199.90000000","lastFundingRate":"0.00010000",
                "interestRate":"0.00010000","nextFundingTime":1700000005000,
                "time":1700000000000}
            "#,
        ),
        (
            "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3",
            r#"
                [{"symbol":"BTCUSDT","fundingRate":"-0.00010000",
                "fundingTime":1700000000000,"markPrice":"200.00000000"}]
            "#,
        ),
        (
            "/fapi/v1/fundingInfo",
            r#"
                [{"symbol":"BTCUSDT","adjustedFundingRateCap":"0.00300000",
                "adjustedFundingRateFloor":"-0.00300000","fundingIntervalHours":8,
                "disclaimer":false}]
            "#,
        ),
        (
            "/fapi/v1/openInterest?symbol=BTCUSDT",
            r#"{"openInterest":"0.50000000","symbol":"BTCUSDT","time":1700000000000}"#,
        ),
    ] {
        assert_eq!(client.get(uri).await.text, flat(text), "{uri}");
    }
    let all = client.get("/fapi/v1/premiumIndex").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_live_position_is_told_with_its_margin() {
    let client = client();
    let got = client
        .signed("GET /fapi/v3/positionRisk", "symbol=BTCUSDT")
        .await;
    let text = r#"
        [{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"0.50000000",
        "entryPrice":"199.00000000","breakEvenPrice":"199.19919920",
        "markPrice":"200.00000000","unRealizedProfit":"0.50000000",
        "liquidationPrice":"0.00000000","isolatedMargin":"0.00000000",
        "notional":"100.00000000","marginAsset":"USDT","isolatedWallet":"0.00000000",
        "initialMargin":"6.00000000","maintMargin":"0.40000000",
        "positionInitialMargin":"5.00000000","openOrderInitialMargin":"1.00000000",
        "bidNotional":"20.00000000","askNotional":"0.00000000","updateTime":1700000000000}]
    "#;
    assert_eq!(got.text, flat(text));
    // Bob has nothing: v3 is empty, v2 has a row for each perpetual.
    client.venue.state.lock().futures.account = None;
    let got = client.signed("GET /fapi/v3/positionRisk", "").await;
    assert_eq!(got.text, "[]");
    let got = client.signed("GET /fapi/v2/positionRisk", "").await.json();
    assert_eq!(got[0]["leverage"], "20");
    assert_eq!(got[0]["marginType"], "cross");
    assert_eq!(got[0]["positionAmt"], "0.00000000");
    assert_eq!(got[0]["maxNotionalValue"], "92233720368.54775807");
}

#[tokio::test]
async fn a_short_and_an_isolated_position_keep_their_signs() {
    let client = client();
    if let Some(account) = &mut client.venue.state.lock().futures.account {
        let position = &mut account.positions[0];
        position.holding = Holding {
            size: Qty(-50_000),
            cost: cents(-9_950),
            isolated: cents(700),
        };
        position.margin_type = MarginType::Isolated;
        position.unrealised = cents(-50);
        position.liquidation = Some(Price(21_000));
    }
    let got = client.signed("GET /fapi/v3/positionRisk", "").await.json();
    for (field, value) in [
        ("positionAmt", "-0.50000000"),
        ("entryPrice", "199.00000000"),
        ("notional", "-100.00000000"),
        ("isolatedWallet", "7.00000000"),
        ("isolatedMargin", "6.50000000"),
        ("liquidationPrice", "210.00000000"),
        ("breakEvenPrice", "198.80119880"),
    ] {
        assert_eq!(got[0][field], value, "{field}");
    }
    // In hedge mode both sides have a row of their own.
    if let Some(account) = &mut client.venue.state.lock().futures.account {
        account.hedge = true;
        account.positions[0].side = PositionSide::Short;
    }
    let got = client.signed("GET /fapi/v2/positionRisk", "").await.json();
    let sides: Vec<&str> = got
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["positionSide"].as_str())
        .collect();
    assert_eq!(sides, ["LONG", "SHORT"]);
    assert_eq!(got[1]["marginType"], "isolated");
}

#[tokio::test]
async fn wallets_are_told_in_three_ways() {
    let client = client();
    for (line, versions) in [("balance", ["v2", "v3"]), ("account", ["v2", "v3"])] {
        for version in versions {
            let line = format!("GET /fapi/{version}/{line}");
            let got = client.signed(&line, "").await.json();
            if line.ends_with("balance") {
                assert_eq!(got[0]["asset"], "USDT");
                assert_eq!(got[0]["balance"], "1000.00000000");
                assert_eq!(got[0]["availableBalance"], "994.50000000");
                assert_eq!(got[0]["maxWithdrawAmount"], "994.00000000");
            } else {
                for (field, value) in [
                    ("totalWalletBalance", "1000.00000000"),
                    ("totalMarginBalance", "1000.50000000"),
                    ("totalInitialMargin", "6.00000000"),
                    ("totalMaintMargin", "0.40000000"),
                    ("availableBalance", "994.50000000"),
                ] {
                    assert_eq!(got[field], value, "{line} {field}");
                }
                assert_eq!(got["assets"][0]["walletBalance"], "1000.00000000");
                assert_eq!(got["positions"][0]["positionAmt"], "0.50000000");
                assert_eq!(got["canTrade"].is_boolean(), version == "v2");
            }
        }
    }
    // An account that never had a futures wallet has an empty one.
    client.venue.state.lock().futures.account = None;
    let got = client.signed("GET /fapi/v3/balance", "").await.json();
    assert_eq!(got[0]["balance"], "0.00000000");
    assert_eq!(got.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn brackets_and_settings_are_numbers_and_words() {
    let client = client();
    let got = client.signed("GET /fapi/v1/leverageBracket", "").await;
    let got = got.json();
    let rows = &got[0]["brackets"];
    assert_eq!(rows[0]["notionalFloor"], 0);
    assert_eq!(rows[0]["notionalCap"], 50_000);
    assert_eq!(rows[0]["maintMarginRatio"].to_string(), "0.004");
    assert_eq!(rows[1]["bracket"], 2);
    assert_eq!(rows[1]["initialLeverage"], 100);
    // 50,000 x (0.005 - 0.004)
    assert_eq!(rows[1]["cum"], 50);
    // go-binance sends every name, with or without a value.
    let got = client
        .signed("GET /fapi/v1/leverageBracket", "symbol=")
        .await;
    assert_eq!(got.status, 200, "{}", got.text);
    let got = client
        .signed("GET /fapi/v1/commissionRate", "symbol=")
        .await;
    assert_eq!(got.json()["code"], -1102);
    let got = client
        .signed("GET /fapi/v1/symbolConfig", "symbol=BTCUSDT")
        .await;
    assert_eq!(got.json()[0]["marginType"], "CROSSED");
    assert_eq!(got.json()[0]["leverage"], 20);
    let got = client
        .signed("GET /fapi/v1/commissionRate", "symbol=BTCUSDT")
        .await;
    assert_eq!(got.json()["takerCommissionRate"], "0.00100000");
    for (line, name) in [
        ("GET /fapi/v1/positionSide/dual", "dualSidePosition"),
        ("GET /fapi/v1/multiAssetsMargin", "multiAssetsMargin"),
        ("GET /fapi/v1/accountConfig", "dualSidePosition"),
    ] {
        assert_eq!(client.signed(line, "").await.json()[name], false, "{line}");
    }
}

#[tokio::test]
async fn settings_become_commands_and_their_refusals_have_codes() {
    use RejectReason as R;
    let leverage = ("POST /fapi/v1/leverage", "symbol=BTCUSDT&leverage=10");
    let margin = (
        "POST /fapi/v1/marginType",
        "symbol=BTCUSDT&marginType=ISOLATED",
    );
    let mode = ("POST /fapi/v1/positionSide/dual", "dualSidePosition=true");
    let add = (
        "POST /fapi/v1/positionMargin",
        "symbol=BTCUSDT&amount=7&type=2",
    );
    for (line, parameters) in [leverage, margin, mode, add] {
        let client = client();
        let got = client.signed(line, parameters).await;
        assert_eq!(got.status, 200, "{line}: {}", got.text);
        match client.venue.commands()[..] {
            [Command::SetLeverage(it)] => {
                assert_eq!((it.account, it.leverage), (ALICE, 10));
                // The first bracket's cap: 100 lies below 125 and is within the second.
                assert_eq!(got.json()["maxNotionalValue"], "92233720368.54775807");
            }
            [Command::SetMarginType(it)] => assert_eq!(it.margin_type, MarginType::Isolated),
            [Command::SetPositionMode(it)] => assert!(it.hedge),
            [Command::AdjustMargin(it)] => assert_eq!(it.amount, cents(-700)),
            ref other => panic!("{other:?}"),
        }
    }
    for ((line, parameters), reason, code) in [
        (leverage, R::InvalidLeverage, -4028),
        (leverage, R::LeverageLimit, -2027),
        (margin, R::MarginTypeUnchanged, -4046),
        (margin, R::MarginTypeOrders, -4047),
        (margin, R::MarginTypePosition, -4048),
        (mode, R::PositionModeUnchanged, -4059),
        (mode, R::PositionModeOrders, -4067),
        (mode, R::PositionModePosition, -4068),
        (add, R::NotIsolated, -4054),
        (add, R::MarginNeeded, -4051),
    ] {
        let client = client();
        let rejected = vec![Event::CommandRejected { reason }];
        client.venue.reply(Reply::Events(rejected));
        let got = client.signed(line, parameters).await;
        assert_eq!(got.status, 400, "{reason:?}");
        assert_eq!(got.json()["code"], code, "{reason:?}: {}", got.text);
        assert!(got.json()["hint"].is_string(), "{reason:?}");
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_journal_nothing() {
    let client = client();
    for (line, parameters, code) in [
        ("POST /fapi/v1/leverage", "symbol=BTCUSDT&leverage=0", -4028),
        (
            "POST /fapi/v1/leverage",
            "symbol=BTCUSDT&leverage=99999999999",
            -4028,
        ),
        ("POST /fapi/v1/leverage", "symbol=BTCUSDT", -1102),
        (
            "POST /fapi/v1/leverage",
            "symbol=BTCUSDT&leverage=1.5",
            -1100,
        ),
        (
            "POST /fapi/v1/marginType",
            "symbol=BTCUSDT&marginType=SHARED",
            -1130,
        ),
        (
            "POST /fapi/v1/positionSide/dual",
            "dualSidePosition=maybe",
            -1100,
        ),
        (
            "POST /fapi/v1/positionMargin",
            "symbol=BTCUSDT&amount=7&type=3",
            -1130,
        ),
        (
            "POST /fapi/v1/positionMargin",
            "symbol=BTCUSDT&amount=0&type=1",
            -1130,
        ),
        ("GET /fapi/v1/income", "incomeType=LUCK", -1130),
        (
            "POST /sapi/v1/asset/transfer",
            "type=MAIN_MARGIN&asset=USDT&amount=1",
            -1020,
        ),
        (
            "POST /sapi/v1/asset/transfer",
            "type=MAIN_UMFUTURE&asset=DOGE&amount=1",
            -1130,
        ),
        (
            "POST /sapi/v1/asset/transfer",
            "type=MAIN_UMFUTURE&asset=USDT&amount=0",
            -1130,
        ),
    ] {
        let got = client.signed(line, parameters).await;
        assert_eq!(
            got.json()["code"],
            code,
            "{line}?{parameters}: {}",
            got.text
        );
    }
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn money_moves_between_the_two_wallets() {
    let client = client();
    let moved = FuturesTransferred {
        account: ALICE,
        asset: USDT,
        amount: cents(1_250),
        direction: WalletDirection::ToFutures,
        business: schemas::ids::BusinessId::EMPTY,
    };
    client
        .venue
        .reply(Reply::Events(vec![Event::FuturesTransferred(moved)]));
    let sent = "type=MAIN_UMFUTURE&asset=USDT&amount=12.5";
    let got = client.signed("POST /sapi/v1/asset/transfer", sent).await;
    assert!(got.json()["tranId"].is_u64(), "{}", got.text);
    match client.venue.commands()[..] {
        [Command::FuturesTransfer(it)] => {
            assert_eq!(
                (it.amount, it.direction),
                (cents(1_250), WalletDirection::ToFutures)
            );
            assert!(!it.business.is_empty());
        }
        ref other => panic!("{other:?}"),
    }
    let reason = RejectReason::InsufficientBalance;
    client
        .venue
        .reply(Reply::Events(vec![Event::CommandRejected { reason }]));
    let got = client.signed("POST /sapi/v1/asset/transfer", sent).await;
    assert_eq!(
        got.refusal(),
        "400 -5013 Asset transfer failed: insufficient balance"
    );

    client.venue.state.lock().futures.income = vec![
        income(IncomeKind::Transfer, 1_250),
        income(IncomeKind::Transfer, -300),
        income(IncomeKind::Commission, -1),
    ];
    let got = client
        .signed("GET /sapi/v1/asset/transfer", "type=UMFUTURE_MAIN")
        .await;
    let text = r#"
        {"rows":[{"amount":"3.00000000","asset":"USDT","status":"CONFIRMED",
        "timestamp":1700000000000,"tranId":77,"type":"UMFUTURE_MAIN"}],"total":1}
    "#;
    let expected: serde_json::Value = serde_json::from_str(&flat(text)).expect("JSON");
    assert_eq!(got.json(), expected);
}

fn income(kind: IncomeKind, amount: i128) -> IncomeReport {
    IncomeReport {
        account: ALICE,
        symbol: (kind != IncomeKind::Transfer).then_some(PERP),
        kind,
        asset: USDT,
        amount: cents(amount),
        time: NOW,
        id: EventId(77),
        trade: (kind == IncomeKind::RealisedProfit).then_some(TradeId(5)),
    }
}

#[tokio::test]
async fn trades_and_income_tell_what_was_realised() {
    let client = client();
    let own = TradeReport {
        symbol: PERP,
        ..trade()
    };
    let profit = TradeProfit {
        trade: own.trade,
        realised: cents(150),
        position: PositionSide::Both,
    };
    client.venue.state.lock().trades = vec![own];
    client.venue.state.lock().futures.profits = vec![profit];
    let income = vec![income(IncomeKind::RealisedProfit, 150)];
    client.venue.state.lock().futures.income = income;
    let got = client
        .signed("GET /fapi/v1/userTrades", "symbol=BTCUSDT")
        .await;
    let text = r#"
        [{"buyer":false,"commission":"0.02010000","commissionAsset":"USDT","id":5,
        "maker":false,"orderId":9,"price":"100.50000000","qty":"0.20000000",
        "quoteQty":"20.10000000","realizedPnl":"1.50000000","side":"SELL",
        "positionSide":"BOTH","symbol":"BTCUSDT","time":1700000000000}]
    "#;
    assert_eq!(got.text, flat(text));
    let asked = "symbol=BTCUSDT&incomeType=REALIZED_PNL&startTime=1699999999000";
    let got = client.signed("GET /fapi/v1/income", asked).await;
    let text = r#"
        [{"symbol":"BTCUSDT","incomeType":"REALIZED_PNL","income":"1.50000000",
        "asset":"USDT","info":"5","time":1700000000000,"tranId":77,"tradeId":"5"}]
    "#;
    assert_eq!(got.text, flat(text));
    let page = client.venue.state.lock().futures.income_pages.pop();
    let page = page.expect("a page");
    assert_eq!((page.symbol, page.account), (Some(PERP), ALICE));
    assert_eq!(page.start, Some(TimeNs(1_699_999_999_000_000_000)));
}

#[tokio::test]
async fn a_listen_key_needs_no_signature_and_dies_with_its_owner_s_word() {
    let client = client();
    let first = client.raw("POST /fapi/v1/listenKey", "").await.json();
    let text = first["listenKey"].as_str().expect("a text").to_owned();
    assert_eq!(text.len(), 64);
    let again = client.raw("POST /fapi/v1/listenKey", "").await.json();
    assert_eq!(again["listenKey"], text.as_str());
    let kept = client
        .raw("PUT /fapi/v1/listenKey", &format!("listenKey={text}"))
        .await;
    assert_eq!(kept.status, 200);
    let other = client
        .raw("PUT /fapi/v1/listenKey", "listenKey=other")
        .await;
    assert_eq!(other.json()["code"], -1125);
    assert_eq!(client.raw("DELETE /fapi/v1/listenKey", "").await.text, "{}");
    assert_eq!(
        client.raw("DELETE /fapi/v1/listenKey", "").await.json()["code"],
        -1125
    );
    assert_eq!(
        client.raw("PUT /fapi/v1/listenKey", "").await.json()["code"],
        -1125
    );
    // Nobody's key is nobody's name.
    let request = axum::http::Request::post("/fapi/v1/listenKey");
    let request = request.body(axum::body::Body::empty()).expect("a request");
    assert_eq!(client.send(request).await.status, 401);
    let bob = client.venue.keys.lock()[1].clone();
    assert_eq!(bob.account, BOB);
}
