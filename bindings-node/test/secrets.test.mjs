// Passwords, symmetric keys, clients and sealing keys, as a program in JavaScript meets them.

import { strict as assert } from 'node:assert';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import {
  InvalidInputError, MemoryStore, ProxyHeaders, SealingKeys, Secret, SoftwareSealer, Statement, UnauthenticatedError,
  generatePassword, unwrapKey,
} from 'tegata';
import { MapStore } from './support/map-store.mjs';
import { admin, open, request, setUp } from './support/registry.mjs';

const invalid = (text) => (error) => error instanceof InvalidInputError && text.test(error.message) || assert.fail(error.stack);
const code = (wanted) => (error) => error.code === wanted || assert.fail(error.stack);

/** A readable password, so that keys can be wrapped under it, and an AES key. */
const wish = (name) => ({ device: { name }, psk: { kind: 'readable' }, key: 'aes-128' });

test('no secret is printed, serialised or cloned, in whatever it comes along', async () => {
  const registry = await open();
  const { root, forDevices } = await setUp(registry);
  const profile = await registry.profiles.put('server', { serverKeys: ['ecdsa-p256'] }, admin);
  const certificate = { profile: profile.id, authority: root.id };
  const made = await registry.devices.provision({ ...wish('meter'), certificate }, { ...admin, requestId: 'meter' });
  const client = await registry.clients.register({ name: 'console' }, admin);
  const read = await registry.psks.read(made.psk.psk.id, admin);
  const key = await registry.keys.get(made.key.key.id, null, admin);
  const exported = await registry.psks.export({}, 'mosquitto', admin);
  const events = await registry.events.find({}, { limit: 1000 });
  const failure = await registry.authenticate({ type: 'psk', identity: read.psk.identity, secret: 'not-the-secret' }).catch((error) => error);
  assert.ok(failure instanceof UnauthenticatedError);

  const texts = [
    made.psk.password, made.psk.hex, client.licence, client.password, made.certificate.keyPem,
  ].map((secret) => secret.expose());
  texts.push(...[made.psk.secret, key.value, exported].flatMap((secret) => ['hex', 'base64'].map((as) => secret.expose().toString(as))));
  texts.push('not-the-secret', made.certificate.keyPem.expose().split('\n')[1]);
  const shown = [made, client, read, key, exported, events, failure, [{ status: 'fulfilled', value: made }]].flatMap((value) => [
    inspect(value, { depth: Infinity, showHidden: true, getters: true }), format('%s %o %O %j', value, value, value, value), JSON.stringify(value),
    String(value), inspect(structuredClone({ ...value }), { depth: Infinity }),
  ]);
  for (const text of texts) {
    assert.ok(text.length >= 14);
    for (const one of shown) assert.ok(!one.includes(text), one.slice(0, 300));
  }
  assert.match(inspect(made.psk), /secret: Secret\(\.\.\)/);
  assert.equal(JSON.parse(JSON.stringify(made.key)).value, 'Secret(..)');
  // Those who ask get it.
  assert.equal(made.psk.password.expose(), made.psk.secret.expose().toString('utf8'));
  assert.equal(made.psk.hex.expose(), read.secret.expose().toString('hex'));
  assert.deepEqual(key.value.expose(), made.key.value.expose());
  assert.ok(forDevices.id);
  await registry.close();
});

test('a secret that is no text has no password', async () => {
  const registry = await open();
  const { id } = await registry.devices.register({ name: 'lamp' }, admin);
  const raw = { kind: 'readable', identityKind: 'unlinkable', policy: { length: 32, raw: true } };
  const issued = await registry.psks.issue({ device: id, ...raw, secret: Buffer.alloc(32, 0xff) }, admin);
  assert.equal(issued.password, null);
  assert.equal(issued.hex.expose(), 'ff'.repeat(32));
  const { psk } = await registry.psks.issue({ device: id }, { ...admin, requestId: 'once' });
  const again = await registry.psks.issue({ device: id }, { ...admin, requestId: 'once' });
  assert.deepEqual([again.psk.id, again.secret, again.password, again.hex], [psk.id, null, null, null]);
  await registry.close();
});

