/** Plans of Pulumi programs: previewed by the real engine, agreed to, and held to by the update; and the brakes on deletion. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dirname } from 'node:path';
import type { PlanObject } from '#api';
import { Platform, plainProject, plumbline, startTestOperator, until, type TestOperator } from '#testing';
import { acceptConfigMaps, policyKind, refuseConfigMaps } from '../support/admission-policy.ts';
import { toolPaths } from '#toolchain';
import { bind, installApprovals, plansOf, say } from '../support/approvers.ts';

let operator: TestOperator;
beforeAll(async () => {
  const { pulumi } = await toolPaths(['pulumi']);
  process.env['PATH'] = `${dirname(pulumi)}:${process.env['PATH'] ?? ''}`;
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

/** A run takes some ten seconds on a quiet machine, and there are two or three of them in what is waited for. */
const withinMs = 300_000;

const imports = `
const pulumi = require('@pulumi/pulumi');
const k8s = require('@pulumi/kubernetes');
const config = new pulumi.Config();
const namespace = config.require('namespace');
`;
const map = (name: string, label: string, options = '{}'): string =>
  `new k8s.core.v1.ConfigMap('${name}', { metadata: { name: '${name}', namespace, labels: { v: '${label}' } }, data: { a: 'b' } }, ${options});\n`;

const program = (...lines: readonly string[]): Record<string, string> => ({
  'infra/index.js': `${imports}${lines.join('\n')}`,
});

/** A stack whose program was applied once, agreed to where it asks. */
async function applied(more: string, ...lines: readonly string[]): Promise<Platform> {
  const platform = await Platform.create({
    'infra/Pulumi.yaml': plainProject,
    ...program(...lines),
  });
  await installApprovals(platform);
  await bind(platform, 'plumbline-approver', 'alice');
  await platform.cluster.apply(
    `{apiVersion: v1, kind: Secret, metadata: {name: given, namespace: ${platform.namespace}}, stringData: {password: ${password}}}`,
  );
  await platform.stack('infra', `${specOf(platform)}, ${more}`);
  if (more.includes('manual')) await say(platform, { plan: await waiting(platform), as: 'alice' });
  await until('the stack is Ready', () => platform.isReady('infra'), withinMs);
  return platform;
}

const password = 'sesame-open-7391';

const specOf = ({ namespace }: Platform, pulumi = ''): string =>
  `engine: pulumi, timeout: 3m, drift: {mode: warn}, pulumi: {stack: dev, ${pulumi}config: {namespace: ${namespace}}, configFrom: [{key: password, secretKeyRef: {name: given, key: password}}]}`;

const waiting = (platform: Platform, other?: PlanObject): Promise<PlanObject> =>
  until(
    'another plan waits',
    async () =>
      (await plansOf(platform, 'infra')).find(
        ({ spec, status }) => status?.phase === 'AwaitingApproval' && spec.digest !== other?.spec.digest,
      ),
    withinMs,
  );

const labelOf = async (platform: Platform, name: string): Promise<string | undefined> =>
  ((await platform.configMap(name))?.metadata as { labels?: Record<string, string> } | undefined)?.labels?.['v'];

