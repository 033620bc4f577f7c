/** `pulumi` typed in a shell, with what `npm run toolchain -- --env` prints: this repository's own program, on this cluster. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cluster, kubeconfig, testNamespace, type Said, type TestCluster } from '#testing';

const root = join(import.meta.dirname, '..', '..');
let folder = '';
let api: TestCluster;

beforeAll(async () => {
  api = await cluster();
  folder = await mkdtemp(join(tmpdir(), 'plumbline-by-hand-'));
  for (const name of ['Pulumi.yaml', 'stacks', 'package.json']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Runs lines of a shell, as somebody would type them in the folder of a clone. */
function type(...lines: readonly string[]): Promise<Said> {
  const script = [
    'set -eu',
    `eval "$(sh ${root}/toolchain/run.sh ${root}/toolchain/main.ts --env)"`,
    'set -x',
    ...lines,
  ].join('\n');
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    PLUMBLINE_CACHE: process.env['PLUMBLINE_CACHE'],
    KUBECONFIG: kubeconfig,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: 'by hand',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
  };
  return new Promise((resolve) => {
    execFile('sh', ['-c', script], { cwd: folder, env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, error: err }),
    );
  });
}

test('a clone previews, brings up, reads and destroys its stack, and nothing warns', async () => {
  const namespace = await testNamespace(api);
  const up = await type(
    'pulumi stack init desk',
    `pulumi config set namespace ${namespace}-desk`,
    'pulumi preview',
    'pulumi up --yes --skip-preview',
  );
  expect(up).toMatchObject({ code: 0 });
  expect(up.out).toContain('+ 5 to create');
  expect(up.out).toContain('+ 5 created');
  expect(up.out + up.error).not.toMatch(/warning/i);
  const settings = await api.get('v1', 'ConfigMap', 'settings', `${namespace}-desk`);
  expect(settings).toMatchObject({ data: { stack: 'desk', region: 'local' } });

  const again = await type(
    'pulumi up --yes --skip-preview --expect-no-changes',
    'pulumi stack output namespaceName',
    'pulumi about --json',
    'pulumi destroy --yes --skip-preview',
  );
  expect(again).toMatchObject({ code: 0 });
  expect(again.out).toContain('5 unchanged');
  expect(again.out).toContain(`\n${namespace}-desk\n`);
  expect(again.out).toContain(`"language": "nodejs"`);
  expect(again.out).toContain('- 5 deleted');
  expect(await api.get('v1', 'ConfigMap', 'settings', `${namespace}-desk`)).toBeUndefined();
});
