//! What is done once: the registry, two authorities, profiles, a product.

use std::path::Path;
use std::sync::Arc;

use tegata::model::{Authority, Product};
use tegata::store::{SoftwareSealer, SqliteOptions, SqliteStore};
use tegata::{Call, NewAuthority, NewProduct, Options, Presented, Principal, ProductSpec, Registry};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::{life, more, say};

/// The registry and its issuing authority.
pub(crate) struct Factory {
    pub(crate) registry: Registry,
    pub(crate) issuing: Authority,
}

/// Opens a new registry and makes its authorities.
pub(crate) fn registry(folder: &Folder) -> Result<Factory, Failure> {
    let operator = Call::by("operator");
    // The secrets in the database are sealed with this key. It would be read with `from_file` the next time.
    let sealer = SoftwareSealer::create_file(folder.file("sealing.key"))?;
    let store = SqliteStore::open(folder.file("registry.db"), SqliteOptions::default())?;
    let registry = Registry::open(store, Arc::new(sealer), Options::default())?;
    say("operator", "opens a registry: registry.db, its secrets sealed with sealing.key");

    let authorities = registry.authorities();
    let root = NewAuthority::new("root", "CN=Example Root CA,O=Example".parse()?).valid_for_days(20 * 365);
    let root = authorities.create_root(&root, &operator)?;
    let issuing = NewAuthority::new("issuing", "CN=Example Issuing CA,O=Example".parse()?).valid_for_days(10 * 365);
    let issuing = authorities.create_intermediate(root.id, &issuing, &operator)?;
    say("operator", "makes two authorities");
    for authority in [&root, &issuing] {
        more(&format!("{}, until {}", authority.subject, authority.not_after));
    }
    let pem = |authority: &Authority| tegata::parse_certificate(&authority.certificate).map(|c| c.pem());
    folder.write("root-ca.pem", &pem(&root)?)?;
    folder.write("issuing-ca.pem", &pem(&issuing)?)?;
    folder.write("chain.pem", &(pem(&issuing)? + &pem(&root)?))?;
    folder.write("trust-bundle.pem", &registry.trust_bundle()?.pem())?;
    Ok(Factory { registry, issuing })
}

/// A product with the credential that all its units share.
pub(crate) struct Shared {
    pub(crate) product: Product,
    pub(crate) credential: Vec<u8>,
}

/// Registers the product and puts its credential into the folder.
pub(crate) fn product(factory: &Factory, folder: &Folder) -> Result<Shared, Failure> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let operator = Call::by("operator");
    let registry = &factory.registry;
    // Profiles say what certificates hold. They are files, so that they can be reviewed like code.
    let profiles = registry.profiles();
    let for_products = profiles.load(here.join("profiles/product-credential.toml"), &operator)?;
    let for_devices = profiles.load(here.join("profiles/device.toml"), &operator)?;

    let spec = ProductSpec::load(here.join("product.toml"))?;
    let new = NewProduct::new(spec, factory.issuing.id, for_products.id, for_devices.id);
    let registered = registry.products().register(&new, &operator)?;
    let credential = registered.credential;
    say("operator", &format!("registers the product \"{}\"", registered.product.name));
    more(&format!("product ID  {}", registered.product.id));
    more(&format!(
        "credential  serial {}, until {}",
        credential.issued.serial(),
        credential.issued.certificate.not_after
    ));
    folder.write("product-credential.pem", &credential.issued.pem())?;
    let key = credential.key_pem().ok_or_else(|| Failure::unexpected("the product has no key"))?;
    folder.write_secret("product-credential.key", key.expose().as_bytes())?;
    // Now that the key is safe in its file, the registry can forget it.
    registry.certificates().confirm_key(credential.issued.certificate.id, &operator)?;
    more("its key was handed out once; the registry has erased it");

    // Whoever runs the enrollment service checks the credential before it enrolls anybody. With TLS, the handshake does.
    let (challenge, signature) = life::challenge(folder, "product-credential.key")?;
    let presented = Presented::signed(&credential.issued.der, &challenge, &signature);
    let Principal::Product { .. } = registry.authenticate(&presented)? else {
        return Err(Failure::unexpected("a product credential stands for a device"));
    };
    more("whoever shows it, with its key, counts as some unit of this product: enough to enroll, no more");
    Ok(Shared { product: registered.product, credential: credential.issued.der })
}
