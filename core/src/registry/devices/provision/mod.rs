//! A device comes into being with everything that it needs: its password or TLS key, its symmetric key, its certificate.
//! One commit per device, so that a provisioning line never leaves half a device behind.

mod plan;

use super::{Devices, NewDevice};
use crate::Result;
use crate::error::Error;
use crate::id::{AuthorityId, DeviceId, ProfileId};
use crate::key::KeyAlgorithm;
use crate::model::{Device, IdentityKind, PskKind};
use crate::policy::CompiledProfile;
use crate::registry::bulk::{Many, parallel};
use crate::registry::certificates::{HandOut, IssuedWithKey};
use crate::registry::driver::Operation;
use crate::registry::handout::ServerKey;
use crate::registry::keys::IssuedKey;
use crate::registry::psks::{IssuedPsk, NewPsk};
use crate::registry::{Bulk, Call, Inner};
use crate::secret::Secret;
use crate::symmetric::{PskPolicy, SymmetricAlgorithm};
use crate::x509::VerifiedCsr;
use std::sync::Arc;

/// The pre-shared key that a new device gets; its fields are those of [`NewPsk`].
#[derive(Clone, Debug)]
pub struct PskWish {
    /// Whether the secret can be read again.
    pub kind: PskKind,
    /// Where the identity comes from.
    pub identity_kind: IdentityKind,
    /// The identity, with [`IdentityKind::Chosen`] and only then.
    pub identity: Option<String>,
    /// What the secret that is made here is like.
    pub policy: PskPolicy,
    /// A secret that exists already, in place of one that is made here.
    pub secret: Option<Secret<Vec<u8>>>,
    /// After how many days it is due to be rotated.
    pub renew_days: Option<u32>,
}

impl PskWish {
    /// A device's password, as [`NewPsk::password`] makes it.
    pub fn password() -> Self {
        Self::of(NewPsk::password(NOBODY))
    }

    /// A key for TLS, as [`NewPsk::tls`] makes it.
    pub fn tls() -> Self {
        Self::of(NewPsk::tls(NOBODY))
    }

    fn of(new: NewPsk) -> Self {
        let NewPsk { device: _, kind, identity_kind, identity, policy, secret, renew_days } = new;
        Self { kind, identity_kind, identity, policy, secret, renew_days }
    }

    fn for_device(&self, device: DeviceId) -> NewPsk {
        let Self { kind, identity_kind, identity, policy, secret, renew_days } = self.clone();
        NewPsk { device, kind, identity_kind, identity, policy, secret, renew_days }
    }
}

/// Stands where a device will be.
const NOBODY: DeviceId = DeviceId::from_bytes([0; 16]);

/// The certificate that a new device gets.
#[derive(Clone, Debug)]
pub struct CertificateWish {
    /// The profile that decides what the certificate holds.
    pub profile: ProfileId,
    /// The authority; after a rebuild its newest generation issues.
    pub authority: AuthorityId,
    /// The device's own CSR (PEM or DER); without one, its key is made here.
    pub csr: Option<Vec<u8>>,
    /// What kind of key is made here; the first that the profile lists by default.
    pub algorithm: Option<KeyAlgorithm>,
    /// When the key that is made here is handed out.
    pub hand_out: HandOut,
}

impl CertificateWish {
    /// With a key that is made here and handed out at once.
    pub const fn with_key(profile: ProfileId, authority: AuthorityId) -> Self {
        Self { profile, authority, csr: None, algorithm: None, hand_out: HandOut::Now }
    }

    /// For the device's own key.
    pub fn for_csr(csr: impl Into<Vec<u8>>, profile: ProfileId, authority: AuthorityId) -> Self {
        Self { csr: Some(csr.into()), ..Self::with_key(profile, authority) }
    }
}

/// A device to be registered, and what it gets at once.
#[derive(Clone, Debug, Default)]
pub struct Provision {
    /// The device.
    pub device: NewDevice,
    /// Its password or TLS key.
    pub psk: Option<PskWish>,
    /// Of what kind its symmetric key number 1 is.
    pub key: Option<SymmetricAlgorithm>,
    /// Its certificate.
    pub certificate: Option<CertificateWish>,
}

impl Provision {
    /// A device with nothing yet.
    pub fn new(device: NewDevice) -> Self {
        Self { device, ..Self::default() }
    }

    /// With a pre-shared key.
    #[must_use]
    pub fn with_psk(mut self, psk: PskWish) -> Self {
        self.psk = Some(psk);
        self
    }

    /// With a symmetric key.
    #[must_use]
    pub const fn with_key(mut self, algorithm: SymmetricAlgorithm) -> Self {
        self.key = Some(algorithm);
        self
    }

    /// With a certificate.
    #[must_use]
    pub fn with_certificate(mut self, certificate: CertificateWish) -> Self {
        self.certificate = Some(certificate);
        self
    }

