//! Values that are one of several things: a class with a factory for each, `type` saying which one it is.

use std::net::IpAddr;

use pyo3::prelude::*;
use tegata::model;

use crate::convert::{Bytes, Core, Show, Time};
use crate::error::Fail;

use crate::options::FileNames;
use crate::secret::{GivenBytes, GivenText};
use crate::words::{CertificateKind, CertificateState, Encoding, KeyAlgorithm, Pkcs12Target};

/// The class around a core value: in, out, and how it is shown.
macro_rules! sum {
    ($(#[$meta:meta])* $name:ident($core:ty) { $($methods:tt)* }) => {
        $(#[$meta])*
        #[pyclass(frozen, from_py_object, module = "tegata")]
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) $core);

        #[pymethods]
        impl $name {
            $($methods)*

            fn __repr__(&self) -> String {
                format!("{}.{:?}", stringify!($name), self.0)
            }
        }

        impl Show<$name> for $core {
            fn show(&self) -> $name {
                $name(self.clone())
            }
        }

        impl Core<$core> for $name {
            fn core(self) -> Result<$core, Fail> {
                Ok(self.0)
            }
        }
    };
}

mod credential;
mod presented;
mod seen;

pub(crate) use credential::{Credential, DueItem, NewKeyOwner, Principal};
pub(crate) use presented::{Presented, Proof};
pub(crate) use seen::{OcspStatus, Seen};

