'use strict';

const { inspect } = require('node:util');

/** A secret value. It is never printed or serialised; only `expose()` shows it. */
class Secret {
  #value;

  constructor(value) {
    this.#value = value;
  }

  expose() {
    return this.#value;
  }

  toString() {
    return 'Secret(..)';
  }

  toJSON() {
    return 'Secret(..)';
  }

  [inspect.custom]() {
    return 'Secret(..)';
  }
}

module.exports = { Secret };
