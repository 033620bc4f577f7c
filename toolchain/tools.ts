/** Every program that Plumbline's demo, tests and bench start: its version, and where it is released and built from. */
import { coerce, satisfies } from 'semver';

export const toolNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kwok',
  'pulumi',
  'helm',
  'kustomize',
] as const;
export type ToolName = (typeof toolNames)[number];

/** How a program is built from the Go module proxy; those of one `module` are built in one call. */
export interface GoBuild {
  readonly module: string;
  readonly package: string;
  /** `install`: `go install package@version`. `main`: a main package of our own. `require`: a module that requires it. */
  readonly way: 'install' | 'main' | 'require';
}

export interface Tool {
  readonly name: ToolName;
  readonly version: string;
  /** The versions that do when one is found on this machine. */
  readonly range: string;
  readonly versionArguments: readonly string[];
  readonly build: GoBuild;
}

const kubernetes = '1.36.3';

function kubernetesTool(name: ToolName, range: string, versionArguments: readonly string[] = ['--version']): Tool {
  const build: GoBuild = { module: 'k8s.io/kubernetes', package: `k8s.io/kubernetes/cmd/${name}`, way: 'require' };
  return { name, version: kubernetes, range, versionArguments, build };
}

const etcdModule = 'go.etcd.io/etcd/server/v3';
const kwokModule = 'sigs.k8s.io/kwok';
const pulumiModule = 'github.com/pulumi/pulumi/pkg/v3';
const helmModule = 'helm.sh/helm/v3';
const kustomizeModule = 'sigs.k8s.io/kustomize/kustomize/v5';

// A controller manager or scheduler must never be newer than its API server, hence one minor for all three.
export const tools: Readonly<Record<ToolName, Tool>> = {
  etcd: {
    name: 'etcd',
    version: '3.6.5',
    range: '>=3.6.0 <4',
    versionArguments: ['--version'],
    build: { module: etcdModule, package: `${etcdModule}/etcdmain`, way: 'main' },
  },
  'kube-apiserver': kubernetesTool('kube-apiserver', '~1.36.0'),
  'kube-controller-manager': kubernetesTool('kube-controller-manager', '~1.36.0'),
  'kube-scheduler': kubernetesTool('kube-scheduler', '~1.36.0'),
  kubectl: kubernetesTool('kubectl', '>=1.30.0 <2', ['version', '--client']),
  kwok: {
    name: 'kwok',
    version: '0.8.0',
    range: '>=0.6.0 <1',
    versionArguments: ['--version'],
    build: { module: kwokModule, package: `${kwokModule}/cmd/kwok`, way: 'install' },
  },
  // The command line, the engine and @pulumi/pulumi are made for each other; a newer engine takes an older package.
  pulumi: {
    name: 'pulumi',
    version: '3.259.0',
    range: '>=3.259.0 <4',
    versionArguments: ['version'],
    build: { module: pulumiModule, package: `${pulumiModule}/cmd/pulumi`, way: 'require' },
  },
  helm: {
    name: 'helm',
    version: '3.19.0',
    range: '>=3.14.0 <4',
    versionArguments: ['version', '--short'],
    build: { module: helmModule, package: `${helmModule}/cmd/helm`, way: 'install' },
  },
  kustomize: {
    name: 'kustomize',
    version: '5.7.1',
    range: '>=5.0.0 <6',
    versionArguments: ['version'],
    build: { module: kustomizeModule, package: kustomizeModule, way: 'install' },
  },
};

/** The version that a program prints about itself, as `1.2.3`; undefined when there is none in the text. */
export function versionIn(text: string): string | undefined {
  const found = /\bv?(\d+\.\d+\.\d+)/.exec(text)?.[1];
  return found === undefined ? undefined : coerce(found)?.version;
}

/** Whether what a program printed about itself is a version that does. Vendors' suffixes (`-dispatcher`) are ignored. */
export function fits(tool: Tool, printed: string): boolean {
  const version = versionIn(printed);
  return version !== undefined && satisfies(version, tool.range);
}
