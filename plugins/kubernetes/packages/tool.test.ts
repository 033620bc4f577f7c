/** What is said when a package cannot be made: helm is missing, or it is no file. */
import { expect, test } from '@jest/globals';
import { handlerOf } from '../handlers.ts';
import type { Session } from '../session.ts';
import { readSettings } from '../settings.ts';
import { runTool } from './tool.ts';

/** As far as what fails at once looks at it. */
const sessionOf = (given: Record<string, string>): Session =>
  ({
    settings: readSettings(given, { PATH: '/nowhere', PLUMBLINE_CACHE: '/nowhere' }),
    signal: new AbortController().signal,
  }) as unknown as Session;

test('a program that is missing is named with the ways to get it', async () => {
  await expect(runTool(sessionOf({}), { tool: 'helm', args: ['version'] })).rejects.toThrow(
    "helm is neither on PATH nor in the toolchain's cache; run `npm run toolchain`, or install helm 3.14 or newer (not 4) and put it on PATH",
  );
});

test.each([
  ['kubernetes:helm.sh/v3:Release', 'helm installs it; use kubernetes.helm.v4.Chart'],
  ['kubernetes:core/v1:ConfigMapPatch', 'it changes an object that somebody else made; write the object as a whole'],
])('%s is no file, and says what is', async (type, message) => {
  const session = sessionOf({ renderYamlToDirectory: 'out' });
  const request = { urn: 'urn', type, name: 'web', inputs: {}, timeoutMs: undefined, preview: true };
  await expect(handlerOf(type, session).create(session, request)).rejects.toThrow(message);
});
