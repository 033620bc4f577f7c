import { App, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { expect, test } from '@jest/globals';
import { addPolicies, brokenPolicies } from './policies.ts';

const limits = { cpu: '1', memory: '1Gi' };
const good = { name: 'web', image: 'shop/web:1.2', resources: { limits } };
const pod = (spec: object): object => ({ kind: 'Pod', metadata: { name: 'p', namespace: 'shop' }, spec });

test.each([
  ['a pod in order', { containers: [good] }, []],
  ['a digest for a tag', { containers: [{ ...good, image: 'shop/web@sha256:ab' }] }, []],
  [
    'no tag behind a registry with a port',
    { containers: [{ ...good, image: 'registry:5000/web' }] },
    ['expected a tag other than latest'],
  ],
  ['the tag latest', { containers: [{ ...good, image: 'web:latest' }] }, ['expected a tag other than latest']],
  ['no limits', { containers: [{ ...good, resources: {} }] }, ['no limit for cpu and memory']],
  [
    'no memory limit in an init container',
    { containers: [good], initContainers: [{ ...good, resources: { limits: { cpu: '1' } } }] },
    ['no limit for memory'],
  ],
  ['a privileged container', { containers: [{ ...good, securityContext: { privileged: true } }] }, ['is privileged']],
  ['a hostPath', { containers: [good], volumes: [{ name: 'v', hostPath: { path: '/' } }] }, ['volume v is a hostPath']],
  ['the network of the host', { containers: [good], hostNetwork: true }, ['hostNetwork is set']],
  [
    'two findings at once',
    { containers: [{ ...good, image: 'web' }], hostNetwork: true },
    ['hostNetwork', 'has image "web"'],
  ],
])('%s', (_, spec, expected) => {
  const found = brokenPolicies(pod(spec));
  expect(found).toEqual(expected.map((text) => expect.stringContaining(text)));
  for (const message of found) expect(message).toMatch(/^Pod\/shop\/p: /);
});

test('the pods of a CronJob are found', () => {
  const spec = { jobTemplate: { spec: { template: { spec: { containers: [good], hostPID: true } } } } };
  expect(brokenPolicies({ kind: 'CronJob', metadata: { name: 'c' }, spec })).toEqual([
    'CronJob/c: hostPID is set; remove it',
  ]);
});

test('every finding of an app names its construct', () => {
  const app = new App();
  const chart = new Chart(app, 'shop');
  for (const id of ['one', 'two']) {
    new k8s.KubePod(chart, id, { metadata: { name: id }, spec: { hostNetwork: true, containers: [] } });
  }
  addPolicies(app);
  expect(app.node.validate()).toEqual([
    expect.stringMatching(/^shop\/one: Pod\/one: hostNetwork/),
    expect.stringMatching(/^shop\/two: Pod\/two: hostNetwork/),
  ]);
});
