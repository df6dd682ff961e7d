//! Who asks: a key with every request, or one that logged on.

use std::net::IpAddr;
use std::sync::Arc;

use schemas::command::RequestDigest;
use schemas::units::TimeNs;

use crate::auth::api_key::{self, Permission};
use crate::auth::{Caller, signature, timing};
use crate::call::App;
use crate::error::{ApiError, mandatory};
use crate::queries::{ApiKey, Secret};
use crate::serve::denied;
use crate::wire::parameters::Parameters;
use crate::ws::api::frame::Request;

/// A key that logged on, and since when.
#[derive(Clone, Debug)]
pub struct Login {
    pub key: Arc<ApiKey>,
    pub since: TimeNs,
}

/// The address and the login of a session.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub app: &'a App,
    pub address: IpAddr,
    pub login: Option<&'a Login>,
    pub now: TimeNs,
}

impl Asking<'_> {
    /// The key that a request names, or the session's: enough for a listen key.
    ///
    /// # Errors
    /// [`ApiError`] as of REST.
    pub fn key(&self, request: &Request, permission: Permission) -> Result<Arc<ApiKey>, ApiError> {
        let name = match (&request.api_key, self.login) {
            (Some(name), _) => name.as_str(),
            (None, Some(login)) => login.key.key.as_str(),
            (None, None) => return Err(mandatory("apiKey")),
        };
        let keys = &*self.app.parts.keys;
        let key = api_key::admit(keys, name, self.address, permission)?;
        if self
            .app
            .parts
            .queries
            .is_denied(self.address, Some(key.account))
        {
            return Err(denied());
        }
        Ok(key)
    }

    /// Checks key, time and signature, in the order of the rules. A session that logged
    /// on leaves key and signature out; its key is looked up again all the same, so that a
    /// revoked one ends at once.
    ///
    /// # Errors
    /// -1102 without a key, else as a REST request.
    pub fn caller(
        &self,
        request: &Request,
        permission: Permission,
    ) -> Result<(Caller, Arc<ApiKey>), ApiError> {
        let is_signed = request.api_key.is_some();
        let key = self.key(request, permission)?;
        let account = key.account;
        let valid_until = timing::check(&request.parameters, self.now)?;
        let digest = if is_signed {
            signed(&request.parameters, &key)?
        } else {
            RequestDigest::default()
        };
        let caller = Caller {
            account,
            valid_until,
            request: digest,
            may_trade: key.may_trade,
            is_bound_to_addresses: !key.addresses.is_empty(),
        };
        Ok((caller, key))
    }

    /// Checks a logon; only Ed25519 may.
    ///
    /// # Errors
    /// As [`Asking::caller`]; -4056 for another kind of key.
    pub fn logon(&self, request: &Request) -> Result<Login, ApiError> {
        if request.api_key.is_none() {
            return Err(mandatory("apiKey"));
        }
        let (_, key) = self.caller(request, Permission::Read)?;
        match key.secret {
            Secret::Ed25519(_) => Ok(Login {
                key,
                since: self.now,
            }),
            Secret::Hmac(_) => Err(not_supported("HMAC_SHA256")),
            Secret::Rsa(_) => Err(not_supported("RSA")),
        }
    }
}

fn signed(parameters: &Parameters, key: &ApiKey) -> Result<RequestDigest, ApiError> {
    let text = parameters.get("signature").unwrap_or("");
    let bytes = signature::verify(&key.secret, parameters.payload(), text)?;
    Ok(signature::digest(key.account, &bytes))
}

fn not_supported(kind: &str) -> ApiError {
    ApiError::new(-4056, format!("{kind} API key is not supported."))
        .hint("a session logs on with an Ed25519 key; others sign each request")
}
