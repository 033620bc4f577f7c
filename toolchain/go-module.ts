/** Writes the small Go modules through which programs are built whose own module cannot be installed directly. */

const moduleName = 'plumbline.dev/toolchain';

/** The `go` directive of a go.mod. */
export function goDirective(goMod: string): string {
  return /^go\s+(\S+)/m.exec(goMod)?.[1] ?? '1.24';
}

/** The modules that a go.mod replaces by folders of its own repository (Kubernetes' staging modules). */
export function stagingModules(goMod: string): readonly string[] {
  const lines = goMod.matchAll(/^\s*(?:replace\s+)?(k8s\.io\/[a-z0-9-]+)\s*=>\s*\.\//gm);
  return [...lines].map(([, name = '']) => name);
}

/** A go.mod that requires `module`; each staging module is taken from its own published version 0.minor.patch. */
export function goModFor(module: string, version: string, upstream: string): string {
  const staged = version.replace(/^\d+\./, '0.');
  const replaced = stagingModules(upstream).map((name) => `replace ${name} => ${name} v${staged}`);
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

/** Linker flags: no debug data, and the version that Kubernetes' programs report and negotiate with. */
export function linkerFlags(module: string, version: string): string {
  if (module !== 'k8s.io/kubernetes') return '-s -w';
  const [major = '', minor = ''] = version.split('.');
  const set = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  const values = Object.entries(set).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s -w', ...values].join(' ');
}
