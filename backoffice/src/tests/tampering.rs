//! What a wrong key, a wrong mode or a changed byte is answered with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::error::BackofficeError;
use crate::seal::MasterKey;
use crate::store::{KEYS_FILE, Store};
use crate::tests::{folder, new_key, open};

async fn change(dir: &Path, statement: &'static str) {
    let options = SqliteConnectOptions::new().filename(dir.join(KEYS_FILE));
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .expect("opens");
    let changed = sqlx::query(statement)
        .execute(&mut connection)
        .await
        .expect("changed");
    assert!(0 < changed.rows_affected(), "{statement}");
    connection.close().await.expect("closed");
}

async fn refusal(dir: &Path) -> BackofficeError {
    Store::open_with(dir, None)
        .await
        .err()
        .expect("it is refused")
}

#[tokio::test]
async fn every_field_of_a_row_is_under_its_seal() {
    for statement in [
        "UPDATE keys SET account = 9 WHERE id = 1",
        "UPDATE keys SET permissions = 7 WHERE id = 1",
        "UPDATE keys SET addresses = '' WHERE id = 1",
        "UPDATE keys SET key = 'another' WHERE id = 1",
        "UPDATE keys SET id = 5 WHERE id = 1",
        "UPDATE keys SET kind = 2 WHERE id = 1",
        "UPDATE keys SET sealed = (SELECT sealed FROM keys WHERE id = 2) WHERE id = 1",
        "UPDATE keys SET sealed = x'00' WHERE id = 1",
    ] {
        let dir = folder();
        let store = open(dir.path()).await;
        store.create(new_key(7)).await.expect("created");
        store.create(new_key(7)).await.expect("created");
        store.close().await;
        change(dir.path(), statement).await;
        let error = refusal(dir.path()).await;
        assert!(
            matches!(error, BackofficeError::Tampered { .. }),
            "{statement}: {error}"
        );
    }
}

#[tokio::test]
async fn a_wrong_master_key_is_told_from_damage() {
    let dir = folder();
    let store = open(dir.path()).await;
    store.create(new_key(7)).await.expect("created");
    store.close().await;
    let master = dir.path().join("master.key");
    let mut bytes = std::fs::read(&master).expect("readable");
    bytes[0] ^= 1;
    std::fs::write(&master, &bytes).expect("writable");
    let error = refusal(dir.path()).await;
    assert!(
        matches!(error, BackofficeError::WrongMasterKey { .. }),
        "{error}"
    );
    std::fs::write(&master, &bytes[1..]).expect("writable");
    let error = refusal(dir.path()).await;
    assert!(
        matches!(error, BackofficeError::MasterKeyLength { found: 31, .. }),
        "{error}"
    );
    std::fs::remove_file(&master).expect("removed");
    let error = refusal(dir.path()).await;
    assert!(
        matches!(error, BackofficeError::MissingMasterKey { .. }),
        "{error}"
    );
    assert!(!master.exists(), "no new key is made over sealed secrets");
}

#[tokio::test]
async fn a_master_key_open_to_others_is_refused() {
    let dir = folder();
    open(dir.path()).await.close().await;
    for mode in [0o640, 0o604, 0o660] {
        let permissions = std::fs::Permissions::from_mode(mode);
        let master = dir.path().join("master.key");
        std::fs::set_permissions(&master, permissions).expect("mode set");
        let error = refusal(dir.path()).await;
        assert!(matches!(error, BackofficeError::MasterKeyMode { mode: m, .. } if m == mode));
        assert!(error.to_string().contains("0600"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let dir = folder();
    let store = open(dir.path()).await;
    store.create(new_key(7)).await.expect("created");
    store.close().await;
    let path = dir.path().join(KEYS_FILE);
    let mut bytes = std::fs::read(&path).expect("readable");
    bytes[..64].fill(0x55);
    std::fs::write(&path, &bytes).expect("writable");
    let error = refusal(dir.path()).await;
    assert!(matches!(error, BackofficeError::Damaged { .. }), "{error}");
}

#[test]
fn any_flipped_bit_keeps_a_secret_shut() {
    let master = MasterKey::new(&[7; 32]);
    let sealed = master.seal(b"secret", b"row 1");
    assert_eq!(
        master.open(&sealed, b"row 1").as_deref(),
        Some(&b"secret"[..])
    );
    assert_eq!(master.open(&sealed, b"row 2"), None);
    assert_eq!(MasterKey::new(&[8; 32]).open(&sealed, b"row 1"), None);
    assert_ne!(
        master.seal(b"secret", b"row 1"),
        sealed,
        "a nonce is never used twice"
    );
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(master.open(&flipped, b"row 1"), None, "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert_eq!(master.open(&sealed[..length], b"row 1"), None);
    }
}
