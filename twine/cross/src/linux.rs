//! A Linux process without a C library: two system calls, by `svc 0` with the number in x8.

use core::arch::{asm, naked_asm};

const WRITE: usize = 64;
const EXIT: usize = 93;

/// Where the kernel begins.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn _start() -> ! {
    naked_asm!("mov x29, xzr", "mov x30, xzr", "b {main}", main = sym start)
}

extern "C" fn start() -> ! {
    assert_eq!(tegata_twine::Path::best(), tegata_twine::Path::Neon);
    crate::main()
}

pub fn print(text: &str) {
    // SAFETY: write(1, text) reads the text and changes no memory.
    unsafe {
        asm!("svc 0", in("x8") WRITE, inout("x0") 1_usize => _, in("x1") text.as_ptr(), in("x2") text.len());
    }
}

pub fn exit(status: u32) -> ! {
    // SAFETY: exit(status) does not return.
    unsafe { asm!("svc 0", in("x8") EXIT, in("x0") status as usize, options(noreturn)) }
}
