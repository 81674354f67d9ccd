// Where the repository is: the tests run against an installed package, elsewhere.

import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = process.env.TEGATA_REPOSITORY ?? resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
