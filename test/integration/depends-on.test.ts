import { expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator } from '#testing';

/** A stack beside one of another namespace that it depends on. */
async function pair(): Promise<AsyncDisposable & { readonly app: Platform; readonly infra: Platform }> {
  const infra = await Platform.create({ 'infra/a.yaml': configMap('a') });
  const app = await Platform.create({ 'app/b.yaml': configMap('b') });
  await app.stack('app', `dependsOn: [{name: infra, namespace: ${infra.namespace}}]`);
  const [first, second] = [app, infra];
  return {
    app,
    infra,
    [Symbol.asyncDispose]: async () => {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

test('a stack of another namespace may not be depended on by default', async () => {
  await using _operator = await startTestOperator();
  await using stacks = await pair();
  await stacks.infra.stack('infra');
  expect(await stacks.app.fails('app', 'CrossNamespaceReference')).toBe(
    `spec.dependsOn: stack ${stacks.infra.namespace}/infra is in another namespace; move it, or start the operator with --allow-cross-namespace`,
  );
  expect(await stacks.app.configMap('b')).toBeUndefined();
});

test('where it is allowed, the dependent goes as soon as the other is ready', async () => {
  await using _operator = await startTestOperator('--allow-cross-namespace');
  await using stacks = await pair();
  await stacks.app.fails('app', 'DependencyNotFound');
  await stacks.infra.stack('infra');
  await stacks.app.ready('app');
});
