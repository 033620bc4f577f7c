/** The Pulumi programs of this repository are locked to the packages that they are type-checked and run by hand with. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string } | undefined>>;
}

const root = join(import.meta.dirname, '..');
const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(root, file), 'utf8')) as T;

test.each(['@pulumi/pulumi', '@pulumi/kubernetes'])('stacks/ has %s in the version of the root', async (name) => {
  const [ours, theirs] = await Promise.all([read<Lock>('package-lock.json'), read<Lock>('stacks/package-lock.json')]);
  const version = ours.packages[`node_modules/${name}`]?.version;
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(theirs.packages[`node_modules/${name}`]?.version).toBe(version);
});
