import { describe, expect, test } from '@jest/globals';
import { ApiError } from '#kube';
import type { Engine, Message } from './engine.ts';
import { carriedOver, previewOutputs, veiled } from './preview.ts';
import { secret, unknown, type ValueMap } from './property.ts';
import { readSettings } from './settings.ts';

const service = (spec: ValueMap, metadata: ValueMap = {}): ValueMap => ({
  kind: 'Service',
  metadata: { name: 'web', ...metadata },
  spec,
});

test('what the API server will give to a new object is unknown, and what the program says is known', () => {
  const inputs = service({ ports: [{ port: 80 }] });
  const tried = { ...service({ ports: [{ port: 80 }], clusterIP: '10.0.0.7' }, { uid: 'x' }), status: {} };
  for (const outputs of [veiled(tried, inputs), veiled(inputs, inputs)]) {
    expect(outputs).toMatchObject({
      metadata: { name: 'web', uid: unknown, creationTimestamp: unknown },
      spec: { ports: [{ port: 80 }], clusterIP: unknown, clusterIPs: unknown },
    });
  }
  expect(veiled(tried, inputs)['status']).toBe(unknown);
});

test('an address that the program asks for is known; the ports of a node are not', () => {
  const inputs = service({ type: 'NodePort', clusterIP: 'None', ports: [{ port: 80 }] });
  expect(veiled(inputs, inputs)['spec']).toMatchObject({ clusterIP: 'None', ports: [{ port: 80, nodePort: unknown }] });
});

test('an update leaves uid and address as they are, so that what depends on them does not change', () => {
  const old = {
    ...service({ clusterIP: '10.0.0.7', type: 'ClusterIP' }, { uid: 'x', labels: { a: '1' } }),
    status: {},
  };
  expect(carriedOver(service({ ports: unknown }, { labels: unknown }), old)).toEqual(
    service({ clusterIP: '10.0.0.7', ports: unknown }, { uid: 'x', labels: unknown }),
  );
});

describe('a dry run that is refused', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'shop' } };
  const inputs = { ...object, data: { password: secret('sesame') } };
  const refusal = (code: number, message: string): ApiError => new ApiError(code, { kind: 'Status', code, message });

  /** What the engine was told, and what came of it. */
  async function tried(error: Error, environment: Readonly<Record<string, string>>): Promise<unknown> {
    const told: Message[] = [];
    const engine = { tell: (message: Message) => Promise.resolve(void told.push(message)) } as unknown as Engine;
    const session = { settings: readSettings({}, environment), engine };
    const subject = { urn: 'urn:a', inputs, object, manager: 'plumbline' };
    try {
      const outputs = await previewOutputs(session, () => Promise.reject(error), subject);
      expect(outputs).toBeUndefined();
    } catch (failed) {
      return { failed: (failed as Error).message };
    }
    return told.map(({ urn, severity, text }) => `${urn} ${severity} ${text}`);
  }
  const forPlan = { PLUMBLINE_PLAN: 'true' };
  const long = `the value sesame is wrong ${'.'.repeat(1960)} and so is sesame`;

  test.each([
    ['a policy', 422, 'denied request: no'],
    ['a policy that says Forbidden', 403, 'configmaps "a" is forbidden: ValidatingAdmissionPolicy denied request: no'],
    ['a quota', 403, 'configmaps "a" is forbidden: exceeded quota: few, requested: count/configmaps=1'],
    ['pod security', 403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged'],
    ['a webhook', 400, 'admission webhook "no.example.com" denied the request: no'],
  ])('by %s is told for a plan, and is no end of the preview', async (_, code, message) => {
    const told = [expect.stringMatching(/^urn:a error ConfigMap\/shop\/a: /)];
    expect(await tried(refusal(code, message), forPlan)).toEqual(told);
  });

  test('says nothing that is secret in the program, also where it is cut', async () => {
    expect(JSON.stringify(await tried(refusal(400, long), forPlan))).not.toMatch(/ses/);
    expect(JSON.stringify(await tried(refusal(400, long), {}))).not.toMatch(/ses/);
  });

  test.each([
    ['rights', 403, 'configmaps "a" is forbidden: User "bob" cannot patch resource "configmaps"'],
    ['an account', 403, 'pods "a" is forbidden: error looking up service account shop/b: serviceaccount "b" not found'],
    ['a priority class', 403, 'pods "a" is forbidden: no PriorityClass with name b was found'],
    ['dry runs', 400, 'admission webhook "a" does not support dry run'],
  ])('for want of %s may be another matter by the time of the update', async (_, code, message) => {
    for (const environment of [forPlan, {}]) expect(await tried(refusal(code, message), environment)).toEqual([]);
  });

  test('ends the preview where no plan is made of it, and where the API server is away', async () => {
    const ended = { failed: expect.stringContaining('ConfigMap/shop/a') };
    expect(await tried(refusal(422, 'denied request: no'), {})).toEqual(ended);
    expect(await tried(refusal(503, 'later'), forPlan)).toEqual(ended);
    expect(await tried(new Error('cancelled'), forPlan)).toEqual({ failed: expect.stringContaining('cancelled') });
  });
});
