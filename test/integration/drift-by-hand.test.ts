/** What people and machines do to owned objects with the real kubectl, and what becomes of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, kubectl, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Record<string, string> };
      readonly spec: { readonly containers: readonly { env: { name: string; value: string }[]; ports: unknown[] }[] };
    };
  };
}

const web = (replicas: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "web:1", env: [{name: A, value: "1"}, {name: B, value: "2"}], ports: [{containerPort: 80}]}
`;

/** A stack of one file that is applied, in a namespace of its own. */
async function applied(file: string): Promise<Platform> {
  const platform = await Platform.create({ 'app/a.yaml': file });
  await platform.stack('app', 'wait: false');
  await platform.ready('app');
  return platform;
}
const hand = (platform: Platform, ...args: string[]): Promise<string> => kubectl(['-n', platform.namespace, ...args]);
const deployment = (platform: Platform): Promise<Deployment | undefined> =>
  platform.cluster.get<never>('apps/v1', 'Deployment', 'web', platform.namespace);

/** The newest drifted fields that the stack tells of, once it tells of the field. */
const told = (
  platform: Platform,
  field: string,
): Promise<{ object: string; manager: string; from: string; to: string }> =>
  until(`drift of ${field} is told`, async () =>
    (await platform.get('app'))?.status?.drift?.find((drifted) => drifted.field === field),
  );
const labelsOf = async (platform: Platform): Promise<Record<string, string>> =>
  ((await platform.configMap('a')) as { metadata: { labels?: Record<string, string> } } | undefined)?.metadata.labels ??
  {};

test('the label that the watch goes by, removed: the object is found all the same, and keeps its uid', async () => {
  await using platform = await applied(configMap('a'));
  const before = (await platform.configMap('a'))?.metadata.uid;
  await hand(platform, 'label', 'configmap', 'a', 'plumbline.dev/stack-');
  await until('the label is back', async () => (await labelsOf(platform))['plumbline.dev/stack']);
  expect((await platform.configMap('a'))?.metadata.uid).toBe(before);
  expect(await told(platform, 'metadata.labels["plumbline.dev/stack"]')).toMatchObject({ from: 'app', to: 'absent' });
});

test('the label, pointing at another stack: the owner by the inventory takes it back', async () => {
  await using platform = await applied(configMap('a'));
  await hand(platform, 'label', 'configmap', 'a', 'plumbline.dev/stack=other', '--overwrite');
  await until('the label is ours', async () =>
    (await labelsOf(platform))['plumbline.dev/stack'] === 'app' ? true : undefined,
  );
  expect(await told(platform, 'metadata.labels["plumbline.dev/stack"]')).toMatchObject({
    to: 'other',
    manager: 'kubectl-label',
  });
});

test('kubectl replace: what Git sets is put back, the rest is as it was replaced', async () => {
  await using platform = await applied(configMap('a'));
  await kubectl(
    ['-n', platform.namespace, 'replace', '-f', '-'],
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: theirs, more: theirs}\n',
  );
  await until('our value and label are back', async () => {
    const found = await platform.configMap('a');
    return found?.data?.['value'] === '1' && (await labelsOf(platform))['plumbline.dev/stack'] === 'app'
      ? true
      : undefined;
  });
  expect((await platform.configMap('a'))?.data?.['more']).toBe('theirs');
  expect(await told(platform, 'data.value')).toMatchObject({ from: '1', to: 'theirs', manager: 'kubectl-replace' });
});

test('kubectl apply under our own name: found and put back like any other', async () => {
  await using platform = await applied(configMap('a'));
  const args = ['-n', platform.namespace, 'apply', '--server-side', '--field-manager=plumbline', '-f', '-'];
  await kubectl(args, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: theirs}\n');
  await until('our value is back', async () =>
    (await platform.configMap('a'))?.data?.['value'] === '1' ? true : undefined,
  );
  expect(await told(platform, 'data.value')).toMatchObject({ to: 'theirs', manager: 'plumbline' });
});

