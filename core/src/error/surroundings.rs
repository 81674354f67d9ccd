//! The reasons that lie in what the host brings: store, sealer, signer, clock and randomness.

use super::{Kind, Reason, declare_reasons};

declare_reasons! {
    /// What went wrong in the store.
    StoreError "store" {
        Conflict { write: usize } = "conflict" Conflict
            "write {write} collides with a concurrent change; load again and repeat";
        Unavailable { reason: String } = "unavailable" Unavailable
            "the store cannot be reached for now: {reason}";
        Corrupt { at: String } = "corrupt" Corrupt
            "the stored data is damaged at {at} or the disk cannot read it; check the disk, and if it is sound, restore a backup";
        Schema { found: u32, supported: u32 } = "schema" Unsupported
            "the database has schema version {found}, this build supports up to {supported}; use a newer tegata";
        NotADatabase { reason: String } = "not_a_database" Corrupt
            "the file is not a tegata database: {reason}";
        ReadOnly = "read_only" Unavailable
            "the database can be read but not written; check permissions and free space";
        Full = "full" Unavailable
            "the disk is full; free some space, nothing was lost";
        Backend { reason: String } = "backend" Internal
            "the store failed: {reason}";
        Busy = "busy" Conflict
            "too many concurrent changes of the same records; repeat the call";
        Closed = "closed" State
            "the registry is closed";
        Forked = "forked" State
            "it was opened before this process was forked off; fork first, then open the registry in each process";
        InvalidQuery { reason: String } = "invalid_query" InvalidInput
            "the query cannot be answered: {reason}";
        NotBuilt { feature: &'static str } = "not_built" Unsupported
            "this build has no such store; build tegata with the feature {feature}";
        OtherRegistry = "other_registry" Refused
            "the store that is to be the copy holds something else, or a copy that is in use by now; give an empty store";
        IncompleteCopy = "incomplete_copy" State
            "the store is a copy that was never finished; copy to it again, or remove it";
        KeepsChanging = "keeps_changing" Conflict
            "what is copied changes faster than it can be followed; stop the writers and copy again, which does the rest only";
        Contract { reason: String } = "contract" Internal
            "the store broke its contract: {reason}; put it through the conformance suite";
    }
}

declare_reasons! {
    /// What went wrong with sealing.
    SealError "seal" {
        WrongKey = "wrong_key" Corrupt
            "the sealing key is not the one this database was made with; open it with the right key";
        Damaged { at: String } = "damaged" Corrupt
            "a sealed value at {at} was altered or moved; restore a backup";
        KeyLength = "key_length" InvalidInput
            "a sealing key has exactly 32 bytes";
        KeyFile { reason: String } = "key_file" Unavailable
            "the sealing key file cannot be used: {reason}";
        Failed { reason: String } = "failed" Unavailable
            "the sealer refused or failed: {reason}";
    }
}

declare_reasons! {
    /// What went wrong in a signer.
    SignerError "signer" {
        Failed { reason: String } = "failed" Unavailable
            "the signer refused or failed: {reason}";
        BadSignature = "bad_signature" Internal
            "the signer returned a signature that its own public key does not verify";
    }
}

declare_reasons! {
    /// A defect of this library or its surroundings.
    InternalError "internal" {
        RandomFailed { reason: String } = "random_failed" Unavailable
            "no random bytes could be drawn, so nothing was made: {reason}";
        ClockFailed { reason: String } = "clock_failed" Unavailable
            "the clock did not tell the time: {reason}";
        ClockLeapt { days: i64 } = "clock_leapt" Unavailable
            "the clock stands {days} days after the last housekeeping, so nothing was removed; check it, and if it is right, allow as many leap_days once";
        Defect { what: String } = "defect" Internal
            "a condition that should never arise: {what}; please report it";
    }
}
