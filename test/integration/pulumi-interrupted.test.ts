/** What cuts a Pulumi update short: a newer commit, a suspension, an operator that is told to stop or is killed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  haltEngines,
  lockHolder,
  openGate,
  Platform,
  program,
  pulumiStack,
  runProcesses,
  runsBegun,
  runWithinMs,
  startPulumiOperator,
  until,
  type TestOperator,
} from '#testing';

let operator: TestOperator;

beforeAll(async () => {
  operator = await startPulumiOperator();
});
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
});

/** One name is of Pulumi's choice: made twice, it would be there twice. */
const waiting = program(
  'infra',
  `
const first = map('first');
new ConfigMap('named', { metadata: { namespace, labels: { named: 'by-pulumi' } } });
gate('door', { dependsOn: [first] });
`,
);

/** A stack whose update waits in the middle. */
async function inTheMiddle(): Promise<Platform> {
  const platform = await Platform.create(waiting);
  await pulumiStack(platform, 'infra');
  await until('the update waits', async () => platform.configMap('door'), runWithinMs);
  await until('the rest is made', async () => ((await named(platform)).length === 1 ? true : undefined), runWithinMs);
  return platform;
}

async function named({ cluster, namespace }: Platform): Promise<string[]> {
  const { body } = await cluster.transport.request<{ items: { metadata: { name: string } }[] }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    query: { labelSelector: 'named=by-pulumi' },
  });
  return body.items.map(({ metadata }) => metadata.name);
}

const head = (platform: Platform): Promise<string> => platform.git.repository.git('rev-parse', 'HEAD');

/** No process, and nobody has the state. */
const ended = (platform: Platform): Promise<true> =>
  until(
    'nothing is left of the run',
    async () =>
      runProcesses(operator).length === 0 && (await lockHolder(platform, 'infra')) === undefined ? true : undefined,
    runWithinMs,
  );

/** All that the program makes, once, and told once. */
async function expectWhole(platform: Platform, before: readonly string[]): Promise<void> {
  await openGate(platform, 'door');
  await platform.applied('infra', await head(platform), runWithinMs);
  expect(await named(platform)).toEqual(before);
  const changes = await platform.changes('infra');
  expect(changes).toHaveLength(1);
  expect(changes[0]).toMatchObject({ result: 'Applied', created: 3 });
  await ended(platform);
}

test('a newer commit ends the update in hand, and wins', async () => {
  await using platform = await inTheMiddle();
  const runs = (await runsBegun(operator)).length;
  const commit = await platform.commit(program('infra', `map('first', { a: 'b' });`));
  await platform.applied('infra', commit, runWithinMs);
  expect((await platform.configMap('first'))?.data).toEqual({ a: 'b' });
  expect(await platform.configMap('door')).toBeUndefined();
  expect(await named(platform)).toEqual([]);
  expect(await runsBegun(operator)).toHaveLength(runs + 1);
  await ended(platform);
}, 600_000);

test('a commit that is taken back while the update in hand ends for it is run to its end', async () => {
  await using platform = await inTheMiddle();
  const before = await named(platform);
  {
    using _halted = haltEngines(operator);
    await platform.commit(program('infra', `map('first', { a: 'b' });`));
    await platform.saying('infra', /waits for the end of the run before/);
    const back = await platform.commit(waiting);
    await until('the stack wants what it wanted before', async () =>
      (await platform.get('infra'))?.status?.wanted?.commit === back ? true : undefined,
    );
  }
  await expectWhole(platform, before);
  const warnings = (await platform.events('Stack', 'infra')).filter(({ type }) => type === 'Warning');
  expect(warnings).toEqual([]);
}, 600_000);

test('a suspended stack rests at once, and goes on where it was', async () => {
  await using platform = await inTheMiddle();
  const before = await named(platform);
  await pulumiStack(platform, 'infra', '', 'suspend: true,');
  await platform.fails('infra', 'Suspended');
  await ended(platform);
  await pulumiStack(platform, 'infra');
  await expectWhole(platform, before);
}, 600_000);

test('a newer commit does not wait for a correction that cannot come to its end', async () => {
  await using platform = await inTheMiddle();
  await openGate(platform, 'door');
  await platform.applied('infra', await head(platform), runWithinMs);
  const door = { apiVersion: 'v1', kind: 'ConfigMap', name: 'door', namespace: platform.namespace };
  const shut = { labels: { open: null }, annotations: { 'pulumi.com/waitFor': 'nobody' } };
  await platform.cluster.edit(door, { metadata: shut });
  await until(
    'the correction waits for what it has put back',
    async () => {
      const live = await platform.cluster.get('v1', 'ConfigMap', 'door', platform.namespace);
      return live?.metadata.annotations?.['pulumi.com/waitFor'] === 'nobody' ? undefined : true;
    },
    runWithinMs,
  );
  const commit = await platform.commit(program('infra', `map('first');`));
  await platform.applied('infra', commit, runWithinMs);
  expect(await platform.configMap('door')).toBeUndefined();
  await ended(platform);
}, 600_000);

/** Takes its time before it makes anything: by then the engine has taken what it found into the state. */
const slow = (text: string): Record<string, string> =>
  program('infra', `module.exports = async () => { await new Promise((go) => setTimeout(go, 4000)); ${text} };`);

test('a newer commit takes the place of a correction that has only looked yet: what it found is put back afterwards', async () => {
  await using platform = await Platform.create(slow(`map('first', { a: 'git' });`));
  const { namespace } = platform;
  await pulumiStack(platform, 'infra');
  await platform.applied('infra', await head(platform), runWithinMs);
  const first = { apiVersion: 'v1', kind: 'ConfigMap', name: 'first', namespace };
  await platform.cluster.edit(first, { data: { a: 'hand' } });
  const isLook = (line: string): boolean => line.includes('"done: refreshing') && line.includes(`"${namespace}/infra"`);
  await until(
    'the correction has looked',
    async () => (await operator.log()).split('\n').some(isLook) || undefined,
    runWithinMs,
  );
  const commit = await platform.commit(slow(`map('first', { a: 'git' }); map('second');`));
  await platform.applied('infra', commit, runWithinMs);
  await until(
    'what was changed is put back',
    async () => (await platform.configMap('first'))?.data?.['a'] === 'git' || undefined,
    runWithinMs,
  );
  await ended(platform);
}, 600_000);

test('told to stop in the middle of an update, the operator ends it in order, and the next one goes on', async () => {
  await using platform = await inTheMiddle();
  const before = await named(platform);
  expect(await operator.terminate()).toBe(0);
  expect(runProcesses(operator)).toEqual([]);
  expect(await lockHolder(platform, 'infra')).toBeUndefined();
  await operator.start();
  await expectWhole(platform, before);
}, 600_000);

test('killed in the middle of an update, the operator leaves no process, and the next one goes on', async () => {
  await using platform = await inTheMiddle();
  const before = await named(platform);
  await operator.kill();
  await until('no process is left', () => Promise.resolve(runProcesses(operator).length === 0 ? true : undefined));
  await operator.start();
  await expectWhole(platform, before);
}, 600_000);
