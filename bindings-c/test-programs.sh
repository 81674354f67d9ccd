#!/usr/bin/env bash
# Tests against an installed library what its users read and copy: the program in examples/c with openssl and with tegata as its CA,
# every code block of docs/c.md, a CA whose key OpenSSL holds; and what careless callers do. Plainly, under valgrind, and with the
# sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${MAKE:-make}" --no-print-directory -s -C bindings-c install PROFILE="${PROFILE:-dev}" DESTDIR="$work/root" PREFIX=/usr
export PKG_CONFIG_PATH=$work/root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root LD_LIBRARY_PATH=$work/root/usr/lib
fail() {
    echo "test-programs: $*" >&2
    exit 1
}

# --- the example: what it keeps, and what it refuses and why -----------------------------------------------------------

cp -r examples/c "$work/example"
"${MAKE:-make}" --no-print-directory -s -C "$work/example" CFLAGS='-O1 -g -Werror'
identity=$work/example/identity

refuses() { # refuses WORDS IDENTITY-ARGUMENTS...
    local words=$1 kept
    shift
    kept=$(cat "$folder/chain.pem" 2>/dev/null || true)
    if "$identity" "$@" >"$work/out" 2>&1; then fail "accepted: $*"; fi
    grep -qF -- "$words" "$work/out" || fail "said not \`$words\` but: $(cat "$work/out")"
    [ "$(cat "$folder/chain.pem" 2>/dev/null || true)" = "$kept" ] || fail "a refused answer was kept: $*"
}

folder=$work/openssl
mkdir "$folder"
umask 000 # the program must not depend on it
refuses "holds no key" install "$folder" tools/setup.sh tools/setup.sh pump-7.example
"$identity" request "$folder" pump-7 pump-7.example 192.0.2.7
umask 022
[ "$(stat -c %a "$folder/key.pem")" = 600 ] || fail "key.pem can be read by others"
openssl req -in "$folder/request.pem" -verify -noout -text 2>/dev/null | grep -q 'DNS:pump-7.example, IP Address:192.0.2.7' ||
    fail "openssl does not see the names in the request"
cp "$folder/key.pem" "$work/first.pem"
"$identity" request "$folder" pump-7 pump-7.example 192.0.2.7
cmp -s "$folder/key.pem" "$work/first.pem" || fail "a second request made a second key"
cp "$folder/request.pem" "$folder/device.csr"
bindings-c/tests/ca.sh "$folder"
for answer in device client expired; do cat "$folder/$answer.pem" "$folder/sub.pem" >"$folder/$answer.answer"; done
cat "$folder/self.pem" "$folder/sub.pem" >"$folder/self.answer"

at=(install "$folder" "$folder/root.pem")
refuses "no chain leads" "${at[@]}" "$folder/device.pem" pump-7.example                                 # without the intermediate
refuses "not its key" install "$folder" "$folder/other.pem" "$folder/device.answer" pump-7.example      # another root of that name
refuses "does not belong to the certificate" "${at[@]}" "$folder/self.answer" pump-7.example            # another key
refuses "was valid until 2020-01-02" "${at[@]}" "$folder/expired.answer" pump-7.example
refuses "lacks serverAuth" "${at[@]}" "$folder/client.answer" pump-7.example
refuses "does not hold pump-8.example" "${at[@]}" "$folder/device.answer" pump-8.example
refuses "holds no certificate" "${at[@]}" "$folder/key.pem" pump-7.example
refuses "No such file" "${at[@]}" "$folder/nothing" pump-7.example
head -c 300 "$folder/device.pem" >"$folder/cut"
refuses "certificate" "${at[@]}" "$folder/cut" pump-7.example
[ ! -e "$folder/chain.pem" ] || fail "something was kept"
"$identity" "${at[@]}" "$folder/device.answer" pump-7.example 192.0.2.7 >"$work/out"
grep -q '^installed: CN=pump-7, number ' "$work/out" || fail "$(cat "$work/out")"
cmp -s "$folder/chain.pem" "$folder/device.answer" || fail "chain.pem is not the answer"
refuses "does not hold pump-8.example" "${at[@]}" "$folder/device.answer" pump-8.example

# --- programs: as they are, watched by valgrind, watched by the sanitizers ------------------------------------------------

