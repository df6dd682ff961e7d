//! Orders by FIX 4.4, one at a time on each session; the session layer is a library's.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use ironfix_core::message::{MsgType, RawMessage};
use ironfix_core::types::{CompId, Timestamp};
use ironfix_engine::application::{Application, RejectReason, SessionId};
use ironfix_engine::{Connection as FixConnection, Initiator, OutboundMessage, SessionConfig};
use tokio::sync::mpsc;

use crate::load::Orders;
use crate::load::run::{Connection, Outcome};

/// TargetCompID of every node.
const VENUE: &str = "DAYBOOK";
const VERSION: &str = "FIX.4.4";

/// One session, which asks one thing at a time.
pub struct Fix {
    connection: FixConnection,
    answers: mpsc::UnboundedReceiver<Answer>,
    orders: Orders,
}

/// What the first report about an order says.
struct Answer {
    client_order: Vec<u8>,
    outcome: Outcome,
}

/// Proves who logs on, and hears reports.
struct Listener {
    key: String,
    secret: String,
    answers: mpsc::UnboundedSender<Answer>,
}

impl Fix {
    /// Logs on as session number `number` of its key, and starts its numbers again.
    ///
    /// # Errors
    /// Nobody speaks FIX there, or the logon is refused.
    pub async fn open(host: &str, number: u32, orders: &Orders) -> Result<Fix> {
        let sender = CompId::new(&format!("LOAD{number}")).context("a name")?;
        let venue = CompId::new(VENUE).context("a name")?;
        let config = SessionConfig::new(sender, venue, VERSION).with_reset_on_logon(true);
        let (told, answers) = mpsc::unbounded_channel();
        let listener = Listener {
            key: orders.key.clone(),
            secret: orders.secret.clone(),
            answers: told,
        };
        let connection = Initiator::new(config, Arc::new(listener))
            .with_connect_timeout(Duration::from_secs(10))
            .connect(host)
            .await
            .with_context(|| format!("logging on at {host}"))?;
        Ok(Fix {
            connection,
            answers,
            orders: orders.clone(),
        })
    }

    fn order(&self, index: u64) -> (OutboundMessage, String) {
        let side = self.orders.side(index);
        let name = Orders::name(index);
        let mut order = self.connection.acquire(MsgType::NewOrderSingle);
        order
            .push_str(11, &name)
            .push_str(55, &self.orders.symbol)
            .push_char(54, if side.is_buy { '1' } else { '2' })
            .push_str(38, &self.orders.qty)
            .push_char(40, '2')
            .push_str(44, side.price)
            .push_char(59, '3')
            .push_str(60, Timestamp::now().format_millis().as_str());
        (order, name)
    }
}

impl Connection for Fix {
    async fn send(&mut self, index: u64) -> Result<Outcome> {
        let (order, name) = self.order(index);
        self.connection.send(order).await?;
        loop {
            let answer = self.answers.recv().await;
            let answer = answer.context("the session was closed")?;
            if answer.client_order == name.as_bytes() {
                return Ok(answer.outcome);
            }
        }
    }
}

#[async_trait]
impl Application for Listener {
    async fn on_create(&self, _: &SessionId) {}
    async fn on_logon(&self, _: &SessionId) {}
    async fn on_logout(&self, _: &SessionId) {}

    async fn to_admin(&self, message: &mut OutboundMessage, _: &SessionId) {
        if *message.msg_type() == MsgType::Logon {
            message
                .push_str(553, &self.key)
                .push_str(554, &self.secret)
                // ResponseMode: reports of this session's own orders alone.
                .push_char(25036, '2');
        }
    }

    async fn from_admin(&self, _: &RawMessage<'_>, _: &SessionId) -> Result<(), RejectReason> {
        Ok(())
    }

    async fn to_app(&self, _: &mut OutboundMessage, _: &SessionId) {}

    async fn from_app(&self, message: &RawMessage<'_>, _: &SessionId) -> Result<(), RejectReason> {
        let get = |tag: u32| {
            let mut fields = message.fields();
            fields
                .find(|field| field.tag == tag)
                .map(|field| field.value)
        };
        let (reference, outcome) = match (message.msg_type().as_str(), get(150)) {
            ("8", Some(b"8")) => (get(11), Outcome::Refused),
            ("8", _) => (get(11), Outcome::Accepted),
            ("j", _) => (get(379), Outcome::Refused),
            _ => return Ok(()),
        };
        let answer = Answer {
            client_order: reference.unwrap_or_default().to_vec(),
            outcome,
        };
        // Nobody listens any more when the run is over.
        drop(self.answers.send(answer));
        Ok(())
    }
}
