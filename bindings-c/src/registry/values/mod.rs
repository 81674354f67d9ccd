//! Records and inputs, one file per kind of thing.

mod authority;
mod certificate;
mod device;
mod product;
mod profile;
mod profile_spec;

pub use authority::*;
pub use certificate::*;
pub use device::*;
pub use product::*;
pub use profile::*;
pub use profile_spec::*;
