//! Names the targets whose vectors the crate knows: `cfg(wide)`.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(wide)");
    let target = |what: &str| var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let has = |wanted: &str| target("FEATURE").split(',').any(|feature| feature == wanted);
    // Kernels and the like are built for processors with registers that they must not touch.
    let wide = match target("ARCH").as_str() {
        "x86" | "x86_64" => has("sse2"),
        "aarch64" => has("neon") && target("ENDIAN") == "little",
        _ => false,
    };
    if wide {
        println!("cargo::rustc-cfg=wide");
    }
}
