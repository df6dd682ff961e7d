//! The edge of the public port: TLS with its names and its renewal, slow and oversized
//! heads, and a word on every client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::faults::skipped;
use crate::venue::Start;

/// A self-signed certificate for every name; false without openssl.
fn make(dir: &Path) -> bool {
    let names = "subjectAltName=DNS:exchange.test,DNS:*.exchange.test,IP:127.0.0.1";
    let mut command = Command::new("openssl");
    command.args([
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
    ]);
    command.args(["-subj", "/CN=exchange.test", "-addext", names]);
    command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    command.arg("-keyout").arg(dir.join("key.pem"));
    command.arg("-out").arg(dir.join("chain.pem"));
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The status line of GET `path` at `address` under `name`, if that certificate is shown.
fn get(address: &str, name: &str, path: &str, trusted: &Path) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(trusted).expect("a certificate");
    roots.add(certificate).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let socket = TcpStream::connect(address).expect("connected");
    let mut stream = StreamOwned::new(connection, socket);
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: exchange.test\r\nconnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .map_err(|error| error.to_string())?;
    let mut text = String::new();
    // Whether the end is told properly makes no difference here.
    let _ = stream.read_to_string(&mut text);
    Ok(text)
}

#[test]
fn tls_serves_every_name_beside_the_plain_port_and_follows_a_renewal() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    if !make(dir.path()) {
        return skipped("TLS", "no openssl program");
    }
    let (chain, key) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let start = Start {
        arguments: vec![
            "--tls-cert".to_owned(),
            path(&chain),
            "--tls-key".to_owned(),
            path(&key),
            "--tls-listen".to_owned(),
            "127.0.0.1:0".to_owned(),
        ],
        ..Start::default()
    };
    let node = start.node(&dir.path().join("node"));
    let address = node.ready("tls").expect("ready names the TLS address");
    let before = dir.path().join("before.pem");
    std::fs::copy(&chain, &before).expect("copied");
    for name in ["api", "fapi", "stream", "ws-api"] {
        let name = format!("{name}.exchange.test");
        let text = get(&address, &name, "/api/v3/ping", &before).expect("TLS");
        assert!(text.starts_with("HTTP/1.1 200"), "{name}: {text}");
    }
    let text = get(&address, "exchange.test", "/connect?client=ccxt", &before).expect("TLS");
    assert!(text.contains("https://exchange.test"), "{text}");
    let plain = TcpStream::connect(&node.http).map(|mut socket| {
        socket
            .write_all(b"GET /api/v3/ping HTTP/1.0\r\n\r\n")
            .expect("written");
        let mut text = String::new();
        socket.read_to_string(&mut text).expect("text");
        text
    });
    assert!(plain.expect("connected").contains(" 200 "));
    assert!(make(dir.path()), "renewed");
    let deadline = Instant::now() + Duration::from_secs(60);
    while get(&address, "api.exchange.test", "/api/v3/ping", &chain).is_err() {
        assert!(
            Instant::now() < deadline,
            "the new certificate is not shown"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(get(&address, "api.exchange.test", "/api/v3/ping", &before).is_err());
    assert_eq!(node.terminate().code, Some(0));
    let broken = start
        .arguments
        .iter()
        .map(|word| word.replace("key.pem", "chain.pem"));
    let start = Start {
        arguments: broken.collect(),
        ..Start::default()
    };
    let ended = start.try_node(&dir.path().join("node")).err();
    let ended = ended.expect("the certificate is no key");
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert!(ended.stderr.contains("chain.pem"), "{ended:?}");
}

#[test]
fn slow_heads_are_cut_and_long_ones_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = dir.path().join("daybook.toml");
    std::fs::write(&config, "[limits]\nidle_seconds = 2\n").expect("written");
    let start = Start {
        config: Some(config),
        ..Start::default()
    };
    let node = start.node(&dir.path().join("node"));
    let connect = || {
        let socket = TcpStream::connect(&node.http).expect("connected");
        let patience = Some(Duration::from_secs(60));
        socket.set_read_timeout(patience).expect("set");
        socket
    };
    let read = |mut socket: TcpStream| {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        let _ = socket.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).to_string()
    };
    // One byte at a time never completes a head: the connection is cut all the same.
    let mut slow = connect();
    slow.write_all(b"GET /api/v3/ping HTTP/1.1\r\nx: ")
        .expect("written");
    let mut drip = slow.try_clone().expect("a second handle");
    let dripping = std::thread::spawn(move || {
        while drip.write_all(b"a").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(!read(slow).contains(" 200 "));
    dripping.join().expect("its writes end");
    let silent = connect();
    assert_eq!(read(silent), "", "who says nothing is cut as well");
    let mut long = connect();
    let head = format!(
        "GET /api/v3/ping HTTP/1.1\r\nx: {}\r\n\r\n",
        "a".repeat(100 << 10)
    );
    // The node may close in the middle of our writing.
    let _ = long.write_all(head.as_bytes());
    let answer = read(long);
    assert!(
        answer.is_empty() || answer.contains(" 431 "),
        "{answer:.100}"
    );
    let mut many = connect();
    let head = format!(
        "GET /api/v3/ping HTTP/1.1\r\n{}\r\n",
        "x: y\r\n".repeat(200)
    );
    let _ = many.write_all(head.as_bytes());
    let answer = read(many);
    assert!(
        answer.is_empty() || answer.contains(" 431 "),
        "{answer:.100}"
    );
    let mut good = connect();
    good.write_all(b"GET /api/v3/ping HTTP/1.0\r\n\r\n")
        .expect("written");
    assert!(read(good).contains(" 200 "));
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn compression_is_declined_and_the_socket_works_without() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let mut socket = TcpStream::connect(&node.http).expect("connected");
    let offer = "GET /ws/btcusdt@trade HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n\
                 upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 sec-websocket-extensions: permessage-deflate; server_no_context_takeover; \
                 client_no_context_takeover\r\n\r\n";
    socket.write_all(offer.as_bytes()).expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("an answer");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("ASCII").to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    // A compressed frame (RSV1) was never agreed on: it ends the connection.
    socket
        .write_all(&[0xc1, 0x80, 0, 0, 0, 0])
        .expect("written");
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn the_command_prints_what_the_page_prints() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let printed = node
        .administer(&["connect", "--client", "ccxt"])
        .expect("printed");
    let text = printed["text"].as_str().expect("a text");
    assert!(
        text.contains(&format!("BASE = 'http://{}'", node.http)),
        "{text}"
    );
    let page = ureq::get(format!("http://{}/connect?client=ccxt", node.http)).call();
    let page = page
        .expect("answered")
        .body_mut()
        .read_to_string()
        .expect("text");
    assert_eq!(page, text);
    node.trader("ann", &["USDT=10"]);
    let accounts: Vec<_> = (1..20)
        .filter(|number| {
            node.administer(&["account", "show", &number.to_string()])
                .is_ok()
        })
        .collect();
    let ann = accounts.last().expect("an account").to_string();
    let own = node.administer(&["connect", "--client", "go-binance", "--account", &ann]);
    let own = own.expect("printed")["text"]
        .as_str()
        .expect("a text")
        .to_owned();
    assert!(!own.contains("YOUR_API"), "{own}");
    let unknown = node.administer(&["connect", "--client", "excel"]);
    assert_eq!(unknown.expect_err("refused").code, Some(64));
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_short_load_is_answered_and_its_latencies_are_written_down() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(&dir.path().join("node"));
    let trader = node.trader("ann", &["BTC=100", "USDT=1000000"]);
    let log = dir.path().join("load.hlog");
    let doors = [
        ("rest", &node.http),
        ("socket", &node.http),
        ("fix", &node.fix),
    ];
    for (transport, target) in doors {
        let mut command = Command::new(crate::venue::binary());
        command.args(["load", transport, "--target", target]);
        command.args(["--rate", "50", "--seconds", "2", "--warmup", "0"]);
        command.args(["--connections", "4", "--arrival", "poisson", "--json"]);
        command.arg("--out").arg(&log);
        command
            .env("API_KEY", &trader.key)
            .env("API_SECRET", &trader.secret);
        let facts = crate::venue::run(command).expect("it ran");
        let accepted = facts["accepted"].as_u64();
        assert!(accepted.is_some_and(|count| 50 <= count), "{facts}");
        let others = (&facts["refused"], &facts["broken"]);
        assert_eq!(others, (&0.into(), &0.into()), "{transport}: {facts}");
        assert!(facts["p99_us"].as_f64().is_some_and(|micros| 0.0 < micros));
        let written = std::fs::read_to_string(&log).expect("a log");
        assert!(written.contains("HIST"), "{written:.200}");
        std::fs::remove_file(&log).expect("it is there");
    }
    assert_eq!(node.terminate().code, Some(0));
}
