/** A revision in use: its folder stays, and its apply is not begun again, while commits come that leave the path alone. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, TestSource, until, type TestOperator } from '#testing';
import { createAuthority } from '#toolchain';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

/** An admission webhook that takes its time over the ConfigMap `a` of a namespace. */
async function slowAdmission(
  platform: Platform,
): Promise<AsyncDisposable & { readonly asked: () => number; readonly letGo: () => void }> {
  const authority = createAuthority('Admission of the tests');
  const { certificate, key } = authority.issue('admission', ['127.0.0.1']);
  const released = Promise.withResolvers<void>();
  let asked = 0;
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const {
        apiVersion,
        kind,
        request: review,
      } = JSON.parse(Buffer.concat(pieces).toString()) as {
        apiVersion: string;
        kind: string;
        request: { uid: string; name: string };
      };
      const isOurs = review.name === 'a';
      if (isOurs) asked += 1;
      void (isOurs ? released.promise : Promise.resolve()).then(() =>
        response.end(JSON.stringify({ apiVersion, kind, response: { uid: review.uid, allowed: true } })),
      );
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const name = `slow-${platform.namespace}`;
  const webhook = {
    name: 'slow.example.com',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    timeoutSeconds: 30,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': platform.namespace } },
    clientConfig: {
      url: `https://127.0.0.1:${port}/`,
      caBundle: Buffer.from(authority.certificate).toString('base64'),
    },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
  };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const kind = 'ValidatingWebhookConfiguration';
  await platform.cluster.apply(JSON.stringify({ apiVersion, kind, metadata: { name }, webhooks: [webhook] }));
  return {
    asked: () => asked,
    letGo: () => released.resolve(),
    [Symbol.asyncDispose]: async () => {
      released.resolve();
      await platform.cluster.delete(apiVersion, kind, name);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a revision whose apply takes its time stays on disk while six commits come that leave the path alone', async () => {
  await using platform = await Platform.create({ 'other/x.yaml': '' });
  const source = new TestSource(platform);
  await using admission = await slowAdmission(platform);
  const root = join(operator.folder, 'data', 'git', 'revisions');
  const commit = await platform.commit({ 'app/a.yaml': configMap('a') });
  const tree = (await source.at(commit)).status?.artifact?.tree ?? '';
  const shelves = await readdir(root);
  const shelf = shelves.find((name) => existsSync(join(root, name, tree))) ?? '';
  await platform.stack('app');
  await until('the apply is under way', () => Promise.resolve(admission.asked() > 0 || undefined));
  for (let n = 1; n <= 6; n += 1) await source.at(await platform.commit({ 'other/x.yaml': `# ${n}\n` }));
  // The folder of the revision in use, and beside it the five newest.
  const kept = async (): Promise<string[]> =>
    (await readdir(join(root, shelf), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  expect(await kept()).toContain(tree);
  expect(await kept()).toHaveLength(6);
  expect(await platform.configMap('a')).toBeUndefined();
  admission.letGo();
  await platform.applied('app', commit);
  expect(admission.asked()).toBe(1);
  await source.at(await platform.commit({ 'other/x.yaml': '# 7\n' }));
  expect(await kept()).not.toContain(tree);
}, 60_000);
