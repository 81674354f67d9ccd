#!/bin/sh
# Makes the private keys that core/tests/key_import.rs reads: test data, used for nothing else.
# Needs openssl 3. Keys are new at every run; run it only to add files, and commit what it wrote.
set -eu
cd "$(dirname "$0")"

# One key in every encoding that openssl writes.
ec() { # NAME CURVE
    openssl ecparam -name "$2" -genkey -out "$1.with-parameters.pem"
    openssl ec -in "$1.with-parameters.pem" -out "$1.sec1.pem" 2>/dev/null
    openssl ec -in "$1.sec1.pem" -outform DER -out "$1.sec1.der" 2>/dev/null
    openssl pkcs8 -topk8 -nocrypt -in "$1.sec1.pem" -out "$1.pkcs8.pem"
    openssl pkcs8 -topk8 -nocrypt -in "$1.sec1.pem" -outform DER -out "$1.pkcs8.der"
    openssl ec -in "$1.sec1.pem" -no_public -outform DER -out "$1.sec1-without-point.der" 2>/dev/null
    openssl ec -in "$1.sec1.pem" -pubout -outform DER -out "$1.spki.der" 2>/dev/null
}
ec p256 prime256v1
ec p384 secp384r1

openssl genpkey -algorithm ed25519 -out ed25519.pkcs8.pem
openssl pkey -in ed25519.pkcs8.pem -outform DER -out ed25519.pkcs8.der
openssl pkey -in ed25519.pkcs8.pem -pubout -outform DER -out ed25519.spki.der

for bits in 2048 3072 4096; do
    openssl genrsa -traditional -out rsa$bits.pkcs1.pem $bits 2>/dev/null
    openssl rsa -in rsa$bits.pkcs1.pem -traditional -outform DER -out rsa$bits.pkcs1.der 2>/dev/null
    openssl pkcs8 -topk8 -nocrypt -in rsa$bits.pkcs1.pem -out rsa$bits.pkcs8.pem
    openssl pkcs8 -topk8 -nocrypt -in rsa$bits.pkcs1.pem -outform DER -out rsa$bits.pkcs8.der
    openssl rsa -in rsa$bits.pkcs1.pem -pubout -outform DER -out rsa$bits.spki.der 2>/dev/null
done

# What is refused.
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:test -in p256.sec1.pem -out encrypted.pkcs8.pem
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:test -in p256.sec1.pem -outform DER -out encrypted.pkcs8.der
openssl ec -aes256 -passout pass:test -in p256.sec1.pem -out encrypted.sec1.pem 2>/dev/null
openssl rsa -aes256 -traditional -passout pass:test -in rsa2048.pkcs1.pem -out encrypted.pkcs1.pem 2>/dev/null
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-521 -out p521.pkcs8.pem
openssl ecparam -name secp521r1 -genkey -noout -out p521.sec1.pem
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:secp256k1 -out secp256k1.pkcs8.pem
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out explicit-curve.pkcs8.pem
openssl ec -in p256.sec1.pem -conv_form compressed -outform DER -out compressed-point.sec1.der 2>/dev/null
openssl genpkey -algorithm ed448 -out ed448.pkcs8.pem
openssl genpkey -algorithm x25519 -out x25519.pkcs8.pem
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -out rsa1024.pkcs8.pem 2>/dev/null
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3 -out rsa-exponent3.pkcs8.pem 2>/dev/null
openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out rsa-pss.pkcs8.pem 2>/dev/null
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3 -out rsa-three-primes.pkcs8.pem 2>/dev/null
cat p256.pkcs8.pem p384.pkcs8.pem > two-keys.pem
openssl req -x509 -key p256.pkcs8.pem -subj /CN=x -out p256.certificate.pem
cat p256.certificate.pem p256.pkcs8.pem > certificate-and-key.pem
rm p256.certificate.pem
