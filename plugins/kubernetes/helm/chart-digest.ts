/** A digest of a chart that lies in the program's own folders, where its content changes under the same version. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '#runtime';

const limits = { files: 5000, bytes: 64 * 2 ** 20 };

/** @param path of a folder or archive. @throws Failure FileTooLarge */
export async function chartDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const file of await filesIn(path)) {
    const content = await readFile(join(path, file));
    bytes += content.length;
    if (bytes > limits.bytes) throw tooLarge(path, `${limits.bytes} bytes`);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

async function filesIn(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [''];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (files.length > limits.files) throw tooLarge(path, `${limits.files} files`);
  return files.map((file) => file.slice(join(path, '/').length)).sort();
}

const tooLarge = (where: string, expected: string): Error =>
  failure('FileTooLarge', { where, what: 'the chart is too large', expected: `at most ${expected}` });
