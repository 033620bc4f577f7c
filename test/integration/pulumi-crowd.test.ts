/** More Pulumi stacks than there is memory for, one of which hangs: they take turns, and all of them come to their end. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  Platform,
  program,
  pulumiStack,
  runProcesses,
  runWithinMs,
  startPulumiOperator,
  until,
  type TestOperator,
} from '#testing';

let operator: TestOperator;
let platform: Platform;

/** Of its program; a run takes 250 more for the engine. Two fit into what the operator gives to runs. */
const memory = 'memoryMiB: 300';

const crowd = ['a', 'b', 'c', 'd'];

beforeAll(async () => {
  operator = await startPulumiOperator('--pulumi-memory=1200');
  const folders = crowd.map((name) => program(name, `map('of-${name}');`));
  platform = await Platform.create(
    Object.assign(program('hung', 'setInterval(() => undefined, 1000);'), ...folders) as Record<string, string>,
  );
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

interface Line {
  readonly message: string;
  readonly key: string;
}

/** Of each run that has begun, in order: the stacks whose runs went on beside it. */
async function company(): Promise<{ readonly stack: string; readonly beside: readonly string[] }[]> {
  const lines = (await operator.log())
    .split('\n')
    .filter((line) => /"a run (begins|has ended)"/.test(line))
    .map((line) => JSON.parse(line) as Line);
  const going = new Set<string>();
  const begun: { stack: string; beside: string[] }[] = [];
  for (const { message, key } of lines) {
    const stack = key.slice(key.indexOf('/') + 1);
    if (message === 'a run has ended') going.delete(stack);
    else {
      begun.push({ stack, beside: [...going] });
      going.add(stack);
    }
  }
  return begun;
}

test('stacks take turns by memory beside one that hangs, and each has its turn', async () => {
  await platform.stack(
    'hung',
    `engine: pulumi, timeout: 10m, pulumi: {config: {namespace: ${platform.namespace}}, ${memory}}`,
  );
  await until(
    'the program that hangs has begun',
    async () => ((await company()).some(({ stack }) => stack === 'hung') ? true : undefined),
    runWithinMs,
  );
  for (const name of crowd) await pulumiStack(platform, name, memory);
  await until(
    'one waits for memory, and says so',
    async () => {
      const stacks = await Promise.all(crowd.map((name) => platform.get(name)));
      const says = stacks.flatMap((stack) => stack?.status?.conditions?.map(({ message }) => message) ?? []);
      return says.some((message) => message.startsWith('waits for memory: 1100 of 1200 MiB')) ? true : undefined;
    },
    runWithinMs,
  );
  const commit = await platform.git.repository.git('rev-parse', 'HEAD');
  for (const name of crowd) await platform.applied(name, commit, 2 * runWithinMs);
  const begun = await company();
  expect(begun.map(({ stack }) => stack).sort()).toEqual([...crowd, 'hung']);
  expect(begun.slice(1).map(({ beside }) => beside)).toEqual(crowd.map(() => ['hung']));
  expect((await platform.get('hung'))?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'Unknown' }),
  );
}, 300_000);

test('the one that hangs is ended when its stack goes', async () => {
  await platform.cluster.delete('plumbline.dev/v1alpha1', 'Stack', 'hung', platform.namespace);
  await platform.cluster.untilGone('plumbline.dev/v1alpha1', 'Stack', 'hung', platform.namespace);
  expect(runProcesses(operator)).toEqual([]);
}, 120_000);
