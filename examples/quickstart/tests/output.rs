//! What the demo prints can be shown to anybody.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::Command;

#[test]
fn the_demo_prints_no_line_of_a_private_key_nor_the_sealing_key() {
    let folder = std::env::temp_dir().join(format!("tegata-quickstart-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(env!("CARGO_BIN_EXE_tegata-quickstart"))
        .current_dir(root)
        .arg("--out")
        .arg(&folder)
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.lines().count() > 5, "{printed}");
    let mut secrets = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "key") {
            for line in fs::read_to_string(&path).unwrap().lines().filter(|line| !line.starts_with("---")) {
                secrets += 1;
                assert!(!printed.contains(line), "{} is printed", path.display());
            }
        }
    }
    assert!(secrets > 8, "{secrets} lines of keys");
    fs::remove_dir_all(&folder).unwrap();
}
