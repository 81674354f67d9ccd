//! What needs no registry: keys, certification requests, certificates, names, checks.
