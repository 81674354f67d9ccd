'use strict';

// Errors: one class per kind, with the core's code.

const { errorKinds, kindOf } = require('../codes.js');

/** Why a call failed. `code` is stable and meant for programs, the message for people. */
class TegataError extends Error {
  constructor(code, kind, message) {
    super(message);
    this.code = code;
    this.kind = kind;
  }

  get name() {
    return this.constructor.name;
  }
}

const classes = { TegataError };
for (const kind of errorKinds) {
  const name = `${kind}Error`;
  classes[name] = { [name]: class extends TegataError {} }[name];
}

/** The error of a code. */
function make(code, kind, message) {
  const Class = classes[`${kind}Error`] ?? TegataError;
  return new Class(code, kind, message);
}

/** The error for an argument of the wrong kind. */
function invalid(at, reason) {
  return make('input.invalid', kindOf['input.invalid'], `${at} ${reason}`);
}

/** What a store, sealer or signer of yours throws to say precisely what is the matter. */
class HostError extends Error {
  constructor(code, message = code, details = {}) {
    super(message);
    this.code = code;
    this.write = details.write;
    this.found = details.found;
  }

  get name() {
    return 'HostError';
  }
}

module.exports = { classes, make, invalid, HostError, kindOf };
