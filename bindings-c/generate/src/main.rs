//! Writes `tegata.h` from the sources of the C binding: `tegata-c-header FILE`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cbindgen::{Builder, Config};

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args_os().nth(1).ok_or("which file to write?")?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let binding = here.parent().ok_or("no parent folder")?;
    let mut config = Config::from_file(here.join("cbindgen.toml"))?;
    config.header = Some(fs::read_to_string(here.join("preamble.h"))?);
    // Enums appear in signatures as numbers only, so cbindgen would leave their declarations out.
    let mut enums = Vec::new();
    enums_below(&binding.join("src"), &mut enums)?;
    config.export.include.extend(enums);
    let mut header = Vec::new();
    Builder::new().with_crate(binding).with_config(config).generate()?.write(&mut header);
    let header = fewer_conditions(&numbers_as_enums(&String::from_utf8(header)?));
    fs::write(file, header)?;
    Ok(())
}

/// The names of all enums of the header, wherever they are declared.
fn enums_below(folder: &Path, found: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            enums_below(&path, found)?;
        } else {
            let text = fs::read_to_string(&path)?;
            let names = text.lines().filter_map(|line| line.trim().strip_prefix("pub enum tegata_"));
            found.extend(names.map(|rest| format!("tegata_{}", rest.trim_end_matches([' ', '{']))));
        }
    }
    Ok(())
}

/// `Number<E>` is what Rust takes from C for safety; C reads and writes it as `E`, which has the same size. Generic records
/// have a name of their own in C.
fn numbers_as_enums(header: &str) -> String {
    let mut named: Vec<(&str, &str)> = header
        .lines()
        .filter_map(|line| line.strip_prefix("typedef ")?.strip_suffix(';')?.split_once(' '))
        .filter(|(generic, _)| generic.starts_with("List_") || generic.starts_with("Results_"))
        .collect();
    // The longest first: a name may be the beginning of another one.
    named.sort_by_key(|(generic, _)| std::cmp::Reverse(generic.len()));
    let mut lines = Vec::new();
    let mut comment = Vec::new();
    let mut dedent = false;
    for line in header.lines() {
        if line.trim_start().starts_with("///") {
            comment.push(line.to_owned());
            continue;
        }
        let only_rust = line.starts_with("typedef int Number_")
            || named.iter().any(|(generic, name)| line == format!("typedef {generic} {name};"));
        if only_rust {
            comment.clear();
            continue;
        }
        lines.append(&mut comment);
        // Parameters stand below each other after the name of the function, which gets shorter.
        dedent = line.starts_with("Number_tegata_") || (dedent && line.starts_with(' '));
        let line = if dedent { line.strip_prefix("       ").unwrap_or(line) } else { line };
        let mut line = line.replace("Number_tegata_", "tegata_");
        for (generic, name) in &named {
            line = line.replace(generic, name);
        }
        lines.push(line);
    }
    lines.append(&mut comment);
    let mut text = lines.join("\n") + "\n";
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

/// The same header with each condition around as much as possible: none inside an enum, no two in a row.
fn fewer_conditions(header: &str) -> String {
    const BEGIN: &str = "#if defined(TEGATA_REGISTRY)";
    let mut lines = Vec::new();
    let mut within = false;
    for line in header.lines() {
        within = (within || line == "typedef enum {") && !line.starts_with('}');
        if !within || (line != BEGIN && line != "#endif") {
            lines.push(line);
        }
    }
    let text = lines.join("\n") + "\n";
    text.replace(&format!("#endif\n\n{BEGIN}\n"), "\n")
}
