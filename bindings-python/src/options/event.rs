//! What events are found by, and how groups change.

use pyo3::prelude::*;

use crate::convert::Time;
use crate::macros::options;
use crate::sums::Entity;

options! {
    /// Which events to list.
    EventFilter(tegata::EventFilter): () = tegata::EventFilter::default(); {
        /// About this record.
        opt subject: Option<Entity> = None => Option<Entity>;
        /// In which this record took part otherwise, such as the certificate that a device got.
        opt object: Option<Entity> = None => Option<Entity>;
        /// With this action, such as `device.enroll`.
        opt action: Option<String> = None => Option<String>;
        /// By this actor.
        opt actor: Option<String> = None => Option<String>;
        /// From this moment on.
        opt from: Option<Time> = None => Option<Time>;
        /// Before this moment.
        opt to: Option<Time> = None => Option<Time>;
        /// The newest first.
        flag newest_first: bool = false => bool;
    }
}
