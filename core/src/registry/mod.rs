//! The front door: one [`Registry`], one handle per entity.

mod authenticate;
mod authorities;
mod bindings;
mod bulk;
mod call;
mod campaigns;
mod certificates;
mod clients;
mod counts;
mod devices;
mod driver;
mod due;
mod events;
mod groups;
mod handout;
mod host;
mod issuers;
mod issuing;
mod keys;
mod maintain;
mod merge;
mod moving;
mod numbers;
mod ocsp;
mod page;
mod products;
mod profiles;
mod psks;
mod reseal;
mod tags;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

pub use authenticate::{CertificateEncoding, Credential, Presented, Principal, Proof, ProxyHeaders, TrustedProxy};
pub use authorities::{Authorities, AuthorityFilter, CrlOptions, ImportAuthority, NewAuthority, Rebuild, TrustBundle};
pub use call::{Atomicity, Bulk, Call, Progress};
pub use campaigns::{CampaignFilter, CampaignPreview, CampaignProgress, Campaigns, NewCampaign, Selection};
pub use certificates::{
    CertificateCount, CertificateFilter, CertificateGrouping, Certificates, ExportFormat, HandOut, Issue, IssueWithKey,
    Issued, IssuedWithKey, Renew, RenewWithKey,
};

pub use clients::{ClientFilter, Clients, NewClient, RegisteredClient};
pub use counts::Counts;
pub use devices::{
    CertificateWish, Credentials, DeviceChange, DeviceFilter, Devices, Enroll, Enrolled, Enrollment, NewDevice,
    Provision, Provisioned, PskWish, Release,
};
pub use due::{Due, DueItem, DueKind};
pub use events::{
    EventFilter, EventProof, Events, LogProblem, PrunedEvents, Tampering, Verification, VerifyEvents,
    verify_consistency, verify_event, verify_export,
};
pub use groups::{GroupChange, Groups};
pub use keys::{IssuedKey, KeyFilter, KeyMatch, Keys, NewKey, NewKeyOwner, RotateKey};
pub use maintain::{Maintained, Retention};
pub use moving::{Backup, Copied, Integrity, Seen, SeenState};
pub use ocsp::{Ocsp, OcspAnswer, OcspOptions, Presigned};
pub use page::{Listing, Page, Text};
pub use products::{NewProduct, ProductChange, ProductFilter, ProductSpec, Products, RegisteredProduct};
pub use profiles::{Preview, Profiles};
pub use psks::{IssuedPsk, NewPsk, PskFilter, Psks, RotatePsk};
pub use reseal::Resealed;

use crate::Result;
use crate::callback;
use crate::env::{Clock, Random, SystemClock, SystemRandom, draw};
use crate::error::{Error, SealError, StoreError};
use crate::id::NumberCipher;
use crate::model::Meta;
use crate::process::Process;
use crate::secret::Secret;
use crate::store::record::{at, put, read};
use crate::store::seal::{Sealer, associated};
use crate::store::tables::{META, SCHEMA};
use crate::store::{Expect, Store};
use host::Host;

/// What surrounds a registry, besides its store and its sealing key.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where random bytes come from.
    pub random: Arc<dyn Random>,
    /// The proxies whose word about who sent a request is taken.
    pub proxies: Vec<TrustedProxy>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom::new()), proxies: Vec::new() }
    }
}

impl Options {
    /// With another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// With another source of random bytes.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// With a proxy whose word about who sent a request is taken.
    #[must_use]
    pub fn with_proxy(mut self, proxy: TrustedProxy) -> Self {
        self.proxies.push(proxy);
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Options(..)")
    }
}

/// A registry of devices and the authority over their credentials. Cheap to clone; every clone is the same registry.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    store: Host<Box<dyn Store>>,
    sealer: Host<Arc<dyn Sealer>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ids: NumberCipher,
    tags: tags::Tags,
    numbers: numbers::Numbers,
    event_numbers: events::EventNumbers,
    issuers: issuers::Issuers,
    vouchers: devices::enroll::Vouchers,
    ocsp: ocsp::State,
    profiles: RwLock<profiles::Compiled>,
    proxies: authenticate::Proxies,
    backoff: authenticate::Backoff,
    closed: AtomicBool,
    /// Whether every certificate's record says its algorithm.
    algorithms_known: AtomicBool,
    /// Who opened it.
    process: Process,
}

impl Inner {
    /// The store, for whoever may use it: nobody after `close`, and no callback that is under way on this thread.
    fn store(&self) -> Result<&dyn Store> {
        callback::refuse_inside()?;
        Ok(self.open_store()?)
    }

    fn sealer(&self) -> &dyn Sealer {
        &self.sealer
    }

    fn open_store(&self) -> Result<&dyn Store, StoreError> {
        self.process.check()?;
        if self.closed.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(&self.store) }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry(..)")
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry(..)")
    }
}

