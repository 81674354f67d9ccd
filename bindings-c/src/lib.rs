//! tegata for C and C++: convert, one call into the core, convert.
