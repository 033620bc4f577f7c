import { expect, test } from '@jest/globals';
import { planIn } from './plan-file.ts';
import { crypterFor } from './passphrase.ts';

const passphrase = 'correct horse';
const urn = 'urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::web';

interface Content {
  readonly seed: string;
  readonly name?: string;
  readonly secret?: string;
}

/** A plan file as the engine writes it, with a nonce of its own. */
async function saved({ seed, name = 'web', secret = 'sesame' }: Content): Promise<object> {
  const ciphertext = (await crypter).encrypt(JSON.stringify(secret));
  const key = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext };
  const deletes = seed < 'm' ? ['a', 'b'] : ['b', 'a'];
  const inputDiff = { adds: { metadata: { name }, key, of: `map/${name}` }, deletes };
  const goal = { inputDiff };
  return { resourcePlans: { [urn]: { goal, steps: ['create'], seed: Buffer.from(seed).toString('base64') } } };
}
const crypter = crypterFor(passphrase, 'ns/shop');

async function read(content: Content, opening?: object): Promise<ReturnType<typeof planIn>> {
  return planIn(await saved(content), { crypter: await crypter, passphrase, ...opening });
}
const digest = async (...args: Parameters<typeof read>): Promise<string | undefined> =>
  (await read(...args)).get(urn)?.digest;

test('nonces, seeds and the order of sets leave the digest as it is', async () => {
  expect(await digest({ seed: 'one' })).toBe(await digest({ seed: 'another' }));
});

test('a secret, or what else the program asks for, changes it', async () => {
  const now = await digest({ seed: 'one' });
  expect(await digest({ seed: 'one', secret: 'other' })).not.toBe(now);
  expect(await digest({ seed: 'one', name: 'web-2' })).not.toBe(now);
});

test('nobody without the passphrase can make the digest of a guess', async () => {
  expect(await digest({ seed: 'one' }, { passphrase: 'another' })).not.toBe(await digest({ seed: 'one' }));
});

test('what only a key service can open is told, and is in no digest', async () => {
  const sealed = { crypter: undefined, passphrase: undefined };
  const resources = await read({ seed: 'one' }, sealed);
  expect(resources.get(urn)).toMatchObject({ sealed: true, operations: ['create'] });
  expect(await digest({ seed: 'one', secret: 'other' }, sealed)).toBe(resources.get(urn)?.digest);
});
