// Runs one scenario by reflection: operations are found by their names.

import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tegata from 'tegata';
import { ROOT } from './paths.mjs';
import { argument, camel, match, reference } from './values.mjs';

const list = JSON.parse(readFileSync(join(ROOT, 'core', 'tests', 'operations.json'), 'utf8'));
export const OPERATIONS = new Map(list.map((operation) => [operation.operation, operation]));

/** Methods in Rust, functions that take the value here. */
export const FUNCTIONS = new Set(['Statement.message', 'ProfileSpec.to_json', 'PskPolicy.entropy_bits']);

export class Runner {
  #stored = new Map();
  #registry;
  #open = [];
  #folder;

  constructor(scenario) {
    this.scenario = scenario;
    this.clock = tegata.FixedClock.at(new Date(scenario.clock));
    this.#stored.set('clock', this.clock);
  }

  /** A file of the scenario's own. */
  temp({ temp, content }) {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'tegata-'));
    const path = join(this.#folder, temp);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  }

  async close() {
    for (const registry of this.#open) await registry.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }

  async #current() {
    if (this.#registry === undefined) {
      const sealer = tegata.SoftwareSealer.generate();
      this.#use(await tegata.Registry.open(new tegata.MemoryStore(), sealer, { clock: this.clock }));
    }
    return this.#registry;
  }

  #use(registry) {
    this.#registry = registry;
    this.#open.push(registry);
  }

  async run() {
    for (const [index, step] of this.scenario.steps.entries()) {
      if ('advance' in step) {
        this.clock.advance(step.advance);
        continue;
      }
      const at = `step ${index + 1}, ${step.call}`;
      let result;
      try {
        result = await this.#call(step);
      } catch (error) {
        if (!(error instanceof tegata.TegataError)) throw new Error(`${at}: ${error.stack}`);
        if (step.error === undefined) throw new Error(`${at} was refused: ${error.code}: ${error.message}`);
        assert.equal(error.code, step.error, at);
        continue;
      }
      if (step.error !== undefined) assert.fail(`${at} should have been refused with ${step.error}`);
      if ('expect' in step) match(result, step.expect, this.#stored, at);
      if (step.as !== undefined) this.#stored.set(step.as, result);
    }
  }

  /** The arguments in order, then the call's. */
  #arguments(step, operation) {
    const given = step.args ?? {};
    // Progress is one of the options of the call.
    const parameters = operation.parameters.filter(({ name }) => name !== 'progress');
    const args = parameters.map(({ name }) => argument(given[name], this.#stored, this));
    const call = {};
    if (step.actor !== undefined) call.actor = step.actor;
    if (step.request_id !== undefined) call.requestId = step.request_id;
    if (step.atomicity !== undefined) call.atomicity = step.atomicity;
    if (operation.call) args.push(call);
    return args;
  }

  async #call(step) {
    const operation = OPERATIONS.get(step.call);
    if (operation === undefined) throw new Error(`no operation ${step.call}`);
    const args = this.#arguments(step, operation);
    const [area, own] = step.call.split('.');
    if (own === undefined) return tegata[camel(area)](...args);
    if (step.call === 'Registry.open') return this.#use(await tegata.Registry.open(...args));
    // Plain values have no methods of their own.
    if (FUNCTIONS.has(step.call)) return tegata[area][camel(own)](argument(step.on, this.#stored, this), ...args);
    if (step.call === 'Error.table') return tegata.TegataError.table();
    if (own === 'new') return new tegata[area](...args);
    if (step.call === 'SqliteStore.open' && args[1]?.wait !== undefined) args[1].wait *= 1000;
    if (step.call === 'events.export_log') {
      let text = '';
      const count = await (await this.#current()).events.exportLog(args[0], (chunk) => {
        text += chunk.toString('utf8');
      });
      return { count, text };
    }
    if (step.call === 'registry.maintain') {
      let archive = '';
      args[1] = (chunk) => {
        archive += chunk.toString('utf8');
      };
      const done = await (await this.#current()).maintain(...args);
      return Object.assign(Object.create(done), { ...done, archived: archive.split('\n').length - 1 });
    }
    if (step.call === 'events.prune') {
      let archive = '';
      args[1] = (chunk) => {
        archive += chunk.toString('utf8');
      };
      const pruned = await (await this.#current()).events.prune(...args);
      return { ...pruned, archive };
    }
    if (step.call === 'events.export') {
      let text = '';
      const count = await (await this.#current()).events.export(args[0], (chunk) => {
        text += chunk.toString('utf8');
      });
      return { count, text };
    }
    if (step.on !== undefined) {
      const on = this.#on(step);
      const member = on[camel(own)];
      if (step.call === 'OcspAnswer.headers') return Object.entries(member);
      return typeof member === 'function' ? member.apply(on, args) : member;
    }
    if (area === 'registry') return (await this.#current())[camel(own)](...args);
    if (/^[a-z]/.test(area)) return (await this.#current())[area][camel(own)](...args);
    return tegata[area][camel(own)](...args);
  }

  #on(step) {
    return reference(this.#stored, step.on);
  }
}
