//! A Cortex-M from its reset on, which talks to the debugger (semihosting), here qemu.

use core::arch::asm;
use core::hint::black_box;

unsafe extern "C" {
    static mut DATA_START: u32;
    static DATA_END: u32;
    static DATA_IN_FLASH: u32;
    static mut BSS_START: u32;
    static BSS_END: u32;
}

/// The first words of flash: the processor takes its stack from the first (the linker script puts it there), then where to
/// begin, and what to do when all goes wrong.
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: [extern "C" fn() -> !; 3] = [reset, fault, fault];

extern "C" fn reset() -> ! {
    // SAFETY: the linker script says from where to where. Nothing has run before that could hold a reference.
    unsafe {
        let words = |from: *const u32, to: *const u32| to.offset_from_unsigned(from);
        let (data, bss) = (&raw mut DATA_START, &raw mut BSS_START);
        data.copy_from_nonoverlapping(&raw const DATA_IN_FLASH, words(data, &raw const DATA_END));
        bss.write_bytes(0, words(bss, &raw const BSS_END));
    }
    crate::main()
}

extern "C" fn fault() -> ! {
    print("fault\n");
    exit(1)
}

const WRITE0: u32 = 4;
const EXIT: u32 = 0x18;
const APPLICATION_EXIT: u32 = 0x2_0026;
const RUN_TIME_ERROR: u32 = 0x2_0023;

fn call(number: u32, argument: u32) {
    // SAFETY: the debugger reads the string that the argument points to, or ends it all.
    unsafe { asm!("bkpt 0xAB", inout("r0") number => _, in("r1") argument) }
}

pub fn print(text: &str) {
    for piece in text.as_bytes().chunks(63) {
        let mut ended = [0; 64];
        ended[..piece.len()].copy_from_slice(piece);
        call(WRITE0, black_box(&ended).as_ptr() as u32);
    }
}

pub fn exit(status: u32) -> ! {
    call(EXIT, if status == 0 { APPLICATION_EXIT } else { RUN_TIME_ERROR });
    loop {}
}
