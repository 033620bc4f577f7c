import { expect, test } from '@jest/globals';
import { carriedOver, veiled } from './preview.ts';
import { unknown, type ValueMap } from './property.ts';

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
