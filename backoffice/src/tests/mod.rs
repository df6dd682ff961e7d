//! Keys over restarts, copies and hands that should not have touched them.

mod public_keys;
mod tampering;

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use schemas::ids::AccountId;
use schemas::units::TimeNs;
use tempfile::TempDir;

use crate::error::BackofficeError;
use crate::keys::{KEY_LENGTH, NewKey, READ, TRADE, WITHDRAW};
use crate::store::{KEYS_FILE, NamedAccount, Store, copy};

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) async fn open(dir: &Path) -> Store {
    Store::open_with(dir, None).await.expect("keys open")
}

pub(crate) fn new_key(account: u32) -> NewKey {
    NewKey {
        account: AccountId(account),
        permissions: READ | TRADE,
        addresses: vec![
            IpAddr::from([127, 0, 0, 1]),
            "::1".parse().expect("an address"),
        ],
        created: TimeNs(account.into()),
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .expect("the file exists")
        .permissions()
        .mode()
        & 0o7777
}

#[tokio::test]
async fn a_key_is_found_with_its_secret_after_a_restart() {
    let dir = folder();
    let store = open(dir.path()).await;
    let created = store.create(new_key(7)).await.expect("created");
    for text in [&created.key, &created.secret] {
        assert_eq!(text.len(), KEY_LENGTH);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
    assert_ne!(created.key, created.secret);
    store.close().await;
    let store = open(dir.path()).await;
    let found = store.find(&created.key).expect("the key is in force");
    assert_eq!(found.secret.expose(), created.secret.as_bytes());
    assert_eq!(found.account, AccountId(7));
    assert_eq!(found.addresses, new_key(7).addresses);
    assert!(found.may(READ) && found.may(TRADE) && !found.may(WITHDRAW));
    assert!(!format!("{found:?} {created:?}").contains(&created.secret));
    let bytes = std::fs::read(dir.path().join(KEYS_FILE)).expect("readable");
    let secret = created.secret.as_bytes();
    assert!(
        !bytes.windows(secret.len()).any(|window| window == secret),
        "no secret in the open"
    );
}

#[tokio::test]
async fn a_revoked_key_is_gone_for_good() {
    let dir = folder();
    let store = open(dir.path()).await;
    let one = store.create(new_key(7)).await.expect("created");
    let other = store.create(new_key(8)).await.expect("created");
    assert_eq!(store.list(None).len(), 2);
    assert!(store.revoke(&one.key, TimeNs(9)).await.expect("revoked"));
    assert!(
        !store
            .revoke(&one.key, TimeNs(9))
            .await
            .expect("nothing to do")
    );
    assert!(store.find(&one.key).is_none());
    store.close().await;
    let store = open(dir.path()).await;
    assert!(store.find(&one.key).is_none());
    assert!(store.find(&other.key).is_some());
    assert!(store.list(Some(AccountId(7))).is_empty());
    store.create(new_key(7)).await.expect("a new row id");
    assert_eq!(store.list(Some(AccountId(7))).len(), 1);
}

#[tokio::test]
async fn names_are_unique_and_survive() {
    let dir = folder();
    let store = open(dir.path()).await;
    let named = |account, name: &str| NamedAccount {
        account: AccountId(account),
        name: name.to_string(),
        created: TimeNs(1),
    };
    store.name_account(named(7, "alice")).await.expect("named");
    store
        .name_account(named(7, "alice"))
        .await
        .expect("the same again");
    let taken = store.name_account(named(8, "alice")).await;
    assert!(matches!(
        taken,
        Err(BackofficeError::NameTaken {
            account: AccountId(7),
            ..
        })
    ));
    store
        .name_account(named(7, "carol"))
        .await
        .expect("renamed");
    store
        .name_account(named(8, "alice"))
        .await
        .expect("free again");
    store.close().await;
    let store = open(dir.path()).await;
    assert_eq!(store.account_named("carol"), Some(AccountId(7)));
    assert_eq!(store.name_of(AccountId(8)).as_deref(), Some("alice"));
    assert_eq!(store.account_named("bob"), None);
    assert_eq!(store.accounts().len(), 2);
}

#[tokio::test]
async fn files_are_their_owners_alone() {
    let dir = folder();
    let store = open(dir.path()).await;
    store.create(new_key(7)).await.expect("created");
    assert_eq!(mode(&dir.path().join("master.key")), 0o600);
    assert_eq!(mode(&dir.path().join(KEYS_FILE)), 0o600);
}

#[tokio::test]
async fn a_copy_of_keys_in_use_opens_under_the_same_master_key() {
    let dir = folder();
    let store = open(dir.path()).await;
    let created = store.create(new_key(7)).await.expect("created");
    let other = folder();
    let target = other.path().join(KEYS_FILE);
    copy(&dir.path().join(KEYS_FILE), &target)
        .await
        .expect("copied");
    assert_eq!(mode(&target), 0o600);
    let missing = Store::open_with(other.path(), None).await;
    assert!(matches!(
        missing,
        Err(BackofficeError::MissingMasterKey { .. })
    ));
    std::fs::copy(
        dir.path().join("master.key"),
        other.path().join("master.key"),
    )
    .expect("copied");
    let restored = open(other.path()).await;
    let found = restored.find(&created.key).expect("the key came along");
    assert_eq!(found.secret.expose(), created.secret.as_bytes());
    let again = copy(&dir.path().join(KEYS_FILE), &target).await;
    assert!(
        matches!(again, Err(BackofficeError::Database { .. })),
        "nothing is overwritten"
    );
}

#[tokio::test]
async fn the_master_key_may_come_as_text() {
    let dir = folder();
    let text = "0123456789abcdef".repeat(4);
    let store = Store::open_with(dir.path(), Some(&text))
        .await
        .expect("opens");
    let created = store.create(new_key(7)).await.expect("created");
    store.close().await;
    assert!(!dir.path().join("master.key").exists());
    let store = Store::open_with(dir.path(), Some(&text))
        .await
        .expect("opens");
    assert!(store.find(&created.key).is_some());
    for wrong in ["", "12", &"g".repeat(64), &"é".repeat(32)] {
        let refused = Store::open_with(dir.path(), Some(wrong)).await;
        assert!(
            matches!(refused, Err(BackofficeError::MasterKeyText { .. })),
            "{wrong}"
        );
    }
}
