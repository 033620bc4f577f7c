/** A Pulumi program on its way from a commit into the cluster: run, left alone, changed, put back, rolled back, removed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dirname } from 'node:path';
import { Platform, startTestOperator, until, untilQuiet, type TestOperator } from '#testing';
import { toolPaths } from '#toolchain';

let operator: TestOperator;
let platform: Platform;

const program = (size: string, more = ''): string => `
import * as pulumi from '@pulumi/pulumi';
import * as k8s from '@pulumi/kubernetes';
const config = new pulumi.Config();
const metadata = (name: string) => ({ name, namespace: config.require('namespace') });
const shop = new k8s.core.v1.ConfigMap('shop', { metadata: metadata('shop'), data: { size: '${size}' } });
export const size = shop.data.size;
export const uid = shop.metadata.uid;
export const key = pulumi.secret('sesame');
${more}
`;
const extra = `new k8s.core.v1.ConfigMap('extra', { metadata: metadata('extra'), data: { a: 'b' } });`;

beforeAll(async () => {
  const { pulumi } = await toolPaths(['pulumi']);
  process.env['PATH'] = `${dirname(pulumi)}:${process.env['PATH'] ?? ''}`;
  operator = await startTestOperator();
  platform = await Platform.create({
    'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
    'infra/index.ts': program('small', extra),
  });
  const config = `config: {namespace: ${platform.namespace}}`;
  await platform.stack('infra', `engine: pulumi, timeout: 2m, pulumi: {stack: dev, ${config}}`);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

test('a program is run, its outputs are shown, and nothing is asked while nothing changes', async () => {
  const stack = await until('the stack is Ready', () => platform.isReady('infra'), 120_000);
  expect(stack.status?.outputs).toMatchObject({ size: 'small' });
  expect(stack.status?.secretOutputs).toEqual(['key']);
  await untilQuiet(operator.requests);
}, 180_000);
