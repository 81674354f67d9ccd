//! How long things are kept, how OCSP answers, what of the log is verified.

use pyo3::prelude::*;

use crate::macros::options;
use crate::words::KeyAlgorithm;

options! {
    /// How long what is over is remembered, in days of 86,400 seconds, each at most 36,525.
    Retention(tegata::Retention): () = tegata::Retention::default(); {
        /// Certificates and the entries of CRLs: after they expired, or were refused. What CRLs still list stays until
        /// it may leave them, and the last certificate of a device stays as long as the device, so that one that was
        /// away for years is known when it comes back.
        def certificate_days: Option<u32> = None => u32;
        /// Deleted devices: after the deletion. All that they had goes with them.
        def device_days: Option<u32> = None => u32;
        /// Request IDs: after the request, which can be repeated harmlessly until then.
        def request_days: Option<u32> = None => u32;
        /// Claim codes that nobody used: after they expired. Used ones go with the device that used them.
        def claim_code_days: Option<u32> = None => u32;
        /// Deleted pre-shared keys, after they were issued, but for those under a device's ID, which go with it;
        /// former versions of symmetric keys, after they ended.
        def secret_days: Option<u32> = None => u32;
        /// Campaigns: after their end.
        def campaign_days: Option<u32> = None => u32;
        /// Events: after they happened, once a checkpoint covers them. None keeps them for ever.
        opt event_days: Option<u32> = None => Option<u32>;
        /// How far the clock may have gone on since the last call, or before the first from one event to the next; at least 1.
        /// Beyond, it is taken for wrong, and nothing goes: a clock that jumps ahead makes everything look expired. Whoever
        /// calls seldom allows more.
        def leap_days: Option<u32> = None => u32;
        /// How many rows one call looks at, 1 to 1,000,000. Ten thousand take some tens of milliseconds.
        def limit: Option<u32> = None => u32;
    }
}

options! {
    /// How an authority's answers are signed.
    OcspOptions(tegata::OcspOptions): () = tegata::OcspOptions::default(); {
        /// How long an answer may be believed, in hours; 1 to 744. It is how late a revocation shows to those who
        /// keep answers, so short is safe; too short, and devices that are seldom online find theirs lapsed.
        def validity_hours: Option<u32> = None => u32;
        /// Whether a certificate of its own signs, so that the authority's key is needed only to renew that; else the
        /// authority's key signs each answer.
        def delegated: Option<bool> = None => bool;
        /// What key that certificate has.
        def algorithm: Option<KeyAlgorithm> = None => KeyAlgorithm;
        /// How long that certificate is valid, in days; 1 to 366. It is renewed when two thirds are over. Whoever
        /// takes the key can answer for this long, since such certificates are never revoked.
        def certificate_days: Option<u32> = None => u32;
    }
}

options! {
    /// What to hold the log of events against, besides its own checkpoints.
    VerifyEvents(tegata::VerifyEvents): () = tegata::VerifyEvents::default(); {
        /// Begin at the checkpoint with this number, which an earlier verification reached; what came before is taken
        /// as it is.
        opt since: Option<u64> = None => Option<u64>;
        /// Checkpoints that were kept elsewhere (`Checkpoint::note`). Each must be one of this very log, so a
        /// database that was rolled back, or written anew, is found out.
        def known: Option<Vec<String>> = None => Vec<String>;
        /// The public key that was kept elsewhere (`Events::public_key`).
        opt public_key: Option<String> = None => Option<String>;
    }
}

options! {
    /// How an authority tells who is revoked: one CRL, or several so that each stays small, and how often they
    /// are made. `` use tegata::model::CrlPolicy; let policy = CrlPolicy { shards: 64, urls:
    /// vec!["http://crl.example.com/{authority}/{shard}.crl".to_owned()], delta_urls:
    /// vec!["http://crl.example.com/{authority}/{shard}-delta.crl".to_owned()], delta_hours: Some(6),
    /// ..CrlPolicy::default() }; ``
    CrlPolicy(tegata::model::CrlPolicy): () = tegata::model::CrlPolicy::default(); {
        /// How many shards; 0 for one list of all certificates, at most 4,096. A certificate's shard is fixed when it
        /// is issued: another number of shards opens new ones, and the old ones are kept up for their certificates.
        def shards: Option<u32> = None => u32;
        /// Where a CRL can be fetched: `http://` addresses with `{authority}` (its identifier) and `{shard}` (its
        /// number). They stand in the certificates (RFC 5280, 4.2.1.13) instead of the profile's `crl_urls`, and in
        /// the CRLs of shards, which need them.
        def urls: Option<Vec<String>> = None => Vec<String>;
        /// Where a delta CRL can be fetched, likewise. With `delta_hours`, they stand in the certificates (RFC 5280,
        /// 4.2.1.15).
        def delta_urls: Option<Vec<String>> = None => Vec<String>;
        /// When the next complete CRL will have come, in hours; 1 to 8,784 (a leap year).
        def next_update_hours: Option<u32> = None => u32;
        /// When the next delta CRL will have come, in hours, less than `next_update_hours`; None for no delta CRLs.
        opt delta_hours: Option<u32> = None => Option<u32>;
        /// How long before that a CRL is due to be made anew, in hours, so that it is at its address in time; less
        /// than `next_update_hours`. Of a delta CRL it is at most half its time.
        def overlap_hours: Option<u32> = None => u32;
    }
}
