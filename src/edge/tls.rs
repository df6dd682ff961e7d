//! The certificate of the public port, read from PEM files and read again when they change.
//!
//! Every name is answered with the same certificate: what `api.`, `fapi.`, `stream.` and
//! the bare name need is one certificate for all of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::failure::{Exit, Failure};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Where certificate chain and private key lie, both PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What handshakes are answered with.
pub struct Certificates {
    config: RwLock<Arc<ServerConfig>>,
}

impl Certificates {
    /// Reads the files and follows them; needs a tokio runtime.
    ///
    /// # Errors
    /// [`Exit::Config`] with the file that is missing, unreadable or does not fit.
    pub fn watch(files: Files) -> Result<Arc<Certificates>, Failure> {
        let mut seen = files.changed();
        let certificates = Arc::new(Certificates {
            config: RwLock::new(Arc::new(files.read()?)),
        });
        let weak = Arc::downgrade(&certificates);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(certificates) = weak.upgrade() else {
                    return;
                };
                let now = files.changed();
                if now == seen {
                    continue;
                }
                seen = now;
                match files.read() {
                    Ok(config) => *certificates.config.write() = Arc::new(config),
                    Err(failure) => tracing::error!(%failure, "the certificate stays as it was"),
                }
            }
        });
        Ok(certificates)
    }

    /// For one handshake.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read()))
    }
}

impl Files {
    fn read(&self) -> Result<ServerConfig, Failure> {
        let refuse = |path: &Path, reason: &dyn std::fmt::Display| {
            Failure::new(Exit::Config, format!("{}: {reason}", path.display()))
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| refuse(&self.certificate, &error))?;
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| refuse(&self.key, &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| refuse(&self.certificate, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// When either file was written last.
    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path);
            metadata.and_then(|metadata| metadata.modified()).ok()
        })
    }
}
