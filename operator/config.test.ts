/** What the operator takes from its environment. */
import { expect, test } from '@jest/globals';
import { readConfig } from '#config';

test('git gets the proxies in either spelling, the path, and nothing else of the environment', () => {
  const env = {
    PATH: '/opt/bin',
    HTTPS_PROXY: 'http://proxy:3128',
    http_proxy: 'http://small:3128',
    HTTP_PROXY: 'http://large:3128',
    NO_PROXY: '.svc',
    GIT_SSH_COMMAND: 'sh',
    SSH_AUTH_SOCK: '/agent',
    HOME: '/root',
  };
  expect(readConfig([], env).gitEnvironment).toEqual({
    PATH: '/opt/bin',
    https_proxy: 'http://proxy:3128',
    http_proxy: 'http://small:3128',
    no_proxy: '.svc',
  });
});

test.each([
  ['/etc/ssl/own.pem', '/etc/ssl/own.pem'],
  ['', undefined],
  [undefined, undefined],
])('SSL_CERT_FILE=%s makes %s the trust anchors of git', (given, expected) => {
  expect(readConfig([], given === undefined ? {} : { SSL_CERT_FILE: given }).gitCaFile).toBe(expected);
});

test.each([
  [{ SSL_CERT_FILE: '/own.pem' }, { SSL_CERT_FILE: '/own.pem', NODE_EXTRA_CA_CERTS: '/own.pem' }],
  [
    { SSL_CERT_FILE: '/own.pem', NODE_EXTRA_CA_CERTS: '/more.pem' },
    { SSL_CERT_FILE: '/own.pem', NODE_EXTRA_CA_CERTS: '/more.pem' },
  ],
  [{ NODE_EXTRA_CA_CERTS: '/more.pem' }, { NODE_EXTRA_CA_CERTS: '/more.pem' }],
  [{ SSL_CERT_FILE: '' }, {}],
])('of %j, programs of Pulumi runs trust %j', (given, expected) => {
  expect(readConfig([], given).trust).toEqual(expected);
});

test('without PATH there is one all the same', () => {
  expect(readConfig([], {}).gitEnvironment['PATH']).toContain('/usr/bin');
});

test.each([
  [{ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' }, '10.96.0.1:6443'],
  [{ KUBERNETES_SERVICE_HOST: 'fd00::1' }, '[fd00::1]:443'],
  [{}, undefined],
])('%j puts the API server at %s', (env, expected) => {
  expect(readConfig([], env).service).toBe(expected);
});
