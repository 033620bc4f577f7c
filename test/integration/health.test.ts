import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, kubectl, Platform, startTestOperator, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

/** Without a kubelet it never gets ready. */
const web =
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}\n';

test('the status says what is applied and wanted, that it is ready, healthy and free of drift; kubectl wait sees it', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await kubectl(['-n', platform.namespace, 'wait', 'stack/app', '--for=condition=Ready', '--timeout=30s']);
  const { status, metadata } = await platform.ready('app');
  expect(status?.wanted?.commit).toBe(status?.applied?.commit);
  expect(status).toMatchObject({ objects: 1, observedGeneration: metadata.generation });
  expect(status?.waitingFor).toBeUndefined();
  expect(status?.nextTry).toBeUndefined();
  const told = await platform.condition('app', 'Drifted', 'NoDrift');
  expect(told.status).toBe('False');
  expect(status?.conditions?.map(({ type, status: holds, reason }) => [type, holds, reason])).toEqual([
    ['Ready', 'True', 'Applied'],
    ['Drifted', 'False', 'NoDrift'],
    ['Healthy', 'True', 'Healthy'],
  ]);
});

test('an object that does not get ready holds up Ready until the time is up, and says what is missing', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': web });
  await platform.stack('app', 'timeout: 2s');
  const moving = await platform.condition('app', 'Reconciling', 'HealthProgressing');
  expect(moving.message).toContain(`Deployment.apps/${platform.namespace}/web`);
  expect(await platform.fails('app', 'HealthFailed')).toContain('not ready after 2s: Deployment.apps/');
  const failed = await platform.condition('app', 'Healthy', 'HealthFailed');
  expect(failed.status).toBe('False');
  // The watch tells when the object changes: nothing is tried again by the clock.
  await platform.condition('app', 'Stalled', 'HealthFailed');
  expect((await platform.get('app'))?.status?.nextTry).toBeUndefined();
});

test('with wait: false Ready does not wait; Healthy is told all the same, also while a newer commit fails', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': web });
  await platform.stack('app', 'wait: false');
  await platform.ready('app');
  expect((await platform.condition('app', 'Healthy', 'HealthProgressing')).status).toBe('False');
  await platform.commit({ 'app/bad.yaml': 'a: [' });
  await platform.fails('app', 'YamlInvalid');
  await platform.condition('app', 'Healthy', 'HealthProgressing');
  await platform.condition('app', 'Stalled', 'YamlInvalid');
});

test('a newer commit takes over from one that never gets ready, and its fix is not stuck behind it', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': web });
  await platform.stack('app');
  await platform.condition('app', 'Reconciling', 'HealthProgressing');
  await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a') }));
});
