'use strict';

const codes = require('./codes.js');
const { classes, HostError } = require('./lib/errors.js');
const { Secret } = require('./lib/secret.js');
const generated = require('./lib/generated.js');
const { checkStoreConformance } = require('./lib/hosts.js');
const objects = require('./lib/objects.js');

const { run } = objects;

// What is read from octets has its functions at its class.
const { Certificate, Crl, PublicKey } = generated;
Certificate.manyFromPem = (input) => run('Certificate.many_from_pem', input);
Crl.fromBytes = (input) => run('Crl.from_bytes', input);
PublicKey.fromSpki = (der) => run('PublicKey.from_spki', der);
classes.TegataError.table = () => run('Error.table');

const { operations, RegistryBase, ...values } = generated;
const { functions, spaces, run: _, ...own } = objects;

module.exports = { ...values, ...own, ...functions, ...spaces, ...classes, HostError, Secret, checkStoreConformance, ...codes };
