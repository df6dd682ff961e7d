//! Messages in: each becomes a command on its way, or a question, and waits for its turn.
//!
//! Nothing waits here for an answer, so that a client may send thousands of orders ahead;
//! the responder answers them in their order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ironfix_core::message::RawMessage;
use ironfix_engine::OutboundMessage;
use ironfix_engine::application::{Application, RejectReason, SendVerdict, SessionId};
use ironfix_engine::loss::InboundLoss;
use parking_lot::Mutex;
use schemas::command::Command;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::ApiError;
use crate::fix::dictionary::Message;
use crate::fix::logon::Logon;
use crate::fix::order_entry::Desk;
use crate::fix::paced::Backlog;
use crate::fix::refusal::{Business, business_reject};
use crate::fix::request::Request;
use crate::submit::Pending;
use crate::traces::Traced;

/// Messages of one session in one second; orders have the venue's own limits besides.
const MESSAGES_PER_SECOND_MAX: u32 = 250_000;

/// What the responder has to answer, in order.
pub enum Work {
    /// A command on its way.
    Command {
        request: Request,
        pending: Pending,
        traced: Option<Traced>,
    },
    /// The commands of a mass cancel.
    MassCancel {
        request: Request,
        pending: Vec<Pending>,
    },
    /// Nothing was done.
    Refused { request: Request, error: ApiError },
    /// A question about the present.
    Ask(Request),
    /// An answer that needs nothing more.
    Say(Box<OutboundMessage>),
    /// The session ends with this text.
    End(&'static str),
}

/// One session as the session layer calls it.
pub struct Session {
    desk: Desk,
    logon: Arc<Logon>,
    work: mpsc::UnboundedSender<Work>,
    backlog: Arc<Backlog>,
    second: Mutex<(Instant, u32)>,
}

impl Session {
    /// A session whose messages go to `work`; the backlog bounds what waits there.
    pub fn new(
        desk: Desk,
        logon: Arc<Logon>,
        work: mpsc::UnboundedSender<Work>,
        backlog: Arc<Backlog>,
    ) -> Session {
        Session {
            desk,
            logon,
            work,
            backlog,
            second: Mutex::new((Instant::now(), 0)),
        }
    }

    fn is_too_fast(&self) -> bool {
        let mut second = self.second.lock();
        if second.0.elapsed() >= Duration::from_secs(1) {
            *second = (Instant::now(), 0);
        }
        second.1 += 1;
        second.1 > MESSAGES_PER_SECOND_MAX
    }

    async fn work(&self, request: Request) -> Work {
        let reject = |reason, text| {
            let message = business_reject(&request, reason, text);
            Work::Say(Box::new(message))
        };
        if Message::find(&request.kind).is_none() {
            return reject(Business::UnsupportedType, "Unsupported message type");
        }
        let is_question = matches!(request.kind.as_str(), "H" | "V" | "x");
        if self.logon.is_drop_copy && !is_question {
            return reject(
                Business::NotAuthorized,
                "a drop copy session enters no orders",
            );
        }
        if is_question {
            return Work::Ask(request);
        }
        let traced = Traced::begin(&self.desk.app, None);
        let outcome = match request.kind.as_str() {
            "q" => self.mass_cancel(&request),
            _ => self.command(&request).await,
        };
        match outcome {
            Ok(Sent::One(pending)) => Work::Command {
                request,
                pending,
                traced,
            },
            Ok(Sent::Many(pending)) => Work::MassCancel { request, pending },
            Err(error) => Work::Refused { request, error },
        }
    }

    async fn command(&self, request: &Request) -> Result<Sent, ApiError> {
        let command = self.desk.command(request).await?;
        let command = command.ok_or_else(crate::error::bad_combination)?;
        Ok(Sent::One(self.submit(command)?))
    }

    fn mass_cancel(&self, request: &Request) -> Result<Sent, ApiError> {
        let commands = self.desk.mass_cancel(request)?;
        let pending = commands.into_iter().map(|command| self.submit(command));
        Ok(Sent::Many(pending.collect::<Result<_, _>>()?))
    }

    fn submit(&self, command: Command) -> Result<Pending, ApiError> {
        Ok(self.desk.app.parts.submit.submit(command)?)
    }
}

enum Sent {
    One(Pending),
    Many(Vec<Pending>),
}

#[async_trait]
impl Application for Session {
    async fn on_create(&self, _: &SessionId) {}
    async fn on_logon(&self, _: &SessionId) {}
    async fn on_logout(&self, _: &SessionId) {}

    async fn on_inbound_lost(&self, id: &SessionId, loss: &InboundLoss) {
        tracing::warn!(
            session = %id,
            first = loss.first(),
            last = loss.last(),
            "messages were taken and perhaps not done before the node stopped"
        );
    }

    async fn to_admin(&self, _: &mut OutboundMessage, _: &SessionId) {}

    async fn from_admin(&self, _: &RawMessage<'_>, _: &SessionId) -> Result<(), RejectReason> {
        Ok(())
    }

    async fn to_app(&self, _: &mut OutboundMessage, _: &SessionId) {}

    /// Yesterday's prices help nobody: market data is gap-filled, all else comes again.
    fn to_app_resend<'a>(
        &'a self,
        message: &'a RawMessage<'_>,
        _: &'a SessionId,
    ) -> SendVerdict<'a> {
        let is_stale = matches!(message.msg_type().as_str(), "W" | "X");
        SendVerdict::ready(match is_stale {
            true => Err(RejectReason::new(0, "market data")),
            false => Ok(()),
        })
    }

    async fn from_app(&self, message: &RawMessage<'_>, _: &SessionId) -> Result<(), RejectReason> {
        // Claimed before a command leaves: its events may be seen before its receipt is.
        let claim = self.backlog.claim();
        let work = match self.is_too_fast() {
            true => Work::End("too many messages"),
            false => self.work(Request::read(message)).await,
        };
        // Without a responder the session is ending, and nobody waits for an answer.
        if self.work.send(work).is_ok() {
            claim.hand_over();
        }
        Ok(())
    }
}
