//! TWINE where there is no operating system and no standard library: on a Cortex-M, from its own reset, and on aarch64.
//! Says what went wrong and how it ended.

#![no_std]
#![no_main]

mod checks;
#[cfg(target_arch = "arm")]
#[path = "cortex_m.rs"]
mod machine;
#[cfg(target_arch = "aarch64")]
#[path = "linux.rs"]
mod machine;
#[path = "../../src/tests/paper.rs"]
mod paper;

use core::fmt::{self, Write};
use core::panic::PanicInfo;

struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        machine::print(text);
        Ok(())
    }
}

fn main() -> ! {
    let checked = checks::run();
    let _ = writeln!(Output, "{checked} blocks agree with the paper");
    machine::exit(0)
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    let _ = writeln!(Output, "{info}");
    machine::exit(1)
}
