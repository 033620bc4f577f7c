/** Writes the small Go modules through which programs are built whose own module cannot be installed directly. */

const moduleName = 'plumbline.dev/toolchain';

/** The `go` directive of a go.mod. */
export function goDirective(goMod: string): string {
  return /^go\s+(\S+)/m.exec(goMod)?.[1] ?? '1.24';
}

/** A module that a go.mod replaces: by a folder of its own repository (staging), or by a fork in some version. */
interface Replacement {
  readonly module: string;
  readonly by: string;
}

function replacements(goMod: string): readonly Replacement[] {
  const lines = goMod.matchAll(/^\s*(?:replace\s+)?([\w./-]+(?:[ \t]+v\S+)?)\s*=>\s*(\S+(?:[ \t]+v\S+)?)/gm);
  return [...lines].map(([, module = '', by = '']) => ({ module, by }));
}

/** Whether a go.mod asks for a module: etcd's replaces some that it does not want by folders that do not exist. */
const requires = (goMod: string, module: string): boolean =>
  goMod.split('\n').some((line) => {
    const [name, version, arrow] = line
      .trim()
      .replace(/^require\s+/, '')
      .split(/\s+/);
    return name === module && version?.startsWith('v') === true && arrow !== '=>';
  });

/** The version in which a module of the same repository is published: Kubernetes' staging modules are 0.minor.patch. */
const publishedVersion = (module: string, version: string): string =>
  module.startsWith('k8s.io/') ? version.replace(/^\d+\./, '0.') : version;

/** A go.mod that requires `module`; what its own go.mod replaces is replaced alike, by published versions alone. */
export function goModFor(module: string, version: string, upstream: string): string {
  const replaced = replacements(upstream).flatMap(({ module: name, by }) => {
    if (!by.startsWith('.')) return [`replace ${name} => ${by}`];
    return requires(upstream, name) ? [`replace ${name} => ${name} v${publishedVersion(name, version)}`] : [];
  });
  const head = [`module ${moduleName}`, '', `go ${goDirective(upstream)}`, '', `require ${module} v${version}`];
  return `${[...head, ...(replaced.length > 0 ? [''] : []), ...replaced].join('\n')}\n`;
}

/** Imports commands so that `go mod tidy` keeps what they need; the build tag keeps the file itself from compiling. */
export function toolsFile(packages: readonly string[]): string {
  const imports = packages.map((name) => `\t_ "${name}"`).join('\n');
  return `//go:build tools\n\npackage tools\n\nimport (\n${imports}\n)\n`;
}

/** A command around a package that offers `Main(args []string)`, as etcd's does. */
export function mainFile(packageName: string): string {
  const name = packageName.replace(/^.*\//, '');
  return `package main\n\nimport (\n\t"os"\n\n\t"${packageName}"\n)\n\nfunc main() { ${name}.Main(os.Args) }\n`;
}

/** Linker flags: no debug data, and the version that a program reports and negotiates with where it is told at link time. */
export function linkerFlags(module: string, version: string): string {
  const values = Object.entries(versionVariables(module, version)).map(([name, value]) => `-X ${name}=${value}`);
  return ['-s -w', ...values].join(' ');
}

function versionVariables(module: string, version: string): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = version.split('.');
  const kubernetes = 'k8s.io/component-base/version';
  switch (module) {
    case 'k8s.io/kubernetes':
      return {
        [`${kubernetes}.gitVersion`]: `v${version}`,
        [`${kubernetes}.gitMajor`]: major,
        [`${kubernetes}.gitMinor`]: minor,
      };
    case 'github.com/pulumi/pulumi/pkg/v3':
      return { 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version': `v${version}` };
    case 'helm.sh/helm/v3':
      return { 'helm.sh/helm/v3/internal/version.version': `v${version}` };
    default:
      return {};
  }
}
