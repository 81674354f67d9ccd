//! A device with all that it gets at once, and all that it has.

use tegata::symmetric::SymmetricAlgorithm;
use tegata::{CertificateWish, Credentials, Provision, Provisioned, PskWish};

use super::key_values::{tegata_issued_key, tegata_symmetric_key};
use super::psk_values::{tegata_identity_kind, tegata_issued_psk, tegata_psk, tegata_psk_kind};
use crate::registry::prelude::*;
use crate::value::psk_policy::tegata_psk_policy;
use crate::value::symmetric::tegata_symmetric_algorithm;

/// The pre-shared key that a new device gets.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_psk_wish {
    /// `sizeof(tegata_psk_wish)`.
    pub size: usize,
    /// Whether the secret can be read again; 0 for a secret that can only be checked.
    pub kind: Number<tegata_psk_kind>,
    /// Where the identity comes from; 0 for the device's ID.
    pub identity_kind: Number<tegata_identity_kind>,
    /// The identity, when it is chosen and only then: 1 to 128 bytes of text. NULL otherwise.
    pub identity: *const c_char,
    /// What the secret that is made here is like; NULL for the default.
    pub policy: *const tegata_psk_policy,
    /// A secret that exists already, in place of one that is made here. May be left out (NULL).
    pub secret: tegata_bytes,
    /// After how many days it is due to be rotated, 1 to 36,525; NULL for never.
    pub renew_days: *const u32,
}
growing!(tegata_psk_wish);

impl ToCore for tegata_psk_wish {
    type Core = PskWish;

    fn to_core(&self) -> Result<PskWish> {
        let default = PskWish::password();
        Ok(PskWish {
            kind: self.kind.optional("kind")?.unwrap_or(default.kind),
            identity_kind: self.identity_kind.optional("identity_kind")?.unwrap_or(default.identity_kind),
            identity: maybe_string(self.identity, "identity")?,
            policy: given_or_default(self.policy, "policy")?,
            secret: self.secret.optional("secret")?.map(|secret| Secret::new(secret.to_vec())),
            renew_days: optional(self.renew_days).copied(),
        })
    }
}

/// The certificate that a new device gets.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_certificate_wish {
    /// `sizeof(tegata_certificate_wish)`.
    pub size: usize,
    /// The profile that decides what the certificate holds. Required.
    pub profile: *const c_char,
    /// The authority; after a rebuild its newest generation issues. Required.
    pub authority: *const c_char,
    /// The device's own CSR (PEM or DER); without one (NULL), its key is made here.
    pub csr: tegata_bytes,
    /// What kind of key is made here; 0 for the first that the profile lists.
    pub algorithm: Number<tegata_key_algorithm>,
    /// When the key that is made here is handed out; 0 for the default.
    pub hand_out: Number<tegata_hand_out>,
}
growing!(tegata_certificate_wish);

impl ToCore for tegata_certificate_wish {
    type Core = CertificateWish;

    fn to_core(&self) -> Result<CertificateWish> {
        Ok(CertificateWish {
            profile: parsed(self.profile, "profile")?,
            authority: parsed(self.authority, "authority")?,
            csr: self.csr.optional("csr")?.map(<[u8]>::to_vec),
            algorithm: self.algorithm.optional("algorithm")?,
            hand_out: self.hand_out.or_default("hand_out")?,
        })
    }
}

/// A device to be registered, and what it gets at once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_provision {
    /// `sizeof(tegata_provision)`.
    pub size: usize,
    /// The device; NULL for one of which nothing is known yet.
    pub device: *const tegata_new_device,
    /// Its password or TLS key; NULL for none.
    pub psk: *const tegata_psk_wish,
    /// Of what kind its symmetric key number 1 is; 0 for no key.
    pub key: Number<tegata_symmetric_algorithm>,
    /// Its certificate; NULL for none.
    pub certificate: *const tegata_certificate_wish,
}
growing!(tegata_provision);

impl ToCore for tegata_provision {
    type Core = Provision;

    fn to_core(&self) -> Result<Provision> {
        let key: Option<SymmetricAlgorithm> = self.key.optional("key")?;
        Ok(Provision {
            device: given_or_default(self.device, "device")?,
            psk: maybe_given(self.psk, "psk")?,
            key,
            certificate: maybe_given(self.certificate, "certificate")?,
        })
    }
}