test('a fleet is provisioned with progress, and stops when it is told to', async () => {
  const registry = await open();
  const steps = [];
  const fleet = Array.from({ length: 1200 }, (_, n) => wish(`meter ${n}`));
  const all = await registry.devices.provisionMany(fleet, { ...admin, onProgress: (done, total) => void steps.push([done, total]) });
  assert.ok(all.every(({ status }) => status === 'fulfilled'));
  assert.deepEqual(steps.at(-1), [1200, 1200]);
  assert.ok(steps.length > 1 && steps.every(([done], n) => n === 0 || done > steps[n - 1][0]));
  assert.equal(new Set(all.map(({ value }) => value.psk.password.expose())).size, 1200);

  const controller = new AbortController();
  const more = Array.from({ length: 1200 }, (_, n) => wish(`lamp ${n}`));
  const stopped = await registry.devices.provisionMany(more, { ...admin, signal: controller.signal, onProgress: () => controller.abort() });
  const done = stopped.filter(({ status }) => status === 'fulfilled');
  assert.ok(done.length > 0 && done.length < 1200);
  assert.equal(stopped.at(-1).reason.code, 'input.cancelled');
  // What was done is done, whole.
  assert.equal(await registry.devices.count({}), 1200 + done.length);
  const last = done.at(-1).value;
  const { psks, keys } = await registry.devices.credentials(last.device.id);
  assert.deepEqual([psks.map(({ id }) => id), keys.map(({ id }) => id)], [[last.psk.psk.id], [last.key.key.id]]);
  let rotated = 0;
  const ids = all.slice(0, 600).map(({ value }) => value.key.key.id);
  const results = await registry.keys.rotateMany(ids, { graceDays: 1 }, { ...admin, onProgress: (count) => { rotated = count; } });
  assert.deepEqual([rotated, results[0].value.version], [600, 2]);
  await registry.close();
});

test('who it is shows by certificate, password, the headers of a proxy, or licence and password', async () => {
  const token = randomBytes(24).toString('base64');
  const proxies = [
    { name: 'edge', secrets: [token], headers: { ...ProxyHeaders.nginx(), identity: 'X-Identity', secret: 'X-Secret', basic: false } },
    { name: 'inner', secrets: [Buffer.alloc(32, 'i'), new Secret('k'.repeat(32))] },
  ];
  const registry = await open({ proxies });
  const { credential } = await setUp(registry);
  const { device, issued } = await registry.devices.enroll(await request(credential), admin);
  const psk = await registry.psks.issue({ device: device.id }, admin);
  const identity = psk.psk.identity;
  const of = (principal) => [principal.type, principal.device, principal.credential.type, principal.credential.value];
  const byCertificate = ['device', device.id, 'certificate', issued.certificate.id];
  const byPassword = ['device', device.id, 'psk', psk.psk.id];

  assert.deepEqual(of(await registry.authenticate({ type: 'certificate', certificate: issued.der, proof: { type: 'tls-session' } })), byCertificate);
  for (const secret of [psk.password, psk.secret, psk.password.expose(), psk.secret.expose()]) {
    assert.deepEqual(of(await registry.authenticate({ type: 'psk', identity, secret })), byPassword);
    assert.equal(await registry.psks.verify(identity, secret), true);
  }
  const shown = (pairs) => registry.authenticate({ type: 'headers', headers: [['x-proxy-proof', token], ...pairs] });
  const pem = encodeURIComponent(issued.pem);
  assert.deepEqual(of(await shown([['X-SSL-Client-Verify', 'SUCCESS'], ['X-SSL-Client-Cert', pem]])), byCertificate);
  assert.deepEqual(of(await shown([['x-identity', identity], ['x-secret', psk.password]])), byPassword);
  const basic = `Basic ${Buffer.from(`${identity}:${psk.password.expose()}`).toString('base64')}`;
  const inner = { type: 'headers', headers: [['X-Proxy-Proof', 'k'.repeat(32)], ['authorization', basic]] };
  assert.deepEqual(of(await registry.authenticate(inner)), byPassword);
  for (const at of ['edge', 'inner']) {
    const proof = { type: 'proxy', name: at, token: at === 'edge' ? token : Buffer.alloc(32, 'i') };
    assert.deepEqual(of(await registry.authenticate({ type: 'certificate', certificate: issued.der, proof })), byCertificate);
  }
  await assert.rejects(registry.authenticate({ type: 'headers', headers: [['X-Proxy-Proof', 'x'], ['X-Identity', identity]] }), code('authentication.proxy_proof'));

  const { client, licence, password } = await registry.clients.register({ name: 'console' }, admin);
  assert.equal(await registry.clients.checkLicence(licence), client.id);
  assert.equal(await registry.clients.checkLicence(licence.expose()), client.id);
  const principal = await registry.authenticate({ type: 'client', licence, name: 'console', password });
  assert.deepEqual(principal, { type: 'client', client: client.id, name: 'console' });
  await assert.rejects(registry.authenticate({ type: 'client', licence, name: 'console', password: licence }), code('authentication.failed'));
  await registry.close();
});

test('headers that a proxy does not set are told by null', async () => {
  const headers = { verified: null, certificate: null };
  const registry = await open({ proxies: [{ name: 'edge', secrets: ['s'.repeat(16)], headers }] });
  const presented = { type: 'headers', headers: [['X-Proxy-Proof', 's'.repeat(16)], ['X-SSL-Client-Verify', 'NONE']] };
  await assert.rejects(registry.authenticate(presented), code('authentication.nothing_presented'));
  await registry.close();
  for (const preset of Object.values(ProxyHeaders)) {
    assert.equal(preset().proof, 'X-Proxy-Proof');
    await (await open({ proxies: [{ name: 'edge', secrets: ['s'.repeat(16)], headers: preset() }] })).close();
  }
});

