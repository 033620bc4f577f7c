/** What every engine must do with a stack, whatever it is written in: one table of expectations, run over each of them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dirname } from 'node:path';
import type { Stack } from '#api';
import { Platform, ready, startTestOperator, until, untilQuiet, type TestOperator } from '#testing';
import { toolPaths } from '#toolchain';
import { bind, installApprovals, planIn, say } from '../support/approvers.ts';
import { engineAdapters, type EngineAdapter, type WrittenMap } from '../support/engine-adapters.ts';

let operator: TestOperator;

beforeAll(async () => {
  const { pulumi } = await toolPaths(['pulumi']);
  process.env['PATH'] = `${dirname(pulumi)}:${process.env['PATH'] ?? ''}`;
  operator = await startTestOperator();
});
afterAll(async () => operator[Symbol.asyncDispose]());

/** A run of an engine that starts processes takes seconds on a quiet machine. */
const withinMs = 150_000;
const testMs = 400_000;
const apiVersion = 'plumbline.dev/v1alpha1';

const one: WrittenMap = { name: 'one', value: '1' };
const two: WrittenMap = { name: 'two', value: '2' };

/** A stack `app` of one engine, and what it says. */
class Subject {
  readonly platform: Platform;
  readonly #adapter: EngineAdapter;

  constructor(platform: Platform, adapter: EngineAdapter) {
    this.platform = platform;
    this.#adapter = adapter;
  }

  /** Nothing is there yet but the commit. */
  static async create(adapter: EngineAdapter, maps: readonly WrittenMap[]): Promise<Subject> {
    const platform = await Platform.create({ 'README.md': 'Nothing.\n' });
    const subject = new Subject(platform, adapter);
    await subject.commit(maps);
    return subject;
  }

  key(name: string): string {
    return `ConfigMap/${this.platform.namespace}/${name}`;
  }

