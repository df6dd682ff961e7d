//! Keys and account names: one SQLite file, all of it in memory for reading.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use schemas::ids::AccountId;
use schemas::units::TimeNs;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqlitePool};

use crate::error::BackofficeError;
use crate::keys::{CreatedKey, KeyKind, NewKey, Secret, StoredKey, draw};
use crate::public_key::PublicKey;
use crate::seal::{MASTER_KEY_VARIABLE, MasterKey, OWNER_ONLY};

/// The file in the data directory.
pub const KEYS_FILE: &str = "keys.sqlite";
/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);
/// What `seal_check` holds.
const CHECK: &[u8] = b"daybook seal check";

/// The keys and names of one data directory. Reads are in memory, changes are durable
/// before they are in force.
pub struct Store {
    path: PathBuf,
    pool: SqlitePool,
    master: MasterKey,
    memory: RwLock<Memory>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Memory {
    keys: HashMap<String, Arc<StoredKey>>,
    names: BTreeMap<AccountId, NamedAccount>,
    by_name: HashMap<String, AccountId>,
}

/// An account with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedAccount {
    pub account: AccountId,
    pub name: String,
    pub created: TimeNs,
}

impl Store {
    /// Opens or makes the keys of a data directory, with the master key of the environment
    /// or of the directory.
    ///
    /// # Errors
    /// [`BackofficeError`]: the master key is missing, wrong or open to others, or the file
    /// is damaged.
    pub async fn open(dir: &Path) -> Result<Store, BackofficeError> {
        let text = std::env::var(MASTER_KEY_VARIABLE).ok();
        Store::open_with(dir, text.as_deref()).await
    }

