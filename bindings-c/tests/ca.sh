#!/usr/bin/env bash
# Plays the CA with openssl: `ca.sh FOLDER` answers FOLDER/device.csr with a root, an intermediate, and certificates good and bad.
#
#   root.pem sub.pem      the chain; sub.pem was issued by root.pem
#   other.pem             a root of the same name as root.pem, with another key
#   device.pem            for the key of device.csr: TLS server, DNS:pump-7.example, IP:192.0.2.7
#   client.pem            the same key, for TLS clients only, no subjectAltName
#   expired.pem           the same key, valid for one day in 2020
#   revoked.pem, crl.pem  the same key, and the CRL that revokes it
#   self.pem              another key, signed by itself
set -euo pipefail
cd "$1"

# ca.cnf: one CA section for each CA; what is needed for CRLs.
for ca in root sub; do
    mkdir -p $ca.db && : >$ca.db/index.txt && echo 1000 >$ca.db/serial && echo 01 >$ca.db/crlnumber
    printf '[%s]\ndatabase=%s.db/index.txt\nserial=%s.db/serial\ncrlnumber=%s.db/crlnumber\nnew_certs_dir=%s.db\n' $ca $ca $ca $ca $ca
    printf 'certificate=%s.pem\nprivate_key=%s.key\ndefault_md=sha256\npolicy=any\nunique_subject=no\ndefault_crl_days=30\n' $ca $ca
done >ca.cnf
cat >>ca.cnf <<'CNF'
[any]
commonName=optional
[req]
distinguished_name=dn
[dn]
[ca_ext]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[sub_ext]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[crl_ext]
authorityKeyIdentifier=keyid
[server_ext]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=DNS:pump-7.example,IP:192.0.2.7
[client_ext]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth
authorityKeyIdentifier=keyid
CNF

quietly() { "$@" >>openssl.log 2>&1 || { cat openssl.log && exit 1; }; }
new_key() { quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
root() { # root FILE
    new_key "$1.key"
    quietly openssl req -new -x509 -config ca.cnf -extensions ca_ext -key "$1.key" -subj "/CN=Test Root" -days 3650 -out "$1.pem"
}
sign() { # sign CA EXTENSIONS CSR FILE [OPTIONS]
    quietly openssl ca -batch -notext -config ca.cnf -name "$1" -extensions "$2" -in "$3" -out "$4" "${@:5}"
}

root root
root other
quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out sub.key
quietly openssl req -new -config ca.cnf -key sub.key -subj "/CN=Test Issuing" -out sub.csr
sign root sub_ext sub.csr sub.pem -days 1000
sign sub server_ext device.csr device.pem -days 300 -subj /CN=pump-7
sign sub client_ext device.csr client.pem -days 300 -subj /CN=pump-7
sign sub server_ext device.csr expired.pem -startdate 200101000000Z -enddate 200102000000Z -subj /CN=pump-7
sign sub server_ext device.csr revoked.pem -days 300 -subj /CN=pump-7
quietly openssl ca -config ca.cnf -name sub -revoke revoked.pem -crl_reason keyCompromise
quietly openssl ca -config ca.cnf -name sub -gencrl -crlexts crl_ext -out crl.pem
new_key self.key
quietly openssl req -new -x509 -config ca.cnf -extensions server_ext -key self.key -subj /CN=pump-7 -days 300 -out self.pem 2>/dev/null ||
    quietly openssl req -new -x509 -key self.key -subj /CN=pump-7 -days 300 -out self.pem
