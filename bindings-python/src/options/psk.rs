//! What pre-shared keys are issued, rotated and found by, and what their secrets are like.

use pyo3::prelude::*;

use crate::convert::{Core, Show, Time};
use crate::macros::options;
use crate::secret::GivenBytes;
use crate::words::{IdentityKind, PskKind, PskState};

options! {
    /// Which kinds of characters a secret has; of each at least one.
    CharacterClasses(tegata::CharacterClasses): () = tegata::CharacterClasses::default(); {
        /// `a` to `z`.
        flag lower: bool = true => bool;
        /// `A` to `Z`.
        flag upper: bool = true => bool;
        /// `0` to `9`.
        flag digits: bool = true => bool;
        /// `! # $ % * + - . / = ? @ _ ~`
        flag symbols: bool = false => bool;
    }
}

options! {
    /// What the secrets of pre-shared keys and device passwords are like. Each is drawn evenly from all that meet the
    /// policy.
    PskPolicy(tegata::PskPolicy): () = tegata::PskPolicy::default(); {
        /// How many characters, or octets when `raw`; 512 at most.
        def length: Option<u16> = None => u16;
        /// Of which kinds the characters are. Means nothing when `raw`.
        def classes: Option<CharacterClasses> = None => CharacterClasses;
        /// Whether characters may occur that people confuse: `0 O o`, `1 l I`, `2 Z`, `5 S`, `8 B`. Means nothing when
        /// `raw`.
        flag look_alikes: bool = false => bool;
        /// Whether the secret is any octets instead of text.
        flag raw: bool = false => bool;
    }

    /// How many bits of entropy a secret has: the logarithm of how many secrets meet the policy, rounded down. 0 when
    /// none does.
    fn entropy_bits(&self) -> u32 {
        self.0.entropy_bits()
    }
}

options! {
    /// A pre-shared key to be issued. By default a device's password: checked and never read, under the device's ID.
    NewPsk(tegata::NewPsk): (device: String) = tegata::NewPsk::password(device); {
        /// Whether the secret can be read again.
        def kind: Option<PskKind> = None => PskKind;
        /// Where the identity comes from.
        def identity_kind: Option<IdentityKind> = None => IdentityKind;
        /// The identity, with the kind `chosen` and only then: 1 to 128 bytes of text.
        opt identity: Option<String> = None => Option<String>;
        /// What the secret that is made here is like: of 64 bits of entropy or more; of 128, and 64 octets at most, when it can
        /// be read again, since that is for TLS and for wrapping.
        def policy: Option<PskPolicy> = None => PskPolicy;
        /// After how many days it is due to be rotated, 1 to 36,525; never by default.
        opt renew_days: Option<u32> = None => Option<u32>;
    } hidden {
        // A secret that exists already, in place of one that is made here: 8 to 512 octets; 16 to 64 when it can be read again.
        opt secret: Option<GivenBytes>;
    }
    /// Whose it is; the device must be valid.
    #[getter]
    fn device(&self) -> String {
        Show::show(&self.0.device)
    }

    /// A key for TLS: 32 random octets that can be read, under an identity that tells nobody whose it is.
    #[staticmethod]
    #[pyo3(signature = (device, *, renew_days=None))]
    fn tls(device: &str, renew_days: Option<u32>) -> PyResult<Self> {
        Ok(Self(tegata::NewPsk { renew_days, ..tegata::NewPsk::tls(device.core()?) }))
    }
}

options! {
    /// The pre-shared key that a new device gets; its fields are those of `NewPsk`. By default a password.
    PskWish(tegata::PskWish): () = tegata::PskWish::password(); {
        /// Whether the secret can be read again.
        def kind: Option<PskKind> = None => PskKind;
        /// Where the identity comes from.
        def identity_kind: Option<IdentityKind> = None => IdentityKind;
        /// The identity, with the kind `chosen` and only then.
        opt identity: Option<String> = None => Option<String>;
        /// What the secret that is made here is like.
        def policy: Option<PskPolicy> = None => PskPolicy;
        /// After how many days it is due to be rotated.
        opt renew_days: Option<u32> = None => Option<u32>;
    } hidden {
        // A secret that exists already, in place of one that is made here.
        opt secret: Option<GivenBytes>;
    }
    /// A key for TLS: 32 random octets that can be read, under an identity that tells nobody whose it is.
    #[staticmethod]
    #[pyo3(signature = (*, renew_days=None))]
    fn tls(renew_days: Option<u32>) -> Self {
        Self(tegata::PskWish { renew_days, ..tegata::PskWish::tls() })
    }
}

options! {
    /// How a key gets its new secret.
    RotatePsk(tegata::RotatePsk): () = tegata::RotatePsk::default(); {
        /// For how many days the secret before is accepted too, 0 to 3,653. With 0 it ends now.
        def grace_days: Option<u32> = None => u32;
        /// What the new secret is like. By default a password, but 32 random octets in place of a readable secret that is no text.
        opt policy: Option<PskPolicy> = None => Option<PskPolicy>;
    } hidden {
        // A secret that exists already, in place of one that is made here.
        opt secret: Option<GivenBytes>;
    }
}

options! {
    /// Which pre-shared keys to list: those that match everything given.
    PskFilter(tegata::PskFilter): () = tegata::PskFilter::default(); {
        /// Of this device.
        opt device: Option<String> = None => Option<String>;
        /// Of devices in this group.
        opt group: Option<String> = None => Option<String>;
        /// In one of these states; empty for all, deleted ones included.
        def states: Option<Vec<PskState>> = None => Vec<PskState>;
        /// Of this kind.
        opt kind: Option<PskKind> = None => Option<PskKind>;
        /// With exactly this identity, or with it until the last rotation, while that is in its grace period.
        opt identity: Option<String> = None => Option<String>;
        /// Due to be rotated before this moment.
        opt due_before: Option<Time> = None => Option<Time>;
    }
}
