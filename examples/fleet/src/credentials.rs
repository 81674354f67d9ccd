//! What the devices are given, in files that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Error, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tegata::Provisioned;

/// `credentials.csv`, and `keys/` if wanted.
pub(crate) struct Credentials {
    list: BufWriter<File>,
    keys: Option<PathBuf>,
}

impl Credentials {
    pub(crate) fn create(out: &Path, files: bool) -> Result<Self, Error> {
        let path = out.join("credentials.csv");
        let new = !path.exists();
        let mut list = BufWriter::new(OpenOptions::new().append(true).create(true).mode(0o600).open(path)?);
        if new {
            writeln!(list, "device,password,key_id,serial")?;
        }
        let keys = files.then(|| out.join("keys"));
        if let Some(keys) = &keys {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(keys)?;
        }
        Ok(Self { list, keys })
    }

    /// Adds one device.
    pub(crate) fn add(&mut self, provisioned: &Provisioned) -> Result<(), Error> {
        let device = provisioned.device.id;
        let password = provisioned.psk.as_ref().and_then(|psk| psk.password()).unwrap_or_default();
        // The AES key stays in the registry: the device fetches it later, wrapped.
        let key = provisioned.key.as_ref().map(|issued| issued.key.id.to_string()).unwrap_or_default();
        let certificate = provisioned.certificate.as_ref();
        let serial = certificate.map(|issued| issued.issued.serial()).unwrap_or_default();
        writeln!(self.list, "{device},{password},{key},{serial}")?;
        if let (Some(keys), Some(issued)) = (&self.keys, certificate) {
            let private =
                |name: String| OpenOptions::new().write(true).create_new(true).mode(0o600).open(keys.join(name));
            private(format!("{device}.pem"))?.write_all(issued.issued.fullchain_pem().as_bytes())?;
            if let Some(key) = issued.key_pem() {
                private(format!("{device}.key"))?.write_all(key.expose().as_bytes())?;
            }
        }
        Ok(())
    }

    /// Returns when everything is on the disk.
    pub(crate) fn sync(&mut self) -> Result<(), Error> {
        self.list.flush()?;
        self.list.get_ref().sync_all()
    }
}
