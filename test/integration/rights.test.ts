/** What each account may and may not do, asked of a real API server with the RBAC and the policy that are shipped. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { World } from '#demo';
import { ApiError, Transport, type Account } from '#kube';
import type { Stack } from '#api';
import { ready, until } from '#testing';
import {
  accounts,
  addons,
  attempts,
  binding,
  bindings,
  common,
  deployer,
  infra,
  named,
  operator,
  platform,
  pod,
  system,
  tenant,
} from '../support/escalations.ts';

let world: World;
const stacks = '/apis/plumbline.dev/v1alpha1/namespaces';

beforeAll(async () => {
  world = await World.create();
  await world.writePlatform();
  await world.plumbline('synth', world.repository.folder);
  await world.repository.commit({}, 'Start the platform');
  await world.install();
  await world.startOperator();
  await until('the sample platform is there', () => stackIs('platform', 'True'), 180_000);
}, 240_000);
afterAll(async () => world[Symbol.asyncDispose]());

async function get<T>(path: string): Promise<T | undefined> {
  return world.transport.request<T>({ method: 'GET', path }).then(
    ({ body }) => body,
    () => undefined,
  );
}

async function stackIs(name: string, status: string, namespace = system): Promise<Stack | undefined> {
  const stack = await get<Stack>(`${stacks}/${namespace}/stacks/${name}`);
  return ready(stack)?.status === status ? stack : undefined;
}

/** Whether RBAC lets the account. */
async function isAllowed(account: Account, what: string): Promise<boolean> {
  const [verb, resource = '', , namespace = ''] = what.split(' ');
  const [full = '', subresource = ''] = resource.split('/');
  const dot = full.indexOf('.');
  const [plural, group] = dot < 0 ? [full, ''] : [full.slice(0, dot), full.slice(dot + 1)];
  const resourceAttributes = { verb, resource: plural, group, subresource, namespace, name: 'any' };
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: `system:serviceaccount:${account.namespace}:${account.name}`, resourceAttributes },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const answer = await world.transport.request<{ status: { allowed: boolean } }>({ method: 'POST', path, body });
  return answer.body.status.allowed;
}

/** `<verb> <plural.group/subresource> [in <namespace>]` */
const rights: readonly { readonly of: Account; readonly may: readonly string[]; readonly mayNot: readonly string[] }[] =
  [
    {
      of: operator,
      may: [
        'watch deployments.apps',
        'watch anything.of.tomorrow',
        'list secrets',
        'get secrets in plumbline-system',
        'impersonate serviceaccounts in plumbline-system',
        'update secrets in plumbline-system',
        'delete secrets in plumbline-system',
        'update leases.coordination.k8s.io in plumbline-system',
        'create serviceaccounts/token in plumbline-system',
        'create changes.plumbline.dev in backend',
      ],
      mayNot: [
        'get secrets in kube-system',
        'create secrets in kube-system',
        'create secrets in backend',
        'update leases.coordination.k8s.io in kube-system',
        'get pods/exec in backend',
        'create pods/exec in backend',
        'get nodes/proxy',
        'get pods/log in backend',
        'create pods in plumbline-system',
        'patch deployments.apps in backend',
        'create serviceaccounts/token in kube-system',
        'create serviceaccounts/token in backend',
        'impersonate serviceaccounts in kube-system',
        'impersonate serviceaccounts in backend',
        'impersonate users',
        'impersonate groups',
        'create clusterrolebindings.rbac.authorization.k8s.io',
        'create stacks.plumbline.dev in plumbline-system',
        'delete stacks.plumbline.dev in plumbline-system',
      ],
    },
    {
      of: platform,
      may: ['create stacks.plumbline.dev in plumbline-system'],
      mayNot: [
        'create stacks.plumbline.dev in backend',
        'create pods in plumbline-system',
        'get secrets in plumbline-system',
        'create serviceaccounts in plumbline-system',
        'create rolebindings.rbac.authorization.k8s.io in plumbline-system',
      ],
    },
    {
      of: common,
      may: ['create namespaces'],
      mayNot: [
        'create pods in backend',
        'get secrets in backend',
        'create serviceaccounts/token in plumbline-system',
        'create roles.rbac.authorization.k8s.io in backend',
        'escalate clusterroles.rbac.authorization.k8s.io',
        'impersonate serviceaccounts in plumbline-system',
        'create stacks.plumbline.dev in plumbline-system',
      ],
    },
    {
      of: infra,
      may: ['create namespaces', 'create storageclasses.storage.k8s.io', 'patch configmaps in infra'],
      mayNot: ['get secrets in plumbline-system', 'create pods in infra', 'create serviceaccounts/token in infra'],
    },
    {
      of: addons,
      may: ['create namespaces', 'patch deployments.apps in addons', 'watch pods in addons'],
      mayNot: ['get secrets in addons', 'create pods in addons', 'create serviceaccounts in addons'],
    },
    {
      of: deployer,
      may: ['create pods in backend'],
      mayNot: [
        'create pods in frontend',
        'create pods in plumbline-system',
        'get secrets in plumbline-system',
        'create pods/exec in backend',
        'create serviceaccounts/token in backend',
        'create rolebindings.rbac.authorization.k8s.io in backend',
        'patch resourcequotas in backend',
        'patch namespaces',
        'create stacks.plumbline.dev in backend',
      ],
    },
  ];

