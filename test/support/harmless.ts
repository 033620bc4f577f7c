/** Breaks one of two stacks, and sees to it that nothing else is harmed: for the tests of bad input. */
import { expect } from '@jest/globals';
import { configMap, Platform } from './platform.ts';

/** Stack `app` with ConfigMap `a`, beside stack `other` with ConfigMap `b`; both Ready. */
export async function twoStacks(spec = 'retryInterval: 1s'): Promise<Platform> {
  const platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'other/b.yaml': configMap('b') });
  await platform.stack('app', spec);
  await platform.stack('other');
  await platform.ready('app');
  await platform.ready('other');
  return platform;
}

/**
 * Commits files that break `app`, and hands back what it says: one sentence, the last good revision and its objects
 * staying as they are, while `other` takes the same commit.
 */
export async function breakApp(
  platform: Platform,
  files: Readonly<Record<string, string | null>>,
  reason: string,
): Promise<string> {
  const good = await platform.ready('app');
  const before = await platform.configMap('a');
  const commit = await platform.commit({ ...files, 'other/b.yaml': configMap('b', `beside ${performance.now()}`) });
  const message = await platform.fails('app', reason);
  expect(message).toMatch(/^[^\n]{10,1000}$/);
  await platform.applied('other', commit);
  const applied = (await platform.get('app'))?.status?.applied;
  expect([applied?.commit, applied?.digest]).toEqual([good.status?.applied?.commit, good.status?.applied?.digest]);
  const after = await platform.configMap('a');
  expect({ uid: after?.metadata.uid, data: after?.data }).toEqual({ uid: before?.metadata.uid, data: before?.data });
  return message;
}

/** Takes the last commit back, after which both stacks are well again. */
export async function mendApp(platform: Platform): Promise<void> {
  await platform.git.repository.revert();
  await platform.reconcile();
  await platform.ready('app');
  await platform.ready('other');
}
