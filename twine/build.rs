//! Names the targets whose vectors the crate knows: `cfg(wide)`.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(wide)");
    let target = |what: &str| var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let wide = match target("ARCH").as_str() {
        "x86" | "x86_64" => true,
        "aarch64" => target("ENDIAN") == "little" && target("FEATURE").split(',').any(|feature| feature == "neon"),
        _ => false,
    };
    if wide {
        println!("cargo::rustc-cfg=wide");
    }
}
