// The little of HTTP that the service needs: routes, JSON bodies, errors as answers.

import { createServer } from 'node:http';
import { TegataError } from 'tegata';

/** No request of ours is longer. */
const LONGEST = 64 * 1024;

/** Which status says what to a client. */
const STATUS = {
  InvalidInput: 400,
  Refused: 403,
  NotFound: 404,
  Conflict: 409,
  State: 409,
  Unauthenticated: 401,
  Unavailable: 503,
  Corrupt: 500,
  Unsupported: 501,
  Internal: 500,
};

/** An answer that is no success. */
export class HttpError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function body(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > LONGEST) throw new HttpError(413, 'http.too_large', `a request has at most ${LONGEST} bytes`);
    pieces.push(piece);
  }
  try {
    const value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // The answer is the same for what is no JSON and what is no object.
  }
  throw new HttpError(400, 'http.body', 'the body must be a JSON object');
}

function send(response, status, type, content) {
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(content), 'cache-control': 'no-store' };
  if (status === 401) headers['www-authenticate'] = 'Basic realm="devices", Bearer';
  response.writeHead(status, headers);
  response.end(content);
}

function fail(response, error, log) {
  if (error instanceof TegataError) {
    const status = STATUS[error.kind] ?? 500;
    // What is wrong with us is for our log, not for the client.
    if (status === 500) log(error);
    const message = status === 500 ? 'something went wrong here' : error.message;
    return send(response, status, 'application/json', JSON.stringify({ code: error.code, message }));
  }
  if (error instanceof HttpError) {
    return send(response, error.status, 'application/json', JSON.stringify({ code: error.code, message: error.message }));
  }
  log(error);
  return send(response, 500, 'application/json', JSON.stringify({ code: 'http.internal', message: 'something went wrong here' }));
}

/**
 * A server with these routes: `'POST /enroll': async (body, request) => answer`. An answer is an object (JSON), or
 * `{ type, content }`.
 */
export function serve(routes, log) {
  return createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url, 'http://localhost');
      const route = routes[`${request.method} ${pathname}`];
      if (route === undefined) throw new HttpError(404, 'http.route', 'there is nothing here');
      const answer = await route(request.method === 'POST' ? await body(request) : undefined, request);
      if (Buffer.isBuffer(answer.content) || typeof answer.content === 'string') {
        send(response, 200, answer.type, answer.content);
      } else {
        send(response, 200, 'application/json', JSON.stringify(answer));
      }
    } catch (error) {
      fail(response, error, log);
    }
  });
}