const rows = rights.flatMap(({ of, may, mayNot }) => [
  ...may.map((what) => ({ of, what, allowed: true })),
  ...mayNot.map((what) => ({ of, what, allowed: false })),
]);

test.each(rows)('RBAC: $of.name: $what: $allowed', async ({ of, what, allowed }) => {
  expect(await isAllowed(of, what)).toBe(allowed);
});

/** The answer to a dry run that the account sends itself, past RBAC and admission. */
async function attempt(account: Account, method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) {
  const token = await world.cluster.serviceAccountToken(account.namespace, account.name);
  const transport = new Transport(world.cluster.configFor(token), { connections: 1 });
  try {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : undefined;
    const { status } = await transport.request({ method, path, query: { dryRun: 'All' }, body, contentType });
    return { status, message: '' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { status: error.status, message: error.message };
  } finally {
    await transport.close();
  }
}

describe('escalation', () => {
  test.each(attempts)('$name: refused', async ({ by, method = 'POST', path, body, refused }) => {
    expect(await attempt(by, method, path, body)).toEqual({ status: 403, message: expect.stringMatching(refused) });
  });

  test.each<readonly [string, Account, string, object]>([
    ['common makes a tenant’s namespace', common, '/api/v1/namespaces', named('attempt', tenant)],
    ['common makes a deployer', common, accounts, named('attempt-deployer')],
    ['common binds a deployer', common, bindings('backend'), binding('plumbline-tenant', deployer)],
    ['common opens a namespace to stacks', common, bindings('backend'), binding('plumbline-stacks', operator)],
    ['a deployer runs a pod', deployer, '/api/v1/namespaces/backend/pods', pod('default')],
  ])('%s: allowed', async (_, by, path, body) => {
    expect(await attempt(by, 'POST', path, body)).toEqual({ status: 201, message: '' });
  });
});

describe('through a stack', () => {
  const object = (apiVersion: string, kind: string, namespace: string, more: object = {}): string =>
    JSON.stringify({ apiVersion, kind, metadata: { name: 'attempt', namespace }, ...more });

  /** Writes a stack as an administrator would. */
  async function stack(name: string, namespace: string, spec: object): Promise<void> {
    await world.transport.request({
      method: 'PATCH',
      path: `${stacks}/${namespace}/stacks/${name}`,
      query: { fieldManager: 'test', force: 'true' },
      body: {
        apiVersion: 'plumbline.dev/v1alpha1',
        kind: 'Stack',
        metadata: { name, namespace },
        spec: { sourceRef: { name: 'platform' }, path: 'attempts', ...spec },
      },
      contentType: 'application/apply-patch+yaml',
    });
  }

  const refusal = (name: string, namespace = system): Promise<Stack> =>
    until(`${namespace}/${name} is refused`, () => stackIs(name, 'False', namespace), 30_000);

  test('a commit that asks for more than the deployer has is refused object by object', async () => {
    const rbac = 'rbac.authorization.k8s.io/v1';
    await world.repository.commit(
      {
        'attempts/binding.json': object(rbac, 'RoleBinding', 'backend', binding('cluster-admin', deployer)),
        'attempts/role.json': object(rbac, 'Role', 'backend', {
          rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
        }),
        'attempts/pod.json': object('v1', 'Pod', system, pod('plumbline')),
        'attempts/stack.json': object('plumbline.dev/v1alpha1', 'Stack', system, {
          spec: { sourceRef: { name: 'platform' }, serviceAccountName: 'plumbline-common' },
        }),
      },
      'Ask for everything',
    );
    await stack('attempts', system, { serviceAccountName: deployer.name });
    const failed = await until('all four are refused', async () => {
      const found = await stackIs('attempts', 'False');
      return (found?.status?.failures?.length ?? 0) >= 4 ? found : undefined;
    });
    expect(failed.status?.failures?.map(({ reason }) => reason)).toEqual(Array(4).fill('Forbidden'));
    expect(failed.status?.failures?.[0]?.message).toContain('ServiceAccount plumbline-system/backend-deployer may not');
  }, 60_000);

  test('no stack applies as the operator itself', async () => {
    await stack('as-operator', system, { serviceAccountName: operator.name, path: 'charts/dist/stacks' });
    expect(ready(await refusal('as-operator'))).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining(`no stack may apply as the operator's own ServiceAccount ${system}/plumbline`),
    });
  }, 60_000);

  test('an account is always one of the stack’s own namespace', async () => {
    await expect(stack('slash', 'backend', { serviceAccountName: 'kube-system/admin' })).rejects.toMatchObject({
      status: 422,
    });
  });

  test('a source of another namespace is refused', async () => {
    await stack('across', 'backend', { sourceRef: { name: 'platform', namespace: system } });
    expect(ready(await refusal('across', 'backend'))).toMatchObject({ reason: 'CrossNamespaceReference' });
  }, 60_000);

  test('a namespace has stacks of its own only when it was opened to the operator', async () => {
    const source = {
      apiVersion: 'plumbline.dev/v1alpha1',
      kind: 'GitSource',
      metadata: { name: 'own', namespace: 'backend' },
      spec: { url: world.url, interval: '10m' },
    };
    await world.repository.commit({ 'own/a.json': object('v1', 'ConfigMap', 'backend') }, 'A tenant’s own');
    await world.transport.request({ method: 'POST', path: `${stacks}/backend/gitsources`, body: source });
    await stack('own', 'backend', {
      sourceRef: { name: 'own' },
      path: 'own',
      serviceAccountName: 'default',
      retryInterval: '1s',
    });
    const closed = await until('the stack is refused', async () => {
      const condition = ready(await stackIs('own', 'False', 'backend'));
      return condition?.reason === 'Forbidden' ? condition.message : undefined;
    });
    expect(closed).toMatch(/may not act for .* namespace backend: .*bind ClusterRole plumbline-stacks/);
    for (const [name, role, account] of [
      ['stacks', 'plumbline-stacks', operator],
      ['default', 'plumbline-tenant', { namespace: 'backend', name: 'default' }],
    ] as const) {
      const body = { ...binding(role, account), metadata: { name } };
      await world.transport.request({ method: 'POST', path: bindings('backend'), body });
    }
    await until('the stack is Ready', () => stackIs('own', 'True', 'backend'), 60_000);
  }, 120_000);

  test('a watch that an administrator took away is named, and the stack goes on once it is back', async () => {
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/plumbline-watch';
    const shipped = await get<{ rules: object[] }>(role);
    const allow = (rules: object[] | undefined): Promise<unknown> =>
      world.transport.request({
        method: 'PATCH',
        path: role,
        body: { rules },
        contentType: 'application/merge-patch+json',
      });
    await allow([{ apiGroups: ['', 'apps'], resources: ['*'], verbs: ['list', 'watch'] }]);
    const template = {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a:1' }] } } },
    };
    const spec = { schedule: '@daily', suspend: true, jobTemplate: template };
    await world.repository.commit({ 'jobs/a.json': object('batch/v1', 'CronJob', 'backend', { spec }) }, 'A CronJob');
    await stack('jobs', system, { path: 'jobs', serviceAccountName: deployer.name, retryInterval: '1s' });
    const message = await until('the stack is refused', async () => {
      const condition = ready(await stackIs('jobs', 'False'));
      return condition?.reason === 'Forbidden' ? condition.message : undefined;
    });
    expect(message).toContain('the operator may not watch cronjobs.batch');
    await allow(shipped?.rules);
    await until('the stack is Ready', () => stackIs('jobs', 'True'), 60_000);
  }, 120_000);
});
