#!/usr/bin/env bash
# Runs the demo into a temporary folder, once by itself and once with a CSR made by openssl, and lets openssl judge what
# came out: strict chain verification of every certificate, every key and CRL against its certificate.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    printf 'check-demo: %s\n' "$*" >&2
    exit 1
}

check() { # check FOLDER [PUBLIC-KEY-FILE]: the second must be the key of one of the certificates
    local out=$1 wanted=${2:-} parts=$1.parts file leaves=0 roots=0 found=
    mkdir "$parts"
    # Files may hold whole chains; openssl x509 reads only the first certificate of one.
    while IFS= read -r file; do
        awk -v to="$parts/$(basename "$file")" '
            /-----BEGIN CERTIFICATE-----/ { n++; on = 1 }
            on { print > (to "." n ".crt") }
            /-----END CERTIFICATE-----/ { on = 0 }' "$file"
    done < <(grep -rl -e '-----BEGIN CERTIFICATE-----' "$out")
    : >"$parts/roots.pem"
    : >"$parts/intermediates.pem"
    : >"$parts/keys.txt"
    for file in "$parts"/*.crt; do
        openssl x509 -in "$file" -noout -pubkey >>"$parts/keys.txt"
        if ! openssl x509 -in "$file" -noout -ext basicConstraints 2>/dev/null | grep -q CA:TRUE; then
            leaves=$((leaves + 1))
        elif [ "$(openssl x509 -in "$file" -noout -subject -nameopt RFC2253 | cut -d= -f2-)" = \
            "$(openssl x509 -in "$file" -noout -issuer -nameopt RFC2253 | cut -d= -f2-)" ]; then
            cat "$file" >>"$parts/roots.pem"
            roots=$((roots + 1))
        else
            cat "$file" >>"$parts/intermediates.pem"
        fi
    done
    [ $leaves -gt 0 ] || fail "the demo left no device certificate"
    [ $roots -gt 0 ] || fail "the demo left no root certificate"
    local untrusted=()
    [ ! -s "$parts/intermediates.pem" ] || untrusted=(-untrusted "$parts/intermediates.pem")
    for file in "$parts"/*.crt; do
        openssl verify -x509_strict -CAfile "$parts/roots.pem" "${untrusted[@]}" "$file" >"$parts/log" 2>&1 ||
            fail "openssl does not accept $(basename "$file"): $(cat "$parts/log")"
    done
    while IFS= read -r file; do
        openssl pkey -in "$file" -pubout >"$parts/public" 2>/dev/null || fail "openssl cannot read the key $(basename "$file")"
        contains "$parts/keys.txt" "$parts/public" || fail "$(basename "$file") belongs to none of the certificates"
        [ -z "$(find "$file" -perm /077)" ] || fail "$(basename "$file") can be read by others"
    done < <(grep -rlE -e '-----BEGIN ([A-Z]+ )?PRIVATE KEY-----' "$out" || true)
    cat "$parts/roots.pem" "$parts/intermediates.pem" >"$parts/authorities.pem"
    while IFS= read -r file; do
        openssl crl -in "$file" -noout -CAfile "$parts/authorities.pem" >"$parts/log" 2>&1 &&
            grep -q 'verify OK' "$parts/log" || fail "openssl does not accept $(basename "$file"): $(cat "$parts/log")"
    done < <(grep -rl -e '-----BEGIN X509 CRL-----' "$out" || true)
    if [ -n "$wanted" ]; then
        contains "$parts/keys.txt" "$wanted" || fail "no certificate carries the key of the CSR"
        found=", the CSR's key among them"
    fi
    echo "check-demo: openssl accepts $leaves device and product certificates$found"
}
contains() { # contains FILE PUBLIC-KEY-FILE, line breaks ignored
    tr -d '\n' <"$1" | grep -qF -- "$(tr -d '\n' <"$2")"
}

"${MAKE:-make}" --no-print-directory demo OUT="$work/own" >"$work/log" 2>&1 </dev/null || fail "$(cat "$work/log")"
check "$work/own"

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/my.key" -out "$work/my.csr" \
    -subj '/O=Example/CN=camera-7' 2>/dev/null
openssl pkey -in "$work/my.key" -pubout -out "$work/my.pub"
"${MAKE:-make}" --no-print-directory demo OUT="$work/given" CSR="$work/my.csr" >"$work/log" 2>&1 </dev/null || fail "$(cat "$work/log")"
check "$work/given" "$work/my.pub"

# And what is no CSR is refused, with a reason.
echo nonsense >"$work/bad.csr"
if "${MAKE:-make}" --no-print-directory demo OUT="$work/bad" CSR="$work/bad.csr" >"$work/log" 2>&1 </dev/null; then
    fail "the demo accepted nonsense as a CSR"
fi
grep -q 'csr\.' "$work/log" || fail "the demo does not say why it refused nonsense: $(cat "$work/log")"
echo "check-demo: nonsense is refused"
