//! What symmetric keys are issued, rotated and found by, and how they reach a device.

use pyo3::prelude::*;

use crate::convert::{Bytes, Show};
use crate::macros::options;
use crate::secret::GivenBytes;
use crate::sums::NewKeyOwner;
use crate::words::{KeyOwner, KeyState, SymmetricAlgorithm, WrapMethod};

options! {
    /// A symmetric key to be issued.
    NewKey(tegata::NewKey): (owner: NewKeyOwner, algorithm: SymmetricAlgorithm) = tegata::NewKey { owner, algorithm, number: None, value: None, renew_days: None }; {
        /// Tells it apart from the other keys of its owner: 1 or more, never used twice, not even after the key was
        /// destroyed. By default the first one that was not used. Keys that several devices share are numbered under the first
        /// of them, apart from its own keys.
        opt number: Option<u32> = None => Option<u32>;
        /// After how many days it is due to be rotated, 1 to 36,525. By default the interval of its group counts; a key that
        /// several devices share belongs to none.
        opt renew_days: Option<u32> = None => Option<u32>;
    } hidden {
        // A value that exists already, in place of one that is made here.
        opt value: Option<GivenBytes>;
    }
    /// Whose it is to be.
    #[getter]
    fn owner(&self) -> NewKeyOwner {
        Show::show(&self.0.owner)
    }

    /// Of what kind.
    #[getter]
    fn algorithm(&self) -> SymmetricAlgorithm {
        Show::show(&self.0.algorithm)
    }

}

options! {
    /// How a key is rotated.
    RotateKey(tegata::RotateKey): () = tegata::RotateKey::default(); {
        /// How many days the version before is kept, at most 36,525. By default it is destroyed at once.
        def grace_days: Option<u32> = None => u32;
        /// Another algorithm from now on, such as a stronger one; by default the key keeps its own.
        opt algorithm: Option<SymmetricAlgorithm> = None => Option<SymmetricAlgorithm>;
    } hidden {
        // A value that exists already, in place of one that is made here.
        opt value: Option<GivenBytes>;
    }
}

options! {
    /// Which symmetric keys to list.
    KeyFilter(tegata::KeyFilter): () = tegata::KeyFilter::default(); {
        /// Owned by this device, or issued to several of which it is the first.
        /// `credentials` names all keys that a device holds.
        opt device: Option<String> = None => Option<String>;
        /// Owned by this group or by one of its members.
        opt group: Option<String> = None => Option<String>;
        /// With this kind of owner.
        opt owner: Option<KeyOwner> = None => Option<KeyOwner>;
        /// Of this algorithm.
        opt algorithm: Option<SymmetricAlgorithm> = None => Option<SymmetricAlgorithm>;
        /// In one of these states; empty for all, destroyed ones included.
        def states: Option<Vec<KeyState>> = None => Vec<KeyState>;
        /// With this number among its owner's keys.
        opt number: Option<u32> = None => Option<u32>;
    }
}

options! {
    /// A key that only the holder of a PSK can read. It tells nothing of the key, so any channel will do.
    WrappedKey(tegata::WrappedKey): (method: WrapMethod, algorithm: SymmetricAlgorithm, device: String, key: String, number: u32, version: u32, wrapped: Bytes) = tegata::WrappedKey { method, algorithm, device, key, number, version, wrapped }; {
    }
    /// How it is wrapped.
    #[getter]
    fn method(&self) -> WrapMethod {
        Show::show(&self.0.method)
    }

    /// What it is a key of.
    #[getter]
    fn algorithm(&self) -> SymmetricAlgorithm {
        Show::show(&self.0.algorithm)
    }

    /// The ID of the device it is for.
    #[getter]
    fn device(&self) -> String {
        Show::show(&self.0.device)
    }

    /// The key's ID.
    #[getter]
    fn key(&self) -> String {
        Show::show(&self.0.key)
    }

    /// The key's number among those of its owner.
    #[getter]
    fn number(&self) -> u32 {
        Show::show(&self.0.number)
    }

    /// The key's version.
    #[getter]
    fn version(&self) -> u32 {
        Show::show(&self.0.version)
    }

    /// The wrapped octets, 8 more than the key's, after it was padded to a multiple of 8; base64 in JSON.
    #[getter]
    fn wrapped(&self) -> Bytes {
        Show::show(&self.0.wrapped)
    }

}
