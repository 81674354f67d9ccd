//! Which record is over, and what goes with it.

use super::archive::Line;
use super::{Removal, Retention};
use crate::Result;
use crate::env::Timestamp;
use crate::id::{AuthorityId, DeviceId};
use crate::model::{
    Binding, Campaign, CampaignPart, Certificate, CertificateKind, CertificateState, ClaimCode, CrlChunk, CrlRemoval,
    Delivery, Device, DeviceState, Document, EndedVersion, IdentityKind, KeyShare, Owner, Psk, PskState, RequestRecord,
    Revocation, SymmetricKey, scope_parts,
};
use crate::registry::bindings::Tag;
use crate::registry::devices::state::key_tag_of;
use crate::registry::driver::View;
use crate::registry::page::Wanted;
use crate::store::record::{Cell, Record, Stored, at};
use crate::store::{Expect, Row, Write};

impl View<'_> {
    /// What removes the record in `row`, if it is over for long enough.
    pub(super) fn removal(&self, row: Row, retention: &Retention) -> Result<Option<Removal>> {
        let found = match row.table.name {
            "requests" => self.request(&self.stored(&row)?, retention)?,
            "claim_codes" => self.claim_code(&self.stored(&row)?, retention)?,
            "certificates" => self.certificate(&self.stored(&row)?, retention)?,
            "psks" => self.psk(&self.stored(&row)?, retention)?,
            "key_versions" => self.key_version(&self.stored(&row)?, retention)?,
            "campaign_parts" => self.campaign_part(&self.stored(&row)?, retention)?,
            "campaigns" => self.campaign(&self.stored(&row)?, retention)?,
            "devices" => self.device(&self.stored(&row)?, retention)?,
            "crl_chunks" => self.crl_chunk(&self.stored(&row)?, retention)?,
            _ => None,
        };
        Ok(found.map(|(line, writes)| Removal { line: line.finish(row.table.name), row, writes }))
    }

    fn stored<T: Record>(&self, row: &Row) -> Result<Stored<T>> {
        Ok(Stored { version: row.version, record: T::read(row.clone(), &self.registry.ids)? })
    }

    fn is_past(&self, moment: Timestamp, days: u32) -> bool {
        moment.plus_days(days.into()) < self.now
    }

    fn request(&self, stored: &Stored<RequestRecord>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        if !self.is_past(stored.at, retention.request_days) {
            return Ok(None);
        }
        let line = Line::new().with("at", stored.at);
        Ok(Some((line, vec![self.delete(stored)?])))
    }

    fn claim_code(&self, stored: &Stored<ClaimCode>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        let over = match (stored.device, stored.expires) {
            // A used code that is removed is unknown, and refused as well.
            (Some(device), _) => self.find::<Device>(self.number_of(device)?)?.is_none(),
            (None, Some(expires)) => self.is_past(expires, retention.claim_code_days),
            (None, None) => false,
        };
        if !over {
            return Ok(None);
        }
        let line =
            Line::new().with("product", stored.product).maybe("expires", stored.expires).maybe("device", stored.device);
        Ok(Some((line, vec![self.delete(stored)?])))
    }

    fn certificate(&self, stored: &Stored<Certificate>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        let over = match stored.state {
            // It may still be approved.
            CertificateState::Pending => return Ok(None),
            CertificateState::Denied => stored.issued,
            _ => stored.not_after,
        };
        if !self.is_past(over, retention.certificate_days) {
            return Ok(None);
        }
        if self.is_last(stored)? {
            return Ok(None);
        }
        // The oldest goes first, so that whoever knows a certificate also knows what became of it.
        if let Some(older) = stored.renews
            && self.find::<Certificate>(self.number_of(older)?)?.is_some()
        {
            return Ok(None);
        }
        let number = self.number_of(stored.id)?;
        let revocation = self.find::<Revocation>(number)?;
        if revocation.is_some() || stored.revoked.is_some() {
            let shard = stored.shard.unwrap_or(0);
            if !self.revocations_may_go(stored.authority, shard, stored.not_after, retention)? {
                return Ok(None);
            }
        }
        let mut writes = vec![self.delete(stored)?];
        writes.extend(self.release_key(stored)?);
        for assignment in self.registry.holders(stored.id)? {
            writes.push(self.delete(&assignment)?);
        }
        let document = self.find::<Document>(number)?;
        writes.push(Write::Delete(at::<Document>(number), Expect::Any));
        writes.push(Write::Delete(at::<Delivery>(number), Expect::Any));
        if let Some(revocation) = revocation {
            writes.push(self.delete(&revocation)?);
        }
        writes.push(Write::Delete(at::<CrlRemoval>(number), Expect::Any));
        let line = Line::new()
            .with("id", stored.id)
            .octets("serial", &stored.serial)
            .with("authority", stored.authority)
            .with("profile", stored.profile)
            .with("kind", stored.kind)
            .with("state", stored.state)
            .maybe("product", stored.product)
            .maybe("device", stored.device)
            .maybe("name", stored.name.clone())
            .with("issued", stored.issued)
            .with("not_before", stored.not_before)
            .with("not_after", stored.not_after)
            .maybe("renews", stored.renews)
            .maybe("successor", stored.successor)
            .maybe("revoked", stored.revoked)
            .maybe("reason", stored.reason.map(crate::x509::RevocationReason::name))
            .der("der", document.as_ref().map(|document| document.der.as_slice()));
        Ok(Some((line, writes)))
    }

    /// Whether it is the last by which a device that may come back, or a product, is known. A device that was away for years
    /// shows the key of an expired certificate; and numbers of keys, which stand in names, go on from the highest.
    fn is_last(&self, stored: &Stored<Certificate>) -> Result<bool> {
        if stored.check_issued().is_err() {
            return Ok(false);
        }
        if let (CertificateKind::Product, Some(product)) = (stored.kind, stored.product) {
            return Ok(self.registry.last_key_number(product)? == stored.key_number);
        }
        let Some(id) = stored.device else { return Ok(false) };
        if self.find::<Device>(self.number_of(id)?)?.is_none_or(|device| device.state == DeviceState::Deleted) {
            return Ok(false);
        }
        let number = self.number_of(stored.id)?;
        let (mut held, mut newer, mut numbered) = (false, false, false);
        for (_, other) in self.registry.held_by(id)? {
            if other.id == stored.id {
                held = true;
            } else if other.device == stored.device && other.check_issued().is_ok() {
                newer |= self.number_of(other.id)? > number;
                numbered |= other.key_number >= stored.key_number;
            }
        }
        Ok(held && !(newer && numbered))
    }

    /// What frees the key of a certificate that goes, unless others are still certified for it or it is compromised.
    fn release_key(&self, stored: &Stored<Certificate>) -> Result<Option<Write>> {
        let Some(tag) = key_tag_of(self, stored)? else { return Ok(None) };
        let Some(bound) = self.bound(tag)? else { return Ok(None) };
        match bound.owner {
            Owner::Certificate(owner) if owner == stored.id => match self.heir(stored, tag)? {
                Some(heir) => self.rebind(&bound, Owner::Certificate(heir.id)).map(Some),
                None => self.delete::<Binding>(&bound).map(Some),
            },
            Owner::Device(device) if !self.is_certified(device, stored, tag)? => {
                self.delete::<Binding>(&bound).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The certificate that was renewed into with the same key.
    fn heir(&self, stored: &Certificate, tag: Tag) -> Result<Option<Stored<Certificate>>> {
        let Some(successor) = stored.successor else { return Ok(None) };
        let Some(successor) = self.find::<Certificate>(self.number_of(successor)?)? else { return Ok(None) };
        Ok(if key_tag_of(self, &successor)? == Some(tag) { Some(successor) } else { None })
    }

    /// Whether the device has another certificate for the key.
    fn is_certified(&self, device: DeviceId, but: &Certificate, tag: Tag) -> Result<bool> {
        for (_, held) in self.registry.held_by(device)? {
            if held.id != but.id && key_tag_of(self, &held)? == Some(tag) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn psk(&self, stored: &Stored<Psk>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        if stored.state != PskState::Deleted || !self.is_past(stored.issued, retention.secret_days) {
            return Ok(None);
        }
        // The next key under a device's ID goes on counting its versions.
        if stored.identity_kind == IdentityKind::Device
            && self.find::<Device>(self.number_of(stored.device)?)?.is_some()
        {
            return Ok(None);
        }
        Ok(Some((psk_line(stored), vec![self.delete(stored)?])))
    }

    fn key_version(&self, stored: &Stored<EndedVersion>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        if !self.is_past(stored.ended, retention.secret_days) {
            return Ok(None);
        }
        let line = Line::new()
            .with("key", stored.of)
            .with("version", stored.record.version)
            .with("algorithm", stored.algorithm)
            .with("issued", stored.issued)
            .with("ended", stored.ended)
            .with("compromised", stored.compromised);
        Ok(Some((line, vec![self.delete(stored)?])))
    }

    fn campaign_part(
        &self,
        stored: &Stored<CampaignPart>,
        retention: &Retention,
    ) -> Result<Option<(Line, Vec<Write>)>> {
        let campaign = self.find::<Campaign>(self.number_of(stored.campaign)?)?;
        let ended = campaign.map(|campaign| campaign.ended);
        let over = match ended {
            None => true,
            Some(None) => false,
            Some(Some(ended)) => self.is_past(ended, retention.campaign_days),
        };
        if !over {
            return Ok(None);
        }
        let line = Line::new().with("campaign", stored.campaign).with("kind", stored.kind);
        Ok(Some((line, vec![self.delete(stored)?])))
    }

    fn campaign(&self, stored: &Stored<Campaign>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        if stored.ended.is_none_or(|ended| !self.is_past(ended, retention.campaign_days)) {
            return Ok(None);
        }
        let line = Line::new()
            .with("id", stored.id)
            .with("name", &stored.name)
            .with("state", stored.state)
            .with("started", stored.started)
            .maybe("ended", stored.ended)
            .with("selected", stored.selected)
            .with("released", stored.released);
        Ok(Some((line, vec![self.delete(stored)?])))
    }

    fn device(&self, stored: &Stored<Device>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        if stored.state != DeviceState::Deleted || !self.is_past(stored.updated, retention.device_days) {
            return Ok(None);
        }
        let mut writes = vec![self.delete(stored)?, self.forget_gains(stored.id)?];
        let mut secrets = Vec::new();
        for psk in self.registry.psks_of(stored.id)? {
            secrets.push(psk_line(&psk).finish("psks"));
            writes.push(self.delete(&psk)?);
        }
        let own = Wanted::default().eq("device", stored.id.to_value(&self.registry.ids));
        self.registry.scan::<SymmetricKey>(&own, |key| {
            // What it shared with others stays theirs.
            if key.holders <= 1 {
                secrets.push(key_line(&key).finish("keys"));
                writes.push(self.delete(&key)?);
            }
            Ok(())
        })?;
        // What it should have lost when it was deleted.
        let left = self.registry.held_by(stored.id)?.len();
        let shares = self.registry.first::<KeyShare>(own)?;
        if left > 0 || shares.is_some() {
            return Ok(None);
        }
        let line = Line::new()
            .with("id", stored.id)
            .with("name", &stored.name)
            .maybe("product", stored.product)
            .maybe("unit", stored.unit.clone())
            .maybe("subject", stored.subject.as_ref().map(ToString::to_string))
            .with("created", stored.created)
            .with("deleted", stored.updated);
        let line = secrets.into_iter().fold(line, Line::beside);
        Ok(Some((line, writes)))
    }

    /// Whether CRLs need not say any more of certificates of a shard that ended at `end`.
    fn revocations_may_go(
        &self,
        authority: AuthorityId,
        shard: u32,
        end: Timestamp,
        retention: &Retention,
    ) -> Result<bool> {
        // One that has expired makes none any more, and nobody asks for them.
        let issuer = self.registry.issuer(authority);
        let expired = issuer.is_ok_and(|issuer| self.is_past(issuer.not_after, retention.certificate_days));
        Ok(expired || self.registry.revocations_may_go(authority, shard, end, self.now)?)
    }

    /// Encoded entries of CRLs, once all of them are over.
    fn crl_chunk(&self, stored: &Stored<CrlChunk>, retention: &Retention) -> Result<Option<(Line, Vec<Write>)>> {
        if !self.is_past(stored.last_expiry, retention.certificate_days) {
            return Ok(None);
        }
        let (authority, shard) = scope_parts(stored.scope);
        let authority = self.registry.ids.id(authority);
        if !self.revocations_may_go(authority, shard, stored.last_expiry, retention)? {
            return Ok(None);
        }
        let line = Line::new()
            .with("authority", authority)
            .with("shard", shard)
            .with("entries", stored.entries)
            .with("last_expiry", stored.last_expiry)
            .der("der", Some(&stored.der));
        Ok(Some((line, vec![self.delete(stored)?])))
    }
}

fn psk_line(psk: &Psk) -> Line {
    Line::new()
        .with("id", psk.id)
        .with("device", psk.device)
        .with("kind", psk.kind)
        .with("version", psk.version)
        .with("issued", psk.issued)
}

fn key_line(key: &SymmetricKey) -> Line {
    Line::new()
        .with("id", key.id)
        .maybe("device", key.device)
        .with("number", key.number)
        .with("algorithm", key.algorithm)
        .with("state", key.state)
        .with("version", key.version)
        .with("issued", key.issued)
}
