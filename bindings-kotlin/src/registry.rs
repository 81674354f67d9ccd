//! The front door: its handles, and the questions about everything.

use std::sync::Arc;

use tegata::model::{CertificateKind, CertificateState, CredentialKind, DeviceState, KeyState, PskState};
use tegata::symmetric::SymmetricAlgorithm;
use tegata::{
    Call, CertificateId, ClientId, Credential, DeviceId, Due, DueKind, GroupId, KeyAlgorithm, Page, Principal,
    ProductId, PskId, Timestamp,
};

use crate::authorities_handle::Authorities;
use crate::bulk::Bulk;
use crate::campaigns::Campaigns;
use crate::certificates_handle::Certificates;
use crate::clients::Clients;
use crate::devices_handle::Devices;
use crate::error::Result;
use crate::events::Events;
use crate::groups::Groups;
use crate::lists::DueItemListing;
use crate::ocsp::Ocsp;
use crate::open::Releasing;
use crate::products::Products;
use crate::profiles::Profiles;
use crate::psks::Psks;
use crate::symmetric::Keys;
use crate::values::{SecretBytes, SecretText, twin};

/// How the presenter showed that it has the certificate's private key.
#[derive(Clone, uniffi::Enum)]
pub enum Proof {
    /// In a TLS handshake that the caller ended itself. The caller vouches for that.
    TlsSession,
    /// By a signature over the statement `Challenge` of a message that the caller chose afresh.
    Signature {
        /// What was signed: a challenge that was never used before.
        message: Vec<u8>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// In a TLS handshake that a proxy ended, which checked the chain and says so.
    Proxy {
        /// The proxy's name.
        name: String,
        /// The secret by which the proxy shows that it is the one.
        token: SecretBytes,
    },
}

/// One header of a request.
#[derive(Clone, uniffi::Record)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretText,
}

/// What was presented.
#[derive(Clone, uniffi::Enum)]
pub enum Presented {
    /// A client certificate.
    Certificate {
        /// The certificate, PEM or DER; without its chain, which the registry knows.
        certificate: Vec<u8>,
        /// That the presenter has its key.
        proof: Proof,
        /// Which device presents it; needed only where several hold one certificate.
        #[uniffi(default)]
        device: Option<DeviceId>,
    },
    /// A pre-shared key: a device's password, or what a TLS-PSK handshake was made with.
    Psk {
        /// What the device calls itself.
        identity: String,
        /// The secret.
        secret: SecretBytes,
    },
    /// What a proxy passed on in the headers of a request.
    Headers {
        /// All headers of the request as they came; one that came twice is here twice.
        headers: Vec<Header>,
    },
    /// A client of the host's API, by all of what it was given.
    Client {
        /// The licence key.
        licence: SecretText,
        /// The client's name.
        name: String,
        /// Its password.
        password: SecretText,
    },
}

/// By what somebody was recognised.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Credential {
    /// By this certificate.
    Certificate(CertificateId),
    /// By this pre-shared key.
    Psk(PskId),
}

/// Who it is, by what, until when.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum Principal {
    /// A device, by its own certificate.
    Device {
        /// Which.
        device: DeviceId,
        /// The product it is a unit of.
        product: Option<ProductId>,
        /// By what.
        credential: Credential,
        /// Until when the credential counts, if nothing happens to it; without an end if null.
        until: Option<Timestamp>,
    },
    /// Some unit of a product, by the product credential: good for enrolling and nothing else.
    Product {
        /// Which.
        product: ProductId,
        /// By which certificate.
        certificate: CertificateId,
        /// Until when the certificate counts, if nothing happens to it.
        until: Timestamp,
    },
    /// A client of the host's API, by licence key, name and password.
    Client {
        /// Which.
        client: ClientId,
        /// Its name.
        name: String,
    },
}

/// The kinds of credentials that are renewed.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum CredentialKind {
    /// A certificate.
    Certificate,
    /// A symmetric key.
    Key,
    /// A pre-shared key.
    Psk,
}

/// What can be due.
#[uniffi::remote(Enum)]
#[non_exhaustive]
pub enum DueKind {
    /// A certificate.
    Certificate,
    /// A symmetric key.
    Key,
    /// A pre-shared key.
    Psk,
    /// A CRL.
    Crl,
}

