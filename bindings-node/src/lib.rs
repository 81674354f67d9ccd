//! tegata for Node.js: convert, one call into the core, convert.
