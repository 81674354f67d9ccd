//! The folder that everything is written to. Private keys are readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::tell_user;

/// A folder that was empty when the demo began.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes `wanted`. If something is in it already, nothing there is touched: the folder is then `wanted-2`, and so on.
    pub(crate) fn create(wanted: &Path) -> Result<Self, Failure> {
        let mut path = wanted.to_owned();
        let mut number = 1;
        while !Self::is_free(&path)? {
            number += 1;
            let mut name = wanted.as_os_str().to_owned();
            name.push(format!("-{number}"));
            path = name.into();
        }
        fs::create_dir_all(&path).map_err(|e| Failure::file(&path, &e))?;
        if number > 1 {
            tell_user(&format!(
                "{} is in use and stays as it is; this run goes to {}\n",
                wanted.display(),
                path.display()
            ));
        }
        Ok(Self { path })
    }

    fn is_free(path: &Path) -> Result<bool, Failure> {
        match fs::read_dir(path) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(Failure::file(path, &error)),
        }
    }

    /// Removes the folder of a run that failed.
    pub(crate) fn discard(&self) {
        // What the user must know is why it failed, which is said in any case.
        let _ = fs::remove_dir_all(&self.path);
    }

    pub(crate) fn shown(&self) -> String {
        format!("{}/", self.path.display())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that everybody may read.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<(), Failure> {
        let path = self.file(name);
        fs::write(&path, content).map_err(|e| Failure::file(&path, &e))
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write_secret(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.file(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).and_then(|mut file| file.write_all(content)).map_err(|e| Failure::file(&path, &e))
    }

    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        read(&self.file(name))
    }

    /// Says what is in the folder.
    pub(crate) fn list(&self) {
        const MEANING: &[(&str, &str)] = &[
            ("root-ca.pem", "the root: what servers trust"),
            ("issuing-ca.pem", "the authority below it, which issues"),
            ("chain.pem", "both, the issuing one first"),
            ("trust-bundle.pem", "the roots of all generations; here the one"),
            ("product-credential.pem", "what every unit ships with ..."),
            ("product-credential.key", "... and its private key"),
            ("device-1.csr", "the request of the first device"),
            ("device-1.key", "its key (made by openssl, unknown to the registry)"),
            ("device-1.pem", "its first certificate, superseded"),
            ("device-1-renewed.csr", "the request for the renewal"),
            ("device-1-renewed.key", "the new key"),
            ("device-1-renewed.pem", "the renewed certificate, in force"),
            ("device-2.csr", "the request of the second device"),
            ("device-2.key", "its key"),
            ("device-2.pem", "its certificate, revoked"),
            ("crl.pem", "what the issuing authority revoked"),
            ("registry.db", "the registry: one SQLite file"),
            ("sealing.key", "opens the secrets in it: keep it apart from the database"),
        ];
        tell_user(&format!("\nIn {}:", self.shown()));
        for (name, meaning) in MEANING {
            if self.file(name).exists() {
                tell_user(&format!("  {name:<24} {meaning}"));
            }
        }
    }
}

/// The content of a file that the user named.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|e| Failure::file(path, &e))
}
