#!/usr/bin/env bash
# Builds tegata-<version>.jar with the native library inside, and prints its path as the last line.
#
#   bindings-kotlin/build.sh            with the library as cargo builds it for development
#   bindings-kotlin/build.sh --release  with the optimised library
#
# Everything goes into the target folder of cargo, below kotlin/. What has not changed is not built again.
set -euo pipefail
cd "$(dirname "$0")/.."
here=bindings-kotlin

profile=debug cargo_flags=()
if [ "${1:-}" = --release ]; then
    profile=release cargo_flags=(--release)
fi
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
out=$target/kotlin/$profile
lib=$target/kotlin/lib
mkdir -p "$out"

say() { printf 'kotlin: %s\n' "$*" >&2; }
changed() { # changed STAMP FILES...: whether the files are others than when the stamp was made
    local stamp=$1
    shift
    sha256sum "$@" >"$stamp.new"
    ! cmp -s "$stamp" "$stamp.new"
}

# --- the native library, and what uniffi makes of it ----------------------------------------------------------------

"${CARGO:-cargo}" build --quiet -p tegata-kotlin --features bindgen "${cargo_flags[@]}" >&2
case $(uname -s) in
Darwin) library=libtegata_uniffi.dylib folder=darwin ;;
*) library=libtegata_uniffi.so folder=linux ;;
esac
case $(uname -m) in
x86_64) folder=$folder-x86-64 ;;
arm64 | aarch64) folder=$folder-aarch64 ;;
*) folder=$folder-$(uname -m) ;;
esac
native=$target/$profile/$library
rm -rf "$out/generated"
"$target/$profile/uniffi-bindgen" generate "$native" --language kotlin --language swift --no-format \
    --out-dir "$out/generated" >&2
"${PYTHON:-python3}" $here/tools/native.py "$out/generated/tegata/tegata.kt" "$out/source"

# --- Kotlin ---------------------------------------------------------------------------------------------------------

if changed "$target/kotlin/lib.stamp" $here/pom.xml || [ ! -d "$lib" ]; then
    say "dependencies from Maven Central"
    rm -rf "$lib"
    mvn --quiet --batch-mode -f $here/pom.xml dependency:copy-dependencies -DoutputDirectory="$lib" >&2
    mv "$target/kotlin/lib.stamp.new" "$target/kotlin/lib.stamp"
fi
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
jar=$out/tegata-$version.jar
sources=("$out"/source/*.kt $here/src/main/kotlin/tegata/*.kt)
if changed "$out/classes.stamp" "${sources[@]}" $here/build.sh $here/pom.xml || [ ! -d "$out/classes" ]; then
    say "compiling"
    rm -rf "$out/classes"
    classpath=$(printf '%s:' "$lib"/{kotlin-stdlib,jna,kotlinx-coroutines-core-jvm}-*.jar)
    $here/tools/kotlinc.sh "$lib" "$classpath" "$out/classes" -module-name tegata "${sources[@]}"
    mv "$out/classes.stamp.new" "$out/classes.stamp"
    rm -f "$jar"
fi
if [ "$native" -nt "$jar" ] || [ ! -e "$jar" ]; then
    rm -rf "$out/jar"
    mkdir -p "$out/jar/$folder" "$out/jar/META-INF"
    cp "$native" "$out/jar/$folder/"
    strip --strip-debug "$out/jar/$folder/$library" 2>/dev/null || strip -x "$out/jar/$folder/$library"
    cp LICENSE-APACHE LICENSE-MIT "$out/jar/META-INF/"
    rm -f "$jar"
    jar --create --file "$jar" -C "$out/classes" . -C "$out/jar" . >&2
fi
echo "$jar"
