//! How credentials travel: PEM, PKCS#7, PKCS#12, sets of files, lists of pre-shared keys. Values in, bytes out; nothing touches a disk.

pub mod files;
mod pbe;
pub mod pem;
pub mod pkcs12;
pub mod pkcs7;
pub mod psk;
mod psk_c;

pub use files::{Encoding, FileNames, FileSet, PackedFile};
pub use pem::{PemBlock, certificates_pem, encode_pem, parse_pem};
pub use pkcs7::{read_pkcs7, write_pkcs7};
pub use pkcs12::{Pkcs12, Pkcs12Bundle, Pkcs12Target, read_pkcs12};
pub use psk::{PskFormat, psk_file};
