//! What a proxy that ended TLS says of its clients, and what others say in its name (PAP-12, PAP-13, PAP-14, trap 8).

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::{World, sealer};
use data_encoding::BASE64;
use proptest::prelude::*;
use tegata::store::MemoryStore;
use tegata::{
    CertificateEncoding, Credential, Enrolled, NewDevice, NewPsk, Options, Presented, Principal, Proof, ProxyHeaders,
    Registry, Result, Secret, TrustedProxy,
};

const PROOF: &str = "5s4rMmlkKM3vEcQ0";
const NEXT: &str = "Tq1oPn0aBv7yWz2x";

fn proxy(name: &str, secret: &str, headers: ProxyHeaders) -> TrustedProxy {
    TrustedProxy::new(name, Secret::new(secret.as_bytes().to_vec()), headers)
}

/// A registry behind one proxy, with a device that has a certificate and a password.
struct Behind {
    world: World,
    enrolled: Enrolled,
    password: String,
}

impl Behind {
    fn new(headers: ProxyHeaders) -> Self {
        Self::with(vec![proxy("edge", PROOF, headers)])
    }

    fn with(proxies: Vec<TrustedProxy>) -> Self {
        let mut world = World::with_options(|mut options| {
            options.proxies = proxies;
            options
        });
        let (_, enrolled) = world.enrolled(None);
        let issued = world.registry.psks().issue(&NewPsk::password(enrolled.device.id), &world.call).unwrap();
        let password = issued.password().unwrap().to_owned();
        world.call.request_id = None;
        Self { world, enrolled, password }
    }

    fn ask(&self, headers: &[(&str, &str)]) -> Result<Principal> {
        self.world.registry.authenticate(&Presented::Headers { headers })
    }

    fn code(&self, headers: &[(&str, &str)]) -> &'static str {
        self.ask(headers).unwrap_err().code()
    }

    fn identity(&self) -> String {
        self.enrolled.device.id.to_string()
    }

    fn basic(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("{}:{}", self.identity(), self.password).as_bytes()))
    }

    fn is_the_device(&self, principal: &Principal, by_certificate: bool) -> bool {
        match principal {
            Principal::Device { device, credential, .. } => {
                let fits = matches!(credential, Credential::Certificate(_)) == by_certificate;
                fits && *device == self.enrolled.device.id
            }
            _ => false,
        }
    }
}

