/** `plumbline check` and `plumbline logs` against a real installation in a real API server. */
import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { kinds } from '#api';
import { cluster, plumbline, until, type TestCluster } from '#testing';
import { createAuthority } from '#toolchain';

let admin: TestCluster;
beforeAll(async () => {
  admin = await cluster();
}, 60_000);
afterAll(() => admin[Symbol.asyncDispose]());

interface Told {
  readonly checks: readonly { readonly ok: boolean; readonly what: string; readonly remedy?: string }[];
}

const namespace = 'plumbline-system';
const renewedNow = (): string => new Date().toISOString().replace('Z', '000Z');
const lease = (time: string, pulumi = '/usr/local/bin/pulumi'): string =>
  `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: plumbline, namespace: ${namespace}, annotations: {plumbline.dev/pulumi: ${pulumi}, plumbline.dev/pulumi-memory: "1536"}}, spec: {holderIdentity: one, leaseDurationSeconds: 15, renewTime: "${time}"}}`;

test('before the installation the cluster is fit, and nothing is written', async () => {
  const { code, out } = await plumbline('check', '--pre');
  expect(out.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^ok {6}Kubernetes v1\.\d+/),
    expect.stringMatching(/^ok {6}the API server knows you as /),
    'ok      the clocks of this machine and the API server agree',
  ]);
  expect(out).toContain('ok      you may install Plumbline\n');
  expect(code).toBe(0);
});

