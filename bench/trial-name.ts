/** Names of what is tried. */
import { basename } from 'node:path';

/** A stack or row may be called like the file or folder; the name says what is tried. */
export const nameOf = (path: string): string =>
  basename(path)
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
