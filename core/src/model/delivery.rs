//! The two-phase hand-out of a private key that the server made.

use super::stored_enum;
use crate::env::Timestamp;
use crate::error::DeliveryError;
use crate::id::CertificateId;
use crate::secret::Sealed;

stored_enum! {
    /// Where a hand-out stands.
    DeliveryState {
        /// Waits to be collected.
        Available = 1 "available",
        /// Handed out, but not confirmed; the same collector may ask again, since a response can get lost.
        Collecting = 2 "collecting",
        /// Confirmed and erased.
        Collected = 3 "collected",
        /// Not collected in time, or withdrawn with its certificate, and erased.
        Lapsed = 4 "lapsed",
    }
}

/// The hand-out of one certificate's private key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Whose key it is.
    pub certificate: CertificateId,
    /// Where it stands.
    pub state: DeliveryState,
    /// After this moment the key is no longer handed out.
    pub expires: Timestamp,
    /// The private key (PKCS#8), sealed; gone once collected or lapsed.
    pub(crate) private_key: Option<Sealed>,
    /// A keyed tag of the request ID that collected it.
    pub(crate) collector: Option<Vec<u8>>,
}

impl Delivery {
    /// Handed out to the collector with this tag. Only the same collector may ask again before confirming; one
    /// without a tag cannot.
    ///
    /// # Errors
    /// The reason why the key stays where it is.
    pub fn collecting(mut self, collector: Option<Vec<u8>>, now: Timestamp) -> Result<Self, DeliveryError> {
        match self.state {
            DeliveryState::Collected => Err(DeliveryError::Collected),
            DeliveryState::Lapsed => Err(DeliveryError::Lapsed),
            _ if now > self.expires => Err(DeliveryError::Lapsed),
            DeliveryState::Collecting if collector.is_none() || collector != self.collector => {
                Err(DeliveryError::Collecting)
            }
            DeliveryState::Available | DeliveryState::Collecting => {
                self.state = DeliveryState::Collecting;
                self.collector = collector;
                Ok(self)
            }
        }
    }

    /// Confirmed by the collector: the key is erased.
    ///
    /// # Errors
    /// Unless it was handed out.
    pub fn collected(self) -> Result<Self, DeliveryError> {
        match self.state {
            DeliveryState::Collecting => Ok(self.erased(DeliveryState::Collected)),
            DeliveryState::Available => Err(DeliveryError::NotCollecting),
            DeliveryState::Collected => Err(DeliveryError::Collected),
            DeliveryState::Lapsed => Err(DeliveryError::Lapsed),
        }
    }

    /// Withdrawn: the key is erased, unless it was collected before.
    #[must_use]
    pub fn lapsed(self) -> Self {
        match self.state {
            DeliveryState::Collected | DeliveryState::Lapsed => self,
            _ => self.erased(DeliveryState::Lapsed),
        }
    }

    fn erased(mut self, state: DeliveryState) -> Self {
        self.state = state;
        self.private_key = None;
        self.collector = None;
        self
    }
}
