import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLog, systemClock } from '#runtime';
import { createStateStore, type StateSession } from '#state';
import { temporaryFolder } from '#toolchain';
import { cluster, plumbline, testNamespace, type TestCluster } from '#testing';
import { deployment, PulumiDesk } from '../support/pulumi.ts';

let server: TestCluster;
let namespace: string;
let folder: string;
let desk: PulumiDesk;
const { signal } = new AbortController();

beforeAll(async () => {
  server = await cluster();
  namespace = await testNamespace(server);
  folder = await temporaryFolder('cli-state');
  desk = await PulumiDesk.create();
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());

async function stack(name: string, pulumi = '{stack: dev, project: shop}', engine = 'pulumi'): Promise<string> {
  await server.apply(`
apiVersion: plumbline.dev/v1alpha1
kind: Stack
metadata: {name: ${name}, namespace: ${namespace}}
spec: {sourceRef: {name: source}, engine: ${engine}${engine === 'pulumi' ? `, pulumi: ${pulumi}` : ''}}
`);
  return `${namespace}/${name}`;
}

async function open(name: string): Promise<StateSession> {
  const log = createLog({ level: 'error', clock: systemClock });
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const store = createStateStore({
    transport: server.transport,
    clock: systemClock,
    log,
    identity: 'operator',
    folder: data,
  });
  return store.open({ namespace, name }, { backend: undefined, signal });
}

const secret = (ciphertext: object): object => ({
  '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
  ...ciphertext,
});

/** An export with one secret in it, as `--show-secrets` has it. */
function withSecret(text: string): string {
  const found = JSON.parse(text) as { deployment: { resources: { outputs: object }[] } };
  const [first] = found.deployment.resources;
  if (first !== undefined) first.outputs = { ...first.outputs, password: secret({ plaintext: '"open sesame"' }) };
  return JSON.stringify(found);
}

test('export gives what pulumi gives, import takes it, secrets are open only when asked for', async () => {
  const id = await stack('shop');
  expect(await plumbline('state', 'export', id)).toEqual({
    code: 2,
    out: '',
    error: `plumbline: stack ${id} has no state in the cluster yet; let it run once\n`,
  });
  let given: string;
  {
    await using session = await open('shop');
    await desk.run(session.backend, ['stack', 'init', 'dev']);
    const exported = await desk.run(session.backend, ['stack', 'export']);
    await desk.run(session.backend, ['stack', 'import'], withSecret(deployment(exported, 2)));
    given = await desk.run(session.backend, ['stack', 'export']);
    const refused = await plumbline('state', 'export', id);
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringMatching(
        /^plumbline: .*\/shop: the state is in the hands of operator; it goes on when that ends\n$/,
      ),
    });
  }
  const exported = await plumbline('state', 'export', id);
  expect(JSON.parse(exported.out)).toEqual(JSON.parse(given));
  expect(exported.out).not.toContain('open sesame');

  const file = join(folder, 'export.json');
  expect(await plumbline('state', 'export', id, '--show-secrets', '--file', file)).toEqual({
    code: 0,
    out: '',
    error: '',
  });
  const open_ = await readFile(file, 'utf8');
  expect(JSON.parse(open_)).toMatchObject({
    deployment: { resources: [{ outputs: { password: secret({ plaintext: '"open sesame"' }) } }, {}] },
  });

  // Into another stack, which seals it with its own passphrase.
  const other = await stack('other');
  expect(await plumbline('state', 'import', other, '--file', file)).toEqual({
    code: 0,
    out: `Stack ${other} has a state of 2 resources now\n`,
    error: '',
  });
  await using session = await open('other');
  const shown = await desk.run(session.backend, ['stack', 'export', '-s', 'dev', '--show-secrets']);
  expect(JSON.parse(shown)).toMatchObject({
    deployment: { resources: [{ outputs: { password: secret({ plaintext: '"open sesame"' }) } }, {}] },
  });
  expect(await desk.run(session.backend, ['stack', 'export', '-s', 'dev'])).not.toContain('open sesame');
}, 60_000);

test('an imported state goes before the one that an operator still has on disk', async () => {
  const id = await stack('again');
  const file = join(folder, 'again.json');
  const empty = '{"version":3,"deployment":{"manifest":{"time":"2026-05-01T10:00:00Z","magic":"","version":""}}}';
  for (const count of [3, 1]) {
    await writeFile(file, deployment(empty, count));
    expect((await plumbline('state', 'import', id, '--file', file)).error).toBe('');
    await using session = await open('again');
    expect(await session.resources()).toHaveLength(count);
  }
});

test.each([
  ['no JSON', 'x', {}, /^plumbline: .*file\.json: the state cannot be read, .*found text that is no JSON object/],
  ['a newer version', '{"version":9,"deployment":{}}', {}, /found a state of version 9/],
  [
    'another stack',
    deployment('{"version":3}', 1),
    { pulumi: '{stack: prod}' },
    /the export is of stack dev, and the Stack runs prod; set spec\.pulumi\.stack: dev/,
  ],
  [
    'another project',
    deployment('{"version":3}', 1),
    { pulumi: '{stack: dev, project: web}' },
    /is of project shop, and the Stack runs web/,
  ],
  [
    'secrets of the service',
    JSON.stringify({
      version: 3,
      deployment: {
        secrets_providers: { type: 'service' },
        resources: [{ urn: 'urn:pulumi:dev::shop::t::n', inputs: secret({ ciphertext: 'x' }) }],
      },
    }),
    {},
    /are sealed by service, which cannot be asked here; export it with `pulumi stack export --show-secrets`/,
  ],
  [
    'a state elsewhere',
    '{}',
    { pulumi: '{backend: "s3://bucket"}' },
    /keeps its state at s3:\/\/bucket; run `pulumi stack import` with PULUMI_BACKEND_URL/,
  ],
  ['no Pulumi stack', '{}', { engine: 'manifests' }, /has no state, expected engine: pulumi, found manifests/],
])(
  'import of %s is refused',
  async (_, content, { pulumi, engine }: { pulumi?: string; engine?: string }, sentence) => {
    const id = await stack('bad', pulumi, engine);
    const file = join(folder, 'file.json');
    await writeFile(file, content);
    expect(await plumbline('state', 'import', id, '--file', file)).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringMatching(sentence),
    });
  },
);

test('unlock frees what is not held, and says so', async () => {
  const id = await stack('free');
  expect(await plumbline('state', 'unlock', id)).toEqual({
    code: 0,
    out: `The state of Stack ${id} was not locked\n`,
    error: '',
  });
});