test('each part of the installation that lacks or is ill is named with what to do', async () => {
  expect(await plumbline('install')).toMatchObject({ code: 0 });
  await admin.apply(lease(renewedNow()));
  const told = async (): Promise<Map<string, Told['checks'][number]>> => {
    const { out, error } = await plumbline('check', '-o', 'json');
    expect(error).toBe('');
    return new Map((JSON.parse(out) as Told).checks.map((check) => [check.what, check]));
  };
  const whole = await told();
  const ill = [...whole.values()].filter(({ ok }) => !ok);
  // Nothing runs pods here, so the operator's never becomes ready.
  expect(ill.filter(({ what }) => !what.includes(' failing'))).toEqual([
    {
      ok: false,
      what: `Deployment ${namespace}/plumbline has no ready pod`,
      remedy: expect.stringContaining('describe pods'),
    },
  ]);
  expect(whole.get(`the account ${namespace}/plumbline may do what the operator does`)?.ok).toBe(true);
  expect(whole.get(`Lease ${namespace}/plumbline is held by one`)?.ok).toBe(true);
  expect(whole.get('the operator runs Pulumi programs with /usr/local/bin/pulumi')?.ok).toBe(true);
  expect(whole.get('the admission policies that prove who approves are in force')?.ok).toBe(true);
  expect([...whole.keys()].filter((what) => what.includes("is served, and equal to this version's"))).toHaveLength(
    kinds.length,
  );

  await admin.apply(lease('2026-01-01T00:00:00.000000Z', 'missing'));
  await admin.delete('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'plumbline-plans');
  await admin.delete('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'plumbline');
  await admin.edit(
    { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'changes.plumbline.dev' },
    { spec: { names: { shortNames: ['other'] } } },
  );
  const broken = await until('the rights are gone', async () => {
    const { code, out } = await plumbline('check');
    return out.includes('rights of') ? { code, out } : undefined;
  });
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(
    /not ok {2}kind Change of plumbline.dev\/v1alpha1 is of another version of Plumbline; run `plumbline install --components crds`\n/,
  );
  expect(broken.out).toMatch(
    /not ok {2}the account plumbline-system\/plumbline may do .*: not so, \d+ rights of \d+ lack \(.*\); run `plumbline install --components rbac`\n/,
  );
  expect(broken.out).toMatch(
    /not ok {2}Lease plumbline-system\/plumbline of one was not renewed for \d+ s; read `plumbline logs`\n/,
  );

  expect(broken.out).toContain(
    'not ok  ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io/plumbline-plans is missing; no approval counts without it: run `plumbline install --components rbac`\n',
  );
  expect(broken.out).toContain('ok      the operator has no pulumi on its PATH, and no stack needs it\n');

  expect(await plumbline('install', '--force')).toMatchObject({ code: 0 });
  await admin.delete('apps/v1', 'Deployment', 'plumbline', namespace);
  const gone = await plumbline('check');
  expect(gone.out).toContain(
    `Deployment ${namespace}/plumbline is missing; run \`plumbline install --components deployment\`\n`,
  );
  expect(gone.out).not.toContain('rights of');
}, 90_000);

test('an API server that does not answer is a failure, not a check', async () => {
  const { code, out, error } = await plumbline('check', '--context', 'nowhere');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(error.trim().split('\n')).toHaveLength(1);
});

test('without a running pod, logs says how the pods stand', async () => {
  await admin.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ${namespace}}}`);
  const { code, out, error } = await plumbline('logs');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(error).toMatch(/^plumbline: no pod of the operator is running.*; run `plumbline check`\n$/);
});

test('the lines of a running pod come through the API server, chosen, readable, or as they are', async () => {
  const line = (key: string, message: string): string =>
    JSON.stringify({ time: '2026-01-02T03:04:05.678Z', level: 'info', message, kind: 'Stack', key });
  const lines = [line('shop/app', 'Applied'), line('shop/other', 'Applied'), 'no JSON'];
  const asked: string[] = [];
  // There is no kubelet here. The API server asks this endpoint for the log, as it would ask one.
  const { certificate, key } = createAuthority('kubelet').issue('kubelet', ['127.0.0.1']);
  const kubelet = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write(`${lines[0]}\n${lines[1]?.slice(0, 20)}`);
    setTimeout(() => response.end(`${lines[1]?.slice(20)}\n${lines[2]}\n`), 30);
  }).listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  try {
    await runPod((kubelet.address() as AddressInfo).port);
    await admin.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: shop}}`);
    await admin.apply(
      '{apiVersion: plumbline.dev/v1alpha1, kind: Stack, metadata: {name: app, namespace: shop}, spec: {sourceRef: {name: none}, suspend: true}}',
    );
    expect(await plumbline('logs', '-o', 'json', '--tail', '10', '--since', '90s')).toEqual({
      code: 0,
      out: `${lines.join('\n')}\n`,
      error: '',
    });
    expect(asked[0]).toMatch(/^\/containerLogs\/plumbline-system\/operator\/plumbline\?/);
    expect(asked[0]).toContain('sinceSeconds=90');
    expect(asked[0]).toContain('tailLines=10');
    expect(await plumbline('logs', 'shop/app', '--follow')).toEqual({
      code: 0,
      out: '2026-01-02T03:04:05.678Z info   Stack shop/app  Applied\n',
      error: '',
    });
    expect(asked[1]).toContain('follow=true');
  } finally {
    kubelet.closeAllConnections();
    kubelet.close();
    await admin.delete('v1', 'Pod', 'operator', namespace);
  }
  // The node is still named, and nobody answers there.
  const { code, error } = await plumbline('logs');
  expect(code).toBe(2);
  expect(error.trim().split('\n')).toHaveLength(1);
}, 60_000);

/** A node at a port of this machine, and a pod of the operator that is said to run there. */
async function runPod(port: number): Promise<void> {
  const status = async (path: string, body: unknown): Promise<void> =>
    void (await admin.transport.request({
      method: 'PATCH',
      path: `${path}/status`,
      body: { status: body },
      contentType: 'application/merge-patch+json',
    }));
  await admin.apply('{apiVersion: v1, kind: Node, metadata: {name: logs-node}}');
  await status('/api/v1/nodes/logs-node', {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  });
  // The account of the pod comes with `plumbline install`; its token is none of the test's.
  await admin.apply(`
apiVersion: v1
kind: Pod
metadata: {name: operator, namespace: ${namespace}, labels: {app.kubernetes.io/name: plumbline}}
spec:
  nodeName: logs-node
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: plumbline
      image: plumbline:none
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`);
  await status(`/api/v1/namespaces/${namespace}/pods/operator`, { phase: 'Running' });
}