  stack(spec = ''): Promise<void> {
    return this.platform.stack('app', [this.#adapter.spec, 'timeout: 2m', spec].filter(Boolean).join(', '));
  }

  commit(maps: readonly WrittenMap[], folder = 'app', adapter = this.#adapter): Promise<string> {
    return this.platform.commit(adapter.files(folder, this.platform.namespace, maps));
  }

  async applied(maps: readonly WrittenMap[]): Promise<Stack> {
    const commit = await this.commit(maps);
    return this.platform.applied('app', commit, withinMs);
  }

  /** The stack, once it says so. */
  async until(what: string, check: (stack: Stack) => boolean, name = 'app'): Promise<Stack> {
    let last: Stack | undefined;
    return until(
      `stack ${name} ${what}`,
      async () => {
        last = await this.platform.get(name);
        return last !== undefined && check(last) ? last : undefined;
      },
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it says ${JSON.stringify(last?.status)}`);
    });
  }

  async value(name: string): Promise<string | undefined> {
    return (await this.platform.configMap(name))?.data?.['value'];
  }

  async edit(name: string, value: string): Promise<void> {
    const { namespace, cluster } = this.platform;
    await cluster.edit({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace }, { data: { value } });
  }

  delete(): Promise<void> {
    const { namespace, cluster } = this.platform;
    return cluster.delete(apiVersion, 'Stack', 'app', namespace);
  }

  async gone(): Promise<void> {
    await until('the stack is gone', async () => (await this.platform.get('app')) === undefined || undefined, withinMs);
  }
}

const says = (stack: Stack, type: string, reason: string): boolean =>
  stack.status?.conditions?.some((condition) => condition.type === type && condition.reason === reason) === true;

const runs = async (): Promise<number> => (await operator.log()).split('"a run begins"').length - 1;

describe.each(engineAdapters)('engine $engine', (adapter) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.create(adapter, [one, two]);
  });
  afterAll(async () => subject.platform[Symbol.asyncDispose]());

  test(
    'what a commit asks for is made, counted, and recorded with its author',
    async () => {
      await subject.stack();
      const stack = await subject.until('is Ready', (each) => ready(each)?.status === 'True');
      expect(await subject.value('one')).toBe('1');
      expect(await subject.value('two')).toBe('2');
      expect(stack.status).toMatchObject({ objects: 2 });
      expect(stack.status?.outputs).toEqual(adapter.outputs([one, two]));
      const { status } = stack;
      expect(await subject.platform.changes('app')).toMatchObject([
        {
          commit: { sha: status?.applied?.commit, author: expect.stringContaining('ada@example.com') },
          result: 'Applied',
          created: 2,
          objects: expect.arrayContaining([
            expect.objectContaining({ object: subject.key('one'), action: 'created' }),
            expect.objectContaining({ object: subject.key('two'), action: 'created' }),
          ]),
        },
      ]);
      const { cluster, namespace } = subject.platform;
      expect((await cluster.objectsOf(namespace, 'app')).map(({ object }) => object.metadata.name).sort()).toEqual([
        'one',
        'two',
      ]);
    },
    testMs,
  );

  test(
    'a commit that leaves the stack alone asks for nothing and starts nothing',
    async () => {
      await untilQuiet(operator.requests, { withinMs });
      const [asked, ran] = [(await operator.requests()).length, await runs()];
      const commit = await subject.platform.commit({ 'README.md': 'Something.\n' });
      await until('the source has it', async () => {
        const source = await subject.platform.cluster.get<never>(
          apiVersion,
          'GitSource',
          'source',
          subject.platform.namespace,
        );
        return JSON.stringify(source).includes(commit) || undefined;
      });
      await untilQuiet(operator.requests, { withinMs });
      const since = (await operator.requests()).slice(asked);
      expect(since.filter((request) => !request.includes('/gitsources/') && !request.includes('/events'))).toEqual([]);
      expect(await runs()).toBe(ran);
      expect((await subject.platform.get('app'))?.status?.applied?.commit).not.toBe(commit);
    },
    testMs,
  );

  test(
    'a changed field is changed in place, and told by its path',
    async () => {
      const uid = (await subject.platform.configMap('one'))?.metadata.uid;
      await subject.applied([{ ...one, size: 'large' }, two]);
      const map = await subject.platform.configMap('one');
      expect(map?.metadata).toMatchObject({ uid, labels: { size: 'large' } });
      expect((await subject.platform.changes('app')).at(-1)).toMatchObject({
        configured: 1,
        objects: [{ object: subject.key('one'), action: 'configured', fields: ['metadata.labels.size'] }],
      });
    },
    testMs,
  );

  test(
    'what left Git is pruned, and nothing else',
    async () => {
      const stack = await subject.applied([{ ...one, size: 'large' }]);
      expect(await subject.platform.configMap('two')).toBeUndefined();
      expect(await subject.value('one')).toBe('1');
      expect(stack.status?.objects).toBe(1);
      expect((await subject.platform.changes('app')).at(-1)).toMatchObject({
        pruned: 1,
        objects: [{ object: subject.key('two'), action: 'pruned' }],
      });
    },
    testMs,
  );

  test(
    'a revert brings back what was before',
    async () => {
      const commit = await subject.platform.git.repository.revert();
      await subject.platform.reconcile();
      await subject.platform.applied('app', commit, withinMs);
      expect(await subject.value('two')).toBe('2');
    },
    testMs,
  );

  test(
    'a hand edit is named and put back',
    async () => {
      await subject.edit('one', 'by hand');
      const stack = await subject.until('has healed the drift', (each) => says(each, 'Drifted', 'DriftHealed'));
      const told = stack.status?.conditions?.find(({ type }) => type === 'Drifted')?.message;
      expect(told).toContain(subject.key('one'));
      expect(told).toContain('data.value');
      expect(await subject.value('one')).toBe('1');
    },
    testMs,
  );

  test(
    'in mode warn a hand edit is told and left, until it is to be healed',
    async () => {
      await subject.stack('drift: {mode: warn}');
      await subject.until('has seen the spec', (each) => each.status?.observedGeneration === each.metadata.generation);
      await untilQuiet(operator.requests, { withinMs });
      const ran = await runs();
      await subject.edit('one', 'left');
      const stack = await subject.until(
        'tells of the drift',
        (each) => each.status?.conditions?.some(({ type, status }) => type === 'Drifted' && status === 'True') === true,
      );
      expect(JSON.stringify(stack.status?.conditions)).toContain(subject.key('one'));
      await untilQuiet(operator.requests, { withinMs });
      expect(await subject.value('one')).toBe('left');
      expect(await runs()).toBe(ran);
      await subject.stack('drift: {mode: correct}');
      await until('it is put back', async () => (await subject.value('one')) === '1' || undefined, withinMs);
    },
    testMs,
  );

  test(
    'an object that the API server refuses is named; the others of the commit are made all the same',
    async () => {
      await subject.commit([
        { ...one, size: 'large' },
        two,
        { name: 'bad', value: '3', size: 'not a label' },
        { name: 'good', value: '4' },
      ]);
      const stack = await subject.until('fails', (each) => (each.status?.failures ?? []).length > 0);
      expect(stack.status?.failures).toHaveLength(1);
      const [failure] = stack.status?.failures ?? [];
      expect(failure?.object).toContain('bad');
      expect(failure?.message).toContain('not a label');
      expect(ready(stack)?.status).toBe('False');
      expect(await subject.value('good')).toBe('4');
      expect((await subject.platform.changes('app')).at(-1)).toMatchObject({ result: 'Failed' });
      const mended = await subject.applied([{ ...one, size: 'large' }, two]);
      expect(mended.status?.failures ?? []).toEqual([]);
      expect(await subject.platform.configMap('good')).toBeUndefined();
    },
    testMs,
  );

  test(
    'a suspended stack is left as it is; resumed, it takes the newest commit',
    async () => {
      await subject.stack('suspend: true');
      await subject.until('is suspended', (each) => ready(each)?.reason === 'Suspended');
      const ran = await runs();
      const commit = await subject.commit([{ ...one, size: 'huge' }, two]);
      await until('the source has it', async () => {
        const { namespace, cluster } = subject.platform;
        return (
          JSON.stringify(await cluster.get<never>(apiVersion, 'GitSource', 'source', namespace)).includes(commit) ||
          undefined
        );
      });
      await untilQuiet(operator.requests, { withinMs });
      expect((await subject.platform.configMap('one'))?.metadata).toMatchObject({ labels: { size: 'large' } });
      expect(await runs()).toBe(ran);
      await subject.stack('suspend: false');
      await subject.platform.applied('app', commit, withinMs);
      expect((await subject.platform.configMap('one'))?.metadata).toMatchObject({ labels: { size: 'huge' } });
    },
    testMs,
  );

  test(
    'a stack of any other engine waits for it',
    async () => {
      const others = engineAdapters.filter((other) => other !== adapter);
      await subject.stack('suspend: true');
      await subject.until('is suspended', (each) => ready(each)?.reason === 'Suspended');
      for (const other of others) {
        const name = `after-${other.engine}`;
        await subject.commit([{ name, value: '5' }], name, other);
        await subject.platform.stack(name, `${other.spec}, timeout: 2m, dependsOn: [{name: app}]`);
        await subject.until('waits', (each) => ready(each)?.reason === 'DependencyNotReady', name);
        expect(await subject.platform.configMap(name)).toBeUndefined();
      }
      await subject.stack('suspend: false');
      for (const other of others) {
        const name = `after-${other.engine}`;
        await subject.until('is Ready', (each) => ready(each)?.status === 'True', name);
        expect(await subject.value(name)).toBe('5');
        await subject.platform.cluster.delete(apiVersion, 'Stack', name, subject.platform.namespace);
        await until('it is gone', async () => (await subject.platform.get(name)) === undefined || undefined, withinMs);
      }
    },
    testMs,
  );

  test(
    'with approval: manual a change waits for its plan to be agreed to, and then is what the plan says',
    async () => {
      const { platform } = subject;
      await installApprovals(platform);
      await bind(platform, 'plumbline-approver', 'alice');
      await subject.stack('approval: {mode: manual}');
      await subject.until('has seen the spec', (each) => each.status?.observedGeneration === each.metadata.generation);
      const commit = await subject.commit([{ ...one, size: 'tiny' }, two]);
      await subject.until('asks', (each) => ready(each)?.reason === 'AwaitingApproval');
      const plan = await planIn(platform, 'AwaitingApproval');
      expect(plan.spec).toMatchObject({ created: 0, updated: 1, commit: { sha: commit } });
      expect((await platform.configMap('one'))?.metadata).not.toMatchObject({ labels: { size: 'tiny' } });
      await say(platform, { plan, as: 'alice' });
      await platform.applied('app', commit, withinMs);
      expect((await platform.configMap('one'))?.metadata).toMatchObject({ labels: { size: 'tiny' } });
      await subject.stack();
    },
    testMs,
  );

  test(
    'a deleted stack takes along what it owns; with deletionPolicy: Orphan it leaves it',
    async () => {
      await subject.delete();
      await subject.gone();
      for (const name of ['one', 'two']) expect(await subject.platform.configMap(name)).toBeUndefined();
      await subject.commit([one]);
      await subject.stack('deletionPolicy: Orphan');
      await subject.until('is Ready', (each) => ready(each)?.status === 'True');
      await subject.delete();
      await subject.gone();
      expect(await subject.value('one')).toBe('1');
    },
    testMs,
  );
});
