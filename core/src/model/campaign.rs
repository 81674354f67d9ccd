//! What a renewal campaign is, and the states of its life.

use super::stored_enum;

stored_enum! {
    /// The kinds of credentials that are renewed.
    CredentialKind {
        /// A certificate.
        Certificate = 1 "certificate",
        /// A symmetric key.
        Key = 2 "key",
        /// A pre-shared key.
        Psk = 3 "psk",
    }
}
