/** Plans of manifests: what would change is written down, agreed to by people whom the API server knows, and nothing else is applied. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  configMap,
  kubeconfig,
  kubectl,
  Platform,
  plumbline,
  startTestOperator,
  until,
  untilQuiet,
  type TestOperator,
} from '#testing';
import { bind, installApprovals, kubeconfigOf, kubectlAs, planIn, plansOf, say } from '../support/approvers.ts';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

/** A stack with one object applied, that asks from now on. */
async function asking(approval: string, ...approvers: readonly string[]): Promise<Platform> {
  const platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await installApprovals(platform);
  if (approvers.length > 0) await bind(platform, 'plumbline-approver', ...approvers);
  await platform.stack('app');
  await platform.ready('app');
  await platform.stack('app', `approval: ${approval}`);
  await until('the spec was looked at', async () => {
    const stack = await platform.get('app');
    return stack?.status?.observedGeneration === stack?.metadata.generation ? true : undefined;
  });
  await platform.ready('app');
  return platform;
}

const waitsFor = (platform: Platform): Promise<string> => platform.fails('app', 'AwaitingApproval');
const value = async (platform: Platform, name = 'a'): Promise<string | undefined> =>
  (await platform.configMap(name))?.data?.['value'];

test('a change waits for two different people, whatever the client says, and is recorded with their names', async () => {
  await using platform = await asking('{mode: manual, approvals: 2}', 'alice', 'bob');
  await bind(platform, 'plumbline-edit', 'eve');
  const commit = await platform.commit({
    'app/a.yaml': configMap('a', '2'),
    'app/s.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n',
  });
  expect(await waitsFor(platform)).toMatch(
    /^plan app-[0-9a-f]{10} \(1 created, 1 updated\) waits for 2 more of 2 appr/,
  );
  const plan = await planIn(platform, 'AwaitingApproval');
  expect(plan.spec).toMatchObject({ destructive: false, created: 1, updated: 1, commit: { sha: commit } });
  expect(plan.spec.changes).toContainEqual(
    expect.objectContaining({
      object: `ConfigMap/${platform.namespace}/a`,
      action: 'update',
      fields: [{ path: 'data.value', from: '1', to: '2' }],
    }),
  );
  expect(JSON.stringify(plan)).not.toMatch(/hunter2|aHVudGVyMg/);
  expect(await operator.metrics()).toContain(
    `plumbline_waiting_plans{namespace="${platform.namespace}",stack="app"} 1`,
  );

  const denied = /must be the name of whoever|cannot \w+ resource|who may create Approvals/;
  await expect(say(platform, { plan, as: 'alice', user: 'bob' })).rejects.toThrow(denied);
  await expect(say(platform, { plan, as: 'eve' })).rejects.toThrow(denied);
  const annotate = (as: string, names: string): Promise<string> =>
    kubectlAs(platform, as, [
      'annotate',
      '--overwrite',
      'plan',
      plan.metadata.name,
      `plumbline.dev/approved-by=${names}`,
    ]);
  await expect(annotate('eve', 'eve')).rejects.toThrow(denied);
  await expect(annotate('alice', 'alice,bob')).rejects.toThrow(denied);
  const forged = {
    status: {
      phase: 'Approved',
      needed: 1,
      approvals: [{ user: 'bob', verdict: 'approve', by: 'Approval', time: '2026-01-01T00:00:00Z' }],
    },
  };
  const edit = [
    'patch',
    'plan',
    plan.metadata.name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify(forged),
  ];
  await expect(kubectlAs(platform, 'alice', edit)).rejects.toThrow(denied);
  // Not even status that an administrator wrote opens it.
  await kubectl(['-n', platform.namespace, ...edit]);
  await say(platform, { plan, as: 'alice' });
  await annotate('alice', 'alice');
  await platform.saying('app', /waits for 1 more of 2 approvals/);
  expect(await value(platform)).toBe('1');

  await annotate('bob', 'alice,bob');
  await platform.applied('app', commit);
  expect(await value(platform)).toBe('2');
  const change = (await platform.changes('app')).at(-1);
  expect(change?.plan).toMatchObject({ name: plan.metadata.name, digest: plan.spec.digest });
  expect(change?.plan?.approvals.map(({ user }) => user).sort()).toEqual(['alice', 'bob']);
  await planIn(platform, 'Applied');
  expect((await platform.condition('app', 'AwaitingApproval', 'PlanApproved')).status).toBe('False');
});