test('an AES key reaches its device wrapped under the password', async () => {
  const registry = await open();
  const made = await registry.devices.provision(wish('meter'), admin);
  const sent = await registry.keys.deliver(made.key.key.id, made.device.id, admin);
  // As the device gets it, over any channel.
  const received = JSON.parse(JSON.stringify({ ...sent, wrapped: sent.wrapped.toString('base64') }));
  received.wrapped = Buffer.from(received.wrapped, 'base64');
  for (const psk of [made.psk.password, made.psk.secret, made.psk.password.expose()]) {
    assert.deepEqual(unwrapKey(received, psk).expose(), made.key.value.expose());
  }
  assert.throws(() => unwrapKey({ ...received, version: 2 }, made.psk.password), code('key.unwrap_failed'));
  assert.throws(() => unwrapKey(received, 'a'.repeat(24)), code('key.unwrap_failed'));
  assert.equal(generatePassword({ length: 30 }).expose().length, 30);
  await registry.close();
});

test('one sealing key takes the place of another', async () => {
  const [store, first, second] = [new MemoryStore(), SoftwareSealer.generate(), SoftwareSealer.generate()];
  let registry = await open({ store, sealer: first });
  const fleet = Array.from({ length: 700 }, (_, n) => wish(`meter ${n}`));
  const made = await registry.devices.provisionMany(fleet, admin);
  await registry.close();
  await assert.rejects(open({ store, sealer: second }), code('seal.wrong_key'));

  registry = await open({ store, sealer: new SealingKeys(second, [first]) });
  const steps = [];
  const { checked, resealed } = await registry.reseal({ ...admin, onProgress: (done) => void steps.push(done) });
  assert.ok(resealed >= 1400 && checked >= resealed && steps.length > 1);
  assert.equal((await registry.reseal(admin)).resealed, 0);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(registry.reseal({ ...admin, signal: stop.signal }), { name: 'AbortError' });
  await registry.close();

  registry = await open({ store, sealer: new SealingKeys(new SealingKeys(second, []), []) });
  const { psk, key } = made[5].value;
  assert.deepEqual((await registry.psks.read(psk.psk.id, admin)).secret.expose(), psk.secret.expose());
  assert.deepEqual((await registry.keys.get(key.key.id, 1, admin)).value.expose(), key.value.expose());
  await registry.close();
});

test('a store in JavaScript is told which columns are sealed, and sees no secret in any', async () => {
  const store = new MapStore();
  let sealed;
  const commits = [];
  const watched = Object.fromEntries(['reserve', 'get', 'find', 'count'].map((name) => [name, (...args) => store[name](...args)]));
  watched.migrate = (schema) => {
    const named = ({ name, columns }) => columns.filter((column) => column.sealed).map((column) => `${name}.${column.name}`);
    sealed = schema.tables.flatMap(named);
    assert.ok(schema.tables.every(({ columns }) => columns.every((column) => typeof column.sealed === 'boolean')));
    return store.migrate(schema);
  };
  watched.commit = (writes) => {
    for (const { row } of writes) commits.push(...(row?.values ?? []));
    return store.commit(writes);
  };
  const registry = await open({ store: watched });
  const { psk, key } = await registry.devices.provision({ ...wish('meter'), psk: { kind: 'readable', renewDays: 30 } }, admin);
  assert.ok(sealed.includes('psks.secret') && sealed.includes('keys.value'), sealed.join());
  assert.equal(psk.psk.renewDays, 30);
  const stored = Buffer.concat(commits.map((value) => (value instanceof Uint8Array ? value : Buffer.from(String(value)))));
  for (const secret of [psk.secret, key.value]) assert.ok(!stored.includes(secret.expose()));
  assert.ok(stored.includes('meter'));
  await registry.close();
});

/** A vault whose keys change where nobody sees it: the first octet says which of them it was. */
class Vault {
  keys = [randomBytes(32)];

  seal(associated, plaintext) {
    const version = this.keys.length - 1;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.keys[version], nonce).setAAD(associated);
    return Buffer.concat([Buffer.of(version), nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  open(associated, sealed) {
    const decipher = createDecipheriv('aes-256-gcm', this.keys[sealed[0]], sealed.subarray(1, 13)).setAAD(associated);
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]);
  }

  isCurrent(_, sealed) {
    return sealed[0] === this.keys.length - 1;
  }
}

