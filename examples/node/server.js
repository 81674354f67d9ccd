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

  /** The device that presents this certificate, and shows by a signature over our challenge that it has its key. */
  async function device({ certificate, challenge, signature }) {
    const message = redeem(challenge);
    const proof = { type: 'signature', message, signature: Buffer.from(String(signature), 'base64') };
    const principal = await registry.authenticate({ type: 'certificate', certificate, proof });
    if (principal.type !== 'device') throw new HttpError(403, 'http.device', 'a device certificate is needed');
    return principal;
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
        const { certificate } = await device(body);
        return answer(await registry.certificates.renew({ certificate, csr: body.csr }, { actor: 'device' }));
      },

      'POST /confirm': async (body) => {
        const { certificate } = await device(body);
        await registry.certificates.confirm(certificate, { actor: 'device' });
        return { confirmed: true };
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
