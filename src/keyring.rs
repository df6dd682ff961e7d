//! API keys: stored by `backoffice`, journaled as bindings, shown to the gateway by a port.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use backoffice::error::BackofficeError;
use backoffice::keys::{
    CreatedKey, FIX, FIX_READ, KeyKind, NewKey, READ, StoredKey, TRADE, WITHDRAW,
};
use backoffice::public_key::PublicKey;
use backoffice::store::{NamedAccount, Store};
use gateway::auth::life::Life;
use gateway::queries::{ApiKey, Keys, Secret};
use gateway::submit::Receipt;
use parking_lot::RwLock;
use schemas::command::{BindKeyV1, Command, UnbindKeyV1};
use schemas::ids::{AccountId, KeyId};

use crate::admin::Admin;
use crate::admin::act::{Refused, refusal, usage};
use crate::failure::{Exit, Failure};
use crate::pipeline::clock::wall_clock;

/// The key file in the data directory.
pub const FILE: &str = "keys.sqlite";
/// The master key beside it.
pub const MASTER_FILE: &str = "master.key";

/// What a new key is for.
pub struct Grant<'a> {
    pub account: AccountId,
    /// Bit set of `backoffice::keys`.
    pub permissions: u32,
    /// Empty = from anywhere.
    pub addresses: &'a [IpAddr],
}

impl Grant<'_> {
    /// Read and trade, by FIX too, from anywhere.
    pub fn usual(account: AccountId) -> Grant<'static> {
        let permissions = READ | TRADE | FIX;
        Grant {
            account,
            permissions,
            addresses: &[],
        }
    }

    fn new_key(&self) -> NewKey {
        NewKey {
            account: self.account,
            permissions: self.permissions,
            addresses: self.addresses.to_vec(),
            created: wall_clock(),
        }
    }
}

/// The keys of one node. A key is shown to the gateway from the moment it is bound in the
/// journal until it is revoked; whoever holds it is told then.
pub struct Keyring {
    store: Store,
    in_force: RwLock<HashMap<String, Arc<ApiKey>>>,
}

impl Keyring {
    /// Opens `DIR/keys.sqlite`, made at the first start.
    ///
    /// # Errors
    /// One line with the file and what to do.
    pub async fn open(dir: &Path) -> Result<Keyring, Failure> {
        let store = Store::open(dir).await?;
        let keys = store.list(None).into_iter();
        let in_force = keys.map(|key| (key.key.clone(), Arc::new(shown(&key))));
        let in_force = RwLock::new(in_force.collect());
        Ok(Keyring { store, in_force })
    }

    /// A new key: stored, then bound in the journal.
    ///
    /// # Errors
    /// [`Refused`] when either fails; a key that is not bound is revoked again.
    pub async fn create(&self, admin: &Admin, grant: Grant<'_>) -> Result<CreatedKey, Refused> {
        let created = self.store.create(grant.new_key()).await;
        let created = created.map_err(not_stored)?;
        self.bind(admin, &created.key).await?;
        Ok(created)
    }

    /// A new key whose client keeps the private half; its public id.
    ///
    /// # Errors
    /// As [`Keyring::create`].
    pub async fn register(
        &self,
        admin: &Admin,
        grant: Grant<'_>,
        public: PublicKey,
    ) -> Result<String, Refused> {
        let key = self.store.register(grant.new_key(), public).await;
        let key = key.map_err(not_stored)?;
        self.bind(admin, &key).await?;
        Ok(key)
    }

    /// Journals a stored key, then puts it in force.
    async fn bind(&self, admin: &Admin, key: &str) -> Result<(), Refused> {
        let stored = self.store.find(key);
        let stored = stored.ok_or_else(|| usage("the key was revoked at once"))?;
        let command = BindKeyV1 {
            account: stored.account,
            permissions: stored.permissions,
            key: key_id(key)?,
        };
        if let Err(refused) = admin.act(Command::BindKey(command)).await {
            let revoked = self.store.revoke(key, wall_clock()).await;
            revoked.map_err(not_stored)?;
            return Err(refused);
        }
        let mut in_force = self.in_force.write();
        in_force.insert(key.to_owned(), Arc::new(shown(&stored)));
        Ok(())
    }