warnings=(-std=c11 -Wall -Wextra -Werror -pedantic -g -O1 -Iexamples/c)
read -ra flags <<<"$(pkg-config --cflags --libs tegata libcrypto)"
compile() { # compile FOLDER OPTIONS...
    mkdir "$work/$1"
    gcc "${warnings[@]}" "${@:2}" bindings-c/tests/values.c "${flags[@]}" -o "$work/$1/values"
    gcc "${warnings[@]}" "${@:2}" bindings-c/tests/authority.c examples/c/openssl_signer.c "${flags[@]}" -o "$work/$1/authority"
    gcc "${warnings[@]}" "${@:2}" examples/c/identity.c "${flags[@]}" -o "$work/$1/identity"
}
unwraps() { # unwraps FOLDER IDENTITY...: takes a symmetric key and its next version, and none that is older or altered
    local folder=$1 run=("${@:2}")
    refused_key() { # refused_key WORDS FILE
        if "${run[@]}" unwrap "$folder" "$2" >"$work/out" 2>&1; then fail "unwrapped: $2"; fi
        grep -qF -- "$1" "$work/out" || fail "said not \`$1\` but: $(cat "$work/out")"
    }
    sed 's/.$/x/' "$folder/older" >"$folder/malformed"
    sed 's/ 1 1 / 1 3 /' "$folder/older" >"$folder/other-version"
    refused_key "holds no wrapped AES key" "$folder/malformed"
    refused_key "holds no wrapped AES key" "$folder/key.pem"
    refused_key "key.unwrap_failed" "$folder/other-version"
    [ ! -e "$folder/aes.key" ] || fail "a refused key was kept"
    "${run[@]}" unwrap "$folder" "$folder/older" >/dev/null
    "${run[@]}" unwrap "$folder" "$folder/newer" >/dev/null
    refused_key "version 1, and version 2 is here already" "$folder/older"
    cmp -s "$folder/aes.key" "$folder/aes.expected" || fail "the unwrapped key is another one"
    [ "$(stat -c %a "$folder/aes.key")" = 600 ] || fail "aes.key can be read by others"
}
once() { # once FOLDER WRAPPER...: every program; the CA is tegata this time
    local folder=$work/$1.tegata
    mkdir "$folder"
    "${@:2}" "$work/$1/values"
    "${@:2}" "$work/$1/authority"
    "${@:2}" "$work/$1/identity" request "$folder" pump-7 pump-7.example
    "${@:2}" "$work/$1/authority" "$folder"
    "${@:2}" "$work/$1/identity" install "$folder" "$folder/root.pem" "$folder/answer.pem" pump-7.example >/dev/null
    openssl verify -x509_strict -CAfile "$folder/root.pem" "$folder/chain.pem" >/dev/null
    unwraps "$folder" "${@:2}" "$work/$1/identity"
    rm -rf "$folder"
}
compile plain
once plain
compile sanitized -fsanitize=address,undefined -fno-sanitize-recover=all
once sanitized
# Rust keeps some memory to the end by pointers into its middle, which valgrind calls "possibly lost".
once plain valgrind -q --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite --error-exitcode=99 \
    --suppressions="$PWD/bindings-c/tests/valgrind.supp"

# --- the code in the documentation -------------------------------------------------------------------------------------------

python3 bindings-c/tests/doc_blocks.py docs/c.md "$work/doc"
python3 bindings-c/tests/doc_blocks.py README.md "$work/doc"
cp examples/c/openssl_signer.[ch] bindings-c/tests/dictionary_store.[ch] "$work/doc"
cd "$work/doc"
for program in *.doc.c; do
    extra=()
    for name in openssl_signer dictionary_store; do
        ! grep -q "$name.h" "$program" || extra+=("$name.c")
    done
    gcc "${warnings[@]/-Iexamples\/c/-I.}" -D_POSIX_C_SOURCE=200809L -Wno-unused-function "$program" "${extra[@]}" "${flags[@]}" -lpthread -o program ||
        fail "the documentation's code does not compile: $program"
    mkdir folder
    (cd folder && ../program >../out) || fail "the documentation's code fails: $program"
    rm -r folder
done
echo "test-programs: the example, $(ls ./*.doc.c | wc -l) programs of docs/c.md and the README, an OpenSSL key as CA, careless calls: all well"
