/** The certificates are ones that Node, hence OpenSSL, accepts. */
import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createAuthority } from './certificates.ts';

test('a server certificate is issued by the authority and valid for its names and addresses', () => {
  const authority = createAuthority('plumbline');
  const { certificate } = authority.issue('kube-apiserver', ['localhost', 'kubernetes.default.svc', '127.0.0.1']);
  const root = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(certificate);
  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.checkHost('elsewhere')).toBeUndefined();
});
