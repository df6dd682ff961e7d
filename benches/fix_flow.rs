//! What only the FIX measurement needs of the tests' FIX client: orders sent without
//! waiting, and reports counted.

use std::net::TcpStream;
use std::time::Duration;

use crate::venue::fix::Fix;

impl Fix {
    /// An order that trades at once or ends, as bytes to be sent under the next number.
    pub fn immediate(&mut self, side: &str, (qty, price): (&str, &str), name: &str) -> Vec<u8> {
        let side = if side == "BUY" { "1" } else { "2" };
        let fields = [
            (11, name),
            (55, "BTCUSDT"),
            (54, side),
            (38, qty),
            (40, "2"),
        ];
        let more = [(44, price), (59, "3")];
        let bytes = self.frame(self.numbers.next, "D", &[&fields[..], &more].concat());
        self.numbers.next += 1;
        bytes
    }

    /// The way out, for a thread of its own.
    pub fn writer(&self) -> TcpStream {
        self.stream.try_clone().expect("a descriptor")
    }

    /// Hears until so many reports of that ExecType came, or nothing comes any more.
    pub fn count_reports(&mut self, exec_type: &str, wanted: usize) -> usize {
        let mut count = 0;
        while count < wanted {
            match self.hear(Duration::from_secs(20)) {
                None => break,
                Some(message) => count += usize::from(message.get(150) == exec_type),
            }
        }
        count
    }
}
