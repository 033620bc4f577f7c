/** Which addresses name one repository. */
import { expect, test } from '@jest/globals';
import { isSameRepository } from './git-url.ts';

test.each([
  ['git@example.com:team/platform.git', 'https://example.com/team/platform', true],
  ['ssh://git@example.com:2222/team/platform.git', 'https://Example.com/team/platform.git/', true],
  ['https://ada:token@example.com/team/platform', 'https://example.com/team/platform', true],
  ['example.com:team/platform', 'ssh://git@example.com/team/platform', true],
  ['/srv/git/platform', 'file:///srv/git/platform/.git', true],
  ['https://example.com/team/platform', 'https://example.com/team/other', false],
  ['https://example.com/team/platform', 'https://example.org/team/platform', false],
  ['http://127.0.0.1:8001/platform', 'http://127.0.0.1:8002/platform', false],
])('%s and %s are one repository: %s', (a, b, same) => {
  expect(isSameRepository(a, b)).toBe(same);
  expect(isSameRepository(b, a)).toBe(same);
});
