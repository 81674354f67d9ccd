//! Gives the shared library its SONAME, so that programs keep working with the versions that are compatible.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let elf = !matches!(std::env::var("CARGO_CFG_TARGET_OS").as_deref(), Ok("macos" | "ios" | "windows"));
    if elf {
        let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libtegata.so.{major}");
    }
}
