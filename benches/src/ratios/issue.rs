//! `issue`: CPU time per issued P-256 leaf (CSR in, verified, policy, signed, DER out) over ring's verify and sign.

use std::hint::black_box;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey};
use tegata::id::NumberCipher;
use tegata::model::ProfileSpec;
use tegata::policy::{Applicant, CompiledProfile, Issuance, IssuerView, KeySource};
use tegata::x509::assemble;
use tegata::{KeyAlgorithm, Name, PrivateKey, Signer, Timestamp, VerifiedCsr, parse_certificate};
use tegata_benches::csr;

use crate::{median, print, seconds};

const ROUNDS: usize = 301;
const A_ROUND: u32 = 40;

pub(crate) fn measure() {
    let request = csr("unit 1");
    let ca = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let issuer: Name = "CN=Bench CA,O=Example".parse().unwrap();
    let identifier = ca.public_key().key_identifier();
    let profile = CompiledProfile::new(ProfileSpec::device()).unwrap();
    let bound = profile.bind(&identifier, &[], &[]).unwrap();
    let view = IssuerView {
        subject: &issuer,
        key_identifier: &identifier,
        not_after: Timestamp::from_unix(4_000_000_000),
        algorithm: ca.algorithm(),
    };
    let serials = NumberCipher::new(&[9; 16]);
    let now = Timestamp::from_unix(1_795_348_800);
    let one = |number: u64| {
        let csr = VerifiedCsr::parse(&request).unwrap();
        let serial = serials.serial(number, number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let applicant = Applicant { id: "aaaaaaaaaaaaaaaaaaaaaaaaaa", ..Applicant::default() };
        let decided = profile
            .decide(&applicant, KeySource::Csr(&csr), &Issuance { issuer: view, bound: &bound, serial: &serial, now })
            .unwrap();
        let signature = ca.sign(&decided.tbs).unwrap();
        assemble(&decided.tbs, ca.algorithm(), &signature)
    };

    // The floor does the same cryptography over the same bytes and nothing else.
    let parsed = VerifiedCsr::parse(&request).unwrap();
    let certificate = parse_certificate(&one(1)).unwrap();
    let (message, signature) = signed_part(&request);
    let point = parsed.public_key().key_bits().to_vec();
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let floor = || {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).verify(&message, &signature).unwrap();
        pair.sign(&random, certificate.tbs()).unwrap()
    };

    let mut ratios = Vec::with_capacity(ROUNDS);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let us = || seconds(|| (0..A_ROUND).for_each(|n| _ = black_box(one(u64::from(n) + 1))));
        let bare = || seconds(|| (0..A_ROUND).for_each(|_| _ = black_box(floor())));
        // In turn, and in turn who goes first.
        let (us, bare) = if round % 2 == 0 {
            let us = us();
            (us, bare())
        } else {
            let bare = bare();
            (us(), bare)
        };
        ours.push(us);
        theirs.push(bare);
        ratios.push(us / bare);
    }
    print("issue", median(ratios));
    print("issue-us", median(ours) / f64::from(A_ROUND) * 1e6);
    print("issue-floor-us", median(theirs) / f64::from(A_ROUND) * 1e6);
}

/// The `CertificationRequestInfo` and the signature of a CSR: three elements in a sequence, the last a BIT STRING.
fn signed_part(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    fn element(at: &[u8]) -> (usize, usize) {
        match at[1] {
            n if n < 0x80 => (2, usize::from(n)),
            0x81 => (3, usize::from(at[2])),
            _ => (4, usize::from(at[2]) << 8 | usize::from(at[3])),
        }
    }
    let (head, _) = element(der);
    let info = &der[head..];
    let (h, n) = element(info);
    let algorithm = &info[h + n..];
    let (ah, an) = element(algorithm);
    let bits = &algorithm[ah + an..];
    let (bh, bn) = element(bits);
    (info[..h + n].to_vec(), bits[bh + 1..bh + bn].to_vec())
}
