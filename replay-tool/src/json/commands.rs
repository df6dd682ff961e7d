//! What was asked for.

use schemas::command::{
    ActivateFormatV1, AddAssetV1, AddSymbolV1, AmendOrderV1, BindKeyV1, CancelAllV1, CancelOrderV1,
    CancelReplaceV1, Command, CreateAccountV1, DepositV1, PlaceOrderV1, SetAccountLimitsV1,
    SetAccountStateV1, SetAccountTierV1, SetFeeTierV1, SetFilterV1, SetSymbolFeesV1,
    SetSymbolStateV1, SetVenueLimitsV1, SetVenueStateV1, SkipV1, TransferV1, UnbindKeyV1,
    WithdrawV1,
};

use schemas::order_command::{
    CancelOrderIfV1, CancelOrderListV1, CancelReplaceWithTermsV1, ListLegV1, PlaceOrderListV1,
    PlaceOrderWithTermsV1, SetCountdownV1,
};

use schemas::peg::{Peg, PlacePeggedListV1, PlacePeggedV1, ReplacePeggedV1};

use schemas::trade_group::SetTradeGroupV1;

use crate::json::{Fields, Json, Show, shown};

shown! {
    SkipV1 { offset }
    ActivateFormatV1 { format }
    AddAssetV1 { code, scale }
    AddSymbolV1 { name, kind, base, quote, price_scale, qty_scale, opens_at }
    SetFilterV1 { symbol, filter }
    SetSymbolFeesV1 { symbol, maker, taker }
    SetFeeTierV1 { tier, maker, taker }
    SetSymbolStateV1 { symbol, state }
    SetVenueStateV1 { state, withdrawals }
    SetVenueLimitsV1 { limits }
    CreateAccountV1 { business }
    SetAccountStateV1 { account, state }
    SetAccountTierV1 { account, tier }
    SetAccountLimitsV1 { account, orders_per_10s, orders_per_day }
    BindKeyV1 { account, permissions, key }
    UnbindKeyV1 { account, key }
    SetTradeGroupV1 { account, group }
    DepositV1 { account, asset, amount, business }
    WithdrawV1 { account, asset, amount, business }
    TransferV1 { from, to, asset, amount, business }
    PlaceOrderV1 {
        account, symbol, client_order, side, order_type, time_in_force, price, qty, quote_qty,
        self_trade, valid_until, request,
    }
    CancelOrderV1 { account, symbol, target, cancel_client, valid_until }
    CancelAllV1 { account, symbol, valid_until }
    CancelReplaceV1 { mode, target, cancel_client, order }
    AmendOrderV1 { account, symbol, target, new_qty, new_client, valid_until, request }
    PlaceOrderWithTermsV1 { order, terms }
    CancelOrderIfV1 { cancel, restriction }
    CancelReplaceWithTermsV1 { mode, restriction, target, cancel_client, new }
    ListLegV1 { client_order, side, order_type, time_in_force, price, qty, terms }
    PlaceOrderListV1 {
        account, symbol, list_client, contingency, self_trade, legs, valid_until, request,
    }
    CancelOrderListV1 { account, symbol, list, list_client, cancel_client, valid_until }
    SetCountdownV1 { account, symbol, after_ns, valid_until }
    Peg { price_type, offset }
    PlacePeggedV1 { new, peg }
    ReplacePeggedV1 { replace, peg }
    PlacePeggedListV1 { list, pegs }
}

impl Show for Command {
    fn show(&self, out: &mut Json<'_>) {
        out.object(|out| match self {
            Command::Seal | Command::AdvanceClock | Command::Continue => {}
            Command::Skip(payload) => payload.fields(out),
            Command::ActivateFormat(payload) => payload.fields(out),
            Command::AddAsset(payload) => payload.fields(out),
            Command::AddSymbol(payload) => payload.fields(out),
            Command::SetFilter(payload) => payload.fields(out),
            Command::SetSymbolFees(payload) => payload.fields(out),
            Command::SetSymbolState(payload) => payload.fields(out),
            Command::SetVenueState(payload) => payload.fields(out),
            Command::SetFeeTier(payload) => payload.fields(out),
            Command::SetVenueLimits(payload) => payload.fields(out),
            Command::CreateAccount(payload) => payload.fields(out),
            Command::SetAccountState(payload) => payload.fields(out),
            Command::SetAccountTier(payload) => payload.fields(out),
            Command::SetAccountLimits(payload) => payload.fields(out),
            Command::BindKey(payload) => payload.fields(out),
            Command::UnbindKey(payload) => payload.fields(out),
            Command::SetTradeGroup(payload) => payload.fields(out),
            Command::Deposit(payload) => payload.fields(out),
            Command::Withdraw(payload) => payload.fields(out),
            Command::Transfer(payload) => payload.fields(out),
            Command::PlaceOrder(payload) => payload.fields(out),
            Command::CancelOrder(payload) => payload.fields(out),
            Command::CancelAll(payload) => payload.fields(out),
            Command::CancelReplace(payload) => payload.fields(out),
            Command::AmendOrder(payload) => payload.fields(out),
            Command::PlaceOrderWithTerms(payload) => payload.fields(out),
            Command::CancelOrderIf(payload) => payload.fields(out),
            Command::CancelReplaceWithTerms(payload) | Command::ReplaceRest(payload) => {
                payload.fields(out);
            }
            Command::PlaceOrderList(payload) => payload.fields(out),
            Command::CancelOrderList(payload) => payload.fields(out),
            Command::SetCountdown(payload) => payload.fields(out),
            Command::PlacePegged(payload) => payload.fields(out),
            Command::ReplacePegged(payload) => payload.fields(out),
            Command::PlacePeggedList(payload) | Command::PlacePayingList(payload) => {
                payload.fields(out);
            }
            Command::SetContract(payload) => payload.fields(out),
            Command::SetBrackets(payload) => payload.fields(out),
            Command::SetIndexPrice(payload) => payload.fields(out),
            Command::FuturesTransfer(payload) => payload.fields(out),
            Command::PlacePerpetual(payload) => payload.fields(out),
            Command::ModifyOrder(payload) => payload.fields(out),
            Command::SetLeverage(payload) => payload.fields(out),
            Command::SetMarginType(payload) => payload.fields(out),
            Command::SetPositionMode(payload) => payload.fields(out),
            Command::AdjustMargin(payload) => payload.fields(out),
            Command::InsuranceDeposit(payload) => payload.fields(out),
            Command::RunFunding(payload) => payload.fields(out),
            Command::SettleContract(payload) => payload.fields(out),
            Command::SetContractGuard(payload) => payload.fields(out),
            Command::SetIndexSources(payload) => payload.fields(out),
            Command::Numbered(numbered) => {
                out.field("producer", numbered.producer());
                out.field("sequence", &numbered.sequence());
                let command = numbered.command();
                out.field(
                    "kind",
                    Command::kind_name(command.kind()).unwrap_or("Unknown"),
                );
                out.field("command", command);
            }
        });
    }
}
