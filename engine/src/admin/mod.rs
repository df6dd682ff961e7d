//! Administration: what is listed, who may trade, and money from and to the outside.
//!
//! Every command is admitted or refused by `CommandRejected`; an act with a business id
//! is done once, however often it is said.
//!
//! Reading order: `listing`, `accounts`, `money`.

pub mod listing;
pub mod accounts;
pub mod money;

use schemas::command::Command;
use schemas::event::{EVENT_FORMAT, Event};
use schemas::reject::RejectReason;

use crate::apply::Engine;
use crate::trace::Trace;

/// What an administrative command did, if it was not refused.
pub(crate) type Verdict = Result<(), RejectReason>;

impl<T: Trace> Engine<T> {
    #[cold]
    #[inline(never)]
    pub(crate) fn administer(&mut self, command: &Command) {
        if let Err(reason) = self.admit_and_do(command) {
            self.out.push(Event::CommandRejected { reason });
        }
    }

    fn admit_and_do(&mut self, command: &Command) -> Verdict {
        match command {
            Command::AddAsset(command) => self.add_asset(command),
            Command::AddSymbol(command) => self.add_symbol(command),
            Command::SetFilter(command) => self.set_filter(command),
            Command::SetSymbolFees(command) => self.set_symbol_fees(command),
            Command::SetSymbolState(command) => self.set_symbol_state(command),
            Command::SetVenueState(command) => self.set_venue_state(command),
            Command::SetFeeTier(command) => self.set_fee_tier(command),
            Command::SetVenueLimits(command) => self.set_venue_limits(command),
            Command::CreateAccount(command) => self.create_account(command),
            Command::SetAccountState(command) => self.set_account_state(command),
            Command::SetAccountTier(command) => self.set_account_tier(command),
            Command::SetAccountLimits(command) => self.set_account_limits(command),
            Command::BindKey(command) => self.bind_key(command),
            Command::UnbindKey(command) => self.unbind_key(command),
            Command::SetTradeGroup(command) => self.set_trade_group(command),
            Command::Deposit(command) => self.deposit(command),
            Command::Withdraw(command) => self.withdraw(command),
            Command::Transfer(command) => self.transfer(command),
            Command::Skip(command) => self.record_skip(command.offset),
            Command::ActivateFormat(command) => self.activate_format(command.format),
            Command::SetContract(command) => self.set_contract(command),
            Command::SetBrackets(command) => self.set_brackets(command),
            Command::SetIndexPrice(command) => self.set_index_price(command),
            Command::FuturesTransfer(command) => self.futures_transfer(command),
            Command::SetLeverage(command) => self.set_leverage(command),
            Command::SetMarginType(command) => self.set_margin_type(command),
            Command::SetPositionMode(command) => self.set_position_mode(command),
            Command::AdjustMargin(command) => self.adjust_margin(command),
            Command::InsuranceDeposit(command) => self.insurance_deposit(command),
            Command::RunFunding(command) => self.run_funding(command),
            Command::SettleContract(command) => self.settle_contract(command),
            Command::SetContractGuard(command) => self.set_contract_guard(command),
            Command::SetIndexSources(command) => self.set_index_sources(command),
            Command::Seal
            | Command::AdvanceClock
            | Command::Continue
            | Command::PlaceOrder(_)
            | Command::CancelOrder(_)
            | Command::CancelAll(_)
            | Command::CancelReplace(_)
            | Command::AmendOrder(_)
            | Command::PlaceOrderWithTerms(_)
            | Command::CancelOrderIf(_)
            | Command::CancelReplaceWithTerms(_)
            | Command::ReplaceRest(_)
            | Command::PlaceOrderList(_)
            | Command::PlacePegged(_)
            | Command::ReplacePegged(_)
            | Command::PlacePeggedList(_)
            | Command::PlacePayingList(_)
            | Command::CancelOrderList(_)
            | Command::SetCountdown(_)
            | Command::PlacePerpetual(_)
            | Command::ModifyOrder(_)
            | Command::Numbered(_) => unreachable!("these are no administration"),
        }
    }

    /// The stepping over itself happens at replay; here the order to do so is recorded.
    fn record_skip(&mut self, offset: schemas::ids::Offset) -> Verdict {
        self.out.push(Event::SkipRecorded { offset });
        Ok(())
    }

    fn activate_format(&mut self, format: u32) -> Verdict {
        if format != EVENT_FORMAT {
            return Err(RejectReason::UnknownFormat);
        }
        self.state.format = format;
        self.out.push(Event::FormatActivated { format });
        Ok(())
    }
}
