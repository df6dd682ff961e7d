//! A FIX client that says exactly what a test wants, right or wrong, and hears everything.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gateway::call::Parts;
use ironfix_core::types::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::venue::Venue;

const PATIENCE: Duration = Duration::from_secs(20);
/// In a process of its own nothing takes so long but what never comes.
const SOON: Duration = Duration::from_millis(200);

/// A listener over a written venue.
pub struct Server {
    pub venue: Arc<Venue>,
    pub address: SocketAddr,
    pub dir: TempDir,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Server {
        Server::over(Venue::new(), tempfile::tempdir().expect("a folder")).await
    }

    pub async fn over(venue: Arc<Venue>, dir: TempDir) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let parts = Parts {
            submit: venue.clone(),
            queries: venue.clone(),
            keys: venue.clone(),
            sockets: Default::default(),
            traces: None,
        };
        let (stop, stopping) = watch::channel(false);
        let root = dir.path().to_path_buf();
        let task = tokio::spawn(async move {
            gateway::fix::listener::serve(listener, parts, Path::new(&root), stopping).await;
        });
        Server {
            venue,
            address,
            dir,
            stop,
            task,
        }
    }

    /// The same venue and folder, another process.
    pub async fn restart(self) -> Server {
        self.stop.send(true).expect("the listener listens");
        self.task.await.expect("no panic");
        Server::over(self.venue, self.dir).await
    }

    /// A connection that has said nothing.
    pub async fn connect(&self, sender: &str) -> Fix {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        Fix {
            stream,
            inbox: Vec::new(),
            sender: sender.to_owned(),
            next: 1,
        }
    }

    /// Alice's session of that name, numbers from 1.
    pub async fn session(&self, sender: &str) -> Fix {
        let mut fix = self.connect(sender).await;
        fix.logon(&[(141, "Y")]).await;
        fix
    }
}

/// One message, in order.
#[derive(Clone, Debug)]
pub struct Heard(pub Vec<(u32, String)>);

impl Heard {
    pub fn get(&self, tag: u32) -> &str {
        let found = self.0.iter().find(|(other, _)| *other == tag);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub fn number(&self) -> u64 {
        self.get(34).parse().expect("a number")
    }

    /// `35=8 39=0 …` of those tags.
    pub fn show(&self, tags: &[u32]) -> String {
        let shown = tags.iter().map(|tag| format!("{tag}={}", self.get(*tag)));
        shown.collect::<Vec<_>>().join(" ")
    }
}

pub struct Fix {
    stream: TcpStream,
    inbox: Vec<u8>,
    sender: String,
    /// The number of the next message.
    pub next: u64,
}

pub const ALICE_LOGON: [(u32, &str); 4] = [
    (98, "0"),
    (108, "30"),
    (553, "alice"),
    (554, "alice-secret"),
];

pub fn now() -> String {
    Timestamp::now().format_millis().to_string()
}

/// A whole message around a body.
pub fn frame(body: &str) -> Vec<u8> {
    let text = format!("8=FIX.4.4\x019={}\x01{body}", body.len());
    let sum = text.bytes().fold(0_u8, |sum, byte| sum.wrapping_add(byte));
    format!("{text}10={sum:03}\x01").into_bytes()
}

impl Fix {
    /// A message with that number.
    pub fn message(&self, number: u64, kind: &str, fields: &[(u32, &str)]) -> Vec<u8> {
        let mut body = format!(
            "35={kind}\x0149={}\x0156=DAYBOOK\x0134={number}\x0152={}\x01",
            self.sender,
            now()
        );
        for (tag, value) in fields {
            body.push_str(&format!("{tag}={value}\x01"));
        }
        frame(&body)
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it is connected");
    }

    /// As [`Fix::send_bytes`], to who may have hung up already.
    pub async fn try_send_bytes(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes).await);
    }

    pub async fn send(&mut self, kind: &str, fields: &[(u32, &str)]) {
        let bytes = self.message(self.next, kind, fields);
        self.next += 1;
        self.send_bytes(&bytes).await;
    }

    /// Logs on as Alice and gives the answer.
    pub async fn logon(&mut self, extra: &[(u32, &str)]) -> Heard {
        self.send("A", &[&ALICE_LOGON, extra].concat()).await;
        self.expect("A").await
    }

    /// The next message; `None` when the venue hung up.
    pub async fn hear(&mut self) -> Option<Heard> {
        let heard = tokio::time::timeout(PATIENCE, self.read());
        heard.await.expect("something is heard in time")
    }

    async fn read(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.take() {
                return Some(heard);
            }
            match self.stream.read_buf(&mut self.inbox).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self) -> Option<Heard> {
        let at = self
            .inbox
            .windows(4)
            .position(|bytes| bytes == b"\x0110=")?;
        let end = at + 8;
        if self.inbox.len() < end {
            return None;
        }
        let bytes: Vec<u8> = self.inbox.drain(..end).collect();
        let text = String::from_utf8(bytes).expect("ASCII");
        let sum: u32 = text[..at + 1].bytes().map(u32::from).sum();
        assert_eq!(text[at + 4..end - 1], format!("{:03}", sum % 256), "{text}");
        let body = text.find("\x0135=").expect("a type") + 1;
        let length = format!("\x019={}\x01", at + 1 - body);
        assert!(text.contains(&length), "{text}");
        let fields = text.trim_end_matches('\x01').split('\x01');
        let fields = fields.map(|field| {
            let (tag, value) = field.split_once('=').expect("tag=value");
            (tag.parse().expect("a tag"), value.to_owned())
        });
        Some(Heard(fields.collect()))
    }

    /// The next message but heartbeats, which is of that type.
    pub async fn expect(&mut self, kind: &str) -> Heard {
        loop {
            let heard = self.hear().await;
            let heard = heard.unwrap_or_else(|| panic!("{kind} was expected, not the end"));
            if heard.get(35) == "0" && kind != "0" {
                continue;
            }
            assert_eq!(heard.get(35), kind, "{heard:?}");
            return heard;
        }
    }

    /// Whether the session is alive: a TestRequest is answered.
    pub async fn is_alive(&mut self) {
        let mark = format!("alive-{}", self.next);
        self.send("1", &[(112, &mark)]).await;
        loop {
            let heard = self.expect("0").await;
            if heard.get(112) == mark {
                return;
            }
        }
    }

    /// Whether a TestRequest with the next number is answered soon, whatever is told before;
    /// that of a session that is over, asks for other numbers or waits for the rest of what
    /// was said is not.
    pub async fn is_still_alive(&mut self) -> bool {
        let mark = format!("still-{}", self.next);
        let question = self.message(self.next, "1", &[(112, &mark)]);
        self.try_send_bytes(&question).await;
        self.next += 1;
        while let Ok(Some(heard)) = tokio::time::timeout(SOON, self.read()).await {
            match heard.get(35) {
                "0" if heard.get(112) == mark => return true,
                "2" | "5" => return false,
                _ => {}
            }
        }
        false
    }

    /// SenderCompID.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// The end of the connection, past whatever is still said.
    pub async fn expect_end(&mut self) {
        while self.hear().await.is_some() {}
    }

    /// Says goodbye and waits for the answer.
    pub async fn logout(mut self) -> u64 {
        self.send("5", &[]).await;
        self.expect("5").await;
        self.expect_end().await;
        self.next
    }
}
