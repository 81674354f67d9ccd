//! What belongs to one owner only: a public key, a unit, a subject, an authority's or profile's name.

use super::Inner;
use super::driver::View;
use crate::Result;
use crate::error::CsrError;
use crate::id::ProductId;
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

    /// Where a subject is bound.
    pub(super) fn subject_tag(&self, subject: &Name) -> Tag {
        Tag::of(self.tags.digest("subject", &[subject.as_der()]))
    }

    /// Where a name is bound that all versions or generations of `kind` share.
    pub(super) fn name_tag(&self, kind: &str, name: &str) -> Tag {
        Tag::of(self.tags.digest("name", &[kind.as_bytes(), name.as_bytes()]))
    }
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
