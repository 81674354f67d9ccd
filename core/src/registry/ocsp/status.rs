//! How certificates stand, as the registry knows it at this moment.

use std::sync::Arc;

use super::All;
use crate::Result;
use crate::env::Timestamp;
use crate::error::Error;
use crate::model::{Authority, AuthorityState, Certificate, CertificateState, Responder, Revocation, Standing};
use crate::registry::Inner;
use crate::registry::authorities::make::AUTHORITY_BIT;
use crate::registry::issuers::{Issuer, split_ders};
use crate::store::Row;
use crate::store::record::{at, read};
use crate::x509::{Certificate as X509, OcspStatus, RevocationReason};

/// What is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Good,
    /// Since when, unless nobody wrote that down.
    Revoked(Option<Timestamp>, RevocationReason),
    Unknown,
}

impl Known {
    /// As an answer that is made at `now` says it.
    pub(super) fn said(self, now: Timestamp) -> OcspStatus {
        match self {
            Self::Good => OcspStatus::Good,
            Self::Revoked(at, reason) => OcspStatus::Revoked { at: at.unwrap_or(now), reason },
            Self::Unknown => OcspStatus::Unknown,
        }
    }
}

/// How a certificate stands, and until when that cannot change by the clock alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) known: Known,
    pub(super) until: Option<Timestamp>,
}

impl Status {
    pub(super) const UNKNOWN: Self = Self::always(Known::Unknown);

    const fn always(known: Known) -> Self {
        Self { known, until: None }
    }

    /// Of a certificate with this record.
    pub(super) fn of(record: &Certificate, held: Option<Timestamp>, compromised: bool, now: Timestamp) -> Self {
        if record.serial.is_empty() {
            return Self::UNKNOWN;
        }
        if compromised {
            // Nobody knows since when others had the key, so nothing that it signed was ever good.
            return Self::always(Known::Revoked(Some(record.issued), RevocationReason::CaCompromise));
        }
        if record.state == CertificateState::Revoked {
            return Self::always(Known::Revoked(record.revoked, record.reason.unwrap_or_default()));
        }
        // What was on hold or replaced when it ended has not become good by that.
        match record.standing(now.min(record.not_after)) {
            Standing::Pending | Standing::Denied => Self::UNKNOWN,
            Standing::Superseded => Self::always(Known::Revoked(record.retires, RevocationReason::Superseded)),
            Standing::Suspended => {
                Self { known: Known::Revoked(held, RevocationReason::CertificateHold), until: record.retires }
            }
            _ => Self { known: Known::Good, until: record.retires.filter(|retires| *retires > now) },
        }
    }
}

/// Whether a record number is one of an authority: those of certificates count from 1.
const fn is_of_authority(number: u64) -> bool {
    number >> 62 == AUTHORITY_BIT >> 62
}

impl Inner {
    /// How the certificates with these serial numbers stand, and their issuer, from one snapshot.
    pub(super) fn ocsp_statuses(
        &self,
        issuer: &Arc<Issuer>,
        serials: &[&[u8]],
        now: Timestamp,
    ) -> Result<(Arc<Issuer>, Vec<Status>)> {
        let numbers: Vec<_> = serials.iter().map(|serial| issuer.number_in(serial)).collect();
        let mut wanted = Vec::with_capacity(1 + numbers.len());
        wanted.push(at::<Authority>(self.ids.number(issuer.id)?));
        let of_certificate = |number: &&u64| !is_of_authority(**number);
        wanted.extend(numbers.iter().flatten().filter(of_certificate).map(|number| at::<Certificate>(*number)));
        let mut rows = self.store()?.get(&wanted)?.into_iter();
        let mut next = || rows.next().ok_or_else(|| Error::defect("a store answered with too few rows"));
        let authority: Option<Row> = next()?;
        // Another process may have changed the authority since it was remembered here.
        let issuer = if authority.is_some_and(|row| row.version == issuer.stored.version) {
            Arc::clone(issuer)
        } else {
            self.issuers.forget();
            self.issuer(issuer.id)?
        };
        let compromised = issuer.state == AuthorityState::Compromised;
        let mut statuses = Vec::with_capacity(serials.len());
        for (number, serial) in numbers.into_iter().zip(serials) {
            let Some(number) = number else {
                statuses.push(Status::UNKNOWN);
                continue;
            };
            if is_of_authority(number) {
                statuses.push(self.status_above(&issuer, number, serial, compromised)?);
                continue;
            }
            // Any serial number decrypts to some record number; only the right record carries it.
            let record = read::<Certificate>(next()?, &self.ids)?
                .filter(|record| record.authority == issuer.id && record.serial == *serial);
            let Some(record) = record else {
                statuses.push(Status::UNKNOWN);
                continue;
            };
            // Since when a certificate is on hold stands nowhere else.
            let held = if record.state == CertificateState::Suspended { self.listed_since(number)? } else { None };
            statuses.push(Status::of(&record, held, compromised, now));
        }
        Ok((issuer, statuses))
    }

    /// Since when the CRLs list the certificate with this record number.
    fn listed_since(&self, number: u64) -> Result<Option<Timestamp>> {
        Ok(self.find_record::<Revocation>(number)?.map(|revocation| revocation.at))
    }

    /// How an authority's certificate stands, a cross-certificate, or the one of the responder.
    fn status_above(&self, issuer: &Issuer, number: u64, serial: &[u8], compromised: bool) -> Result<Status> {
        let all: All = self.issuers()?;
        let carries = |der: &[u8]| {
            // Most do not, and reading a certificate takes longer than this.
            der.windows(serial.len()).any(|octets| octets == serial)
                && X509::from_der(der)
                    .is_ok_and(|certificate| certificate.serial() == serial && certificate.issuer() == &issuer.subject)
        };
        for authority in all.values() {
            let outside = split_ders(&authority.outside);
            if !(carries(&authority.certificate) || outside.iter().any(|der| carries(der))) {
                continue;
            }
            if !compromised && authority.state != AuthorityState::Compromised {
                return Ok(Status::always(Known::Good));
            }
            let since = self.listed_since(number)?.unwrap_or(authority.not_before);
            return Ok(Status::always(Known::Revoked(Some(since), RevocationReason::CaCompromise)));
        }
        let responder = self.find_record::<Responder>(self.ids.number(issuer.id)?)?;
        let own = responder.and_then(|stored| stored.record.certificate).is_some_and(|der| carries(&der));
        Ok(if own && !compromised { Status::always(Known::Good) } else { Status::UNKNOWN })
    }
}