sum! {
    /// How a text must compare: `Text.is_("lamp")`, `Text.starts_with("la")`, `Text.contains("am")`.
    Text(tegata::Text) {
        /// Equal.
        #[staticmethod]
        fn is_(value: String) -> Self {
            Self(tegata::Text::Is(value))
        }

        /// Begins so.
        #[staticmethod]
        fn starts_with(value: String) -> Self {
            Self(tegata::Text::StartsWith(value))
        }

        /// Has this somewhere.
        #[staticmethod]
        fn contains(value: String) -> Self {
            Self(tegata::Text::Contains(value))
        }

        /// `is`, `starts-with` or `contains`.
        #[getter]
        fn r#type(&self) -> &'static str {
            match &self.0 {
                tegata::Text::Is(_) => "is",
                tegata::Text::StartsWith(_) => "starts-with",
                tegata::Text::Contains(_) => "contains",
                _ => "unknown",
            }
        }

        /// The text.
        #[getter]
        fn value(&self) -> String {
            match &self.0 {
                tegata::Text::Is(value) | tegata::Text::StartsWith(value) | tegata::Text::Contains(value) => value.clone(),
                _ => String::new(),
            }
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

sum! {
    /// What an event is about: a record of the registry.
    Entity(model::Entity) {
        /// An authority.
        #[staticmethod]
        fn authority(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Authority(value.core()?)))
        }

        /// A profile.
        #[staticmethod]
        fn profile(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Profile(value.core()?)))
        }

        /// A product.
        #[staticmethod]
        fn product(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Product(value.core()?)))
        }

        /// A device.
        #[staticmethod]
        fn device(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Device(value.core()?)))
        }

        /// A group.
        #[staticmethod]
        fn group(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Group(value.core()?)))
        }

        /// A certificate.
        #[staticmethod]
        fn certificate(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Certificate(value.core()?)))
        }

        /// A pre-shared key.
        #[staticmethod]
        fn psk(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Psk(value.core()?)))
        }

        /// A symmetric key.
        #[staticmethod]
        fn key(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Key(value.core()?)))
        }

        /// A campaign.
        #[staticmethod]
        fn campaign(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Campaign(value.core()?)))
        }

        /// A client of the host's API.
        #[staticmethod]
        fn client(value: &str) -> PyResult<Self> {
            Ok(Self(model::Entity::Client(value.core()?)))
        }

        /// `authority`, `profile`, `product`, `device`, `group`, `certificate`, `psk`, `key`, `campaign` or `client`.
        #[getter]
        fn r#type(&self) -> String {
            // The core writes `device:aaaa...`.
            self.0.to_string().split(':').next().unwrap_or_default().to_owned()
        }

        /// Its identifier.
        #[getter]
        fn value(&self) -> String {
            self.0.to_string().split(':').next_back().unwrap_or_default().to_owned()
        }

        fn __str__(&self) -> String {
            self.0.to_string()
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

sum! {
    /// A name in a subjectAltName.
    GeneralName(tegata::GeneralName) {
        /// Reads the text form: `DNS:camera.local`, `IP:192.0.2.7`, `email:a@example.com`, `URI:urn:dev:mac:00`, ...
        #[staticmethod]
        fn parse(text: &str) -> PyResult<Self> {
            Ok(Self(text.parse().map_err(Fail::from)?))
        }

        /// A host name.
        #[staticmethod]
        fn dns(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::GeneralName::dns(value).map_err(Fail::from)?))
        }

        /// An IPv4 or IPv6 address.
        #[staticmethod]
        fn ip(value: &str) -> PyResult<Self> {
            match value.parse::<IpAddr>() {
                Ok(address) => Ok(Self(tegata::GeneralName::Ip(address))),
                // The core words the refusal.
                Err(_) => Self::parse(&format!("IP:{value}")),
            }
        }

        /// A mail address.
        #[staticmethod]
        fn email(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::GeneralName::Email(value.parse().map_err(Fail::from)?)))
        }

        /// A URI.
        #[staticmethod]
        fn uri(value: &str) -> PyResult<Self> {
            Ok(Self(tegata::GeneralName::Uri(value.parse().map_err(Fail::from)?)))
        }

        /// A distinguished name.
        #[staticmethod]
        fn directory_name(value: String) -> PyResult<Self> {
            Ok(Self(tegata::GeneralName::DirectoryName(value.core()?)))
        }

        /// An object identifier.
        #[staticmethod]
        fn registered_id(value: String) -> PyResult<Self> {
            Ok(Self(tegata::GeneralName::RegisteredId(value.core()?)))
        }

        /// Any other name: its type and one DER element.
        #[staticmethod]
        #[allow(clippy::needless_pass_by_value)]
        fn other(type_id: String, value: Bytes) -> PyResult<Self> {
            Ok(Self(tegata::GeneralName::other(type_id.core()?, &value.0).map_err(Fail::from)?))
        }

        /// `dns`, `ip`, `email`, `uri`, `directory-name`, `registered-id` or `other`.
        #[getter]
        fn r#type(&self) -> &'static str {
            match &self.0 {
                tegata::GeneralName::Dns(_) => "dns",
                tegata::GeneralName::Ip(_) => "ip",
                tegata::GeneralName::Email(_) => "email",
                tegata::GeneralName::Uri(_) => "uri",
                tegata::GeneralName::DirectoryName(_) => "directory-name",
                tegata::GeneralName::RegisteredId(_) => "registered-id",
                tegata::GeneralName::Other { .. } => "other",
                _ => "unknown",
            }
        }

        /// The name; of type `other` its DER.
        #[getter]
        fn value(&self) -> TextOrBytes {
            match &self.0 {
                tegata::GeneralName::Dns(name) => TextOrBytes::Text(name.to_string()),
                tegata::GeneralName::Ip(address) => TextOrBytes::Text(address.to_string()),
                tegata::GeneralName::Email(address) => TextOrBytes::Text(address.to_string()),
                tegata::GeneralName::Uri(uri) => TextOrBytes::Text(uri.to_string()),
                tegata::GeneralName::DirectoryName(name) => TextOrBytes::Text(name.to_string()),
                tegata::GeneralName::RegisteredId(oid) => TextOrBytes::Text(oid.to_string()),
                tegata::GeneralName::Other { value, .. } => TextOrBytes::Bytes(value.show()),
                _ => TextOrBytes::Text(String::new()),
            }
        }

        /// The type of a name of type `other`.
        #[getter]
        fn type_id(&self) -> Option<String> {
            match &self.0 {
                tegata::GeneralName::Other { type_id, .. } => Some(type_id.show()),
                _ => None,
            }
        }

        fn __str__(&self) -> String {
            self.0.to_string()
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

/// The value of a name: text for most.
#[derive(IntoPyObject)]
pub(crate) enum TextOrBytes {
    Text(String),
    Bytes(Bytes),
}

sum! {
    /// What a certificate is to be used for.
    Purpose(tegata::Purpose) {
        /// TLS server.
        #[staticmethod]
        fn server_auth() -> Self {
            Self(tegata::Purpose::ServerAuth)
        }

        /// TLS client.
        #[staticmethod]
        fn client_auth() -> Self {
            Self(tegata::Purpose::ClientAuth)
        }

        /// The extended key usage of this OID.
        #[staticmethod]
        fn other(value: String) -> PyResult<Self> {
            Ok(Self(tegata::Purpose::Other(value.core()?)))
        }

        /// Whatever it is for.
        #[staticmethod]
        fn any() -> Self {
            Self(tegata::Purpose::Any)
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

sum! {
    /// Where a certificate's subject comes from.
    SubjectPolicy(model::SubjectPolicy) {
        /// A name that tells nothing, after what is fixed.
        #[staticmethod]
        #[pyo3(signature = (fixed=""))]
        fn opaque(fixed: &str) -> Self {
            Self(model::SubjectPolicy::Opaque { fixed: fixed.to_owned() })
        }

        /// From a template with placeholders.
        #[staticmethod]
        fn template(name: String) -> Self {
            Self(model::SubjectPolicy::Template { name })
        }

        /// From the request: the attributes allowed, and those that must be there.
        #[staticmethod]
        #[pyo3(signature = (allow, require=None))]
        fn from_csr(allow: Vec<String>, require: Option<Vec<String>>) -> Self {
            Self(model::SubjectPolicy::FromCsr { allow, require: require.unwrap_or_default() })
        }

        /// `opaque`, `template` or `from-csr`.
        #[getter]
        fn r#type(&self) -> &'static str {
            match &self.0 {
                model::SubjectPolicy::Opaque { .. } => "opaque",
                model::SubjectPolicy::Template { .. } => "template",
                model::SubjectPolicy::FromCsr { .. } => "from-csr",
                _ => "unknown",
            }
        }

        /// What is fixed, of `opaque`.
        #[getter]
        fn fixed(&self) -> Option<String> {
            if let model::SubjectPolicy::Opaque { fixed } = &self.0 { Some(fixed.clone()) } else { None }
        }

        /// The template, of `template`.
        #[getter]
        fn name(&self) -> Option<String> {
            if let model::SubjectPolicy::Template { name } = &self.0 { Some(name.clone()) } else { None }
        }

        /// The attributes allowed, of `from-csr`.
        #[getter]
        fn allow(&self) -> Option<Vec<String>> {
            if let model::SubjectPolicy::FromCsr { allow, .. } = &self.0 { Some(allow.clone()) } else { None }
        }

        /// The attributes that must be there, of `from-csr`.
        #[getter]
        fn require(&self) -> Option<Vec<String>> {
            if let model::SubjectPolicy::FromCsr { require, .. } = &self.0 { Some(require.clone()) } else { None }
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

sum! {
    /// The form in which a certificate is exported.
    ExportFormat(tegata::ExportFormat) {
        /// The certificate as PEM.
        #[staticmethod]
        fn pem() -> Self {
            Self(tegata::ExportFormat::Pem)
        }

        /// The certificate and its chain as PEM.
        #[staticmethod]
        fn full_chain_pem() -> Self {
            Self(tegata::ExportFormat::FullChainPem)
        }

        /// The certificate as DER.
        #[staticmethod]
        fn der() -> Self {
            Self(tegata::ExportFormat::Der)
        }

        /// The certificate and its chain as PKCS#7.
        #[staticmethod]
        fn pkcs7() -> Self {
            Self(tegata::ExportFormat::Pkcs7)
        }

        /// Key, certificate and chain as PKCS#12 under a password.
        #[staticmethod]
        #[pyo3(signature = (key, password, target=None))]
        fn pkcs12(key: GivenBytes, password: GivenText, target: Option<Pkcs12Target>) -> Self {
            let target = target.map(|target| target.0).unwrap_or_default();
            Self(tegata::ExportFormat::Pkcs12 { key: key.0, password: password.0, target })
        }

        /// A set of files under these names.
        #[staticmethod]
        #[pyo3(signature = (names, encoding=None, key=None))]
        fn files(names: FileNames, encoding: Option<Encoding>, key: Option<GivenBytes>) -> Self {
            let encoding = encoding.map(|encoding| encoding.0).unwrap_or_default();
            Self(tegata::ExportFormat::Files { names: names.0, encoding, key: key.map(|key| key.0) })
        }
    }
}

sum! {
    /// What a row of a count is about.
    CertificateCount(tegata::CertificateCount) {
        /// `total`, `state`, `kind`, `product`, `group`, `authority`, `profile`, `algorithm` or `due-week`.
        #[getter]
        fn r#type(&self) -> &'static str {
            match &self.0 {
                tegata::CertificateCount::Total => "total",
                tegata::CertificateCount::State(_) => "state",
                tegata::CertificateCount::Kind(_) => "kind",
                tegata::CertificateCount::Product(_) => "product",
                tegata::CertificateCount::Group(_) => "group",
                tegata::CertificateCount::Authority(_) => "authority",
                tegata::CertificateCount::Profile(_) => "profile",
                tegata::CertificateCount::Algorithm(_) => "algorithm",
                tegata::CertificateCount::DueWeek(_) => "due-week",
                _ => "unknown",
            }
        }

        /// Which state, which product and so on. None for those without one, and for the total.
        #[getter]
        fn value(&self) -> CountValue {
            match &self.0 {
                tegata::CertificateCount::State(value) => CountValue::State(value.show()),
                tegata::CertificateCount::Kind(value) => CountValue::Kind(value.show()),
                tegata::CertificateCount::Product(value) => CountValue::Id(value.show()),
                tegata::CertificateCount::Group(value) => CountValue::Id(value.show()),
                tegata::CertificateCount::Authority(value) => CountValue::Id(Some(value.show())),
                tegata::CertificateCount::Profile(value) => CountValue::Id(Some(value.show())),
                tegata::CertificateCount::Algorithm(value) => CountValue::Algorithm(value.show()),
                tegata::CertificateCount::DueWeek(value) => CountValue::Week(value.show()),
                _ => CountValue::Id(None),
            }
        }

        fn __eq__(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
}

/// What a count can be about.
#[derive(IntoPyObject)]
pub(crate) enum CountValue {
    State(CertificateState),
    Kind(CertificateKind),
    Algorithm(Option<KeyAlgorithm>),
    Id(Option<String>),
    Week(Option<Time>),
}
