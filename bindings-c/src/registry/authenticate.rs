//! Who is it? And what events and presenters are about.

use tegata::Credential;

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
    /// A pre-shared key.
    Psk = 7,
    /// A symmetric key.
    Key = 8,
    /// A campaign.
    Campaign = 9,
    /// A client of the host's API.
    Client = 10,
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
            Self::Psk(id) => (tegata_entity_type::Psk as c_int, arena.shown(id)),
            Self::Key(id) => (tegata_entity_type::Key as c_int, arena.shown(id)),
            Self::Campaign(id) => (tegata_entity_type::Campaign as c_int, arena.shown(id)),
            Self::Client(id) => (tegata_entity_type::Client as c_int, arena.shown(id)),
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
        7 => Entity::Psk(parsed(id, field)?),
        8 => Entity::Key(parsed(id, field)?),
        9 => Entity::Campaign(parsed(id, field)?),
        10 => Entity::Client(parsed(id, field)?),
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
    /// In a TLS handshake that a proxy ended, which checked the chain and says so.
    Proxy = 3,
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
    /// For a proxy: its name.
    pub name: *const c_char,
    /// For a proxy: the secret by which it shows that it is the one.
    pub token: tegata_bytes,
}

/// What somebody presents.
#[repr(C)]
pub enum tegata_presented_type {
    /// A certificate.
    Certificate = 1,
    /// A pre-shared key: a device's password, or what a TLS-PSK handshake was made with.
    Psk = 2,
    /// What a proxy passed on in the headers of a request.
    Headers = 3,
    /// A client of the host's API, by all of what it was given.
    Client = 4,
}

/// What somebody presents to show who it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_presented {
    /// `sizeof(tegata_presented)`.
    pub size: usize,
    /// What it is; 0 for a certificate.
    pub r#type: Number<tegata_presented_type>,
    /// For a certificate: itself, PEM or DER.
    pub certificate: tegata_bytes,
    /// For a certificate: the proof that the presenter has its key.
    pub proof: tegata_proof,
    /// For a certificate: the device that the presenter says it is, where several hold it; NULL otherwise.
    pub device: *const c_char,
    /// For a pre-shared key: what the device calls itself.
    pub identity: *const c_char,
    /// For a pre-shared key: the secret.
    pub secret: tegata_bytes,
    /// For headers: all of the request's as they came; one that came twice is here twice.
    pub headers: tegata_pairs,
    /// For a client: the licence key.
    pub licence: *const c_char,
    /// For a client: its name.
    pub name: *const c_char,
    /// For a client: its password.
    pub password: *const c_char,
}
growing!(tegata_presented);

/// Kinds of presenters.
#[repr(C)]
pub enum tegata_principal_type {
    /// A device.
    Device = 1,
    /// A unit of a product that is no device yet.
    Product = 2,
    /// A client of the host's API.
    Client = 3,
}

/// Who presented it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_principal {
    /// What it is.
    pub r#type: Number<tegata_principal_type>,
    /// The device; NULL for others.
    pub device: *const c_char,
    /// The product; NULL for a device of none.
    pub product: *const c_char,
    /// By which certificate; NULL when it was none.
    pub certificate: *const c_char,
    /// By which pre-shared key; NULL when it was none.
    pub psk: *const c_char,
    /// The client; NULL for others.
    pub client: *const c_char,
    /// The client's name; NULL for others.
    pub name: *const c_char,
    /// Until when this holds, unless something changes; NULL when it has no end.
    pub until: *const i64,
}

impl ToC for Principal {
    type C = tegata_principal;

    fn to_c(&self, arena: &mut Arena) -> tegata_principal {
        let none = std::ptr::null();
        let mut principal = tegata_principal {
            r#type: Number::of(0),
            device: none,
            product: none,
            certificate: none,
            psk: none,
            client: none,
            name: none,
            until: std::ptr::null(),
        };
        match self {
            Self::Device { device, product, credential, until } => {
                principal.r#type = Number::of(tegata_principal_type::Device as c_int);
                principal.device = arena.shown(device);
                principal.product = arena.maybe_shown(*product);
                match credential {
                    Credential::Certificate(id) => principal.certificate = arena.shown(id),
                    Credential::Psk(id) => principal.psk = arena.shown(id),
                    // A kind that the core gains and the header does not know yet.
                    _ => {}
                }
                principal.until = arena.maybe(until.map(Timestamp::unix));
            }
            Self::Product { product, certificate, until } => {
                principal.r#type = Number::of(tegata_principal_type::Product as c_int);
                principal.product = arena.shown(product);
                principal.certificate = arena.shown(certificate);
                principal.until = arena.maybe(Some(until.unix()));
            }
            Self::Client { client, name } => {
                principal.r#type = Number::of(tegata_principal_type::Client as c_int);
                principal.client = arena.shown(client);
                principal.name = arena.text(name);
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
/// Errors: those of the certificate, its authority, its device or product, and the proof; `authentication.failed` alike for an
/// unknown identity, a wrong secret and a deleted pre-shared key, `authentication.backed_off` after too many of them; for headers
/// `authentication.proxy_*`, `authentication.header_*`, `authentication.both_kinds`, `authentication.nothing_presented`.
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
        let registry = registry_of(registry)?;
        let headers;
        let presented = match presented.r#type.get() {
            0 | 1 => Presented::Certificate {
                certificate: presented.certificate.get("certificate")?,
                proof: proof(&presented.proof)?,
                device: maybe_parsed(presented.device, "device")?,
            },
            2 => Presented::Psk {
                identity: text(presented.identity, "identity")?,
                secret: presented.secret.get("secret")?,
            },
            3 => {
                headers = presented.headers.all("headers")?;
                Presented::Headers { headers: &headers }
            }
            4 => Presented::Client {
                licence: text(presented.licence, "licence")?,
                name: text(presented.name, "name")?,
                password: text(presented.password, "password")?,
            },
            _ => return Err(invalid("presented", "has a type that is none")),
        };
        principal.give(&registry.authenticate(&presented)?);
        Ok(())
    })
}

/// The proof that C passes.
fn proof<'a>(proof: &tegata_proof) -> Result<Proof<'a>> {
    Ok(match proof.r#type.get() {
        1 => Proof::TlsSession,
        2 => Proof::Signature { message: proof.message.get("message")?, signature: proof.signature.get("signature")? },
        3 => Proof::Proxy { name: text(proof.name, "name")?, token: proof.token.get("token")? },
        _ => return Err(invalid("proof", "has a type that is none")),
    })
}