    /// The same with the environment's master key given by the caller.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(dir: &Path, master: Option<&str>) -> Result<Store, BackofficeError> {
        let path = dir.join(KEYS_FILE);
        let master = MasterKey::of(dir, master, &path)?;
        make_private(&path)?;
        let pool = connect(&path, false).await?;
        prepare(&pool, &path).await?;
        check_master(&pool, &path, &master).await?;
        let memory = load(&pool, &path, &master).await?;
        let changing = tokio::sync::Mutex::new(());
        Ok(Store {
            path,
            pool,
            master,
            memory: RwLock::new(memory),
            changing,
        })
    }

    /// The key in force with this public id.
    pub fn find(&self, key: &str) -> Option<Arc<StoredKey>> {
        self.memory.read().keys.get(key).cloned()
    }

    /// The keys in force of one account or of all, oldest first.
    pub fn list(&self, account: Option<AccountId>) -> Vec<Arc<StoredKey>> {
        let memory = self.memory.read();
        let wanted = |key: &&Arc<StoredKey>| account.is_none_or(|account| key.account == account);
        let mut keys: Vec<_> = memory.keys.values().filter(wanted).cloned().collect();
        keys.sort_by(|one, other| (one.created, &one.key).cmp(&(other.created, &other.key)));
        keys
    }

    /// Draws a key and stores it; its secret is told this once.
    ///
    /// # Errors
    /// [`BackofficeError::Database`]: it could not be written; there is no such key.
    pub async fn create(&self, new: NewKey) -> Result<CreatedKey, BackofficeError> {
        let created = CreatedKey {
            key: draw(),
            secret: draw(),
        };
        let secret = Secret(created.secret.clone().into_bytes());
        let stored = stored(&created.key, new, (KeyKind::HmacSha256, secret));
        self.keep(stored).await?;
        Ok(created)
    }

    /// Stores a key whose client keeps the private half, and gives its public id.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub async fn register(
        &self,
        new: NewKey,
        public: PublicKey,
    ) -> Result<String, BackofficeError> {
        let key = draw();
        self.keep(stored(&key, new, (public.kind, Secret(public.bytes))))
            .await?;
        Ok(key)
    }

    async fn keep(&self, stored: StoredKey) -> Result<(), BackofficeError> {
        let _alone = self.changing.lock().await;
        self.insert(&stored)
            .await
            .map_err(BackofficeError::database(&self.path))?;
        let mut memory = self.memory.write();
        memory.keys.insert(stored.key.clone(), Arc::new(stored));
        Ok(())
    }

    async fn insert(&self, key: &StoredKey) -> Result<(), sqlx::Error> {
        let mut step = self.pool.begin().await?;
        let next = "SELECT COALESCE(MAX(id), 0) + 1 FROM keys";
        let id: i64 = sqlx::query_scalar(next).fetch_one(&mut *step).await?;
        let sealed = self.master.seal(key.secret.expose(), &binding(id, key));
        sqlx::query(
            "INSERT INTO keys (id, key, account, kind, permissions, addresses, sealed, created_ns)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(&key.key)
        .bind(i64::from(key.account.0))
        .bind(i64::from(key.kind as u8))
        .bind(i64::from(key.permissions))
        .bind(addresses_text(&key.addresses))
        .bind(sealed)
        .bind(key.created.0 as i64)
        .execute(&mut *step)
        .await?;
        step.commit().await
    }

    /// Ends a key and wipes its secret; false when there is none in force of that name.
    ///
    /// # Errors
    /// [`BackofficeError::Database`]: it could not be written; the key is still in force.
    pub async fn revoke(&self, key: &str, now: TimeNs) -> Result<bool, BackofficeError> {
        let _alone = self.changing.lock().await;
        if self.find(key).is_none() {
            return Ok(false);
        }
        sqlx::query("UPDATE keys SET revoked_ns = ?, sealed = x'' WHERE key = ?")
            .bind(now.0 as i64)
            .bind(key)
            .execute(&self.pool)
            .await
            .map_err(BackofficeError::database(&self.path))?;
        self.memory.write().keys.remove(key);
        Ok(true)
    }

    /// Gives an account a name; the same again changes nothing.
    ///
    /// # Errors
    /// [`BackofficeError::NameTaken`] by another account; [`BackofficeError::Database`].
    pub async fn name_account(&self, named: NamedAccount) -> Result<(), BackofficeError> {
        let _alone = self.changing.lock().await;
        match self.account_named(&named.name) {
            Some(account) if account == named.account => return Ok(()),
            Some(account) => {
                let name = named.name;
                return Err(BackofficeError::NameTaken { name, account });
            }
            None => {}
        }
        sqlx::query(
            "INSERT INTO accounts (account, name, created_ns) VALUES (?, ?, ?)
             ON CONFLICT (account) DO UPDATE SET name = excluded.name",
        )
        .bind(i64::from(named.account.0))
        .bind(&named.name)
        .bind(named.created.0 as i64)
        .execute(&self.pool)
        .await
        .map_err(BackofficeError::database(&self.path))?;
        self.memory.write().name(named);
        Ok(())
    }

    /// Whose name this is.
    pub fn account_named(&self, name: &str) -> Option<AccountId> {
        self.memory.read().by_name.get(name).copied()
    }

    /// The name of an account.
    pub fn name_of(&self, account: AccountId) -> Option<String> {
        self.memory
            .read()
            .names
            .get(&account)
            .map(|named| named.name.clone())
    }

    /// Every account that has a name, by number.
    pub fn accounts(&self) -> Vec<NamedAccount> {
        self.memory.read().names.values().cloned().collect()
    }

    /// Finishes what is under way and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn stored(key: &str, new: NewKey, (kind, secret): (KeyKind, Secret)) -> StoredKey {
    StoredKey {
        key: key.to_owned(),
        account: new.account,
        kind,
        permissions: new.permissions,
        addresses: new.addresses,
        created: new.created,
        secret,
    }
}

impl Memory {
    fn name(&mut self, named: NamedAccount) {
        self.by_name.insert(named.name.clone(), named.account);
        if let Some(before) = self.names.insert(named.account, named) {
            self.by_name.remove(&before.name);
        }
    }
}

/// Copies a key file, in use or not, to a place where none lies; readable by its owner
/// only. It goes with a snapshot, or back; the master key is not in it.
///
/// # Errors
/// [`BackofficeError`] when the source is damaged or the target cannot be written.
pub async fn copy(source: &Path, target: &Path) -> Result<(), BackofficeError> {
    let pool = connect(source, true).await?;
    make_private(target)?;
    let text = target.to_string_lossy().into_owned();
    let copied = sqlx::query("VACUUM INTO ?").bind(text).execute(&pool).await;
    pool.close().await;
    copied
        .map(|_| ())
        .map_err(BackofficeError::database(target))
}

/// SQLite would make a file that others can read.
fn make_private(path: &Path) -> Result<(), BackofficeError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(path);
    file.map(|_| ()).map_err(BackofficeError::io("make", path))
}