/// A device that was provisioned, and what it got.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_provisioned {
    /// The device.
    pub device: *const tegata_device,
    /// Its password or TLS key, erased when freed; NULL if it got none.
    pub psk: *const tegata_issued_psk,
    /// Its symmetric key, erased when freed; NULL if it got none.
    pub key: *const tegata_issued_key,
    /// Its certificate, with its key if that was made here, erased when freed; NULL if it got none.
    pub certificate: *const tegata_issued_with_key,
}

impl ToC for Provisioned {
    type C = tegata_provisioned;

    fn to_c(&self, arena: &mut Arena) -> tegata_provisioned {
        arena.holds_a_secret();
        tegata_provisioned {
            device: arena.record(&self.device),
            psk: arena.maybe_record(self.psk.as_ref()),
            key: arena.maybe_record(self.key.as_ref()),
            certificate: arena.maybe_record(self.certificate.as_ref()),
        }
    }
}

/// Frees one that a function gave you; NULL is fine. Secrets are erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_provisioned_free(provisioned: *const tegata_provisioned) {
    free_record(provisioned);
}

/// What became of the items of a bulk call.
pub type tegata_provisioned_results = Results<tegata_provisioned>;

/// Frees results, the records and errors in them included; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_provisioned_results_free(results: *const tegata_provisioned_results) {
    free_record(results);
}

/// All that a device has.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_credentials {
    /// The certificates that are attached to it.
    pub certificates: *const *const tegata_certificate_record,
    /// How many.
    pub certificates_len: usize,
    /// Its pre-shared keys.
    pub psks: *const *const tegata_psk,
    /// How many.
    pub psks_len: usize,
    /// The symmetric keys that it may use.
    pub keys: *const *const tegata_symmetric_key,
    /// How many.
    pub keys_len: usize,
}

impl ToC for Credentials {
    type C = tegata_credentials;

    fn to_c(&self, arena: &mut Arena) -> tegata_credentials {
        tegata_credentials {
            certificates: arena.records(&self.certificates),
            certificates_len: self.certificates.len(),
            psks: arena.records(&self.psks),
            psks_len: self.psks.len(),
            keys: arena.records(&self.keys),
            keys_len: self.keys.len(),
        }
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_credentials_free(credentials: *const tegata_credentials) {
    free_record(credentials);
}

/// Registers a device together with its pre-shared key, its symmetric key and its certificate, in one commit (NEC-42):
/// it has all of them or does not exist.
///
/// Errors: Those of `tegata_devices_register()`, `tegata_psks_issue()`, `tegata_keys_issue()`, `tegata_certificates_issue()`
/// and `tegata_certificates_issue_with_key()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_provision(
    registry: *const tegata_registry,
    wish: *const tegata_provision,
    call: *const tegata_call,
    provisioned: *mut *const tegata_provisioned,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let provisioned = out(provisioned, "provisioned")?;
        provisioned.give(&registry_of(registry)?.devices().provision(&given(wish, "wish")?, &call_of(call)?)?);
        Ok(())
    })
}

/// Provisions many devices, with a result per item in their order. Their keys are made by all processors at once.
///
/// Errors: Those of `tegata_devices_register_many()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_provision_many(
    registry: *const tegata_registry,
    wishes: *const tegata_provision,
    len: usize,
    bulk: *const tegata_bulk,
    call: *const tegata_call,
    results: *mut *const tegata_provisioned_results,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let results = out(results, "results")?;
        let devices = registry_of(registry)?.devices();
        let wishes = all_given(wishes, len, "wishes")?;
        let call = call_of(call)?;
        let done = with_bulk(bulk, |bulk| devices.provision_many(&wishes, bulk, &call))?;
        results.give(done.as_slice());
        Ok(())
    })
}

/// All keys and certificates of a device.
///
/// Errors: `input.unknown_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_devices_credentials(
    registry: *const tegata_registry,
    id: *const c_char,
    credentials: *mut *const tegata_credentials,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let credentials = out(credentials, "credentials")?;
        credentials.give(&registry_of(registry)?.devices().credentials(parsed(id, "id")?)?);
        Ok(())
    })
}