test('kubectl scale: put back when Git sets the replicas', async () => {
  await using platform = await applied(web('replicas: 2'));
  await hand(platform, 'scale', 'deployment', 'web', '--replicas=5');
  expect(await told(platform, 'spec.replicas')).toMatchObject({ from: '2', to: '5' });
  expect((await deployment(platform))?.spec.replicas).toBe(2);
});

test('an autoscaler owns the replicas that Git does not set, a rollout restart its annotation', async () => {
  await using platform = await applied(web('revisionHistoryLimit: 3'));
  await hand(platform, 'scale', 'deployment', 'web', '--replicas=4');
  await hand(platform, 'rollout', 'restart', 'deployment', 'web');
  // Proof that drift has been looked at since: a field of ours is healed.
  await hand(platform, 'patch', 'deployment', 'web', '-p', '{"spec":{"revisionHistoryLimit":7}}');
  expect(await told(platform, 'spec.revisionHistoryLimit')).toMatchObject({
    from: '3',
    to: '7',
    manager: 'kubectl-patch',
  });
  const found = await deployment(platform);
  expect(found?.spec.replicas).toBe(4);
  expect(found?.spec.template.metadata.annotations).toHaveProperty(['kubectl.kubernetes.io/restartedAt']);
  expect((await platform.get('app'))?.status?.drift?.map(({ field }) => field)).toEqual(['spec.revisionHistoryLimit']);
});

test('items of lists: each is named by its key, and those that Git does not set stay', async () => {
  await using platform = await applied(web('replicas: 1'));
  await hand(platform, 'set', 'env', 'deployment/web', 'A=9', 'C=3', 'B-');
  expect(await told(platform, 'spec.template.spec.containers[name=web].env[name=A].value')).toMatchObject({
    from: '1',
    to: '9',
    manager: 'kubectl-set',
  });
  expect(await told(platform, 'spec.template.spec.containers[name=web].env[name=B]')).toMatchObject({ to: 'absent' });
  const container = (await deployment(platform))?.spec.template.spec.containers[0];
  expect(Object.fromEntries(container?.env.map(({ name, value }) => [name, value]) ?? [])).toEqual({
    A: '1',
    B: '2',
    C: '3',
  });
});

test('a field that another manager owns too, with the same value, is no drift; one that Git gives up stays with it', async () => {
  await using platform = await applied(`${configMap('a')}  fixed: "1"\n`);
  const args = ['-n', platform.namespace, 'apply', '--server-side', '--field-manager=partner', '-f', '-'];
  await kubectl(args, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {fixed: "1"}\n');
  await hand(platform, 'patch', 'configmap', 'a', '-p', '{"data":{"value":"theirs"}}');
  await told(platform, 'data.value');
  expect((await platform.get('app'))?.status?.drift?.map(({ field }) => field)).toEqual(['data.value']);
  await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a') }));
  expect((await platform.configMap('a'))?.data).toEqual({ value: '1', fixed: '1' });
});

test('a Secret is healed without its values going anywhere', async () => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: from-git-hidden}\n';
  await using platform = await applied(secret);
  await hand(platform, 'patch', 'secret', 's', '-p', '{"stringData":{"password":"by-hand-hidden"}}');
  expect(await told(platform, 'data.password')).toMatchObject({ from: '***', to: '***', manager: 'kubectl-patch' });
  const live = await platform.cluster.get<never>('v1', 'Secret', 's', platform.namespace);
  const { data } = live as unknown as { data: Record<string, string> };
  expect(Buffer.from(data['password'] ?? '', 'base64').toString()).toBe('from-git-hidden');
  await until('the drift is an event', async () =>
    (await platform.events('Stack', 'app')).find(({ reason }) => reason === 'DriftHealed'),
  );
  const seen = [await platform.get('app'), await platform.events('Stack', 'app'), await platform.changes('app')];
  const text = JSON.stringify(seen) + (await operator.log());
  for (const value of ['from-git-hidden', 'by-hand-hidden']) {
    expect(text).not.toContain(value);
    expect(text).not.toContain(Buffer.from(value).toString('base64'));
  }
});
