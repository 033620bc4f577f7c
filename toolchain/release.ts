/** Where the upstream projects release the programs, and where the checksums stand. */
import type { Tool, ToolName } from './tools.ts';

export interface Release {
  readonly url: string;
  readonly checksumUrl: string;
  /** The file's name as the checksum list has it. */
  readonly file: string;
  /** The program's path inside the archive; undefined when the download is the program itself. */
  readonly member?: string;
}

export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** The names that Go and the Kubernetes projects use for a machine. */
export function platformOf(os: string, arch: string): Platform {
  return { os, arch: arch === 'x64' ? 'amd64' : arch };
}

/** The release of a program for a platform; undefined where upstream releases none. */
export function releaseOf({ name, version }: Tool, platform: Platform): Release | undefined {
  return (ownReleases[name] ?? kubernetesRelease(name))(version, platform);
}

type ReleaseOf = (version: string, platform: Platform) => Release | undefined;

const kubernetesRelease =
  (name: ToolName): ReleaseOf =>
  (version, { os, arch }) => {
    if (os !== 'linux' && name !== 'kubectl') return undefined;
    const url = `https://dl.k8s.io/release/v${version}/bin/${os}/${arch}/${name}`;
    return { url, checksumUrl: `${url}.sha256`, file: name };
  };

/** Of the projects that do not release as Kubernetes does. */
const ownReleases: Readonly<Partial<Record<ToolName, ReleaseOf>>> = {
  etcd: (version, { os, arch }) => {
    const folder = `etcd-v${version}-${os}-${arch}`;
    const file = `${folder}.${os === 'linux' ? 'tar.gz' : 'zip'}`;
    const base = `https://github.com/etcd-io/etcd/releases/download/v${version}`;
    return { url: `${base}/${file}`, checksumUrl: `${base}/SHA256SUMS`, file, member: `${folder}/etcd` };
  },
  kwok: (version, { os, arch }) => {
    const file = `kwok-${os}-${arch}`;
    return {
      url: `https://github.com/kubernetes-sigs/kwok/releases/download/v${version}/${file}`,
      checksumUrl: `https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v${version}`,
      file,
    };
  },
  pulumi: (version, { os, arch }) => {
    const file = `pulumi-v${version}-${os}-${arch === 'amd64' ? 'x64' : arch}.tar.gz`;
    const base = `https://github.com/pulumi/pulumi/releases/download/v${version}`;
    return {
      url: `${base}/${file}`,
      checksumUrl: `${base}/pulumi-${version}-checksums.txt`,
      file,
      member: 'pulumi/pulumi',
    };
  },
  helm: (version, { os, arch }) => {
    const file = `helm-v${version}-${os}-${arch}.tar.gz`;
    const url = `https://get.helm.sh/${file}`;
    return { url, checksumUrl: `${url}.sha256sum`, file, member: `${os}-${arch}/helm` };
  },
  kustomize: (version, { os, arch }) => {
    const file = `kustomize_v${version}_${os}_${arch}.tar.gz`;
    const base = `https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv${version}`;
    return { url: `${base}/${file}`, checksumUrl: `${base}/checksums.txt`, file, member: 'kustomize' };
  },
};
