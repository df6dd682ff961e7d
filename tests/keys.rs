//! Keys against a real node: every kind of signature, permissions, addresses, revocation.
//!
//! The signatures come from the `openssl` program, as a client's would.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::faults::skipped;
use crate::venue::client::{Answer, Client, now_millis};
use crate::venue::{Node, Start, Trader};

/// One key pair on disk.
struct Pair {
    kind: &'static str,
    private: PathBuf,
    public: PathBuf,
}

/// A key pair of each kind; `None` without openssl.
fn pairs(dir: &Path) -> Option<Vec<Pair>> {
    let mut pairs = Vec::new();
    for (kind, arguments) in [
        ("ed25519", &["-algorithm", "ed25519"][..]),
        (
            "rsa",
            &["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        ),
    ] {
        let private = dir.join(format!("{kind}.pem"));
        let public = dir.join(format!("{kind}.pub"));
        let mut make = Command::new("openssl");
        make.arg("genpkey").args(arguments);
        let made = quiet(make.arg("-out").arg(&private))?;
        let mut print = Command::new("openssl");
        print.args(["pkey", "-pubout", "-in"]).arg(&private);
        let printed = quiet(print.arg("-out").arg(&public))?;
        assert!(made && printed, "openssl makes a {kind} key");
        pairs.push(Pair {
            kind,
            private,
            public,
        });
    }
    Some(pairs)
}

/// Whether it ended well; `None` when it is not installed.
fn quiet(command: &mut Command) -> Option<bool> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.ok().map(|status| status.success())
}

/// The signature of a payload in base64, percent-encoded, by openssl.
fn sign(pair: &Pair, payload: &str, dir: &Path) -> String {
    let file = dir.join("payload");
    std::fs::write(&file, payload).expect("written");
    let mut command = Command::new("openssl");
    if pair.kind == "rsa" {
        command
            .args(["dgst", "-sha256", "-sign"])
            .arg(&pair.private);
        command.arg(&file);
    } else {
        command.args(["pkeyutl", "-sign", "-rawin", "-inkey"]);
        command.arg(&pair.private).arg("-in").arg(&file);
    }
    let raw = command.output().expect("openssl runs").stdout;
    let mut encode = Command::new("openssl")
        .args(["enc", "-base64", "-A"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    let mut stdin = encode.stdin.take().expect("a pipe");
    stdin.write_all(&raw).expect("written");
    drop(stdin);
    let text = encode.wait_with_output().expect("openssl ends").stdout;
    let text = String::from_utf8(text).expect("base64");
    text.trim()
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

/// `daybook key create ACCOUNT WORDS`.
fn create(node: &Node, account: &str, words: &[&str]) -> Value {
    let mut arguments = vec!["key", "create", account];
    arguments.extend(words);
    node.administer(&arguments).expect("the key is created")
}

fn account(node: &Node, name: &str) -> (String, Trader) {
    let created = node.administer(&["account", "create", name, "--deposit", "USDT=1000"]);
    let created = created.expect("the account is created");
    let text = |name: &str| created[name].as_str().expect("a text").to_owned();
    let trader = Trader {
        key: text("api_key"),
        secret: text("api_secret"),
    };
    (created["account"].to_string(), trader)
}

const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=40000";

#[test]
fn ed25519_and_rsa_keys_trade_like_any_other() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let Some(pairs) = pairs(dir.path()) else {
        return skipped("keys of Ed25519 and RSA", "no openssl program");
    };
    let node = Start::default().node(&dir.path().join("node"));
    let (number, own) = account(&node, "ann");
    for pair in &pairs {
        let public = pair.public.to_str().expect("UTF-8");
        let made = create(
            &node,
            &number,
            &["--type", pair.kind, "--public-key", public],
        );
        assert!(made.get("api_secret").is_none(), "{made}");
        let trader = Trader {
            key: made["api_key"].as_str().expect("a key").to_owned(),
            secret: String::new(),
        };
        let client = Client::new(&node.http, &trader);
        let send = |signer: &Pair, change: &str| -> Answer {
            let payload = format!("{ORDER}&timestamp={}", now_millis());
            let signature = sign(signer, &payload, dir.path());
            let (query, body) = payload.split_at(payload.find("&price").expect("there"));
            let body = format!("{}&signature={signature}{change}", &body[1..]);
            let query = format!("/api/v3/order?{query}");
            // Query and body are joined without a separator, so that it is part of one.
            let body = format!("&{body}");
            client.raw("POST", &query, &body).expect("answered")
        };
        let placed = send(pair, "");
        assert_eq!(placed.status, 200, "{}: {placed:?}", pair.kind);
        let other = pairs.iter().find(|other| other.kind != pair.kind);
        let foreign = send(other.expect("two pairs"), "");
        assert_eq!(foreign.body["code"], -1022, "{foreign:?}");
        let longer = send(pair, "%0A");
        assert_eq!(longer.body["code"], -1022, "{longer:?}");
    }
    let listed = node.administer(&["key", "list", &number]).expect("listed");
    let kinds: Vec<_> = listed.as_array().expect("rows").iter().collect();
    let kinds: Vec<_> = kinds.iter().map(|key| key["type"].as_str()).collect();
    assert_eq!(kinds, [Some("hmac"), Some("ed25519"), Some("rsa")]);
    let private = pairs[0].private.to_str().expect("UTF-8");
    let refused = node.administer(&["key", "create", &number, "--public-key", private]);
    let refused = refused.expect_err("a private key is refused");
    assert_eq!(refused.code, Some(64), "{refused:?}");
    assert!(refused.stderr.contains("private"), "{refused:?}");
    let client = Client::new(&node.http, &own);
    let open = client.signed("GET", "/api/v3/openOrders", &[]);
    let open = open.expect("answered").body;
    assert_eq!(open.as_array().expect("orders").len(), 2, "{open}");
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn permissions_and_addresses_bind_and_a_revoked_key_is_gone_at_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let (number, _) = account(&node, "ann");
    let trader = |words: &[&str]| {
        let made = create(&node, &number, words);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        Trader {
            key: text("api_key"),
            secret: text("api_secret"),
        }
    };
    let ask = |trader: &Trader, method: &str, path: &str| {
        let client = Client::new(&node.http, trader);
        let answer = client.signed(method, path, &[("symbol", "BTCUSDT")]);
        let answer = answer.expect("answered");
        (answer.status, answer.body["code"].as_i64())
    };
    let (read, trade) = ("/api/v3/openOrders", "/api/v3/order");
    let reader = trader(&["--permissions", "read"]);
    assert_eq!(ask(&reader, "GET", read).0, 200);
    assert_eq!(ask(&reader, "POST", trade), (401, Some(-2015)));
    let placer = trader(&["--permissions", "trade"]);
    assert_eq!(ask(&placer, "GET", read), (401, Some(-2015)));
    assert_eq!(ask(&placer, "POST", trade), (400, Some(-1102)));
    let elsewhere = trader(&["--ip", "10.1.2.3"]);
    assert_eq!(ask(&elsewhere, "GET", read), (401, Some(-2015)));
    let here = trader(&["--ip", "10.1.2.3", "--ip", "127.0.0.1"]);
    assert_eq!(ask(&here, "GET", read).0, 200);
    let unknown = node.administer(&["key", "create", &number, "--permissions", "read,fly"]);
    assert_eq!(unknown.expect_err("no such permission").code, Some(64));

    let client = Client::new(&node.http, &here);
    assert_eq!(
        client.signed("GET", read, &[]).expect("answered").status,
        200
    );
    let revoke = ["key", "revoke", &number, &here.key];
    node.administer(&revoke).expect("revoked");
    // The same connection, the next request.
    let answer = client.signed("GET", read, &[]).expect("answered");
    assert_eq!(answer.body["code"], -2015, "{answer:?}");
    assert!(
        node.administer(&revoke).is_err(),
        "there is no such key any more"
    );
    assert_eq!(node.terminate().code, Some(0));
    let again = Start::default().node(dir.path());
    let client = Client::new(&again.http, &here);
    let answer = client.signed("GET", read, &[]).expect("answered");
    assert_eq!(answer.body["code"], -2015, "{answer:?}");
    let client = Client::new(&again.http, &reader);
    assert_eq!(
        client.signed("GET", read, &[]).expect("answered").status,
        200
    );
    assert_eq!(again.terminate().code, Some(0));
}