test('a vault in JavaScript says what is to be sealed anew', async () => {
  const vault = new Vault();
  const registry = await open({ store: new MapStore(), sealer: vault });
  const made = await registry.devices.provision(wish('meter'), admin);
  assert.equal((await registry.reseal(admin)).resealed, 0);
  vault.keys.push(randomBytes(32));
  const { isCurrent } = Vault.prototype;
  vault.isCurrent = async (...args) => isCurrent.apply(vault, args);
  const { checked, resealed } = await registry.reseal(admin);
  assert.ok(checked === resealed && resealed >= 3);
  vault.keys[0] = null;
  assert.deepEqual((await registry.psks.read(made.psk.psk.id, admin)).secret.expose(), made.psk.secret.expose());

  for (const wrong of [() => 1, () => undefined, async () => 'yes', () => { throw new Error('no connection'); }]) {
    vault.isCurrent = wrong;
    await assert.rejects(registry.reseal(admin), code('seal.failed'));
  }
  let called;
  vault.isCurrent = async () => {
    called = await registry.devices.count({}).catch((error) => error.code);
    return true;
  };
  await registry.reseal(admin);
  assert.equal(called, 'input.called_back');
  await registry.close();

  // Without the method, everything is as it should be.
  const plain = new Vault();
  const second = await open({ sealer: { seal: (...args) => plain.seal(...args), open: (...args) => plain.open(...args) } });
  plain.keys.push(randomBytes(32));
  assert.equal((await second.reseal(admin)).resealed, 0);
  await second.close();
});

test('arguments of the wrong kind are refused by name', async () => {
  const registry = await open();
  const { id } = await registry.devices.register({ name: 'lamp' }, admin);
  const sealer = SoftwareSealer.generate();
  for (const [call, text] of [
    [() => registry.psks.issue({}), /new.device is missing/],
    [() => registry.psks.issue({ device: id, kind: 'both' }), /new.kind must be one of/],
    [() => registry.psks.issue({ device: id, secret: 7 }), /new.secret must be .* not a number/],
    [() => registry.psks.issue({ device: id, policy: { classes: { lower: 'yes' } } }), /new.policy.classes.lower must be true or false/],
    [() => registry.psks.issueMany([{ device: id }, null]), /new\[1\] must be an object/],
    [() => registry.keys.issue({ owner: id, algorithm: 'aes-128' }), /new.owner must be an object/],
    [() => registry.keys.issue({ owner: { type: 'all' }, algorithm: 'aes-128' }), /new.owner.type must be one of device, devices, group/],
    [() => registry.keys.issue({ owner: { type: 'device', value: id }, algorithm: 'des' }), /new.algorithm must be one of/],
    [() => registry.keys.getMany('all'), /ids must be an array/],
    [() => registry.devices.provision({ device: {}, psk: 'password' }), /wish.psk must be an object/],
    [() => registry.devices.provision({ device: {}, key: {} }), /wish.key must be one of/],
    [() => registry.devices.provisionMany([{ device: {} }], { onProgress: 1 }), /onProgress/],
    [() => registry.authenticate({ type: 'password' }), /presented.type must be one of certificate, client, headers, psk/],
    [() => registry.authenticate({ type: 'psk', identity: id, secret: null }), /presented.secret/],
    [() => registry.authenticate({ type: 'headers', headers: { a: 'b' } }), /presented.headers must be an array/],
    [() => registry.authenticate({ type: 'headers', headers: [['a']] }), /presented.headers\[0\] must be an array of two/],
    [() => registry.campaigns.start({ name: 'x', selection: { issuedTo: 'now' } }), /new.selection.issuedTo must be a Date/],
    [() => registry.clients.register('console'), /new must be an object/],
    [() => open({ proxies: { name: 'edge' } }), /proxies must be an array/],
    [() => open({ proxies: [{ name: 'edge', headers: { encoding: 'pem' } }] }), /proxies\[0\].headers.encoding must be one of/],
    [async () => new SealingKeys(), /current must be|current is missing/],
    [async () => new SealingKeys(new MemoryStore(), []), /current must not be a MemoryStore/],
    [async () => new SealingKeys(sealer, sealer), /previous must be an array/],
    [async () => new SealingKeys(sealer, [{ seal() {} }]), /previous\[0\].*open\(\)/],
    [async () => unwrapKey({}, 'x'), /wrapped.method/],
    [async () => generatePassword({ length: 1.5 }), /policy.length/],
  ]) {
    await assert.rejects(call, invalid(text), String(call));
  }
  await assert.rejects(registry.psks.issue({ device: id, secret: 'short' }, admin), (error) => error.code.startsWith('psk.') && !error.message.includes('short\''));
  await assert.rejects(registry.devices.provision({ device: { name: 'x' }, psk: { policy: { length: 4 } } }, admin), code('psk.policy_weak'));
  assert.equal(await registry.devices.count({}), 1);
  assert.ok(Statement.message('challenge', Buffer.from('x')));
  await registry.close();
});
