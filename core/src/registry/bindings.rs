//! What belongs to one owner only: a public key, a unit, a subject, an authority's or profile's name.

use super::Inner;
use super::driver::View;
use crate::Result;
use crate::error::CsrError;
use crate::id::{CertificateId, DeviceId, ProductId};
use crate::key::PublicKey;
use crate::model::{Binding, Owner};
use crate::store::record::{Stored, at};
use crate::store::{RowRef, Write};
use crate::x509::Name;

/// Where a binding is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) key: u64,
    pub(super) check: i64,
}

impl Tag {
    /// The binding's row.
    pub(super) fn row(self) -> RowRef {
        at::<Binding>(self.key)
    }

    fn of((key, check): (u64, i64)) -> Self {
        Self { key, check }
    }
}

impl Inner {
    /// Where a public key is bound.
    pub(super) fn key_tag(&self, key: &PublicKey) -> Tag {
        Tag::of(self.tags.digest("key", &[key.spki()]))
    }

    /// Where a product's unit is bound.
    pub(super) fn unit_tag(&self, product: ProductId, unit: &str) -> Tag {
        Tag::of(self.tags.digest("unit", &[product.as_bytes(), unit.as_bytes()]))
    }

    /// Where a product's claim code is kept; letters' case and the dashes that people read do not matter.
    pub(super) fn claim_code_tag(&self, product: ProductId, code: &str) -> Tag {
        let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        Tag::of(self.tags.digest("claim code", &[product.as_bytes(), plain.as_bytes()]))
    }

    /// Where a subject is bound: case, white space and string types make no difference (RFC 5280, 7.1).
    pub(super) fn subject_tag(&self, subject: &Name) -> Tag {
        let mut parts = Vec::new();
        for rdn in subject.attributes() {
            let mut values: Vec<String> =
                rdn.iter().map(|part| format!("{}={}", part.oid, folded(&part.value))).collect();
            values.sort_unstable();
            parts.push(values.len().to_string());
            parts.extend(values);
        }
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        Tag::of(self.tags.digest("subject", &parts))
    }

    /// Whether a value of the subject holds an identifier that this registry gave to somebody else. Opaque subjects
    /// are unique without a binding, so this is what keeps others from taking one.
    pub(super) fn holds_foreign_id(&self, subject: &Name, own: &str) -> bool {
        let gave = |id: &str| {
            let (device, certificate, product): (Result<DeviceId>, Result<CertificateId>, Result<ProductId>) =
                (id.parse(), id.parse(), id.parse());
            device.is_ok_and(|id| self.ids.number(id).is_ok())
                || certificate.is_ok_and(|id| self.ids.number(id).is_ok())
                || product.is_ok_and(|id| self.ids.number(id).is_ok())
        };
        subject.attributes().iter().flatten().any(|part| {
            let value = part.value.to_ascii_lowercase();
            let plain = |id: &&str| id.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'2'..=b'7'));
            (0..value.len()).filter_map(|at| value.get(at..at + 26)).filter(plain).any(|id| id != own && gave(id))
        })
    }

    /// Where a name is bound that all versions or generations of `kind` share.
    pub(super) fn name_tag(&self, kind: &str, name: &str) -> Tag {
        Tag::of(self.tags.digest("name", &[kind.as_bytes(), name.as_bytes()]))
    }
}

/// A value as names are compared.
fn folded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl View<'_> {
    /// Who owns what `tag` stands for.
    pub(super) fn bound(&self, tag: Tag) -> Result<Option<Stored<Binding>>> {
        // Half a digest may meet another's by chance; the whole never does.
        Ok(self.find::<Binding>(tag.key)?.filter(|binding| binding.check == tag.check))
    }

    /// Binds what nobody owns yet.
    pub(super) fn bind(&self, tag: Tag, owner: Owner) -> Result<Write> {
        self.insert(&Binding { key: tag.key, check: tag.check, owner })
    }

    /// Hands over what `stored` bound.
    pub(super) fn rebind(&self, stored: &Stored<Binding>, owner: Owner) -> Result<Write> {
        self.update(stored.version, &Binding { owner, ..stored.record.clone() })
    }

    /// The writes that bind `tag` to `owner`, when it may be so: unbound, or bound to `owner` already. Certificates of
    /// no device are no entity of their own, so they may share.
    pub(super) fn claim(&self, tag: Tag, owner: Owner, taken: CsrError) -> Result<Vec<Write>> {
        match self.bound(tag)? {
            None => Ok(vec![self.bind(tag, owner)?]),
            Some(bound) => match (bound.owner, owner) {
                (Owner::Compromised, _) => Err(CsrError::KeyCompromised.into()),
                (Owner::Certificate(_), Owner::Certificate(_)) => Ok(vec![self.require(&bound)?]),
                (a, b) if a == b => Ok(vec![self.require(&bound)?]),
                _ => Err(taken.into()),
            },
        }
    }
}