async fn connect(path: &Path, read_only: bool) -> Result<SqlitePool, BackofficeError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(read_only)
        .journal_mode(SqliteJournalMode::Delete)
        // Full alone is not enough: after a power cut the removed rollback journal may be back
        // and undo a key that was handed out (found by trial R2b).
        .synchronous(SqliteSynchronous::Extra)
        .busy_timeout(BUSY);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await;
    pool.map_err(damaged(path))
}

fn damaged<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> BackofficeError {
    let path = path.to_path_buf();
    move |error| BackofficeError::Damaged {
        path,
        reason: error.to_string(),
    }
}

/// Looks the pages over and brings the tables up to date.
async fn prepare(pool: &SqlitePool, path: &Path) -> Result<(), BackofficeError> {
    let found = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await;
    let found: String = found.map_err(damaged(path))?;
    if found != "ok" {
        return Err(damaged(path)(found));
    }
    sqlx::migrate!("./sql")
        .run(pool)
        .await
        .map_err(damaged(path))
}

async fn check_master(
    pool: &SqlitePool,
    path: &Path,
    master: &MasterKey,
) -> Result<(), BackofficeError> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM seal_check")
        .fetch_optional(pool)
        .await
        .map_err(damaged(path))?;
    if let Some(sealed) = sealed {
        let opened = master.open(&sealed, CHECK);
        let path = path.to_path_buf();
        return opened
            .map(|_| ())
            .ok_or(BackofficeError::WrongMasterKey { path });
    }
    sqlx::query("INSERT INTO seal_check (id, sealed) VALUES (1, ?)")
        .bind(master.seal(CHECK, CHECK))
        .execute(pool)
        .await
        .map_err(BackofficeError::database(path))?;
    Ok(())
}

async fn load(
    pool: &SqlitePool,
    path: &Path,
    master: &MasterKey,
) -> Result<Memory, BackofficeError> {
    let mut memory = Memory::default();
    let rows = sqlx::query("SELECT * FROM keys WHERE revoked_ns IS NULL ORDER BY id");
    for row in rows.fetch_all(pool).await.map_err(damaged(path))? {
        let public: String = row.try_get("key").map_err(damaged(path))?;
        let key = read_key(&row, master).ok_or_else(|| {
            let (path, key) = (path.to_path_buf(), public.clone());
            BackofficeError::Tampered { path, key }
        })?;
        memory.keys.insert(public, Arc::new(key));
    }
    let rows = sqlx::query_as("SELECT account, name, created_ns FROM accounts");
    let rows: Vec<(u32, String, i64)> = rows.fetch_all(pool).await.map_err(damaged(path))?;
    for (account, name, created) in rows {
        let (account, created) = (AccountId(account), TimeNs(created as u64));
        memory.name(NamedAccount {
            account,
            name,
            created,
        });
    }
    Ok(memory)
}

/// A row whose seal fits all of its other fields.
fn read_key(row: &sqlx::sqlite::SqliteRow, master: &MasterKey) -> Option<StoredKey> {
    let addresses: String = row.try_get("addresses").ok()?;
    let addresses: Result<Vec<IpAddr>, _> = addresses.split_whitespace().map(str::parse).collect();
    let created: i64 = row.try_get("created_ns").ok()?;
    let mut key = StoredKey {
        key: row.try_get("key").ok()?,
        account: AccountId(row.try_get("account").ok()?),
        kind: KeyKind::from_number(row.try_get("kind").ok()?)?,
        permissions: row.try_get("permissions").ok()?,
        addresses: addresses.ok()?,
        created: TimeNs(created as u64),
        secret: Secret(Vec::new()),
    };
    let sealed: Vec<u8> = row.try_get("sealed").ok()?;
    let bound_to = binding(row.try_get("id").ok()?, &key);
    key.secret = Secret(master.open(&sealed, &bound_to)?);
    Some(key)
}

fn addresses_text(addresses: &[IpAddr]) -> String {
    let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    addresses.join(" ")
}

/// What a secret is bound to: its row and everything the row grants.
fn binding(id: i64, key: &StoredKey) -> Vec<u8> {
    let mut bound_to = b"daybook key 1".to_vec();
    bound_to.extend(id.to_le_bytes());
    bound_to.extend(key.account.0.to_le_bytes());
    bound_to.push(key.kind as u8);
    bound_to.extend(key.permissions.to_le_bytes());
    bound_to.extend((key.key.len() as u64).to_le_bytes());
    bound_to.extend(key.key.as_bytes());
    bound_to.extend(addresses_text(&key.addresses).as_bytes());
    bound_to
}