test('an unrelated commit keeps the approval; content, spec and live state that move on make the plan stale', async () => {
  await using platform = await asking('{mode: manual}', 'alice');
  const stale = (why: RegExp): Promise<true> =>
    until(`a plan is stale: ${why}`, async () =>
      (await plansOf(platform)).some(({ status }) => status?.phase === 'Stale' && why.test(status.message ?? ''))
        ? true
        : undefined,
    );
  await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  const first = await planIn(platform, 'AwaitingApproval');
  const unrelated = await platform.commit({ 'readme.md': 'hello', 'app/notes.txt': 'hello' });
  await until('the plan was seen in the later commit', async () =>
    (await plansOf(platform))[0]?.status?.revisions?.some((name) => name.endsWith(unrelated)) ? true : undefined,
  );
  // The content changes: what alice agreed to is not what stands in Git now.
  await platform.commit({ 'app/a.yaml': configMap('a', '3') });
  await stale(/^the content changed with revision main@/);
  const second = await planIn(platform, 'AwaitingApproval');
  await say(platform, { plan: first, as: 'alice' });
  await say(platform, { plan: { ...second, spec: { ...second.spec, digest: first.spec.digest } }, as: 'alice' });
  // The live object changes, so that something else would be done to it.
  await platform.stack('app', 'approval: {mode: manual}, drift: {mode: warn}');
  await stale(/^the spec of the stack changed$/);
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: platform.namespace },
    { data: { value: 'by hand' } },
  );
  await stale(/^the live state moved on: ConfigMap\/.*\/a$/);
  expect(await value(platform)).toBe('by hand');
  const last = await planIn(platform, 'AwaitingApproval');
  expect(last.spec).toMatchObject({ refused: 1 });
  expect(last.spec.changes[0]?.refused).toContain('other managers own fields that Git sets: data.value (kubectl-edit)');
  await say(platform, { plan: last, as: 'alice', verdict: 'reject' });
  expect(await platform.fails('app', 'PlanRejected')).toContain('was rejected by alice (Approval');
});

test('only what deletes or replaces asks; a preview tells the same plan before it is merged, and the command line approves it', async () => {
  await using platform = await asking('{mode: onDestructive}');
  const { namespace, git } = platform;
  const added = await platform.commit({ 'app/b.yaml': configMap('b') });
  await platform.applied('app', added);
  expect((await planIn(platform, 'Applied')).status?.message).toBe('the cluster is as the plan says');
  await git.repository.commit({ 'app/b.yaml': null, 'app/a.yaml': configMap('a', '2') }, 'Remove b');
  const path = ['--path', git.repository.folder];
  const preview = await plumbline('preview', `${namespace}/app`, ...path);
  expect(preview).toMatchObject({ code: 1, error: '' });
  await platform.reconcile();
  expect(await waitsFor(platform)).toContain('(1 updated, 1 deleted) waits for an approval');
  const plan = await planIn(platform, 'AwaitingApproval');
  const lines = (text: string): string[] => text.split('\n').filter((line) => !/^ +note /.test(line));
  const shown = await plumbline('plan', 'show', `${namespace}/app`);
  expect(lines(preview.out)).toEqual(lines(shown.out));
  expect(shown.out).toContain(`${namespace}/app: 1 updated, 1 deleted, plan ${plan.spec.digest}`);
  expect(shown.out).toContain(`prune     ConfigMap/${namespace}/b  not in Git any more`);
  expect((await plumbline('plans', `${namespace}/app`)).code).toBe(1);

  // What the operator's own user says counts for nothing; in a test that is the administrator.
  await plumbline('approve', `${namespace}/app`);
  const carol = await mkdtemp(join(tmpdir(), 'plumbline-carol-'));
  const file = join(carol, 'kubeconfig');
  await writeFile(file, await kubeconfigOf(platform, 'carol'));
  const user = `system:serviceaccount:${namespace}:carol`;
  expect((await plumbline('approve', `${namespace}/app`, '--kubeconfig', file)).error).toContain('is forbidden');
  await bind(platform, 'plumbline-approver', user);
  const wrong = await plumbline(
    'approve',
    `${namespace}/${plan.metadata.name}`,
    '--digest',
    'abc',
    '--kubeconfig',
    file,
  );
  expect(wrong.error).toContain(`plan ${plan.metadata.name} is another one`);
  // The operator is away when it is approved.
  await operator.kill();
  const said = await plumbline('approve', `${namespace}/app`, '--kubeconfig', file);
  expect(said).toMatchObject({ code: 0, error: '' });
  await rm(carol, { recursive: true });
  expect(await platform.configMap('b')).toBeDefined();
  await operator.start();
  await until('b is gone', async () => ((await platform.configMap('b')) === undefined ? true : undefined));
  const change = await until('the change is recorded', async () =>
    (await platform.changes('app')).find((one) => one.pruned === 1),
  );
  expect(change.plan?.approvals).toEqual([expect.objectContaining({ user, by: 'Approval' })]);
  const late = await plumbline('approve', `${namespace}/${plan.metadata.name}`, '--kubeconfig', kubeconfig);
  expect(late.error).toContain('is Applied');
});

