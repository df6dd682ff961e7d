//! A small FIX 4.4 initiator, written from the standard: it keeps its numbers, asks for what
//! it missed and notes whether a message may be a repetition.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::venue::Trader;

/// One message, in order.
#[derive(Clone, Debug)]
pub struct Message(pub Vec<(u32, String)>);

impl Message {
    pub fn get(&self, tag: u32) -> &str {
        let found = self.0.iter().find(|(other, _)| *other == tag);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub fn kind(&self) -> &str {
        self.get(35)
    }

    pub fn number(&self) -> u64 {
        self.get(34).parse().expect("a number")
    }

    pub fn is_repetition(&self) -> bool {
        self.get(43) == "Y"
    }
}

/// What an initiator keeps between connections.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// The next number that it sends, and the next that it expects.
    pub next: u64,
    pub expected: u64,
}

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers {
            next: 1,
            expected: 1,
        }
    }
}

pub struct Fix {
    pub stream: TcpStream,
    inbox: Vec<u8>,
    /// So much of the inbox was read.
    taken: usize,
    name: String,
    pub numbers: Numbers,
    /// Whether a resend was asked for and is not over.
    is_asking: bool,
}

impl Fix {
    /// Connects and logs on; goes on with `numbers`.
    pub fn logon(
        address: &str,
        trader: &Trader,
        (name, numbers): (&str, Numbers),
        extra: &[(u32, &str)],
    ) -> Fix {
        let stream = TcpStream::connect(address).expect("FIX listens");
        stream.set_nodelay(true).expect("a TCP option");
        let mut fix = Fix {
            stream,
            inbox: Vec::new(),
            taken: 0,
            name: name.to_owned(),
            numbers,
            is_asking: false,
        };
        let (key, secret) = (trader.key.as_str(), trader.secret.as_str());
        let fields = [(98, "0"), (108, "30"), (553, key), (554, secret)];
        fix.send("A", &[&fields, extra].concat());
        fix
    }

    /// A message under the next number.
    pub fn send(&mut self, kind: &str, fields: &[(u32, &str)]) {
        let bytes = self.frame(self.numbers.next, kind, fields);
        self.numbers.next += 1;
        // A node that was killed hears nothing; the test looks at what it says.
        drop(self.stream.write_all(&bytes));
    }

    /// A limit order good till cancelled on BTCUSDT.
    pub fn limit(&mut self, side: &str, (qty, price): (&str, &str), name: &str) {
        let side = if side == "BUY" { "1" } else { "2" };
        let fields = [
            (11, name),
            (55, "BTCUSDT"),
            (54, side),
            (38, qty),
            (40, "2"),
        ];
        let more = [(44, price), (59, "1"), (60, "20260101-00:00:00")];
        self.send("D", &[&fields[..], &more].concat());
    }

    /// A message of that number and type, whole.
    pub fn frame(&self, number: u64, kind: &str, fields: &[(u32, &str)]) -> Vec<u8> {
        let mut body = format!(
            "35={kind}\x0149={}\x0156=DAYBOOK\x0134={number}\x0152={}\x01",
            self.name,
            now()
        );
        for (tag, value) in fields {
            body.push_str(&format!("{tag}={value}\x01"));
        }
        let text = format!("8=FIX.4.4\x019={}\x01{body}", body.len());
        let sum = text.bytes().fold(0_u8, |sum, byte| sum.wrapping_add(byte));
        format!("{text}10={sum:03}\x01").into_bytes()
    }

    /// The next application message or logon in the row, within `patience`. Gaps are asked
    /// for, gap fills followed, questions answered.
    pub fn hear(&mut self, patience: Duration) -> Option<Message> {
        let deadline = Instant::now() + patience;
        loop {
            let message = self.read(deadline)?;
            let number = message.number();
            if message.kind() == "4" {
                self.numbers.expected = message.get(36).parse().expect("a number");
                continue;
            }
            if number > self.numbers.expected {
                if !self.is_asking {
                    self.is_asking = true;
                    let from = self.numbers.expected.to_string();
                    self.send("2", &[(7, &from), (16, "0")]);
                }
                // It comes again, in its place.
                continue;
            }
            if number < self.numbers.expected {
                assert!(message.is_repetition(), "a low number: {message:?}");
                continue;
            }
            self.is_asking = self.is_asking && message.is_repetition();
            self.numbers.expected = number + 1;
            match message.kind() {
                "0" => {}
                "1" => {
                    let mark = message.get(112).to_owned();
                    self.send("0", &[(112, &mark)]);
                }
                "2" => {
                    // Nothing of ours is sent twice: a gap fill up to now.
                    let from = message.get(7).parse().expect("a number");
                    let to = self.numbers.next.to_string();
                    let fields = [(43, "Y"), (123, "Y"), (36, to.as_str())];
                    let fill = self.frame(from, "4", &fields);
                    drop(self.stream.write_all(&fill));
                }
                _ => return Some(message),
            }
        }
    }

    /// As [`Fix::hear`], and it has to be of that type.
    pub fn expect(&mut self, kind: &str) -> Message {
        let message = self.hear(Duration::from_secs(20));
        let message = message.unwrap_or_else(|| panic!("{kind} was expected, not silence"));
        assert_eq!(message.kind(), kind, "{message:?}");
        message
    }

    /// The next report of that ExecType about that order.
    pub fn report(&mut self, exec_type: &str, name: &str) -> Message {
        loop {
            let message = self.expect("8");
            if message.get(150) == exec_type && message.get(11) == name {
                return message;
            }
        }
    }

    fn read(&mut self, deadline: Instant) -> Option<Message> {
        loop {
            if let Some(message) = self.take() {
                return Some(message);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            self.stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))
                .expect("a TCP option");
            let mut bytes = [0; 16_384];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.inbox.extend_from_slice(&bytes[..length]),
            }
        }
    }

    fn take(&mut self) -> Option<Message> {
        let rest = &self.inbox[self.taken..];
        let at = rest.windows(4).position(|bytes| bytes == b"\x0110=");
        let Some(bytes) = at.and_then(|at| rest.get(..at + 8)) else {
            self.inbox.drain(..self.taken);
            self.taken = 0;
            return None;
        };
        self.taken += bytes.len();
        let text = String::from_utf8(bytes.to_vec()).expect("ASCII");
        let fields = text.trim_end_matches('\x01').split('\x01');
        let fields = fields.map(|field| {
            let (tag, value) = field.split_once('=').expect("tag=value");
            (tag.parse().expect("a tag"), value.to_owned())
        });
        Some(Message(fields.collect()))
    }

    /// Says goodbye and gives the numbers for the next time.
    pub fn logout(mut self) -> Numbers {
        self.send("5", &[]);
        loop {
            if self.expect_any().kind() == "5" {
                return self.numbers;
            }
        }
    }

    fn expect_any(&mut self) -> Message {
        self.hear(Duration::from_secs(20)).expect("an answer")
    }
}

/// UTC as FIX writes it.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.expect("after 1970");
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days as i64);
    format!(
        "{year:04}{month:02}{day:02}-{:02}:{:02}:{:02}.{:03}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
        since.subsec_millis()
    )
}

/// The calendar day that many days after 1970-01-01, by counting.
fn date(mut days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let february = 28 + i64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as i64 + 1, days + 1)
}