test('a plan waits for a person, an unrelated commit keeps it, what it says is done, and the Change names who agreed', async () => {
  const secret = `new k8s.core.v1.Secret('key', { metadata: { name: 'key', namespace }, stringData: { p: config.requireSecret('password'), q: 'written-in-git-5512' } });\n`;
  await using platform = await applied('approval: {mode: manual}', map('shop', '1'));
  const { namespace } = platform;
  const url = `'https://x/?p=' + encodeURIComponent(config.require('password'))`;
  const added = `new k8s.core.v1.ConfigMap('new', { metadata: { name: 'new', namespace }, data: { url: ${url} } });\n`;
  await platform.commit(program(map('shop', '2'), secret, added));
  const plan = await waiting(platform);
  expect(plan.spec).toMatchObject({ destructive: false, created: 2, updated: 1, replaced: 0, deleted: 0 });
  expect(plan.spec.changes).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        object: `ConfigMap/${namespace}/shop`,
        action: 'update',
        fields: [{ path: 'metadata.labels.v', from: '1', to: '2' }],
      }),
      expect.objectContaining({ object: `Secret/${namespace}/key`, action: 'create' }),
      expect.objectContaining({ object: `ConfigMap/${namespace}/new`, action: 'create' }),
    ]),
  );
  expect(await labelOf(platform, 'shop')).toBe('1');
  // Who looks before the merge sees the same.
  const preview = await plumbline('preview', `${namespace}/infra`, '--path', platform.git.repository.folder);
  expect(preview).toMatchObject({ code: 1, error: '' });
  expect(preview.out).toContain(`2 created, 1 updated, plan ${plan.spec.digest}`);

  // The same program, made anew: its secrets are encrypted another time, and the tree of its folder is another one.
  const unrelated = await platform.commit({ 'readme.md': 'hello', 'infra/notes.txt': 'hello' });
  await until(
    'the plan was seen in the later commit',
    async () => {
      const open = (await plansOf(platform, 'infra')).filter(({ status }) => status?.phase !== 'Applied');
      const [seen, ...others] = open;
      expect(others).toEqual([]);
      return seen?.status?.revisions?.some((name) => name.endsWith(unrelated)) ? true : undefined;
    },
    withinMs,
  );
  // What was kept on disk is lost with the operator: the preview is made once more, and comes to the same.
  await operator.kill();
  await operator.start();
  await say(platform, { plan, as: 'alice' });
  await platform.applied('infra', unrelated, withinMs);
  expect(await labelOf(platform, 'shop')).toBe('2');
  expect(await plumbline('preview', `${namespace}/infra`, '--path', platform.git.repository.folder)).toMatchObject({
    code: 0,
    out: `${namespace}/infra: nothing would change\n`,
  });
  const [, change] = await platform.changes('infra');
  expect(change).toMatchObject({
    result: 'Applied',
    plan: { name: plan.metadata.name, digest: plan.spec.digest, approvals: [{ user: 'alice', by: 'Approval' }] },
  });
  const done = (await plansOf(platform, 'infra')).filter(({ status }) => status?.phase === 'Applied');
  expect(done.map(({ metadata }) => metadata.name)).toContain(plan.metadata.name);
  const told = JSON.stringify([
    await plansOf(platform, 'infra'),
    await platform.changes('infra'),
    await operator.log(),
  ]);
  for (const value of [password, 'written-in-git-5512'])
    for (const text of [value, Buffer.from(value).toString('base64')]) expect(told).not.toContain(text);
}, 900_000);

test('content, the value of a secret, and live state that move on make a plan stale, and nothing is done in its name', async () => {
  const secret = `new k8s.core.v1.Secret('key', { metadata: { name: 'key', namespace }, stringData: { p: config.requireSecret('password') } });\n`;
  await using platform = await applied('force: true, approval: {mode: manual}', map('shop', '1'));
  const { namespace } = platform;
  await platform.commit(program(map('shop', '2'), secret));
  const first = await waiting(platform);
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'Secret', name: 'given', namespace },
    { stringData: { password: 'another-one-2207' } },
  );
  const second = await waiting(platform, first);
  await say(platform, { plan: first, as: 'alice' });
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'shop', namespace },
    { metadata: { labels: { v: 'by-hand' } } },
  );
  // Where the stack did not take fields over (force), the preview would be refused for the sake of who edited it.
  const third = await waiting(platform, second);
  await say(platform, { plan: second, as: 'alice' });
  await platform.commit(program(map('shop', '3'), secret));
  const fourth = await waiting(platform, third);
  await say(platform, { plan: third, as: 'alice' });
  await say(platform, { plan: { ...fourth, spec: { ...fourth.spec, digest: third.spec.digest } }, as: 'alice' });
  const plans = await plansOf(platform, 'infra');
  expect(plans.filter(({ status }) => status?.phase === 'Stale').length).toBe(3);
  expect(await labelOf(platform, 'shop')).toBe('by-hand');
  await say(platform, { plan: fourth, as: 'alice', verdict: 'reject' });
  await until(
    'the plan is rejected',
    async () =>
      (await plansOf(platform, 'infra')).some(({ status }) => status?.phase === 'Rejected') ? true : undefined,
    withinMs,
  );
  expect(await labelOf(platform, 'shop')).toBe('by-hand');
  expect(await platform.changes('infra')).toHaveLength(1);
}, 900_000);