test('without the admission policy nobody is believed, and the stack says why', async () => {
  await using platform = await asking('{mode: manual}', 'alice');
  const binding = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' };
  await platform.cluster.delete(binding.apiVersion, binding.kind, 'plumbline-approvals');
  await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  const plan = await planIn(platform, 'AwaitingApproval');
  // The API server takes a moment to forget a policy, and then takes the lie.
  await until('the lie is accepted', () => say(platform, { plan, as: 'alice', user: 'bob' }).catch(() => undefined));
  await platform.saying('app', /no Approval or annotation is trusted, because admission policy plumbline-approvals/);
  await operator.kill();
  await operator.start();
  expect(await operator.log()).toContain('no Approval or annotation is trusted');
  expect(await value(platform)).toBe('1');
  await kubectl(['-n', platform.namespace, 'delete', 'approvals', '--all']);
  await say(platform, { plan, as: 'alice' });
  await platform.fails('app', 'ApprovalsUnguarded');
  expect(await value(platform)).toBe('1');
  // Nobody says anything more: the operator looks again by itself.
  await installApprovals(platform);
  await until('the change is applied', async () => ((await value(platform)) === '2' ? true : undefined));
});

test('what moved on unseen is found before the apply; once all is as it was, so is the plan', async () => {
  await using platform = await asking('{mode: manual}', 'alice');
  const { namespace } = platform;
  const commit = await platform.commit({ 'app/b.yaml': configMap('b') });
  const plan = await planIn(platform, 'AwaitingApproval');
  // Nobody watches an object that the stack does not own: it was not there when the plan was made.
  const theirs = `{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: ${namespace}}, data: {value: "theirs"}}`;
  await platform.cluster.apply(theirs);
  await say(platform, { plan, as: 'alice' });
  await until('another plan waits', async () =>
    (await plansOf(platform)).find(
      ({ spec, status }) => spec.digest !== plan.spec.digest && status?.phase === 'AwaitingApproval',
    ),
  );
  expect(await value(platform, 'b')).toBe('theirs');
  await platform.cluster.delete('v1', 'ConfigMap', 'b', namespace);
  const stack = { apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name: 'app', namespace };
  await platform.cluster.edit(stack, { metadata: { annotations: { 'plumbline.dev/reconcile': 'now' } } });
  await platform.applied('app', commit);
  expect((await platform.changes('app')).at(-1)?.plan?.digest).toBe(plan.spec.digest);
});

test('an approved apply that the operator does not survive goes on without a second word', async () => {
  await using platform = await asking('{mode: manual}', 'alice');
  const names = [...Array(200).keys()].map((index) => `c${index}`);
  const commit = await platform.commit(Object.fromEntries(names.map((name) => [`app/${name}.yaml`, configMap(name)])));
  const plan = await planIn(platform, 'AwaitingApproval');
  expect(plan.spec.identities).toHaveLength(200);
  const before = (await operator.requests()).length;
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: platform.namespace },
    { metadata: { labels: { somebody: 'else' } } },
  );
  // The stack is woken, and nothing is tried again for that.
  await untilQuiet(operator.requests, { pauseMs: 300 });
  const asked = (await operator.requests()).slice(before);
  expect(asked.filter((request) => request.includes('/configmaps/'))).toEqual([]);
  await say(platform, { plan, as: 'alice' });
  await until('some of it is there', async () => ((await value(platform, 'c0')) === undefined ? undefined : true));
  await operator.kill();
  await operator.start();
  await platform.applied('app', commit);
  expect((await plansOf(platform)).map(({ status }) => status?.phase)).toEqual(['Applied']);
  expect((await platform.changes('app')).at(-1)).toMatchObject({ created: 200, plan: { digest: plan.spec.digest } });
}, 60_000);
