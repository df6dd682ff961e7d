//! Messages out, in one row: answers in the order of their questions, reports in the order
//! of the journal, market data between them.
//!
//! A command's reports come from the account's events, its refusal from its receipt; the
//! two are one row because a receipt names its offset, and events up to there go first.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use ironfix_engine::{Connection, EngineError, OutboundMessage};
use schemas::event::Event;
use schemas::ids::{AccountId, Offset, OrderId, SymbolId};
use schemas::reject::RejectReason;
use schemas::report::UserUpdate;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use crate::call::ANSWER_TIMEOUT;
use crate::error::{self, ApiError};
use crate::fix::account_feed::{AccountFeed, FeedEnd};
use crate::fix::execution::{ReportId, reports};
use crate::fix::logon::Logon;
use crate::fix::market_data::MarketFeeds;
use crate::fix::order_entry::Desk;
use crate::fix::paced::Backlog;
use crate::fix::refusal::{
    Business, amend_rejected, business_reject, cancel_rejected, full_text, order_rejected,
};
use crate::fix::request::Request;
use crate::fix::session::Work;
use crate::fix::{security_list, status};
use crate::submit::{Pending, Receipt};
use crate::wire::order_events::{cancel_refusal, cancelled, order_refusal};

const REVOKED: &str = "the API key was revoked";

/// Commands of the account that may wait behind an answer.
const HELD_MAX: usize = 8_192;

/// Why a session is over.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum End {
    /// The connection is gone.
    #[error("the connection is closed")]
    Closed,
    /// The client is told, by a Logout.
    #[error("{0}")]
    Told(String),
}

impl From<EngineError> for End {
    fn from(_: EngineError) -> End {
        End::Closed
    }
}

impl From<FeedEnd> for End {
    fn from(end: FeedEnd) -> End {
        End::Told(end.to_string())
    }
}

/// One session's way out.
pub struct Responder {
    pub connection: Connection,
    pub desk: Desk,
    pub logon: Arc<Logon>,
    pub work: mpsc::UnboundedReceiver<Work>,
    pub backlog: Arc<Backlog>,
    pub feed: AccountFeed,
    /// The last report that this session was told.
    pub told: ReportId,
    pub markets: MarketFeeds,
    /// What happened while an answer was waited for.
    pub held: VecDeque<Arc<UserUpdate>>,
    /// Open orders of this session, where they end with it.
    pub own: BTreeSet<(SymbolId, OrderId)>,
    /// The newest command of this session whose reports are due, in a session that is told
    /// of no other.
    pub acked: Option<Offset>,
    /// The newest offset that came from the feed.
    pub seen: Option<Offset>,
}

