//! The reasons about the log of events.

use super::{Kind, Reason, declare_reasons};

declare_reasons! {
    /// Why the log of events does not show what was asked of it.
    EventError "event" {
        NoCheckpoint = "no_checkpoint" NotFound
            "there is no such checkpoint; make one first";
        NotCovered = "not_covered" State
            "the event is newer than the newest checkpoint; make a checkpoint first";
        Pruned = "pruned" State
            "events that this needs were pruned; look into the archive that was written then";
        LogBroken { reason: String } = "log_broken" Corrupt
            "the log of events is not what its checkpoints say: {reason}; have it verified, and restore a backup";
        NoteInvalid { reason: String } = "note_invalid" InvalidInput
            "the checkpoint cannot be believed: {reason}; check that it and the public key are of the same registry";
        ProofInvalid { reason: String } = "proof_invalid" Refused
            "the proof shows nothing: {reason}; have the registry make it anew";
    }
}
