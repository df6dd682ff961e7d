//! API keys: stored by `backoffice`, journaled as bindings, shown to the gateway by a port.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use backoffice::error::BackofficeError;
use backoffice::keys::{CreatedKey, NewKey, READ, StoredKey, TRADE};
use backoffice::store::{NamedAccount, Store};
use gateway::queries::{ApiKey, Keys, Secret};
use gateway::submit::Receipt;
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
    /// Read and trade, from anywhere.
    pub fn usual(account: AccountId) -> Grant<'static> {
        let permissions = READ | TRADE;
        Grant {
            account,
            permissions,
            addresses: &[],
        }
    }
}

/// The keys of one node.
pub struct Keyring {
    store: Store,
}

impl Keyring {
    /// Opens `DIR/keys.sqlite`, made at the first start.
    ///
    /// # Errors
    /// One line with the file and what to do.
    pub async fn open(dir: &Path) -> Result<Keyring, Failure> {
        Ok(Keyring {
            store: Store::open(dir).await?,
        })
    }

    /// A new key: stored, then bound in the journal.
    ///
    /// # Errors
    /// [`Refused`] when either fails; a key that is not bound is revoked again.
    pub async fn create(&self, admin: &Admin, grant: Grant<'_>) -> Result<CreatedKey, Refused> {
        let Grant {
            account,
            permissions,
            addresses,
        } = grant;
        let new = NewKey {
            account,
            permissions,
            addresses: addresses.to_vec(),
            created: wall_clock(),
        };
        let created = self.store.create(new).await.map_err(not_stored)?;
        let key = key_id(&created.key)?;
        let bound = admin
            .act(Command::BindKey(BindKeyV1 {
                account,
                permissions,
                key,
            }))
            .await;
        match bound {
            Ok(_) => Ok(created),
            Err(refused) => {
                self.store
                    .revoke(&created.key, wall_clock())
                    .await
                    .map_err(not_stored)?;
                Err(refused)
            }
        }
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
        let stored = self.store.find(key)?;
        Some(Arc::new(ApiKey {
            key: stored.key.clone(),
            account: stored.account,
            secret: Secret::Hmac(stored.secret.expose().to_vec()),
            may_read: stored.may(READ),
            may_trade: stored.may(TRADE),
            addresses: stored.addresses.clone(),
        }))
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
