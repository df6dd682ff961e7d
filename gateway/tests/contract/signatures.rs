//! RSA and Ed25519: published and foreign signatures, and what is none.
//!
//! The Ed25519 logon is the example of Binance's FIX documentation. Binance publishes no key
//! for its RSA example, so that its payloads are signed here with a key of OpenSSL's.

use axum::body::Body;
use axum::http::Request;
use gateway::auth::signature::{logon_payload, sorted_payload, verify};
use gateway::queries::Secret;

use crate::client::Client;
use crate::venue::NOW_MS;

/// The point that belongs to the published private key.
const POINT: &str = "19420abfd752a565c15625e9da6eaf0086fc40c14960183214442c14996a800d";
const LOGON: &str =
    "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==";

const ASCII: &str = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2\
                     &timestamp=1668481559918&recvWindow=5000";
const WIDE: &str = "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=SELL\
                    &type=LIMIT&timeInForce=GTC&quantity=1&price=0.2&timestamp=1668481559918\
                    &recvWindow=5000";
/// The published payloads under the published key; made with Python's cryptography.
const ASCII_ED25519: &str =
    "inDT086KVIP8vgUfw5sV3VTkescWztiAGlf4x8FLKHM4NInsn0c1kYVLoGMO8cyjfR6vmTku2YQE0gtfVVlfCw==";
const WIDE_ED25519: &str =
    "vECjNXSlVOz1DskXXQ866KhikKY8cxajBXKAU0COlYYemqEr45TXiRS/jNB3LyHHh48pu7z2S6pTFhmhWNRBBw==";

const RSA_KEY: &str = "\
MIIBCgKCAQEAm5yrF/GhYuWCq1PFBM+qkEAXIf//DlUJ470cNwMwhrxz+v3BxlsRgXYyZMx730c969f30pjczi8YgpX1xiL8\
NFFOmcLd3NHKaPH3B/H1t74NQYXQyJjMdn0eapKZ5Vops1xvbjYXZH3NlgFqo67z8MlDMH/1a9nG3Sp9mE6dz6Sq3YKukUIv\
c/2/ExQ8RskmLjXMfmDDcq+75YAisQSksqrxj7Nf84g6y9EgkrRC/wLPPeQTAUx5THnHZL29393sRyf2u0Uvq8NtuNPL7IAP\
BOYQ7pfgtHzGmHYO6NDSBmo9c4aHNrSwsowO+K8fw8ELHkJanpq8fMrxmvJHZdaCPwIDAQAB";
const ASCII_RSA: &str = "\
QJY+SlXWlm2IOgzmPFuTBlEntqCOTAFA80YioJZEPUoyNM0WvpuIx/Ma2/RTcGXndMBy9Z6mvZVDSEPWGzEEndeHoaOLzuxf\
v2k93f9zhJH7+nF4R8MfX8jT8zeXuSWqKhfufc98aD9crkciO0zPVwb8ECsDkLz6nwlR2Bc6EIqpGAOUENum/tj+Tl6+HROi\
W+Ddhlyumt0ShafWrz1MFI9TxMj+pjupvYvdQhSFnEHT70mIUPrBOjhuB5jAbQ2n0CwMHFUtYmY8wQfXQLOe69z2avKFwEmY\
iHhc9LowhbMBB4Ip4rdfTG2xk48ssQMbXVaCyxxpGSq60WDPyf0d1Q==";
const WIDE_RSA: &str = "\
bFT6ezOrHNx27WW4/ZfE+I7O/dJr7m2hbvhC3GwY5u8ZIpmgOEMnVe3BGcCpTTHCtJp0tL/NHflOWTjHpLQKY0o8hBUEv/JM\
qLF3wBIrU4UlnejWjjeG7tQ/mBWdu9v7NkxyDCj4WUk7X817Yz9+T1vd+zawgYTAHkwguEG44CriQcu6XBhBLaUay4Efx33J\
ZA0ocvEvidkAG86PB9xUHQLgPopseJwdqg0/o7dHGbrHGDA1G3KEUc91B2+n7S9R/u18Af8EXTM87SbBnt1e/vCXspi0ybud\
schDVu1LChM1hivny05KYk9FykzdCqqb0rIPRSP8uJzVLmuJHFcpoA==";

fn ed25519() -> Secret {
    let pair = |at: usize| u8::from_str_radix(&POINT[at..at + 2], 16).expect("hex");
    Secret::Ed25519((0..POINT.len()).step_by(2).map(pair).collect())
}

fn rsa() -> Secret {
    use base64::Engine;
    let der = base64::engine::general_purpose::STANDARD.decode(RSA_KEY);
    Secret::Rsa(der.expect("base64"))
}

