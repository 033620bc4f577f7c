import { expect, test } from '@jest/globals';
import type { ConfigValue } from '../values.ts';
import { stackConfig } from './stack-config.ts';

const backend = { url: 'file:///x', secretsProvider: 'awskms://key', environment: {} };
const write = (config: readonly ConfigValue[], inGit = {}): ReturnType<typeof stackConfig> =>
  stackConfig(inGit, { project: 'shop', stack: 'ns/shop', backend, config });
const value = (key: string, text: string, path = false): ConfigValue => ({ key, value: text, secret: false, path });

test('what the Stack says goes over what is in Git, key by key; a key without project is of the own one', async () => {
  const { file } = await write([value('a', '1'), value('other:b', '2')], { config: { 'shop:a': '0', 'shop:c': '3' } });
  expect(file).toEqual({ secretsprovider: 'awskms://key', config: { 'shop:a': '1', 'shop:c': '3', 'other:b': '2' } });
});

test('a path goes into maps and lists, and there numbers and truth values are what they look like', async () => {
  const { file } = await write([
    value('servers[0].port', '8080', true),
    value('servers[0].tls', 'true', true),
    value('servers[1].name', '007', true),
  ]);
  expect(file['config']).toEqual({ 'shop:servers': [{ port: 8080, tls: true }, { name: '007' }] });
});

test('secrets that only a key service can encrypt are left to the command', async () => {
  const secret = { key: 'p', value: 'x', secret: true };
  expect(await write([secret])).toMatchObject({ left: [secret], file: { config: {} } });
});

test.each([
  [[value('a', '1'), value('a.b', '2', true)], 'a.b: it goes into what is no map; correct the path'],
  [[value('a[1]', '2', true)], 'a[1]: item 1 of 0; give the items before it, too'],
])('a path that leads nowhere gets a sentence', async (config, message) => {
  await expect(write(config)).rejects.toThrow(message);
});
