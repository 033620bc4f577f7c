import { describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedSecret } from '../sealed.ts';
import { givenOut, openedIn } from './given-out.ts';
import { crypterFor } from './passphrase.ts';

const crypter = await crypterFor('correct horse', 'team/shop');
const other = await crypterFor('battery staple', 'team/shop');
const sealed = (value: unknown): object => storedSecret({ ciphertext: crypter.encrypt(JSON.stringify(value)) });
const stateOf = (outputs: object): string =>
  JSON.stringify({ checkpoint: { latest: { resources: [{ type: 'pulumi:pulumi:Stack', outputs }] } } });
const state = stateOf({
  size: 'small',
  password: sealed('hunter2'),
  login: { user: 'ada', passwords: [sealed({ old: 'hunter3' })] },
});
const opened = {
  size: { value: 'small', secret: false },
  password: { value: 'hunter2', secret: true },
  login: { value: { user: 'ada', passwords: [{ old: 'hunter3' }] }, secret: true },
};

describe('outputs in a state', () => {
  test('are opened, and one in which anything is secret is so as a whole', () => {
    expect(openedIn(state, crypter.key)).toEqual(opened);
  });

  test('sealed with another key are not known', () => expect(openedIn(state, other.key)).toBeUndefined());

  test('of a stack that has none are not known', () => expect(openedIn('{}', crypter.key)).toBeUndefined());
});

describe('what a program gave out', () => {
  const shown = { size: 'small', password: '[secret]', login: { user: 'ada', passwords: ['[secret]'] } };
  const asked = Object.fromEntries(Object.entries(opened).map(([name, { value }]) => [name, { value }]));
  const ask = (): Promise<typeof asked> => Promise.resolve(asked);
  const refuse = (): Promise<never> => Promise.reject(new Error('the command was asked'));

  test('is what was shown where nothing is secret', async () => {
    const given = await givenOut({ shown: { size: 'small' }, sealing: undefined, ask: refuse });
    expect(given).toEqual({ size: { value: 'small', secret: false } });
  });

  test('is taken from the state, and where that does not tell, the command is asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-given-out-'));
    const stateFile = join(folder, 'dev.json');
    await writeFile(stateFile, state);
    const { key } = crypter;
    expect(await givenOut({ shown, sealing: { stateFile, key }, ask: refuse })).toEqual(opened);
    for (const sealing of [undefined, { stateFile, key: other.key }, { stateFile: join(folder, 'none'), key }])
      expect(await givenOut({ shown, sealing, ask })).toEqual(opened);
    await rm(folder, { recursive: true });
  });
});