/// What is asked to be due.
#[uniffi::remote(Record)]
pub struct Due {
    /// Until which moment to look.
    pub until: Timestamp,
    /// Only this group's.
    #[uniffi(default)]
    pub group: Option<GroupId>,
    /// Only these kinds; none stands for all.
    #[uniffi(default = [])]
    pub kinds: Vec<DueKind>,
}

macro_rules! tallies {
    ($($(#[$meta:meta])* $name:ident { $(#[$kmeta:meta])* $key:ident: $ty:ty })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, uniffi::Record)]
            pub struct $name {
                $(#[$kmeta])*
                pub $key: $ty,
                /// How many there are.
                pub count: u64,
            }

            impl From<($ty, u64)> for $name {
                fn from(($key, count): ($ty, u64)) -> Self {
                    Self { $key, count }
                }
            }
        )*
    };
}

tallies! {
    /// How many devices are in one state.
    DeviceStateCount {
        /// The state.
        state: DeviceState
    }
    /// How many devices are in one group.
    GroupCount {
        /// The group; nothing for those without one.
        group: Option<GroupId>
    }
    /// How many devices are units of one product.
    ProductCount {
        /// The product; nothing for those without one.
        product: Option<ProductId>
    }
    /// How many certificates are in one stored state.
    CertificateStateCount {
        /// The state.
        state: CertificateState
    }
    /// How many certificates are of one kind.
    CertificateKindCount {
        /// The kind.
        kind: CertificateKind
    }
    /// How many certificates have one kind of key.
    KeyAlgorithmCount {
        /// The kind of key; nothing for records that do not say it.
        algorithm: Option<KeyAlgorithm>
    }
    /// How many symmetric keys are in one state.
    KeyStateCount {
        /// The state.
        state: KeyState
    }
    /// How many symmetric keys are of one algorithm.
    SymmetricAlgorithmCount {
        /// The algorithm.
        algorithm: SymmetricAlgorithm
    }
    /// How many pre-shared keys are in one state.
    PskStateCount {
        /// The state.
        state: PskState
    }
    /// How many are due in one week.
    WeekCount {
        /// The week's first moment.
        week: Timestamp
    }
}

/// Numbers for a dashboard. Each list is complete and in the order of its first element.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Counts {
    /// Devices by state.
    pub devices: Vec<DeviceStateCount>,
    /// Devices by group.
    pub devices_by_group: Vec<GroupCount>,
    /// Devices by product.
    pub devices_by_product: Vec<ProductCount>,
    /// Certificates by stored state; expiry is in `expired`.
    pub certificates: Vec<CertificateStateCount>,
    /// Certificates by kind.
    pub certificates_by_kind: Vec<CertificateKindCount>,
    /// Certificates in force or suspended whose notAfter has passed.
    pub expired: u64,
    /// All of them by the week in which they are due.
    pub due_by_week: Vec<WeekCount>,
    /// Certificates by the kind of their key.
    pub certificates_by_algorithm: Vec<KeyAlgorithmCount>,
    /// Symmetric keys by state.
    pub keys: Vec<KeyStateCount>,
    /// Symmetric keys by algorithm.
    pub keys_by_algorithm: Vec<SymmetricAlgorithmCount>,
    /// Pre-shared keys by state.
    pub psks: Vec<PskStateCount>,
    /// Certificates by the week in which they are due.
    pub certificates_due_by_week: Vec<WeekCount>,
    /// Symmetric keys by the week in which they are due.
    pub keys_due_by_week: Vec<WeekCount>,
    /// Pre-shared keys by the week in which they are due.
    pub psks_due_by_week: Vec<WeekCount>,
}

fn tally<K, T: From<(K, u64)>>(counts: Vec<(K, u64)>) -> Vec<T> {
    counts.into_iter().map(T::from).collect()
}

twin! {
    /// What resealing did.
    Resealed of tegata::Resealed {
        /// How many records were looked at: all that have room for something sealed.
        checked: u64,
        /// How many of them held something that was not sealed with the current key. Now it is.
        resealed: u64,
    }
}

/// The roots that whoever trusts this registry should trust.
#[derive(Clone, Debug, uniffi::Record)]
pub struct TrustBundle {
    /// The root certificates in DER.
    pub roots: Vec<Vec<u8>>,
}

#[uniffi::export]
impl TrustBundle {
    /// All of them as PEM, one after the other.
    pub fn pem(&self) -> Result<String> {
        crate::parsed::all_pem(self.roots.iter())
    }
}

/// A registry of devices and the authority over their credentials.
#[derive(uniffi::Object)]
pub struct Registry {
    core: tegata::Registry,
    store: Arc<Releasing>,
}

impl Registry {
    pub(crate) const fn new(core: tegata::Registry, store: Arc<Releasing>) -> Self {
        Self { core, store }
    }

    pub(crate) const fn core(&self) -> &tegata::Registry {
        &self.core
    }
}

macro_rules! handles {
    ($($method:ident $handle:ident $doc:literal;)*) => {
        #[uniffi::export]
        impl Registry {
            $(
                #[doc = $doc]
                pub fn $method(&self) -> Arc<$handle> {
                    Arc::new($handle { core: self.core.clone() })
                }
            )*
        }
    };
}

handles! {
    authorities Authorities "Authorities: the private CA.";
    profiles Profiles "Profiles: what certificates hold.";
    products Products "Products and the credentials that their units share.";
    devices Devices "Devices.";
    groups Groups "Groups of devices.";
    certificates Certificates "Certificates.";
    events Events "What happened.";
    psks Psks "Pre-shared keys.";
    keys Keys "Symmetric keys.";
    campaigns Campaigns "Campaigns.";
    clients Clients "Clients of the host's API.";
    ocsp Ocsp "OCSP: whether one certificate counts.";
}

#[uniffi::export]
impl Registry {
    /// Who presents this? The first reason that fails is the error: the certificate's, the authority's, the device's.
    pub fn authenticate(&self, presented: Presented) -> Result<Principal> {
        let headers: Vec<(&str, &str)>;
        let presented = match &presented {
            Presented::Certificate { certificate, proof, device } => {
                let proof = match proof {
                    Proof::TlsSession => tegata::Proof::TlsSession,
                    Proof::Signature { message, signature } => tegata::Proof::Signature { message, signature },
                    Proof::Proxy { name, token } => tegata::Proof::Proxy { name, token: token.expose() },
                };
                tegata::Presented::Certificate { certificate, proof, device: *device }
            }
            Presented::Psk { identity, secret } => tegata::Presented::Psk { identity, secret: secret.expose() },
            Presented::Headers { headers: given } => {
                headers = given.iter().map(|header| (header.name.as_str(), header.value.expose().as_str())).collect();
                tegata::Presented::Headers { headers: &headers }
            }
            Presented::Client { licence, name, password } => {
                tegata::Presented::Client { licence: licence.expose(), name, password: password.expose() }
            }
        };
        Ok(self.core.authenticate(&presented)?)
    }

    /// The certificates, symmetric keys and pre-shared keys that should be renewed until a moment, and the CRLs that should be
    /// made anew, the most urgent first.
    pub fn due(&self, due: Due, page: Page) -> Result<DueItemListing> {
        Ok(self.core.due(&due, &page)?.into())
    }

    /// Seals anew, with the current key, whatever another key sealed; after that the other key is not needed any more. Open the
    /// registry with `SealingKeys` of the new and the old one first, in every process; a run that was stopped is finished by the next.
    pub fn reseal(&self, bulk: Bulk, call: Call) -> Result<Resealed> {
        Ok(bulk.run(|bulk| self.core.reseal(bulk, &call))?.into())
    }

    /// How many there are of what.
    pub fn counts(&self) -> Result<Counts> {
        let counts = self.core.counts()?;
        Ok(Counts {
            devices: tally(counts.devices),
            devices_by_group: tally(counts.devices_by_group),
            devices_by_product: tally(counts.devices_by_product),
            certificates: tally(counts.certificates),
            certificates_by_kind: tally(counts.certificates_by_kind),
            expired: counts.expired,
            due_by_week: tally(counts.due_by_week),
            certificates_by_algorithm: tally(counts.certificates_by_algorithm),
            keys: tally(counts.keys),
            keys_by_algorithm: tally(counts.keys_by_algorithm),
            psks: tally(counts.psks),
            certificates_due_by_week: tally(counts.certificates_due_by_week),
            keys_due_by_week: tally(counts.keys_due_by_week),
            psks_due_by_week: tally(counts.psks_due_by_week),
        })
    }

    /// The roots that those who check this registry's certificates should trust: all generations that are neither
    /// compromised nor expired.
    pub fn trust_bundle(&self) -> Result<TrustBundle> {
        Ok(TrustBundle { roots: self.core.trust_bundle()?.roots })
    }

    /// Closes the registry: calls from now on get `store.closed`. Calls under way finish.
    pub fn close_registry(&self) {
        self.core.close();
        self.store.release();
    }
}