#[test]
fn the_published_fix_logon_verifies() {
    let payload = logon_payload("EXAMPLE", "SPOT", "1", "20240627-11:17:25.223");
    assert!(verify(&ed25519(), &payload, LOGON).is_ok());
    for other in [
        logon_payload("example", "SPOT", "1", "20240627-11:17:25.223"),
        logon_payload("EXAMPLE", "SPOT", "2", "20240627-11:17:25.223"),
        logon_payload("EXAMPLE", "SPOT", "1", "20240627-11:17:25.224"),
    ] {
        assert!(verify(&ed25519(), &other, LOGON).is_err());
    }
}

#[test]
fn foreign_signatures_of_the_published_payloads_verify_under_their_key_only() {
    let rows = [
        (ed25519(), ASCII, ASCII_ED25519),
        (ed25519(), WIDE, WIDE_ED25519),
        (rsa(), ASCII, ASCII_RSA),
        (rsa(), WIDE, WIDE_RSA),
    ];
    for (key, payload, signature) in &rows {
        assert!(verify(key, payload.as_bytes(), signature).is_ok());
        let changed = payload.replace("price=0.2", "price=0.3");
        assert_eq!(code(key, &changed, signature), -1022);
        for (other, _, _) in rows.iter().filter(|(other, _, _)| other != key) {
            assert_eq!(
                code(other, payload, signature),
                -1022,
                "the key of another kind"
            );
        }
        let hmac = Secret::Hmac(b"secret".to_vec());
        assert_eq!(code(&hmac, payload, signature), -1022);
    }
}

#[test]
fn only_the_canonical_text_of_a_signature_is_taken() {
    for (key, text) in [(ed25519(), ASCII_ED25519), (rsa(), ASCII_RSA)] {
        let forms = [
            flip_case(text),
            text.replace('+', "-").replace('/', "_"),
            text.trim_end_matches('=').to_owned(),
            format!("{text}="),
            format!("{text}\n"),
            format!(" {text}"),
            text.replace('+', " "),
            text.replace('A', "%41") + "%",
            "A".repeat(text.len()),
            "=".repeat(88),
            "é".repeat(44),
            "A".repeat(100_000),
            hex(text),
            // The same bytes with other unused bits before the padding.
            text.replace("w==", "x==").replace("Q==", "R=="),
        ];
        assert_ne!(forms.last().map(String::as_str), Some(text));
        for form in forms.into_iter().filter(|form| form != text) {
            assert_eq!(code(&key, ASCII, &form), -1022, "{form:.100}");
        }
        assert_eq!(code(&key, ASCII, ""), -1102);
    }
}

#[test]
fn the_websocket_api_signs_its_parameters_sorted_and_not_encoded() {
    let payload = sorted_payload([
        ("symbol", "１２３４５６"),
        ("timestamp", "1645423376532"),
        ("signature", "x"),
        ("apiKey", "4yNz"),
        ("side", "SELL"),
    ]);
    let expected = "apiKey=4yNz&side=SELL&symbol=１２３４５６&timestamp=1645423376532";
    assert_eq!(payload, expected.as_bytes());
    assert!(sorted_payload([]).is_empty());
}

#[tokio::test]
async fn a_signature_of_base64_travels_percent_encoded() {
    let client = Client::new();
    // The clock stands still, so that the order's signature can be written down. It is that
    // of the published key over exactly this query.
    client.venue.keys.lock()[0].secret = ed25519();
    let query = format!("recvWindow=59995&timestamp={NOW_MS}");
    let encoded = ACCOUNT_ED25519
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    let status = |signature: String| {
        let uri = format!("/api/v3/account?{query}&signature={signature}");
        let request = Request::get(uri).header("X-MBX-APIKEY", "alice");
        let request = request.body(Body::empty()).expect("valid");
        async { client.send(request).await }
    };
    assert_eq!(status(encoded.clone()).await.status, 200);
    assert_eq!(status(encoded.replace("%2F", "%2f")).await.status, 200);
    // In a form a plus is a blank.
    let got = status(ACCOUNT_ED25519.to_owned()).await;
    assert_eq!(got.json()["code"], -1022);
    let hint = got.json()["hint"].as_str().expect("a hint").to_owned();
    assert!(hint.contains("percent-encoded"), "{hint}");
}

/// Of `recvWindow=59995&timestamp=1700000000000`, made with Python's cryptography.
const ACCOUNT_ED25519: &str =
    "u3J9uZTS37PG2f/vVw6oqORsQVsEPVRJnFuktRvS81MnfG0RKXF3AJc/kx+kQErcmWWtmGp9KOmvJLZvmQ3LBw==";

fn code(key: &Secret, payload: &str, signature: &str) -> i32 {
    verify(key, payload.as_bytes(), signature)
        .expect_err("it is refused")
        .code
}

/// The text with the case of its first letter changed.
fn flip_case(text: &str) -> String {
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .expect("a letter");
    let (front, back) = text.split_at(at);
    let (letter, rest) = back.split_at(1);
    let other = if letter.to_uppercase() == letter {
        letter.to_lowercase()
    } else {
        letter.to_uppercase()
    };
    format!("{front}{other}{rest}")
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