    fn content(&self) -> Vec<u8> {
        let Self { device, psk, key, certificate } = self;
        let mut content = format!("{device:?} {key:?} {certificate:?}").into_bytes();
        if let Some(psk) = psk {
            content.extend(psk.for_device(NOBODY).content());
        }
        content
    }
}

/// A device that was provisioned, with its secrets. When the request is repeated, those come again that are still kept and
/// still the first ones.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provisioned {
    /// The device.
    pub device: Device,
    /// Its password or TLS key.
    pub psk: Option<IssuedPsk>,
    /// Its symmetric key number 1; `None` also when the request is repeated after that value was destroyed.
    pub key: Option<IssuedKey>,
    /// Its certificate, with the private key if that was made here and is handed out now.
    pub certificate: Option<IssuedWithKey>,
}

/// The key that a certificate is for.
enum Source {
    Csr(Box<VerifiedCsr>),
    Key(Box<ServerKey>),
}

/// What takes long, done before anything is decided: the profile and key of the wished certificate.
struct Groundwork(Option<(Arc<CompiledProfile>, Source)>);

impl Groundwork {
    fn of(inner: &Inner, wish: &Provision) -> Result<Self> {
        let Some(wanted) = &wish.certificate else { return Ok(Self(None)) };
        let profile = inner.profile(wanted.profile)?;
        Inner::check_no_approval(&profile)?;
        let source = match &wanted.csr {
            Some(_) if wanted.algorithm.is_some() => {
                return Err(Error::input("algorithm", "is given together with a CSR, which has a key; leave it out"));
            }
            Some(csr) => Source::Csr(Box::new(VerifiedCsr::parse(csr)?)),
            None => Source::Key(Box::new(ServerKey::make(profile.server_key(wanted.algorithm)?)?)),
        };
        Ok(Self(Some((profile, source))))
    }
}

impl Devices<'_> {
    /// Registers a device together with its pre-shared key, its symmetric key and its certificate, in one commit
    /// (NEC-42): it has all of them or does not exist.
    ///
    /// ```
    /// # let registry = tegata::doctest::registry()?;
    /// # let authority = tegata::doctest::authority(&registry)?.id;
    /// use tegata::model::ProfileSpec;
    /// use tegata::{Call, CertificateWish, NewDevice, Provision, PskWish, SymmetricAlgorithm};
    /// let call = Call::by("line 3");
    /// let profile = ProfileSpec { server_keys: vec![tegata::KeyAlgorithm::EcdsaP256], ..ProfileSpec::device() };
    /// let profile = registry.profiles().put("device", &profile, &call)?.id;
    /// let wish = Provision::new(NewDevice::named("meter-1"))
    ///     .with_psk(PskWish::password())
    ///     .with_key(SymmetricAlgorithm::Aes128)
    ///     .with_certificate(CertificateWish::with_key(profile, authority));
    /// let meter = registry.devices().provision(&wish, &call)?;
    /// assert!(meter.psk.is_some() && meter.key.is_some() && meter.certificate.is_some());
    /// # Ok::<(), tegata::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`register`](Self::register), [`Psks::issue`](crate::Psks::issue), [`Keys::issue`](crate::Keys::issue),
    /// [`Certificates::issue`](crate::Certificates::issue) and
    /// [`Certificates::issue_with_key`](crate::Certificates::issue_with_key).
    pub fn provision(&self, wish: &Provision, call: &Call) -> Result<Provisioned> {
        let groundwork = Groundwork::of(self.inner, wish)?;
        let content = zeroize::Zeroizing::new(wish.content());
        let operation = Operation { action: "device.provision", content: &content };
        let replay = |number| self.replay_provisioned(number, call);
        self.inner.change(call, operation, |view| plan::plan(view, wish, &groundwork), replay)
    }

    /// Provisions many devices, with a result per item in their order. Their keys are made by all processors at once.
    ///
    /// # Errors
    /// As [`register_many`](Self::register_many).
    pub fn provision_many(
        &self,
        wishes: &[Provision],
        bulk: &Bulk<'_>,
        call: &Call,
    ) -> Result<Vec<Result<Provisioned>>> {
        crate::callback::refuse_inside()?;
        let groundwork = parallel(wishes, |wish| Groundwork::of(self.inner, wish));
        let items: Vec<_> = wishes.iter().zip(groundwork).collect();
        let many = Many {
            action: "device.provision",
            content: &|(wish, _): &(&Provision, Result<Groundwork>)| wish.content(),
            plan: &|view, (wish, ground)| plan::plan(view, wish, ground.as_ref().map_err(Clone::clone)?),
            replay: &|number| self.replay_provisioned(number, call),
        };
        self.inner.change_many(call, &items, bulk, &many)
    }
}
