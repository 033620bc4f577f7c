import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '#toolchain';
import { cluster, kubectl, plumbline, testNamespace } from '#testing';

test('what import writes is applied by kubectl as it is; what it could not say is on stderr', async () => {
  await using server = await cluster();
  const namespace = await testNamespace(server);
  const file = join(await temporaryFolder('import'), 'stacks.yaml');
  const metadata = (name: string): string => `metadata: {name: ${name}, namespace: ${namespace}}`;
  const from = 'stack: acme/dev, projectRepo: "https://example.com/web.git", branch: main';
  await writeFile(
    file,
    `apiVersion: v1
kind: List
items:
  - {apiVersion: pulumi.com/v1, kind: Stack, ${metadata('web')}, spec: {${from}, config: {"aws:region": eu, data: {a: [1]}}, secrets: {p: hunter2}}}
  - {apiVersion: pulumi.com/v1, kind: Stack, ${metadata('api')}, spec: {${from}, repoDir: api, prerequisites: [{name: web}]}}
`,
  );
  const { code, out, error } = await plumbline('import', 'pulumi-operator', file);
  expect(code).toBe(0);
  expect(error.split('\n')).toContain(
    `plumbline: Stack ${namespace}/web: spec.secrets.p: stands open in the manifest and was not copied; put its value into Secret web-config, key p`,
  );
  expect(out + error).not.toContain('hunter2');
  const applied = await kubectl(['apply', '--server-side', '-f', '-'], out);
  expect(applied.trim().split('\n')).toEqual(
    ['gitsource.plumbline.dev/web', 'stack.plumbline.dev/web', 'stack.plumbline.dev/api'].map(
      (name) => `${name} serverside-applied`,
    ),
  );
  expect(await plumbline('import', 'pulumi-operator', join(file, 'none'))).toMatchObject({ code: 2, out: '' });
});
