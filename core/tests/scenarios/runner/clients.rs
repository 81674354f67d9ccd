//! Who is it: what is presented, proxies, and the handle for clients.

use serde_json::{Value as Json, json};
use tegata::model::{Client, ClientState};
use tegata::{
    CertificateEncoding, ClientFilter, DeviceId, NewClient, Presented, Proof, ProxyHeaders, RegisteredClient,
    TrustedProxy,
};

use super::Fault;
use super::arguments::Fields;
use super::read::{Read, not};
use super::show::Show;
use super::world::{Step, World};

pub fn clients(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.clients(), &s.call);
    match method {
        "register" => s.show(&handle.register(&s.arg("new")?, call)?),
        "check_licence" => s.show(&handle.check_licence(&s.arg::<String>("licence")?)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "rotate_password" => s.show(&handle.rotate_password(s.arg("id")?, call)?),
        "rotate_licence" => s.show(&handle.rotate_licence(s.arg("id")?, call)?),
        "suspend" => s.show(&handle.suspend(s.arg("id")?, call)?),
        "resume" => s.show(&handle.resume(s.arg("id")?, call)?),
        "delete" => s.show(&handle.delete(s.arg("id")?, call)?),
        _ => s.unknown(),
    }
}

/// [`Proof`], owned.
pub enum OwnProof {
    TlsSession,
    Signature(Vec<u8>, Vec<u8>),
    Proxy(String, Vec<u8>),
}

/// [`Presented`], owned.
pub enum OwnPresented {
    Certificate(Vec<u8>, OwnProof, Option<DeviceId>),
    Psk(String, Vec<u8>),
    Headers(Vec<(String, String)>),
    Client(String, String, String),
}

impl Read for OwnProof {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let proof = match fields.required::<String>("type")?.as_str() {
            "tls-session" => Self::TlsSession,
            "signature" => Self::Signature(fields.required("message")?, fields.required("signature")?),
            "proxy" => Self::Proxy(fields.required("name")?, fields.required("token")?),
            _ => return Err(not("a Proof", value)),
        };
        fields.finish()?;
        Ok(proof)
    }
}

impl Read for OwnPresented {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let presented = match fields.required::<String>("type")?.as_str() {
            "certificate" => Self::Certificate(
                fields.required("certificate")?,
                fields.required("proof")?,
                fields.optional("device")?.flatten(),
            ),
            "psk" => Self::Psk(fields.required("identity")?, fields.required("secret")?),
            "headers" => Self::Headers(fields.required("headers")?),
            "client" => {
                Self::Client(fields.required("licence")?, fields.required("name")?, fields.required("password")?)
            }
            _ => return Err(not("a Presented", value)),
        };
        fields.finish()?;
        Ok(presented)
    }
}

impl OwnPresented {
    /// Hands `work` what was presented.
    pub fn with<T>(&self, work: impl FnOnce(&Presented<'_>) -> T) -> T {
        match self {
            Self::Certificate(certificate, proof, device) => {
                let proof = match proof {
                    OwnProof::TlsSession => Proof::TlsSession,
                    OwnProof::Signature(message, signature) => Proof::Signature { message, signature },
                    OwnProof::Proxy(name, token) => Proof::Proxy { name, token },
                };
                work(&Presented::Certificate { certificate, proof, device: *device })
            }
            Self::Psk(identity, secret) => work(&Presented::Psk { identity, secret }),
            Self::Headers(headers) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                work(&Presented::Headers { headers: &headers })
            }
            Self::Client(licence, name, password) => work(&Presented::Client { licence, name, password }),
        }
    }
}

impl Read for CertificateEncoding {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        Ok(match value.as_str() {
            Some("escaped-pem") => Self::EscapedPem,
            Some("base64-der") => Self::Base64Der,
            Some("byte-sequence") => Self::ByteSequence,
            Some("xfcc") => Self::Xfcc,
            _ => return Err(not("a CertificateEncoding", value)),
        })
    }
}

/// What is left out is as for nginx.
impl Read for ProxyHeaders {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let mut made = Self::default();
        macro_rules! over {
            ($($field:ident)*) => { $( if let Some(value) = fields.optional(stringify!($field))? { made.$field = value; } )* };
        }
        over!(proof verified success certificate encoding identity secret basic);
        fields.finish()?;
        Ok(made)
    }
}

impl Read for TrustedProxy {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let headers = fields.optional("headers")?.unwrap_or_default();
        let made = Self { name: fields.required("name")?, secrets: fields.required("secrets")?, headers };
        fields.finish()?;
        Ok(made)
    }
}

impl Read for NewClient {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let made = Self::named(fields.required::<String>("name")?);
        fields.finish()?;
        Ok(made)
    }
}

impl Read for ClientFilter {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let made =
            Self { name: fields.optional("name")?.flatten(), states: fields.optional("states")?.unwrap_or_default() };
        fields.finish()?;
        Ok(made)
    }
}

impl Read for ClientState {
    fn read(value: &Json, _: &World) -> Result<Self, Fault> {
        let found = Self::ALL.iter().copied().find(|it| Some(it.name()) == value.as_str());
        found.ok_or_else(|| not("a ClientState", value))
    }
}

impl Show for ClientState {
    fn show(&self, _: &World) -> Json {
        Json::from(self.name())
    }
}

impl Show for Client {
    fn show(&self, world: &World) -> Json {
        json!({
            "id": self.id.show(world),
            "name": self.name,
            "state": self.state.show(world),
            "failures": self.failures,
            "blocked_until": self.blocked_until.show(world),
            "created": self.created.show(world),
            "updated": self.updated.show(world),
        })
    }
}

impl Show for RegisteredClient {
    fn show(&self, world: &World) -> Json {
        json!({
            "client": self.client.show(world),
            "licence": self.licence.show(world),
            "password": self.password.show(world),
        })
    }
}