impl Registry {
    /// Opens the registry in `store`, or makes a new one in an empty store. `sealer` must be the one that the store
    /// was first opened with, or that its content was sealed with since ([`reseal`](Self::reseal)).
    ///
    /// # Errors
    /// `seal.wrong_key` when it is not; `store.schema` when a newer version wrote the store; `store.not_a_database`,
    /// `store.corrupt` and other store errors; `authentication.proxy_misconfigured` for proxies that cannot be believed.
    pub fn open(store: impl Store + 'static, sealer: Arc<dyn Sealer>, options: Options) -> Result<Self> {
        let (store, sealer) = (Host::<Box<dyn Store>>(Box::new(store)), Host(sealer));
        store.migrate(&SCHEMA)?;
        let secret = own_secret(&store, &sealer, &options)?;
        let registry = Self {
            inner: Arc::new(Inner {
                ids: NumberCipher::new(&tags::derive(&secret, "identifiers")?),
                tags: tags::Tags::new(&secret)?,
                proxies: authenticate::Proxies::new(&options.proxies, &secret)?,
                backoff: authenticate::Backoff::default(),
                store,
                sealer,
                clock: options.clock,
                random: options.random,
                numbers: numbers::Numbers::default(),
                event_numbers: events::EventNumbers::default(),
                issuers: issuers::Issuers::default(),
                vouchers: devices::enroll::Vouchers::default(),
                ocsp: ocsp::State::default(),
                profiles: RwLock::default(),
                closed: AtomicBool::new(false),
                algorithms_known: AtomicBool::new(false),
                process: Process::this(),
            }),
        };
        registry.inner.settle_in()?;
        Ok(registry)
    }

    /// Closes the registry for every clone of it: calls from now on get `store.closed`. Calls under way finish.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
    }

    /// Authorities: the private CA.
    pub fn authorities(&self) -> Authorities<'_> {
        Authorities::new(&self.inner)
    }

    /// Profiles: what certificates hold.
    pub fn profiles(&self) -> Profiles<'_> {
        Profiles::new(&self.inner)
    }

    /// Products and the credentials that their units share.
    pub fn products(&self) -> Products<'_> {
        Products::new(&self.inner)
    }

    /// Devices.
    pub fn devices(&self) -> Devices<'_> {
        Devices::new(&self.inner)
    }

    /// Groups of devices.
    pub fn groups(&self) -> Groups<'_> {
        Groups::new(&self.inner)
    }

    /// Certificates.
    pub fn certificates(&self) -> Certificates<'_> {
        Certificates::new(&self.inner)
    }

    /// OCSP: whether one certificate still counts, signed.
    pub fn ocsp(&self) -> Ocsp<'_> {
        Ocsp::new(&self.inner)
    }

    /// Pre-shared keys: device passwords and keys for TLS.
    pub fn psks(&self) -> Psks<'_> {
        Psks::new(&self.inner)
    }

    /// Symmetric keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys::new(&self.inner)
    }

    /// Clients of the host's API.
    pub fn clients(&self) -> Clients<'_> {
        Clients::new(&self.inner)
    }

    /// Campaigns: many credentials replaced, wave by wave.
    pub fn campaigns(&self) -> Campaigns<'_> {
        Campaigns::new(&self.inner)
    }

    /// What happened.
    pub fn events(&self) -> Events<'_> {
        Events::new(&self.inner)
    }
}

/// The registry's own secret: made with a new store, and proof that the sealer is the right one with an old one.
fn own_secret(store: &dyn Store, sealer: &dyn Sealer, options: &Options) -> Result<Secret<Vec<u8>>> {
    // The record holds no identifier, so any permutation reads it.
    let ids = NumberCipher::new(&[0; 16]);
    let place = associated(META.name, 1, "secret");
    for _ in 0..2 {
        moving::refuse_unfinished(store, &ids)?;
        if let Some(meta) = read::<Meta>(store.get(&[at::<Meta>(1)])?.pop().flatten(), &ids)? {
            return sealer.open(&place, &meta.secret).map_err(|error| match error {
                // A value that was moved or altered looks the same as one sealed with another key.
                Error::Seal(SealError::Damaged { .. }) => SealError::WrongKey.into(),
                other => other,
            });
        }
        let secret = Secret::new(draw::<32>(&*options.random)?);
        let meta = Meta {
            key: 1,
            secret: sealer.seal(&place, secret.expose())?,
            created: callback::run(|| options.clock.try_now()).map_err(callback::told)?,
        };
        match store.commit(&[put(&meta, Expect::Absent, &ids)?]) {
            // Another process made it first: use that.
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(StoreError::Corrupt { at: "meta".to_owned() }.into())
}