    /// The account's keys.
    ///
    /// # Errors
    /// None today; the reading is in memory.
    pub async fn list(&self, account: AccountId) -> Result<Vec<Arc<StoredKey>>, Refused> {
        Ok(self.store.list(Some(account)))
    }

    /// Stops a key at once, then journals it.
    ///
    /// # Errors
    /// [`Refused`] when the account has no such key.
    pub async fn revoke(
        &self,
        admin: &Admin,
        account: AccountId,
        key: &str,
    ) -> Result<Receipt, Refused> {
        let owned = self
            .store
            .find(key)
            .is_some_and(|stored| stored.account == account);
        if !owned {
            return Err(usage(format!("account {} has no key {key}", account.0)));
        }
        self.store
            .revoke(key, wall_clock())
            .await
            .map_err(not_stored)?;
        if let Some(gone) = self.in_force.write().remove(key) {
            gone.life.end();
        }
        admin
            .act(Command::UnbindKey(UnbindKeyV1 {
                account,
                key: key_id(key)?,
            }))
            .await
    }

    /// Gives an account a name.
    ///
    /// # Errors
    /// [`Refused`] when another account has it.
    pub async fn name(&self, account: AccountId, name: &str) -> Result<(), Refused> {
        let created = wall_clock();
        let named = NamedAccount {
            account,
            name: name.to_string(),
            created,
        };
        self.store.name_account(named).await.map_err(not_stored)
    }

    /// The account's name; empty without one.
    pub fn name_of(&self, account: AccountId) -> String {
        self.store.name_of(account).unwrap_or_default()
    }

    /// Who has that name.
    pub fn named(&self, name: &str) -> Option<AccountId> {
        self.store.account_named(name)
    }
}

impl Keys for Keyring {
    fn find(&self, key: &str) -> Option<Arc<ApiKey>> {
        self.in_force.read().get(key).cloned()
    }
}

/// A stored key as the gateway sees it.
fn shown(stored: &StoredKey) -> ApiKey {
    let secret = stored.secret.expose().to_vec();
    ApiKey {
        key: stored.key.clone(),
        account: stored.account,
        secret: match stored.kind {
            KeyKind::HmacSha256 => Secret::Hmac(secret),
            KeyKind::Ed25519 => Secret::Ed25519(secret),
            KeyKind::Rsa => Secret::Rsa(secret),
        },
        may_read: stored.may(READ),
        may_trade: stored.may(TRADE),
        may_withdraw: stored.may(WITHDRAW),
        may_fix: stored.may(FIX),
        may_fix_read: stored.may(FIX_READ),
        addresses: stored.addresses.iter().map(IpAddr::to_canonical).collect(),
        life: Life::new(),
    }
}

/// Copies a key file, also beside a running node.
///
/// # Errors
/// One line with the file and what to do.
pub async fn copy(source: &Path, target: &Path) -> Result<(), Failure> {
    Ok(backoffice::store::copy(source, target).await?)
}

fn key_id(key: &str) -> Result<KeyId, Refused> {
    KeyId::new(key).ok_or_else(|| usage("the key is longer than 64 bytes"))
}

fn not_stored(error: BackofficeError) -> Refused {
    let status = match error {
        BackofficeError::NameTaken { .. } => StatusCode::CONFLICT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    refusal(status, error.to_string())
}

impl From<BackofficeError> for Failure {
    fn from(error: BackofficeError) -> Failure {
        let exit = match &error {
            BackofficeError::MasterKeyMode { .. } => Exit::Permission,
            BackofficeError::MasterKeyText { .. } => Exit::Config,
            BackofficeError::Database { .. } | BackofficeError::Io { .. } => Exit::Io,
            _ => Exit::Damaged,
        };
        Failure::new(exit, error.to_string())
    }
}
