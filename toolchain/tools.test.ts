/** Which programs found on a machine do, and where the others come from. */
import { expect, test } from '@jest/globals';
import { platformOf, releaseOf } from './release.ts';
import { fits, toolNames, tools, versionIn } from './tools.ts';

test.each([
  ['etcd Version: 3.6.5\nGit SHA: Not provided\nGo Version: go1.26.8', '3.6.5'],
  ['Kubernetes v1.36.3', '1.36.3'],
  ['Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0', '1.32.4'],
  ['kwok version v0.8.0 go1.26.8 (linux/amd64)', '0.8.0'],
  ['v3.259.0', '3.259.0'],
  ['v3.19.0+gabcdef0', '3.19.0'],
  ['command not found', undefined],
  ['', undefined],
])('the version in %j is %s', (printed, version) => {
  expect(versionIn(printed)).toBe(version);
});

test.each([
  ['etcd', 'etcd Version: 3.6.9', true],
  ['etcd', 'etcd Version: 3.5.21', false],
  ['kube-apiserver', 'Kubernetes v1.36.0', true],
  ['kube-apiserver', 'Kubernetes v1.35.2', false],
  ['kube-controller-manager', 'Kubernetes v1.37.0', false],
  ['kubectl', 'Client Version: v1.32.4-dispatcher', true],
  ['kubectl', 'Client Version: v1.36.0+k3s1', true],
  ['kubectl', 'Client Version: v1.21.0', false],
  ['kwok', 'kwok: no version', false],
  ['pulumi', 'v3.260.1', true],
  ['pulumi', 'v3.200.0', false],
  ['helm', 'v3.19.0', true],
  ['helm', 'v4.0.0', false],
  ['kustomize', 'v4.5.7', false],
] as const)('%s that says %j fits: %s', (name, printed, fit) => {
  expect(fits(tools[name], printed)).toBe(fit);
});

test('every program has a release for Linux, with a checksum beside it', () => {
  const linux = platformOf('linux', 'x64');
  for (const name of toolNames) {
    const release = releaseOf(tools[name], linux);
    expect(release?.url).toContain(tools[name].version);
    expect(release?.url).toMatch(/amd64|x64/);
    expect(release?.checksumUrl).toMatch(/^https:/);
  }
});

test('Kubernetes releases only kubectl for a Mac; the rest is built there', () => {
  const mac = platformOf('darwin', 'arm64');
  expect(releaseOf(tools['kube-apiserver'], mac)).toBeUndefined();
  expect(releaseOf(tools.kubectl, mac)?.url).toContain('/darwin/arm64/kubectl');
  expect(releaseOf(tools.etcd, mac)?.file).toMatch(/\.zip$/);
  expect(releaseOf(tools.pulumi, mac)?.file).toBe(`pulumi-v${tools.pulumi.version}-darwin-arm64.tar.gz`);
});
