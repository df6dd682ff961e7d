//! Registered keys: which texts are public keys, and that they survive like secrets do.

use crate::error::BackofficeError;
use crate::keys::{FIX, KeyKind, NewKey, READ};
use crate::public_key::PublicKey;
use crate::tests::{folder, new_key, open};

/// Keys that OpenSSL made.
const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAdTG3U8OD2t8Uk/USeyCUqTjng4k/sPWcTNunyDSIsGA=
-----END PUBLIC KEY-----
";
const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm5yrF/GhYuWCq1PFBM+q
kEAXIf//DlUJ470cNwMwhrxz+v3BxlsRgXYyZMx730c969f30pjczi8YgpX1xiL8
NFFOmcLd3NHKaPH3B/H1t74NQYXQyJjMdn0eapKZ5Vops1xvbjYXZH3NlgFqo67z
8MlDMH/1a9nG3Sp9mE6dz6Sq3YKukUIvc/2/ExQ8RskmLjXMfmDDcq+75YAisQSk
sqrxj7Nf84g6y9EgkrRC/wLPPeQTAUx5THnHZL29393sRyf2u0Uvq8NtuNPL7IAP
BOYQ7pfgtHzGmHYO6NDSBmo9c4aHNrSwsowO+K8fw8ELHkJanpq8fMrxmvJHZdaC
PwIDAQAB
-----END PUBLIC KEY-----
";
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCmO/n4huL/Mcn75Y5oCmnV/vu+
UimGdABqOMPrjY8FWLWl2JAYoYWd8H0nGXFMRpkhpwwqTEtMNIiLTVAnlbK1/yOO
ux7qq0709BeRjls5RfrQhsaNDi6TVGS9CiWbL2iS+lRMZZfPxUouEUvd8/QY7Dfg
Qodr2Hm2zQE1sQDomwIDAQAB
-----END PUBLIC KEY-----
";
const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBfdRDg5/38l7U3csPJKTwkiC1Kgj
YCJqdPSN/eZdY1xWDw8JuCQY2gvLVSmLLxvFBPVCBhFjvXZ1Jjf42o1vtw==
-----END PUBLIC KEY-----
";

#[tokio::test]
async fn registered_keys_survive_a_restart_beside_those_with_a_secret() {
    let dir = folder();
    let store = open(dir.path()).await;
    let created = store.create(new_key(7)).await.expect("created");
    let mut registered = Vec::new();
    for (kind, pem) in [(KeyKind::Ed25519, ED25519), (KeyKind::Rsa, RSA)] {
        let public = PublicKey::of_kind(kind, pem).expect("a public key");
        let new = NewKey {
            permissions: READ | FIX,
            ..new_key(8)
        };
        let key = store.register(new, public.clone()).await.expect("stored");
        registered.push((key, public));
    }
    store.close().await;
    let store = open(dir.path()).await;
    let hmac = store.find(&created.key).expect("in force");
    assert_eq!(hmac.kind, KeyKind::HmacSha256);
    for (key, public) in &registered {
        let found = store.find(key).expect("in force");
        assert_eq!(
            (found.kind, found.secret.expose()),
            (public.kind, &public.bytes[..])
        );
        assert!(found.may(READ) && found.may(FIX) && !found.may(crate::keys::TRADE));
    }
    let point = registered[0].1.bytes.clone();
    assert_eq!(point.len(), 32);
    assert_eq!((point[0], point[31]), (0x75, 0x60));
}

#[test]
fn only_a_public_key_of_a_usable_kind_and_size_is_taken() {
    let private = ED25519.replace("PUBLIC", "PRIVATE");
    let cut = RSA.replacen("8MlDMH", "8Ml", 1);
    let odd = ED25519.replace("MCow", "MCoW");
    let short = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
    let long = format!("{ED25519}{}", "A".repeat(10_000));
    let wrapped = RSA.replace("PUBLIC KEY", "CERTIFICATE");
    for (text, reason) in [
        (&*private, "private"),
        (RSA_1024, "2048 to 8192"),
        (P256, "neither Ed25519 nor RSA"),
        (&cut, "PEM"),
        (&odd, "DER"),
        (short, "DER"),
        (&long, "longer"),
        (&wrapped, "BEGIN PUBLIC KEY"),
        ("", "PEM"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA", "PEM"),
        ("\u{0}\u{1}", "PEM"),
    ] {
        let error = PublicKey::from_pem(text).expect_err(text);
        assert!(error.to_string().contains(reason), "{error}: {reason}");
    }
    for (kind, text, reason) in [
        (KeyKind::Rsa, ED25519, "RSA was announced"),
        (KeyKind::Ed25519, RSA, "Ed25519 was announced"),
        (KeyKind::HmacSha256, RSA, "no public half"),
    ] {
        let error = PublicKey::of_kind(kind, text).expect_err("refused");
        assert!(matches!(error, BackofficeError::PublicKey { .. }));
        assert!(error.to_string().contains(reason), "{error}: {reason}");
    }
    let pkcs1 = PublicKey::from_pem(RSA).expect("a public key");
    assert_eq!(pkcs1.kind, KeyKind::Rsa);
}

#[test]
fn any_damaged_text_is_refused_and_never_panics() {
    for pem in [ED25519, RSA] {
        let whole = PublicKey::from_pem(pem).expect("a public key");
        for at in 0..pem.len() {
            for byte in [b'A', b'/', b'\n', b'=', b'-'] {
                let mut bytes = pem.as_bytes().to_vec();
                bytes[at] = byte;
                let text = String::from_utf8(bytes).expect("ASCII");
                // A changed digit may be another key of the same form, never a panic.
                if let Ok(read) = PublicKey::from_pem(&text) {
                    assert_eq!(read.kind, whole.kind);
                }
            }
            assert!(PublicKey::from_pem(&pem[..at]).is_err() || at + 1 >= pem.len());
        }
    }
}
