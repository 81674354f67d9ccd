#!/usr/bin/env bash
# Builds the jar and tests it from a bare classpath: scenarios, errors, callbacks, misuse; the documentation's examples; the
# example program; and that the committed Swift is what uniffi makes today. `test.sh NAME` runs the tests whose name matches.
set -euo pipefail
cd "$(dirname "$0")/.."
here=bindings-kotlin
root=$PWD

say() { printf 'kotlin: %s\n' "$*"; }
jar=$($here/build.sh)
out=$(dirname "$jar")
lib=$(dirname "$out")/lib

# --- Swift is committed, since no compiler for it runs here ----------------------------------------------------------

fresh=$out/generated
for file in Tegata.swift TegataFFI.h; do
    case $file in
    *.swift) committed=$here/swift/Sources/Tegata/$file ;;
    *) committed=$here/swift/Sources/TegataFFI/include/$file ;;
    esac
    if [ "${UPDATE:-}" = 1 ]; then
        mkdir -p "$(dirname "$committed")"
        "${PYTHON:-python3}" $here/tools/swift.py "$fresh/$file" >"$committed"
    fi
    "${PYTHON:-python3}" $here/tools/swift.py "$fresh/$file" | cmp - "$committed" || {
        say "$committed is stale: run UPDATE=1 $here/test.sh and commit it" >&2
        exit 1
    }
done

# What can be seen without that compiler: the header is C, and no bracket of the Swift is left open.
printf '#include "TegataFFI.h"\n' | "${CC:-cc}" -std=c11 -Wall -Werror -fsyntax-only -D_Nonnull= -D_Nullable= -I $here/swift/Sources/TegataFFI/include -x c -
"${PYTHON:-python3}" $here/tools/brackets.py $here/swift/Package.swift $here/swift/Sources/Tegata/*.swift

# --- from the jar, in an empty folder --------------------------------------------------------------------------------

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/lib" "$place/tmp"
cp "$jar" "$place/lib/"
cp "$lib"/{kotlin-stdlib,jna,kotlinx-coroutines-core-jvm,annotations}-*.jar "$place/lib/"
classpath=$(printf '%s:' "$place"/lib/*.jar)
tests=$classpath$(printf '%s:' "$lib"/{kotlin-reflect,json}-*.jar)
"${PYTHON:-python3}" $here/tools/doc-examples.py docs/kotlin.md "$place/docs"
"${PYTHON:-python3}" $here/tools/doc-examples.py README.md "$place/docs"
say "compiling the tests, the documentation's examples and the example"
$here/tools/kotlinc.sh "$lib" "$tests" "$place/tests" \
    $here/src/test/kotlin "$place/docs" examples/kotlin/src
cd "$place"
run() { java -Djava.io.tmpdir="$place/tmp" -cp "$place/tests:$tests" -Dtegata.tests="$root/core/tests" "$@"; }
"$root/tools/with-postgres.sh" java -cp "$place/tests:$tests" -Dtegata.tests="$root/core/tests" tegata.test.TestsKt "$@"
if [ $# = 0 ]; then
    say "the documentation's examples"
    examples=()
    for class in tests/docs/*Kt.class; do
        examples+=("docs.$(basename "$class" .class)")
    done
    run tegata.test.DocsKt "${examples[@]}"
    say "the example"
    mkdir "$place/device"
    run example.KeyManagerKt "$place/device"
    # Without coroutines and the rest of the tests' classpath: jar, jna and Kotlin's library are enough.
    java -cp "tests:$(echo lib/tegata-*.jar):$(echo lib/jna-*.jar):$(echo lib/kotlin-stdlib-*.jar)" tegata.test.BareKt
fi
