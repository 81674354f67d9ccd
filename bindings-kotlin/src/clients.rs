//! Clients of the host's API: a licence key, then a name and a password; and the proxies in front of it.

use tegata::model::ClientState;
use tegata::{
    Call, CertificateEncoding, ClientFilter, ClientId, NewClient, Page, ProxyHeaders, Text, Timestamp, TrustedProxy,
};

use crate::error::Result;
use crate::lists::ClientListing;
use crate::values::{SecretBytes, SecretText, twin};

/// Where a client stands.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum ClientState {
    /// It is let in.
    Active,
    /// It is not let in for now.
    Suspended,
    /// Gone: licence key and password are erased, only the record remains.
    Deleted,
}

twin! {
    /// A client, without its licence key and password, of which only keyed tags are kept.
    Client of tegata::model::Client {
        /// Names it.
        id: ClientId,
        /// What it calls itself.
        name: String,
        /// Its state.
        state: ClientState,
        /// How often in a row a wrong name or password came with its licence key, as far as it was kept.
        failures: u32,
        /// No password is looked at before this moment, since too many wrong ones came.
        blocked_until: Option<Timestamp>,
        /// When it was registered.
        created: Timestamp,
        /// When it last changed.
        updated: Timestamp,
    }
}

twin! {
    /// A client that was registered, and what it is given: this is the only time that it is seen.
    RegisteredClient of tegata::RegisteredClient {
        /// The client.
        client: Client,
        /// Its licence key.
        licence: SecretText,
        /// Its password.
        password: SecretText,
    }
}

/// A client to be registered.
#[uniffi::remote(Record)]
pub struct NewClient {
    /// What it calls itself.
    pub name: String,
}

/// Which clients to list.
#[uniffi::remote(Record)]
pub struct ClientFilter {
    /// By name.
    #[uniffi(default)]
    pub name: Option<Text>,
    /// In one of these states; empty for all, deleted ones included.
    #[uniffi(default = [])]
    pub states: Vec<ClientState>,
}

/// How a proxy writes a certificate into a header.
#[uniffi::remote(Enum)]
pub enum CertificateEncoding {
    /// PEM with percent-encoding, as nginx gives it; or with blanks in place of the line ends, as Apache does.
    EscapedPem,
    /// DER in base64, as HAProxy gives it.
    Base64Der,
    /// DER as a byte sequence of structured fields (RFC 9440).
    ByteSequence,
    /// Envoy's `x-forwarded-client-cert` with one element, of which `Cert` counts.
    Xfcc,
}

/// Which headers of a proxy mean what. The proxy must set or remove each of these in every request that it passes on.
#[uniffi::remote(Record)]
pub struct ProxyHeaders {
    /// Carries the proxy's secret.
    #[uniffi(default = "X-Proxy-Proof")]
    pub proof: String,
    /// Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
    #[uniffi(default = Some("X-SSL-Client-Verify"))]
    pub verified: Option<String>,
    /// The only value of `verified` that means success.
    #[uniffi(default = "SUCCESS")]
    pub success: String,
    /// Carries the certificate.
    #[uniffi(default = Some("X-SSL-Client-Cert"))]
    pub certificate: Option<String>,
    /// How it is written.
    pub encoding: CertificateEncoding,
    /// Carries the identity of a pre-shared key.
    #[uniffi(default)]
    pub identity: Option<String>,
    /// Carries the secret of a pre-shared key, as text.
    #[uniffi(default)]
    pub secret: Option<String>,
    /// Whether a pre-shared key may come as `Authorization: Basic` (RFC 7617), with the identity as the user.
    #[uniffi(default = true)]
    pub basic: bool,
}

/// A proxy that ends TLS in front of the host and is believed, because it shows a secret of its.
#[uniffi::remote(Record)]
pub struct TrustedProxy {
    /// Its name.
    pub name: String,
    /// By what it shows that it is the one: 16 to 1024 octets each.
    pub secrets: Vec<SecretBytes>,
    /// Which of its headers mean what.
    pub headers: ProxyHeaders,
}

/// Headers that proxies are known to send.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum UsualProxy {
    /// nginx.
    Nginx,
    /// `HAProxy`.
    Haproxy,
    /// Envoy.
    Envoy,
    /// RFC 9440.
    Rfc9440,
}

/// What such a proxy sends.
#[uniffi::export]
pub fn usual_proxy(proxy: UsualProxy) -> ProxyHeaders {
    match proxy {
        UsualProxy::Nginx => ProxyHeaders::nginx(),
        UsualProxy::Haproxy => ProxyHeaders::haproxy(),
        UsualProxy::Envoy => ProxyHeaders::envoy(),
        UsualProxy::Rfc9440 => ProxyHeaders::rfc9440(),
    }
}

/// Clients of the host's API.
#[derive(uniffi::Object)]
pub struct Clients {
    pub(crate) core: tegata::Registry,
}

#[uniffi::export]
impl Clients {
    /// Registers a client and makes its licence key and password, 128 random bits each as 26 letters and digits. They
    /// are handed out this once.
    pub fn register(&self, new: NewClient, call: Call) -> Result<RegisteredClient> {
        Ok(self.core.clients().register(&new, &call)?.into())
    }

    /// Step one of letting a client in: whose licence key this is. It says nothing about the password; step two is
    /// `authenticate` with `Client`, which looks at the licence key again.
    pub fn check_licence(&self, licence: SecretText) -> Result<ClientId> {
        Ok(self.core.clients().check_licence(licence.expose())?)
    }

    /// The client with this identifier.
    pub fn get(&self, id: ClientId) -> Result<Client> {
        Ok(self.core.clients().get(id)?.into())
    }

    /// The clients that match; by name if the filter has one, else in the order of their registration.
    pub fn find(&self, filter: ClientFilter, page: Page) -> Result<ClientListing> {
        Ok(self.core.clients().find(&filter, &page)?.into())
    }

    /// Gives the client a new password, which is handed out this once; the old one no longer counts, and failures that
    /// were counted are forgotten.
    pub fn rotate_password(&self, id: ClientId, call: Call) -> Result<SecretText> {
        Ok(self.core.clients().rotate_password(id, &call)?)
    }

    /// Gives the client a new licence key, which is handed out this once; the old one no longer counts.
    pub fn rotate_licence(&self, id: ClientId, call: Call) -> Result<SecretText> {
        Ok(self.core.clients().rotate_licence(id, &call)?)
    }

    /// Lets the client in no more until it is resumed.
    pub fn suspend(&self, id: ClientId, call: Call) -> Result<Client> {
        Ok(self.core.clients().suspend(id, &call)?.into())
    }

    /// Lets a suspended client in again.
    pub fn resume(&self, id: ClientId, call: Call) -> Result<Client> {
        Ok(self.core.clients().resume(id, &call)?.into())
    }

    /// Deletes the client for good: licence key and password are erased, and its name is free again. Its record stays.
    pub fn delete(&self, id: ClientId, call: Call) -> Result<Client> {
        Ok(self.core.clients().delete(id, &call)?.into())
    }
}
