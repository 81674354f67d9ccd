// Starts the service as a program of its own and uses it as units, devices and operators do.

import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Statement, unwrapKey } from 'tegata';

const folder = mkdtempSync(join(tmpdir(), 'tegata-service-'));
const token = 'operators know it';
const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
let service;
let url;

async function begin() {
  const server = fileURLToPath(new URL('./server.js', import.meta.url));
  service = spawn(process.execPath, [server, join(folder, 'data'), '0'], {
    env: { ...process.env, OPERATOR_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(service.stdout, 'data');
  url = /listening on (\S+)/.exec(line)[1];
}

async function end() {
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
}

before(begin);
after(async () => {
  await end();
  rmSync(folder, { recursive: true });
});

async function post(path, body, headers = {}) {
  const response = await fetch(url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers });
  return { status: response.status, ...(await response.json()) };
}

/** Signs a new challenge of the service with the key in `file`. */
async function prove(file) {
  const { challenge } = await (await fetch(`${url}/challenge`)).json();
  const key = createPrivateKey(readFileSync(join(folder, file)));
  const message = Statement.message('challenge', Buffer.from(challenge, 'base64'));
  return { challenge, signature: sign('sha256', message, { key, dsaEncoding: 'der' }).toString('base64') };
}

const unit = 'SN-0001';
let credential;
let csr;
let first;

test('a unit enrolls, and openssl accepts its certificate', async () => {
  credential = readFileSync(join(folder, 'data', 'product.pem'), 'utf8');
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'unit.key', '-out', 'unit.csr', '-subj', '/CN=unit');
  csr = readFileSync(join(folder, 'unit.csr'), 'utf8');
  first = await post('/enroll', { credential, csr, unit });
  assert.equal(first.status, 200, first.message);
  assert.equal(first.enrollment, 'new');
  writeFileSync(join(folder, 'unit.pem'), first.certificate);
  writeFileSync(join(folder, 'ca.pem'), await (await fetch(`${url}/ca`)).text());
  assert.match(openssl('verify', '-CAfile', 'ca.pem', 'unit.pem'), /OK/);
  assert.equal((await post('/enroll', { credential, csr, unit })).enrollment, 'known');
});

test('what is wrong has a status and a code', async () => {
  for (const [path, body, status, code] of [
    ['/enroll', '{', 400, 'http.body'],
    ['/enroll', {}, 400, 'input.invalid'],
    ['/enroll', { credential, csr: 'nonsense', unit }, 400, 'csr.malformed'],
    ['/enroll', { credential: first.certificate, csr, unit }, 401, 'product.credential_unknown'],
    ['/enroll', { credential, csr, unit: 'SN-0002' }, 409, undefined],
    ['/enroll', 'x'.repeat(70_000), 413, 'http.too_large'],
    ['/renew', { certificate: first.certificate, challenge: 'old', signature: '' }, 401, 'http.challenge'],
    ['/revoke', { serial: first.serial }, 401, 'http.token'],
    ['/nothing', {}, 404, 'http.route'],
  ]) {
    const answer = await post(path, body);
    assert.equal(answer.status, status, `${path} ${JSON.stringify(answer)}`);
    if (code !== undefined) assert.equal(answer.code, code);
  }
  const { challenge } = await prove('unit.key');
  const forged = await post('/renew', { certificate: first.certificate, challenge, signature: 'AAAA' });
  assert.deepEqual([forged.status, forged.code], [401, 'certificate.proof_invalid']);
});

test('a device renews, confirms, and uses the new certificate', async () => {
  const next = await post('/renew', { certificate: first.certificate, ...(await prove('unit.key')) });
  assert.equal(next.status, 200, next.message);
  assert.notEqual(next.serial, first.serial);
  const confirmed = await post('/confirm', { certificate: next.certificate, ...(await prove('unit.key')) });
  assert.equal(confirmed.confirmed, true, confirmed.message);
  const old = await post('/renew', { certificate: first.certificate, ...(await prove('unit.key')) });
  assert.deepEqual([old.status, old.code], [403, 'certificate.superseded']);
  first = next;
});

test('the operator revokes, and the CRL says so to openssl, also after a restart', async () => {
  await end();
  await begin();
  const authorization = { authorization: `Bearer ${token}` };
  const revoked = await post('/revoke', { serial: first.serial, reason: 'keyCompromise' }, authorization);
  assert.equal(revoked.state, 'revoked', revoked.message);
  assert.equal((await post('/revoke', { serial: first.serial, reason: 'keyCompromise' }, authorization)).code, 'certificate.already_revoked');
  assert.equal((await post('/revoke', { serial: '00' }, authorization)).status, 404);
  writeFileSync(join(folder, 'list.crl'), Buffer.from(await (await fetch(`${url}/crl`)).arrayBuffer()));
  assert.match(openssl('crl', '-inform', 'DER', '-in', 'list.crl', '-noout', '-text', '-CAfile', 'ca.pem'), new RegExp(first.serial));
  writeFileSync(join(folder, 'unit.pem'), first.certificate);
  openssl('crl', '-inform', 'DER', '-in', 'list.crl', '-out', 'list.pem');
  assert.throws(() => openssl('verify', '-CAfile', 'ca.pem', '-crl_check', '-CRLfile', 'list.pem', 'unit.pem'), /revoked/);
});

test('a device with a password is let in and gets its key wrapped under it', async () => {
  const operator = { authorization: `Bearer ${token}`, 'idempotency-key': 'meter 1' };
  assert.deepEqual((await post('/devices', { name: 'meter 1' })).code, 'http.token');
  const made = await post('/devices', { name: 'meter 1' }, operator);
  assert.equal(made.status, 200, made.message);
  assert.deepEqual(await post('/devices', { name: 'meter 1' }, operator), made);
  const taken = await post('/devices', { name: 'meter 1' }, { ...operator, 'idempotency-key': 'another' });
  assert.deepEqual([taken.status, taken.code], [409, 'device.name_taken']);

  const fetchKey = async (identity, password) => {
    const basic = Buffer.from(`${identity}:${password}`).toString('base64');
    const response = await fetch(`${url}/key`, { headers: { authorization: `Basic ${basic}` } });
    return { status: response.status, challenge: response.headers.get('www-authenticate'), ...(await response.json()) };
  };
  const { status, wrapped, ...sent } = await fetchKey(made.identity, made.password);
  assert.deepEqual([status, sent.device, sent.key], [200, made.device, made.key]);
  const received = { ...sent, wrapped: Buffer.from(wrapped, 'base64') };
  assert.equal(unwrapKey(received, made.password).expose().length, 16);
  assert.throws(() => unwrapKey(received, `${made.password}x`), { code: 'key.unwrap_failed' });

  for (const [identity, password] of [[made.identity, 'a guess'], ['aaaaaaaaaaaaaaaaaaaaaaaaaa', made.password]]) {
    const refused = await fetchKey(identity, password);
    assert.deepEqual([refused.status, refused.code], [401, 'authentication.failed']);
    assert.match(refused.challenge, /^Basic/);
  }
  for (const authorization of ['', 'Basic !', 'Basic bm9jb2xvbg==', operator.authorization]) {
    assert.equal((await fetch(`${url}/key`, { headers: { authorization } })).status, 401);
  }
});

test('many units enroll at once', async () => {
  const units = Array.from({ length: 8 }, (_, n) => `SN-1${n}`);
  const answers = await Promise.all(
    units.map((name) => {
      openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=unit');
      return post('/enroll', { credential, csr: readFileSync(join(folder, `${name}.csr`), 'utf8'), unit: name });
    }),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(({ device }) => device)).size, 8);
});
