// Shapes, as the native half writes them: `?X`, `[X`, `!X`, `#X`, `(A,B)`, `id:device`, or a name.

/** Takes a shape apart: `{ kind, of }`, or `{ kind: 'name', name }`. */
export function parse(shape) {
  const rest = shape.slice(1);
  switch (shape[0]) {
    case '?':
      return { kind: 'maybe', of: parse(rest) };
    case '[':
      return { kind: 'list', of: parse(rest) };
    case '!':
      return { kind: 'item', of: parse(rest) };
    case '#':
      return { kind: 'listing', of: parse(rest) };
    case '(': {
      let depth = 0;
      for (let at = 1; at < shape.length; at += 1) {
        if (shape[at] === '(') depth += 1;
        if (shape[at] === ')') depth -= 1;
        if (shape[at] === ',' && depth === 0) {
          return { kind: 'pair', of: [parse(shape.slice(1, at)), parse(shape.slice(at + 1, -1))] };
        }
      }
      throw new Error(`no pair: ${shape}`);
    }
    default:
      return { kind: 'name', name: shape };
  }
}

/** The parts of a registry, by the first part of an operation's name. */
export const HANDLES = {
  authorities: 'Authorities',
  profiles: 'Profiles',
  products: 'Products',
  devices: 'Devices',
  groups: 'Groups',
  certificates: 'Certificates',
  events: 'Events',
  ocsp: 'Ocsp',
  psks: 'Psks',
  keys: 'Keys',
  campaigns: 'Campaigns',
  clients: 'Clients',
};

/** Lists that can be read to their end page by page: the operation, and what precedes the page. */
export const ITERATED = {
  'authorities.find': 'iterate',
  'profiles.find': 'iterate',
  'profiles.versions': 'iterateVersions',
  'products.find': 'iterate',
  'devices.find': 'iterate',
  'groups.find': 'iterate',
  'certificates.find': 'iterate',
  'certificates.attachments': 'iterateAttachments',
  'events.find': 'iterate',
  'events.checkpoints': 'iterateCheckpoints',
  'ocsp.presign': 'iteratePresigned',
  'registry.due': 'iterateDue',
  'psks.find': 'iterate',
  'keys.find': 'iterate',
  'campaigns.find': 'iterate',
  'campaigns.stragglers': 'iterateStragglers',
  'clients.find': 'iterate',
};

/** Words that cannot be the names of parameters. */
export const safe = (name) => (['new', 'import', 'this', 'default', 'export'].includes(name) ? `${name}_` : name);
