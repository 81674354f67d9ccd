// swift-tools-version:5.7
import PackageDescription

// The library itself is libtegata_uniffi.a for the target at hand: `cargo build -p tegata-kotlin --release --target ...`, handed to
// the linker with `-L`, or put into an XCFramework.
let package = Package(
    name: "Tegata",
    products: [.library(name: "Tegata", targets: ["Tegata"])],
    targets: [
        .target(name: "TegataFFI", path: "Sources/TegataFFI", linkerSettings: [.linkedLibrary("tegata_uniffi")]),
        .target(name: "Tegata", dependencies: ["TegataFFI"], path: "Sources/Tegata"),
    ]
)