test('with a refresh before each run, the plan says what is put back, also what the commit does not touch, and is stale when more drifts', async () => {
  const agreeing = 'force: true, approval: {mode: manual}';
  await using platform = await applied(agreeing, map('shop', '1'), map('other', '1'), map('third', '1'));
  const { cluster, namespace } = platform;
  await platform.stack('infra', `${specOf(platform, 'refresh: beforeRun, ')}, ${agreeing}`);
  const drift = (name: string): Promise<void> =>
    cluster.edit({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace }, { metadata: { labels: { v: 'by-hand' } } });
  const label = (name: string, from: string, to: string): object =>
    expect.objectContaining({
      object: `ConfigMap/${namespace}/${name}`,
      action: 'update',
      fields: [{ path: 'metadata.labels.v', from, to }],
    });
  await drift('other');
  const commit = await platform.commit(program(map('shop', '2'), map('other', '1'), map('third', '1')));
  const first = await until(
    'a plan of the commit waits',
    async () =>
      (await plansOf(platform, 'infra')).find(
        ({ spec, status }) => status?.phase === 'AwaitingApproval' && spec.updated === 2,
      ),
    withinMs,
  );
  expect(first.spec.changes).toEqual(expect.arrayContaining([label('shop', '1', '2'), label('other', 'by-hand', '1')]));
  await drift('third');
  const second = await waiting(platform, first);
  expect(second.spec).toMatchObject({ created: 0, updated: 3, replaced: 0, deleted: 0 });
  expect(second.spec.changes).toEqual(expect.arrayContaining([label('third', 'by-hand', '1')]));
  await say(platform, { plan: first, as: 'alice' });
  const old = (await plansOf(platform, 'infra')).find(({ metadata }) => metadata.name === first.metadata.name);
  expect(old?.status).toMatchObject({
    phase: 'Stale',
    message: `the live state moved on: ConfigMap/${namespace}/third`,
  });
  expect(await labelOf(platform, 'shop')).toBe('1');
  await say(platform, { plan: second, as: 'alice' });
  await platform.applied('infra', commit, withinMs);
  expect(await Promise.all(['shop', 'other', 'third'].map((name) => labelOf(platform, name)))).toEqual(['2', '1', '1']);
}, 900_000);

/** Refuses ConfigMaps with one of these labels, for the reason of that name, and quotes what is in them. */
async function refuse(platform: Platform, ...reasons: readonly string[]): Promise<void> {
  const { cluster, namespace } = platform;
  const messageExpression = "'not allowed here: ' + object.data.a";
  await refuseConfigMaps(platform, {
    matchConditions: [{ name: 'labelled', expression: "has(object.metadata.labels) && 'v' in object.metadata.labels" }],
    validations: reasons.map((reason) => ({
      expression: `object.metadata.labels.v != '${reason}'`,
      reason,
      messageExpression,
    })),
  });
  const probe = { apiVersion: 'v1', kind: 'ConfigMap', name: 'kube-root-ca.crt', namespace };
  for (const reason of ['Invalid', 'Forbidden'])
    await until(`the policy is in force for ${reason}`, () =>
      cluster
        .edit(probe, { metadata: { labels: { v: reason, try: String(Math.random()) } } })
        .then(() => (reasons.includes(reason) ? undefined : true))
        .catch((error: unknown) => (String(error).includes(policyKind) && reasons.includes(reason) ? true : undefined)),
    );
}

test('each object that admission would refuse is in the plan, beside the others; nothing of it is done, agreed to or not', async () => {
  await using platform = await applied('approval: {mode: manual}, retryInterval: 1s', map('shop', '1'));
  const { namespace, cluster } = platform;
  await refuse(platform, 'Invalid', 'Forbidden');
  const sealed = map('bad', 'Invalid').replace(`'b'`, `pulumi.secret('made-by-the-program-8841')`);
  const refusing = program(map('shop', '2'), sealed, map('worse', 'Forbidden'), map('good', '1'));
  const commit = await platform.commit(refusing);
  const first = await waiting(platform);
  expect(first.spec).toMatchObject({ created: 3, updated: 1, replaced: 0, deleted: 0, refused: 2 });
  const refusal = (name: string, said: string): object => ({
    object: `ConfigMap/${namespace}/${name}`,
    action: 'create',
    refused: expect.stringMatching(
      new RegExp(
        `ConfigMap/${namespace}/${name}: .*ValidatingAdmissionPolicy '${namespace}'.*not allowed here: ${said}`,
      ),
    ),
  });
  expect(first.spec.changes).toEqual(
    expect.arrayContaining([
      expect.objectContaining(refusal('bad', '\\[secret\\]')),
      expect.objectContaining(refusal('worse', 'b')),
    ]),
  );
  const others = first.spec.changes.filter(({ object, refused }) => object.includes('/') && refused === undefined);
  expect(others.map(({ object, action }) => [object, action]).sort()).toEqual([
    [`ConfigMap/${namespace}/good`, 'create'],
    [`ConfigMap/${namespace}/shop`, 'update'],
  ]);
  const preview = await plumbline('preview', `${namespace}/infra`, '--path', platform.git.repository.folder);
  expect(preview.out).toContain(`2 refused, plan ${first.spec.digest}`);
  expect(JSON.stringify([first, preview, await operator.log()])).not.toContain('made-by-the-program-8841');

  // Nothing tells when a policy has changed: who asks for a look has it looked at.
  await refuse(platform, 'Invalid');
  await cluster.edit(
    { apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name: 'infra', namespace },
    { metadata: { annotations: { 'plumbline.dev/reconcile': 'now' } } },
  );
  const plan = await waiting(platform, first);
  expect(plan.spec).toMatchObject({ created: 3, updated: 1, refused: 1 });

  await say(platform, { plan, as: 'alice' });
  const said = await until(
    'the stack refuses',
    () => platform.fails('infra', 'UpdateFailed').catch(() => undefined),
    withinMs,
  );
  expect(said).toMatch(/so nothing of it is done: .*\/bad: .*not allowed here/);
  expect(await labelOf(platform, 'shop')).toBe('1');
  expect(await platform.configMap('good')).toBeUndefined();
  expect(await platform.changes('infra')).toHaveLength(1);

  // What was agreed to is tried again by itself, and what would be done now is another thing.
  await acceptConfigMaps(platform);
  const accepted = await waiting(platform, plan);
  expect(accepted.spec).toMatchObject({ created: 3, updated: 1, refused: 0 });
  await say(platform, { plan: accepted, as: 'alice' });
  await platform.applied('infra', commit, withinMs);
  expect(await labelOf(platform, 'worse')).toBe('Forbidden');
}, 900_000);

