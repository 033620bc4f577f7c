/** What keeps Pulumi programs from running is named, and is a fault only where a stack has one. */
import { expect, test } from '@jest/globals';
import type { Stack } from '#api';
import { runChecks } from './runs.ts';

const stack = (name: string, engine: string, pulumi = {}): Stack =>
  ({ metadata: { name, namespace: 'shop' }, spec: { engine, pulumi } }) as unknown as Stack;
const small = stack('small', 'pulumi', { memoryMiB: 256 });
const large = stack('large', 'pulumi', { memoryMiB: 2048 });
const yaml = stack('yaml', 'manifests');

test.each([
  [
    { pulumi: '/usr/local/bin/pulumi', memoryMiB: 1536 },
    [small, yaml],
    [true, true],
    /with \/usr\/local\/bin\/pulumi.*has 1536 MiB for runs/s,
  ],
  [
    { pulumi: '/usr/local/bin/pulumi', memoryMiB: 1536 },
    [small, large],
    [true, false],
    /has 1536 MiB for runs of Pulumi programs, and one of Stack shop\/large takes 2298/,
  ],
  [{ pulumi: 'missing', memoryMiB: 1536 }, [large], [false], /no pulumi on its PATH, and 1 stacks need it/],
  [{ pulumi: 'missing', memoryMiB: 0 }, [yaml], [true], /no pulumi on its PATH, and no stack needs it/],
  [{ pulumi: '/usr/bin/pulumi', memoryMiB: 0 }, [yaml], [true], /runs Pulumi programs with/],
])('%j', (offered, stacks, fit, said) => {
  const checks = runChecks(offered, stacks);
  expect(checks.map(({ ok }) => ok)).toEqual(fit);
  expect(checks.map(({ what }) => what).join('\n')).toMatch(said);
});
