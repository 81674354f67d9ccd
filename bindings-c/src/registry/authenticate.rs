//! Who is it? And what events and presenters are about.

use super::prelude::*;

/// Kinds of records that an event is about.
#[repr(C)]
pub enum tegata_entity_type {
    /// An authority.
    Authority = 1,
    /// A profile.
    Profile = 2,
    /// A product.
    Product = 3,
    /// A device.
    Device = 4,
    /// A group.
    Group = 5,
    /// A certificate.
    Certificate = 6,
}

/// A record that an event is about.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_entity {
    /// Its kind.
    pub r#type: Number<tegata_entity_type>,
    /// Its ID.
    pub id: *const c_char,
}

impl ToC for Entity {
    type C = tegata_entity;

    fn to_c(&self, arena: &mut Arena) -> tegata_entity {
        let (kind, id) = match self {
            Self::Authority(id) => (tegata_entity_type::Authority as c_int, arena.shown(id)),
            Self::Profile(id) => (tegata_entity_type::Profile as c_int, arena.shown(id)),
            Self::Product(id) => (tegata_entity_type::Product as c_int, arena.shown(id)),
            Self::Device(id) => (tegata_entity_type::Device as c_int, arena.shown(id)),
            Self::Group(id) => (tegata_entity_type::Group as c_int, arena.shown(id)),
            Self::Certificate(id) => (tegata_entity_type::Certificate as c_int, arena.shown(id)),
            // A kind that the core gains and the header does not know yet.
            other => (0, arena.shown(other)),
        };
        tegata_entity { r#type: Number::of(kind), id }
    }
}

/// The entity that C passes, if any.
pub(super) fn entity(entity: *const tegata_entity, field: &str) -> Result<Option<Entity>> {
    let Some(entity) = optional(entity) else { return Ok(None) };
    let id = entity.id;
    Ok(Some(match entity.r#type.get() {
        1 => Entity::Authority(parsed(id, field)?),
        2 => Entity::Profile(parsed(id, field)?),
        3 => Entity::Product(parsed(id, field)?),
        4 => Entity::Device(parsed(id, field)?),
        5 => Entity::Group(parsed(id, field)?),
        6 => Entity::Certificate(parsed(id, field)?),
        _ => return Err(invalid(field, "has a type that is none")),
    }))
}

/// How a presenter shows that it has the private key.
#[repr(C)]
pub enum tegata_proof_type {
    /// It did so in a TLS handshake, whose end was here.
    TlsSession = 1,
    /// By a signature over a challenge.
    Signature = 2,
}

/// The proof that a presenter has the private key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_proof {
    /// Which proof; there is no default.
    pub r#type: Number<tegata_proof_type>,
    /// For a signature: the challenge, without the prefix that the statement adds.
    pub message: tegata_bytes,
    /// For a signature: the signature over the challenge's statement.
    pub signature: tegata_bytes,
}

/// What somebody presents.
#[repr(C)]
pub enum tegata_presented_type {
    /// A certificate.
    Certificate = 1,
}

/// What somebody presents to show who it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_presented {
    /// `sizeof(tegata_presented)`.
    pub size: usize,
    /// What it is; 0 for a certificate.
    pub r#type: Number<tegata_presented_type>,
    /// The certificate, PEM or DER. Required.
    pub certificate: tegata_bytes,
    /// The proof that the presenter has its key. Required.
    pub proof: tegata_proof,
    /// The device that the presenter says it is, where several hold the certificate; NULL otherwise.
    pub device: *const c_char,
}
growing!(tegata_presented);

/// Kinds of presenters.
#[repr(C)]
pub enum tegata_principal_type {
    /// A device.
    Device = 1,
    /// A unit of a product that is no device yet.
    Product = 2,
}

/// Who presented it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_principal {
    /// What it is.
    pub r#type: Number<tegata_principal_type>,
    /// The device; NULL for a product.
    pub device: *const c_char,
    /// The product; NULL for a device of none.
    pub product: *const c_char,
    /// By which certificate.
    pub certificate: *const c_char,
    /// Until when this holds, unless something changes.
    pub until: i64,
}

impl ToC for Principal {
    type C = tegata_principal;

    fn to_c(&self, arena: &mut Arena) -> tegata_principal {
        let none = std::ptr::null();
        let mut principal =
            tegata_principal { r#type: Number::of(0), device: none, product: none, certificate: none, until: 0 };
        match self {
            Self::Device { device, product, credential: tegata::Credential::Certificate(certificate), until } => {
                principal.r#type = Number::of(tegata_principal_type::Device as c_int);
                principal.device = arena.shown(device);
                principal.product = arena.maybe_shown(*product);
                principal.certificate = arena.shown(certificate);
                principal.until = until.map_or(i64::MAX, tegata::Timestamp::unix);
            }
            Self::Product { product, certificate, until } => {
                principal.r#type = Number::of(tegata_principal_type::Product as c_int);
                principal.product = arena.shown(product);
                principal.certificate = arena.shown(certificate);
                principal.until = until.unix();
            }
            // A kind that the core gains and the header does not know yet.
            _ => {}
        }
        principal
    }
}

/// Frees one that a function gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_principal_free(principal: *const tegata_principal) {
    free_record(principal);
}

/// Who presents this, if they are who they say and nothing keeps them out. Answers with the first reason that does.
///
/// Errors: those of the certificate, its authority, its device or product, and the proof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_registry_authenticate(
    registry: *const tegata_registry,
    presented: *const tegata_presented,
    principal: *mut *const tegata_principal,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let principal = out(principal, "principal")?;
        let presented = sized(presented, "presented")?;
        if !matches!(presented.r#type.get(), 0 | 1) {
            return Err(invalid("presented", "has a type that is none"));
        }
        let proof = match presented.proof.r#type.get() {
            1 => Proof::TlsSession,
            2 => Proof::Signature {
                message: presented.proof.message.get("message")?,
                signature: presented.proof.signature.get("signature")?,
            },
            _ => return Err(invalid("proof", "has a type that is none")),
        };
        let presented = Presented::Certificate {
            certificate: presented.certificate.get("certificate")?,
            proof,
            device: maybe_parsed(presented.device, "device")?,
        };
        principal.give(&registry_of(registry)?.authenticate(&presented)?);
        Ok(())
    })
}