test('with onDestructive an update goes, and what deletes or replaces waits', async () => {
  const [shop, kept, gone] = [map('shop', '1'), map('kept', '1', '{ retainOnDelete: true }'), map('gone', '1')];
  await using platform = await applied('approval: {mode: onDestructive}', shop, kept, gone);
  const { namespace } = platform;
  const updated = await platform.commit(program(map('shop', '2'), kept, gone));
  await platform.applied('infra', updated, withinMs);
  expect(await labelOf(platform, 'shop')).toBe('2');
  // Other data makes another ConfigMap, as Pulumi has it.
  await platform.commit(program(map('shop', '2').replace("a: 'b'", "a: 'c'")));
  const plan = await waiting(platform);
  expect(plan.spec).toMatchObject({ destructive: true, created: 0, updated: 0, replaced: 1, deleted: 1 });
  const actions = plan.spec.changes
    .filter(({ action }) => action !== 'update')
    .map(({ object, action }) => [object, action])
    .sort();
  expect(actions).toEqual([
    [`ConfigMap/${namespace}/gone`, 'delete'],
    [`ConfigMap/${namespace}/kept`, 'forget'],
    [`ConfigMap/${namespace}/shop`, 'replace'],
  ]);
  expect(await platform.configMap('gone')).toBeDefined();
  await say(platform, { plan, as: 'alice' });
  await until('gone is gone', async () => ((await platform.configMap('gone')) ? undefined : true), withinMs);
  await until(
    'the plan was applied',
    async () =>
      (await plansOf(platform, 'infra')).find(
        ({ metadata, status }) => metadata.name === plan.metadata.name && status?.phase === 'Applied',
      ),
    withinMs,
  );
  expect((await platform.configMap('shop'))?.data).toEqual({ a: 'c' });
  expect(await platform.configMap('kept')).toBeDefined();
}, 900_000);

test('what the spec keeps from being deleted stays, asked or not', async () => {
  const many = [...Array(12).keys()].map((index) => map(`m${index}`, '1'));
  const shop = map('shop', '1');
  await using platform = await applied('pruneLimit: 20', shop, ...many);
  // All that the program made would go.
  const empty = await platform.commit(program());
  expect(
    await until('the stack refuses', () => platform.fails('infra', 'RenderedEmpty').catch(() => undefined), withinMs),
  ).toContain('owns 13');
  expect(await platform.configMap('shop')).toBeDefined();
  await platform.commit(program(map('shop', '2')));
  const said = await until(
    'the stack refuses',
    () => platform.fails('infra', 'PruneLimitExceeded').catch(() => undefined),
    withinMs,
  );
  expect(said).toMatch(/12 of 13 objects would be pruned/);
  expect(await platform.configMap('m0')).toBeDefined();
  expect((await platform.get('infra'))?.status?.applied?.commit).not.toBe(empty);
  // What is only let go of needs no limit.
  await platform.stack('infra', `${specOf(platform)}, pruneLimit: 20, prune: false`);
  const last = await platform.commit({ 'readme.md': 'hello' });
  await platform.applied('infra', last, withinMs);
  expect(await labelOf(platform, 'shop')).toBe('2');
  expect(await platform.configMap('m0')).toBeDefined();
  expect((await platform.get('infra'))?.status?.objects).toBe(1);
}, 900_000);