impl Responder {
    /// Answers until the session is over.
    pub async fn run(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    async fn step(&mut self) -> Result<(), End> {
        match self.work.try_recv() {
            Ok(work) => return self.answer_one(work).await,
            Err(TryRecvError::Disconnected) => return Err(End::Closed),
            Err(TryRecvError::Empty) => self.tell_all_held().await?,
        }
        tokio::select! {
            work = self.work.recv() => match work {
                Some(work) => self.answer_one(work).await,
                None => Err(End::Closed),
            },
            update = self.feed.recv() => {
                self.hold(update?);
                self.tell_all_held().await
            }
            messages = self.markets.recv() => self.send_all(messages).await,
            () = self.logon.key.life.over() => Err(End::Told(REVOKED.to_owned())),
            () = self.connection.wait_closed() => Err(End::Closed),
        }
    }

    async fn answer_one(&mut self, work: Work) -> Result<(), End> {
        let answered = self.answer(work).await;
        self.backlog.done();
        answered
    }

    async fn answer(&mut self, work: Work) -> Result<(), End> {
        match work {
            Work::Command {
                request,
                pending,
                traced,
            } => {
                let receipt = self.receipt(pending).await?;
                if let Some(traced) = traced {
                    let told = match &receipt {
                        Ok(receipt) => (200, Some(receipt.offset)),
                        Err(error) => (i64::from(error.code), error.offset),
                    };
                    traced.end_at(format!("FIX {}", request.kind), told);
                }
                self.answer_command(&request, receipt).await
            }
            Work::MassCancel { request, pending } => self.mass_cancel(&request, pending).await,
            Work::Refused { request, error } => self.refuse(&request, &error).await,
            Work::Say(message) => self.send(*message).await,
            Work::End(text) => Err(End::Told(text.to_owned())),
            Work::Ask(request) => {
                let messages = match request.kind.as_str() {
                    "H" => vec![status::answer(&self.desk, &request).await],
                    "V" => self.markets.ask(&self.desk.app, &request),
                    _ => vec![security_list::answer(&self.desk.app, &request)],
                };
                self.send_all(messages).await
            }
        }
    }

    /// Waits for a receipt; what happens meanwhile is kept for its place.
    async fn receipt(&mut self, mut pending: Pending) -> Result<Result<Receipt, ApiError>, End> {
        let deadline = tokio::time::sleep(ANSWER_TIMEOUT);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                biased;
                answer = &mut pending => {
                    return Ok(match answer {
                        Err(_) => Err(error::lost()),
                        Ok(answer) => answer.map_err(ApiError::from),
                    });
                }
                update = self.feed.recv(), if self.held.len() < HELD_MAX => {
                    self.hold(update?);
                }
                () = self.logon.key.life.over() => return Err(End::Told(REVOKED.to_owned())),
                () = &mut deadline => return Ok(Err(error::timeout())),
                () = self.connection.wait_closed() => return Err(End::Closed),
            }
        }
    }

    async fn answer_command(
        &mut self,
        request: &Request,
        receipt: Result<Receipt, ApiError>,
    ) -> Result<(), End> {
        let receipt = match receipt {
            Ok(receipt) => receipt,
            Err(error) => return self.refuse(request, &error).await,
        };
        self.note(&receipt);
        self.tell_through(&receipt).await?;
        let name = request.get(11).unwrap_or_default();
        let mut done = cancelled(&receipt, self.desk.account);
        let done = done.any(|done| done.cancel_client.as_str() == name);
        if let Some(reason) = cancel_refusal(&receipt) {
            let message = match request.kind.as_str() {
                "XAK" => amend_rejected(request, &error::amend_rejected(reason)),
                _ => cancel_rejected(request, &ApiError::from(reason), status_of(reason)),
            };
            self.send(message).await?;
        }
        if let Some(reason) = order_refusal(&receipt) {
            let error = ApiError::from(reason).at(receipt.offset);
            let message = match request.kind.as_str() {
                "G" => cancel_rejected(request, &error, if done { '4' } else { '0' }),
                "F" => cancel_rejected(request, &error, status_of(reason)),
                _ => order_rejected(request, &error, receipt.time),
            };
            self.send(message).await?;
        }
        Ok(())
    }

    async fn mass_cancel(&mut self, request: &Request, pending: Vec<Pending>) -> Result<(), End> {
        let mut cancels = 0;
        let mut refused = None;
        for pending in pending {
            match self.receipt(pending).await? {
                Err(error) => refused = Some(error),
                Ok(receipt) => {
                    self.note(&receipt);
                    self.tell_through(&receipt).await?;
                    cancels += cancelled(&receipt, self.desk.account).count();
                    if let Some(reason) = cancel_refusal(&receipt) {
                        refused = Some(reason.into());
                    }
                }
            }
        }
        if cancels == 0 && refused.is_none() {
            refused = Some(RejectReason::UnknownOrder.into());
        }
        let message = status::mass_cancel_report(request, cancels, refused.as_ref());
        self.send(message).await
    }

    /// The refusal of a message that changed nothing, or of which nothing is known.
    async fn refuse(&mut self, request: &Request, error: &ApiError) -> Result<(), End> {
        let now = self.desk.app.parts.submit.now();
        let is_unknown = matches!(error.code, -1006 | -1007);
        let message = match request.kind.as_str() {
            _ if is_unknown => business_reject(request, Business::NotAvailable, &full_text(error)),
            "D" => order_rejected(request, error, now),
            "XAK" => amend_rejected(request, error),
            "q" => status::mass_cancel_report(request, 0, Some(error)),
            _ => cancel_rejected(request, error, '8'),
        };
        self.send(message).await
    }

    /// Remembers what this session did itself.
    fn note(&mut self, receipt: &Receipt) {
        self.acked = Some(receipt.offset);
        if !self.logon.cancels_on_disconnect {
            return;
        }
        for event in &receipt.events {
            if let Event::OrderAccepted(accepted) = event
                && accepted.account == self.desk.account
            {
                self.own.insert((accepted.symbol, accepted.order));
            }
        }
    }

    /// Everything up to and with a command's own events, which may still be on their way.
    async fn tell_through(&mut self, receipt: &Receipt) -> Result<(), End> {
        let account = self.desk.account;
        let concerned = receipt
            .events
            .iter()
            .any(|event| is_told_to(event, account));
        while concerned && self.seen < Some(receipt.offset) {
            let next = tokio::time::timeout(ANSWER_TIMEOUT, self.feed.recv());
            match next.await {
                Ok(update) => self.hold(update?),
                Err(_) => return Err(End::Told("reports are late".to_owned())),
            }
        }
        self.tell_held(Some(receipt.offset)).await
    }

    fn hold(&mut self, update: Arc<UserUpdate>) {
        self.seen = Some(update.offset);
        self.held.push_back(update);
    }

    /// Cancels what this session left open; nobody waits for the answers.
    pub fn cancel_own(&mut self) {
        for (symbol, order) in std::mem::take(&mut self.own) {
            let command = self.desk.cancel_left(symbol, order);
            if let Err(error) = self.desk.app.parts.submit.submit(command) {
                tracing::warn!(%error, order = order.0, "not cancelled at its session's end");
            }
        }
    }

    /// Everything that is known. A session that is told of its own commands alone waits for
    /// the receipts of those on their way: only they say which events are its own.
    async fn tell_all_held(&mut self) -> Result<(), End> {
        if self.logon.only_acks && !self.backlog.is_empty() {
            return Ok(());
        }
        self.tell_held(None).await
    }

    async fn tell_held(&mut self, through: Option<Offset>) -> Result<(), End> {
        let is_due = |update: &Arc<UserUpdate>| through.is_none_or(|last| update.offset <= last);
        while self.held.front().is_some_and(is_due) {
            if let Some(update) = self.held.pop_front() {
                self.tell(&update).await?;
            }
        }
        Ok(())
    }

    async fn tell(&mut self, update: &UserUpdate) -> Result<(), End> {
        for told in &update.events {
            if let Some(order) = &told.order
                && !order.status.is_open()
            {
                self.own.remove(&(order.symbol, order.order));
            }
        }
        if self.logon.only_acks && self.acked != Some(update.offset) {
            return Ok(());
        }
        let directory = self.desk.app.parts.queries.directory();
        for report in reports(update, &directory) {
            if report.id <= self.told {
                continue;
            }
            self.send(report.message).await?;
            self.told = report.id;
        }
        Ok(())
    }

    async fn send_all(&mut self, messages: Vec<OutboundMessage>) -> Result<(), End> {
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: OutboundMessage) -> Result<(), End> {
        Ok(self.connection.send(message).await?)
    }
}

/// OrdStatus (39) for an order that a cancel did not find.
fn status_of(reason: RejectReason) -> char {
    match reason {
        RejectReason::UnknownOrder | RejectReason::OrderIdMismatch => '8',
        _ => '0',
    }
}

/// Whether the account's events hold this one.
fn is_told_to(event: &Event, account: AccountId) -> bool {
    match event {
        Event::OrderAccepted(order) => order.account == account,
        Event::OrderDone(order) => order.account == account,
        Event::OrderAmended(order) => order.account == account,
        Event::Trade(trade) => [trade.taker_account, trade.maker_account].contains(&account),
        _ => false,
    }
}
