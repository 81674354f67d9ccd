//! What a key signs to show that somebody has it.

use tegata::Statement;

use crate::boundary::{out, run};
use crate::bytes::{tegata_buffer, tegata_bytes};
use crate::number::{Number, same_variants};
use crate::status::{tegata_error, tegata_status};

/// What a proof of possession is about. A signature made for one purpose does not serve another.
#[repr(C)]
pub enum tegata_statement {
    /// "I answer this challenge": the content is the challenge.
    Challenge = 1,
    /// "I am the former key of the unit that makes this request": the content is the DER of the CSR.
    FormerKey = 2,
    /// "I am the product credential that this request comes with": the content is the DER of the CSR.
    ProductCredential = 3,
}
same_variants!(tegata_statement = Statement { Challenge, FormerKey, ProductCredential });

/// The message that the key is to sign for `statement` about `content`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_statement_message(
    statement: Number<tegata_statement>,
    content: tegata_bytes,
    message: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let message = out(message, "message")?;
        let statement: Statement = statement.core("statement")?;
        message.give(statement.message(content.get("content")?).as_slice());
        Ok(())
    })
}
