//! What clients of the host's API are registered and found by.

use pyo3::prelude::*;

use crate::convert::Show;
use crate::macros::options;
use crate::sums::Text;
use crate::words::ClientState;

options! {
    /// A client to be registered.
    NewClient(tegata::NewClient): (name: String) = { let name: String = name; tegata::NewClient::named(name) }; {
    }
    /// What it will call itself: 1 to 255 bytes; no other client has the same.
    #[getter]
    fn name(&self) -> String {
        Show::show(&self.0.name)
    }

}

options! {
    /// Which clients to list.
    ClientFilter(tegata::ClientFilter): () = tegata::ClientFilter::default(); {
        /// Called so.
        opt name: Option<Text> = None => Option<Text>;
        /// In one of these states; all of them if empty.
        def states: Option<Vec<ClientState>> = None => Vec<ClientState>;
    }
}