/// As `$ssl_client_escaped_cert` has it.
fn escaped(pem: &str) -> String {
    pem.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[test]
fn each_kind_of_proxy_is_understood() {
    type Written = fn(&Enrolled) -> String;
    let forms: [(ProxyHeaders, Written); 6] = [
        (ProxyHeaders::nginx(), |it| escaped(&it.issued.pem())),
        // Apache: blanks in place of line ends.
        (ProxyHeaders::nginx(), |it| it.issued.pem().trim().replace('\n', " ")),
        (ProxyHeaders::haproxy(), |it| BASE64.encode(&it.issued.der)),
        (ProxyHeaders::rfc9440(), |it| format!(":{}:", BASE64.encode(&it.issued.der))),
        (ProxyHeaders::envoy(), |it| {
            format!("Hash=0a1b;Cert=\"{}\";Subject=\"CN=a\\\"b,O=c;d\";URI=", escaped(&it.issued.pem()))
        }),
        (ProxyHeaders::envoy(), |it| format!("cert={}", escaped(&it.issued.pem()))),
    ];
    for (headers, written) in forms {
        let behind = Behind::new(headers.clone());
        let certificate = written(&behind.enrolled);
        let name = headers.certificate.clone().unwrap();
        let verified = headers.verified.clone().unwrap();
        let all = |proof, verify| {
            behind.ask(&[
                ("Host", "x"),
                (&headers.proof, proof),
                (&name.to_lowercase(), &certificate),
                (&verified.to_uppercase(), verify),
            ])
        };
        let principal = all(PROOF, &headers.success).unwrap();
        assert!(behind.is_the_device(&principal, true), "{headers:?}");
        assert_eq!(all("not the proxy's secret", &headers.success).unwrap_err().code(), "authentication.proxy_proof");
        for other in ["", "NONE", "FAILED:expired", "success", "SUCCESS, SUCCESS", "00", "1"] {
            assert_eq!(all(PROOF, other).unwrap_err().code(), "authentication.proxy_not_verified", "{other}");
        }
        // What the registry knows counts as always.
        behind.world.registry.devices().disable(behind.enrolled.device.id, &behind.world.call).unwrap();
        assert_eq!(all(PROOF, &headers.success).unwrap_err().code(), "device.disabled");
    }
}

#[test]
fn a_password_passes_through_as_basic_or_in_headers_of_its_own() {
    let behind = Behind::new(ProxyHeaders::nginx());
    let basic = behind.basic();
    let principal = behind.ask(&[("x-proxy-proof", PROOF), ("authorization", &basic)]).unwrap();
    assert!(behind.is_the_device(&principal, false));
    let lower = basic.replace("Basic ", "basic   ");
    assert!(behind.ask(&[("x-proxy-proof", PROOF), ("authorization", &lower)]).is_ok());
    // nginx says NONE and sends an empty certificate where the client had none.
    let none = [("X-SSL-Client-Verify", "NONE"), ("X-SSL-Client-Cert", ""), ("X-Proxy-Proof", PROOF)];
    assert!(behind.ask(&[&none[..], &[("Authorization", &basic)]].concat()).is_ok());
    for (value, expected) in [
        (BASE64.encode(b"nobody:x"), "authentication.failed"),
        (BASE64.encode(b"no colon"), "authentication.header_malformed"),
        (BASE64.encode(b"\xff\xfe:x"), "authentication.header_malformed"),
        ("%%%".to_owned(), "authentication.header_malformed"),
    ] {
        let value = format!("Basic {value}");
        assert_eq!(behind.code(&[("x-proxy-proof", PROOF), ("authorization", &value)]), expected);
    }
    // Another scheme is none of ours.
    let bearer = [("x-proxy-proof", PROOF), ("authorization", "Bearer abc")];
    assert_eq!(behind.code(&bearer), "authentication.nothing_presented");

    let behind = Behind::new(ProxyHeaders::nginx().with_psk_headers("X-Id", "X-Secret"));
    let identity = behind.identity();
    let shown = |secret| behind.ask(&[("x-proxy-proof", PROOF), ("x-id", identity.as_str()), ("X-SECRET", secret)]);
    assert!(behind.is_the_device(&shown(&behind.password).unwrap(), false));
    assert_eq!(shown("wrong").unwrap_err().code(), "authentication.failed");
    assert_eq!(behind.code(&[("x-proxy-proof", PROOF), ("x-id", &identity)]), "authentication.failed");
    let basic = behind.basic();
    assert_eq!(behind.code(&[("x-proxy-proof", PROOF), ("authorization", &basic)]), "authentication.nothing_presented");
}

#[test]
fn a_password_passes_through_apache_which_writes_something_for_a_certificate_that_is_not_there() {
    let behind = Behind::new(ProxyHeaders::nginx());
    let basic = behind.basic();
    let mut headers = vec![
        ("X-Proxy-Proof", PROOF),
        ("X-SSL-Client-Verify", "NONE"),
        ("X-SSL-Client-Cert", "(null)"),
        ("Authorization", &*basic),
    ];
    assert!(matches!(behind.ask(&headers).unwrap(), Principal::Device { credential: Credential::Psk(_), .. }));
    headers.truncate(3);
    assert_eq!(behind.code(&headers), "authentication.nothing_presented");
}

#[test]
fn what_did_not_come_from_the_proxy_is_refused_each_for_its_reason() {
    let behind = Behind::new(ProxyHeaders::nginx());
    let cert = escaped(&behind.enrolled.issued.pem());
    let basic = behind.basic();
    let rest = [("X-SSL-Client-Cert", cert.as_str()), ("X-SSL-Client-Verify", "SUCCESS")];
    let with = |more: &[(&str, &str)]| behind.code(&[&rest[..], more].concat());
    assert_eq!(with(&[]), "authentication.proxy_proof_missing");
    assert_eq!(with(&[("X-Proxy-Proof", "")]), "authentication.proxy_proof_missing");
    assert_eq!(with(&[("X-Proxy-Proof", "wrong")]), "authentication.proxy_proof");
    assert_eq!(with(&[("X-Proxy-Proof", &PROOF[1..])]), "authentication.proxy_proof");
    assert_eq!(with(&[("X-Proxy-Proof", &format!("{PROOF}, {PROOF}"))]), "authentication.proxy_proof");
    // The proxy adds its own, but a client's got through: in another case, or as some servers write it.
    for (name, value) in [
        ("x-proxy-proof", PROOF),
        ("X_Proxy_Proof", "guess"),
        ("x-ssl-client-cert", "x"),
        ("X_SSL_CLIENT_VERIFY", "SUCCESS"),
        ("X-Ssl_Client-Verify", "FAILED"),
    ] {
        let headers = [("X-Proxy-Proof", PROOF), (name, value)];
        assert_eq!(with(&headers), "authentication.header_repeated", "{name}");
    }
    assert_eq!(with(&[("X-Proxy-Proof", PROOF), ("Authorization", &basic)]), "authentication.both_kinds");
    assert_eq!(behind.code(&[("X-Proxy-Proof", PROOF)]), "authentication.nothing_presented");
    assert_eq!(
        behind.code(&[("X-Proxy-Proof", PROOF), ("X-SSL-Client-Cert", &cert)]),
        "authentication.proxy_not_verified"
    );
    for value in ["x", "-----BEGIN CERTIFICATE-----", "%2", "%zz", "%FF", &cert[40..]] {
        let headers = [("X-Proxy-Proof", PROOF), ("X-SSL-Client-Cert", value), ("X-SSL-Client-Verify", "SUCCESS")];
        assert_eq!(behind.code(&headers), "authentication.header_malformed", "{value}");
    }
    let long = "x".repeat(100_000);
    let headers = [("X-Proxy-Proof", PROOF), ("X-SSL-Client-Cert", &long), ("X-SSL-Client-Verify", "SUCCESS")];
    assert_eq!(behind.code(&headers), "authentication.header_malformed");
    let many = vec![("X-Other", "x"); 1_000];
    assert_eq!(behind.code(&many), "authentication.header_malformed");
    // A certificate of nobody here, however much the proxy verified it.
    let other = Behind::new(ProxyHeaders::nginx());
    let cert = escaped(&other.enrolled.issued.pem());
    let headers = [("X-Proxy-Proof", PROOF), ("X-SSL-Client-Cert", &*cert), ("X-SSL-Client-Verify", "SUCCESS")];
    assert_eq!(behind.code(&headers), "certificate.unknown");
}

#[test]
fn envoy_s_header_counts_with_one_element_only() {
    let behind = Behind::new(ProxyHeaders::envoy());
    let cert = format!("Cert=\"{}\"", escaped(&behind.enrolled.issued.pem()));
    for (value, expected) in [
        (format!("{cert},{cert}"), "authentication.header_malformed"),
        (format!("{cert};{cert}"), "authentication.header_repeated"),
        ("Hash=abc".to_owned(), "authentication.header_malformed"),
        ("Cert=\"abc".to_owned(), "authentication.header_malformed"),
        ("Cert=\"abc\\".to_owned(), "authentication.header_malformed"),
    ] {
        let headers =
            [("x-proxy-proof", PROOF), ("x-forwarded-client-cert", &*value), ("x-ssl-client-verify", "SUCCESS")];
        assert_eq!(behind.code(&headers), expected, "{value}");
    }
}

#[test]
fn a_registry_that_knows_no_proxy_believes_none() {
    let behind = Behind::with(Vec::new());
    let basic = behind.basic();
    let headers = [("x-proxy-proof", PROOF), ("authorization", basic.as_str())];
    assert_eq!(behind.code(&headers), "authentication.proxy_unknown");
}

#[test]
fn a_proxy_changes_over_to_another_secret_and_each_proxy_has_headers_of_its_own() {
    let edge = proxy("edge", PROOF, ProxyHeaders::nginx()).with_secret(Secret::new(NEXT.as_bytes().to_vec()));
    let inner = proxy("inner", "another secret of 16+", ProxyHeaders::rfc9440());
    let behind = Behind::with(vec![edge, inner]);
    let basic = behind.basic();
    for secret in [PROOF, NEXT, "another secret of 16+"] {
        assert!(behind.ask(&[("x-proxy-proof", secret), ("authorization", &basic)]).is_ok());
    }
    let sequence = format!(":{}:", BASE64.encode(&behind.enrolled.issued.der));
    let by = |secret| {
        behind.ask(&[("X-Proxy-Proof", secret), ("Client-Cert", &sequence), ("X-SSL-Client-Verify", "SUCCESS")])
    };
    assert!(by("another secret of 16+").is_ok());
    // The other proxy does not say anything in that header.
    assert_eq!(by(PROOF).unwrap_err().code(), "authentication.nothing_presented");
}

#[test]
fn the_proof_of_a_proxy_takes_the_place_of_the_device_s_own() {
    let behind = Behind::new(ProxyHeaders::nginx());
    let certificate = behind.enrolled.issued.der.as_slice();
    let by = |name, token: &str| {
        let proof = Proof::Proxy { name, token: token.as_bytes() };
        behind.world.registry.authenticate(&Presented::Certificate { certificate, proof, device: None })
    };
    assert!(behind.is_the_device(&by("edge", PROOF).unwrap(), true));
    assert_eq!(by("edge", NEXT).unwrap_err().code(), "authentication.proxy_proof");
    assert_eq!(by("other", PROOF).unwrap_err().code(), "authentication.proxy_unknown");
    behind.world.registry.devices().disable(behind.enrolled.device.id, &behind.world.call).unwrap();
    assert_eq!(by("edge", PROOF).unwrap_err().code(), "device.disabled");
}

#[test]
fn settings_that_could_not_protect_are_refused_when_the_registry_is_opened() {
    let open = |proxies: Vec<TrustedProxy>| {
        let mut options = Options::default();
        options.proxies = proxies;
        Registry::open(MemoryStore::new(), sealer(), options).map(drop).map_err(|error| error.code())
    };
    let with = |change: fn(&mut ProxyHeaders)| {
        let mut headers = ProxyHeaders::nginx();
        change(&mut headers);
        open(vec![proxy("edge", PROOF, headers)])
    };
    assert_eq!(with(|_| ()), Ok(()));
    let wrong = Err("authentication.proxy_misconfigured");
    assert_eq!(with(|it| it.verified = None), wrong);
    assert_eq!(with(|it| it.success.clear()), wrong);
    assert_eq!(with(|it| it.proof = "a b".to_owned()), wrong);
    assert_eq!(with(|it| it.proof.clear()), wrong);
    assert_eq!(with(|it| it.proof = "x_ssl_client_verify".to_owned()), wrong);
    assert_eq!(with(|it| it.identity = Some("X-Id".to_owned())), wrong);
    assert_eq!(with(|it| (it.certificate, it.verified, it.basic) = (None, None, false)), wrong);
    assert_eq!(with(|it| (it.identity, it.secret) = (Some("Authorization".to_owned()), Some("X".to_owned()))), wrong);
    assert_eq!(with(|it| it.encoding = CertificateEncoding::Xfcc), Ok(()));
    assert_eq!(open(vec![proxy("edge", "fifteen octets!", ProxyHeaders::nginx())]), wrong);
    let edge = || proxy("edge", PROOF, ProxyHeaders::nginx());
    assert_eq!(open(vec![edge(), edge()]), wrong);
    assert_eq!(open(vec![edge(), proxy("other", PROOF, ProxyHeaders::envoy())]), wrong);
    assert_eq!(open(vec![TrustedProxy { secrets: Vec::new(), ..edge() }]), wrong);
    assert_eq!(open(vec![proxy("", PROOF, ProxyHeaders::nginx())]), Err("input.invalid"));
    assert!(!format!("{:?}", edge()).contains(PROOF));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_header_makes_it_panic_and_none_lets_anybody_in(
        which in 0_usize..4,
        value in prop_oneof![
            ".{0,60}",
            "(Cert|Hash|[a-z]{0,3})=\"?[A-Za-z0-9%;,\\\\\"=]{0,40}",
            ":[A-Za-z0-9+/=]{0,40}:",
            "-----BEGIN CERTIFICATE-----[ %0-9A-Za-z+/=]{0,40}-----END CERTIFICATE-----",
            "Basic [A-Za-z0-9+/=]{0,40}",
        ],
        other in ".{0,20}",
    ) {
        thread_local! {
            static REGISTRIES: Vec<(ProxyHeaders, Registry)> =
                [ProxyHeaders::nginx(), ProxyHeaders::haproxy(), ProxyHeaders::envoy(), ProxyHeaders::rfc9440()]
                    .map(|headers| {
                        let options = Options::default().with_proxy(proxy("edge", PROOF, headers.clone()));
                        (headers, Registry::open(MemoryStore::new(), sealer(), options).unwrap())
                    })
                    .into();
        }
        REGISTRIES.with(|all| {
            let (headers, registry) = &all[which];
            let certificate = headers.certificate.as_deref().unwrap();
            for name in [certificate, "Authorization", other.as_str()] {
                let shown = [("X-Proxy-Proof", PROOF), ("X-SSL-Client-Verify", headers.success.as_str()), (name, &value)];
                assert!(registry.authenticate(&Presented::Headers { headers: &shown }).is_err());
            }
        });
    }
}

#[test]
fn a_device_that_was_only_registered_comes_through_the_proxy_by_its_password() {
    let behind = Behind::new(ProxyHeaders::nginx());
    let (registry, call) = (&behind.world.registry, &behind.world.call);
    let device = registry.devices().register(&NewDevice::named("sensor"), call).unwrap().id;
    let issued = registry.psks().issue(&NewPsk::password(device), call).unwrap();
    let basic = format!("Basic {}", BASE64.encode(format!("{device}:{}", issued.password().unwrap()).as_bytes()));
    let principal = behind.ask(&[("X-Proxy-Proof", PROOF), ("Authorization", &basic)]).unwrap();
    assert!(matches!(principal, Principal::Device { device: it, .. } if it == device));
}
