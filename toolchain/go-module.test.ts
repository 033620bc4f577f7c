/** The Go modules are written as `go build` wants them. */
import { expect, test } from '@jest/globals';
import { goDirective, goModFor, linkerFlags, mainFile, toolsFile } from './go-module.ts';

const upstream = `module k8s.io/kubernetes

go 1.26.0

require (
\tgithub.com/blang/semver/v4 v4.0.0
\tk8s.io/api v0.0.0
\tk8s.io/client-go v0.0.0
)

require k8s.io/kubectl v0.0.0

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/client-go => ./staging/src/k8s.io/client-go
\texample.com/fork => example.com/other v1.0.0
)

replace k8s.io/kubectl => ./staging/src/k8s.io/kubectl
`;

test('each staging module is taken in its published version, a fork as it is', () => {
  expect(goModFor('k8s.io/kubernetes', '1.36.3', upstream)).toBe(`module plumbline.dev/toolchain

go 1.26.0

require k8s.io/kubernetes v1.36.3

replace k8s.io/api => k8s.io/api v0.36.3
replace k8s.io/client-go => k8s.io/client-go v0.36.3
replace example.com/fork => example.com/other v1.0.0
replace k8s.io/kubectl => k8s.io/kubectl v0.36.3
`);
});

test('a module of the same repository is taken in the same version', () => {
  const text = goModFor(
    'example.com/pkg/v3',
    '3.4.5',
    'go 1.25\n\nrequire example.com/sdk/v3 v3.4.4\n\nreplace example.com/sdk/v3 => ../sdk\n\nreplace example.com/old v1.0.0 => example.com/new v1.1.0\n',
  );
  expect(text).toContain('\nreplace example.com/sdk/v3 => example.com/sdk/v3 v3.4.5\n');
  expect(text).toContain('\nreplace example.com/old v1.0.0 => example.com/new v1.1.0\n');
});

test('a module that is not asked for is not replaced: etcd forbids some so', () => {
  const forbidden = 'replace (\n\texample.com/etcd => ./FORBIDDEN_DEPENDENCY\n\texample.com/old v1.0.0 => ./none\n)\n';
  expect(goModFor('example.com/server/v3', '3.6.5', `go 1.24\n\n${forbidden}`)).not.toContain('replace');
});

test('a module without staging modules is only required', () => {
  const text = goModFor('go.etcd.io/etcd/server/v3', '3.6.5', 'module go.etcd.io/etcd/server/v3\n\ngo 1.24\n');
  expect(text).toBe('module plumbline.dev/toolchain\n\ngo 1.24\n\nrequire go.etcd.io/etcd/server/v3 v3.6.5\n');
});

test('a go.mod without a go directive falls back', () => {
  expect(goDirective('module x\n')).toBe('1.24');
});

test('the tools file imports the commands and is never compiled', () => {
  const text = toolsFile(['k8s.io/kubernetes/cmd/kubectl']);
  expect(text).toMatch(/^\/\/go:build tools\n\npackage tools\n/);
  expect(text).toContain('\t_ "k8s.io/kubernetes/cmd/kubectl"\n');
});

test('the main file calls Main of the package', () => {
  expect(mainFile('go.etcd.io/etcd/server/v3/etcdmain')).toContain('func main() { etcdmain.Main(os.Args) }');
});

test('programs are told their version where they cannot know it', () => {
  expect(linkerFlags('k8s.io/kubernetes', '1.36.3')).toContain(
    '-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1',
  );
  expect(linkerFlags('sigs.k8s.io/kwok', '0.8.0')).toBe('-s -w');
  expect(linkerFlags('helm.sh/helm/v3', '3.19.0')).toBe('-s -w -X helm.sh/helm/v3/internal/version.version=v3.19.0');
});
