// Enrollment over HTTP: `OPERATOR_TOKEN=... node server.js FOLDER`. See README.md.

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { openRegistry } from './ca.js';
import { HttpError, serve } from './router.js';

/** How long a challenge is good for, in milliseconds. */
const CHALLENGE_AGE = 60_000;
/** How many may be open at once, so that nobody fills our memory. */
const MOST_CHALLENGES = 10_000;

/** Starts the service. `close()` lets requests under way finish. */
export async function start({ folder, token, port = 0, host = '127.0.0.1', log = console.error }) {
  const { registry, authority, close } = await openRegistry(folder);
  const challenges = new Map();

  /** A challenge counts once. */
  function redeem(challenge) {
    const expires = challenges.get(challenge);
    challenges.delete(challenge);
    if (expires === undefined || expires < Date.now()) throw new HttpError(401, 'http.challenge', 'ask for a new challenge');
    return Buffer.from(challenge, 'base64');
  }

  /** The certificate that a device presents; a signature over our challenge shows that it has its key. */
  async function presented({ certificate, challenge, signature }) {
    const message = redeem(challenge);
    const proof = { type: 'signature', message, signature: Buffer.from(String(signature), 'base64') };
    const principal = await registry.authenticate({ type: 'certificate', certificate, proof });
    if (principal.type !== 'device') throw new HttpError(403, 'http.device', 'a device certificate is needed');
    return principal.credential.value;
  }

  /** The device whose ID and password come as `Authorization: Basic`. */
  async function deviceByPassword(request) {
    const [, basic] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (basic === undefined) throw new HttpError(401, 'http.basic', "a device's ID and password are needed");
    const shown = Buffer.from(basic, 'base64').toString('utf8');
    const colon = shown.indexOf(':');
    if (colon < 0) throw new HttpError(401, 'http.basic', "a device's ID and password are needed");
    return registry.authenticate({ type: 'psk', identity: shown.slice(0, colon), secret: shown.slice(colon + 1) });
  }

  const given = Buffer.from(`Bearer ${token}`);
  function operator(request) {
    const shown = Buffer.from(request.headers.authorization ?? '');
    if (shown.length === given.length && timingSafeEqual(shown, given)) return 'operator';
    throw new HttpError(401, 'http.token', "an operator's token is needed");
  }

  const answer = (issued) => ({
    certificate: issued.fullchainPem,
    serial: issued.serial,
    notAfter: issued.certificate.notAfter,
    renewAt: issued.certificate.renewAt,
  });

  const server = serve(
    {
      'GET /ca': async () => ({ type: 'application/x-pem-file', content: (await registry.trustBundle()).pem }),

      'GET /crl': async () => {
        const crl = await registry.authorities.crl(authority.id, { nextUpdateHours: 24 }, { actor: 'service' });
        return { type: 'application/pkix-crl', content: crl.der };
      },

      'GET /challenge': async () => {
        for (const [old, expires] of challenges) if (expires < Date.now()) challenges.delete(old);
        if (challenges.size >= MOST_CHALLENGES) throw new HttpError(503, 'http.busy', 'try again in a minute');
        const challenge = randomBytes(32).toString('base64');
        challenges.set(challenge, Date.now() + CHALLENGE_AGE);
        return { challenge };
      },

      'POST /enroll': async ({ credential, csr, unit }) => {
        const { device: enrolled, issued, enrollment } = await registry.devices.enroll(
          { credential, csr, unit },
          { actor: `unit ${unit}` },
        );
        return { device: enrolled.id, enrollment, ...answer(issued) };
      },

      'POST /renew': async (body) => {
        const certificate = await presented(body);
        return answer(await registry.certificates.renew({ certificate, csr: body.csr }, { actor: 'device' }));
      },

      'POST /confirm': async (body) => {
        const certificate = await presented(body);
        await registry.certificates.confirm(certificate, { actor: 'device' });
        return { confirmed: true };
      },

      // For devices that do no TLS with certificates: a password and an AES key, made together with the device. An answer
      // that got lost is had again under the same Idempotency-Key.
      'POST /devices': async ({ name }, request) => {
        const actor = operator(request);
        const { device: made, psk, key } = await registry.devices.provision(
          { device: { name }, psk: { kind: 'readable' }, key: 'aes-128' },
          { actor, requestId: request.headers['idempotency-key'] },
        );
        return { device: made.id, identity: psk.psk.identity, password: psk.password.expose(), key: key.key.id };
      },

      // The key travels wrapped under the password, so whoever ends TLS in between does not see it.
      'GET /key': async (_, request) => {
        const principal = await deviceByPassword(request);
        const { keys } = await registry.devices.credentials(principal.device);
        const active = keys.find(({ state }) => state === 'active');
        if (active === undefined) throw new HttpError(404, 'http.key', 'there is no key for this device');
        const wrapped = await registry.keys.deliver(active.id, principal.device, { actor: 'device' });
        return { ...wrapped, wrapped: wrapped.wrapped.toString('base64') };
      },

      'POST /revoke': async ({ serial, reason = 'unspecified' }, request) => {
        const actor = operator(request);
        const found = await registry.certificates.bySerial(authority.id, Buffer.from(String(serial), 'hex'));
        const { state, revoked } = await registry.certificates.revoke(found.id, reason, { actor });
        return { state, revoked };
      },
    },
    log,
  );
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${server.address().port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
      await close();
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder = 'data', port = '8080'] = process.argv.slice(2);
  const token = process.env.OPERATOR_TOKEN;
  if (!token) throw new Error('set OPERATOR_TOKEN to a secret of the operators');
  const service = await start({ folder, token, port: Number(port), host: process.env.HOST ?? '127.0.0.1' });
  console.log(`listening on ${service.url}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await service.close();
      console.log('closed');
    });
  }
}
