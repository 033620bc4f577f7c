/** `npm run build [folder]`: the operator and the command line as one folder (build/) that runs wherever it is copied, on Node 24 alone. */
import { chmod, cp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import packageJson from './package.json' with { type: 'json' };

const folder = process.argv[2] ?? 'build';

await rm(folder, { recursive: true, force: true });
const common: BuildOptions = {
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // Some dependencies are CommonJS and call require.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
};
await build({
  ...common,
  entryPoints: { operator: 'operator/main.ts', cli: 'operator/cli/main.ts' },
  outdir: folder,
  external: ['@pulumi/*', 'cdk8s', 'cdk8s-plus-27', 'constructs'],
});

// The process of a run of Pulumi, which the operator never loads into its own; and what is put before each program.
// Of @pulumi/pulumi it uses the part that starts the command: no function is sent elsewhere, so neither the compiler nor npm's
// tree of packages is needed, which together take longer to load than all the rest.
const unneeded = /(typescript-shim|@npmcli[\\/]arborist[\\/]lib[\\/]index)\.js$/;
const withoutUnneeded: Plugin = {
  name: 'without-unneeded',
  setup: (loading) => loading.onLoad({ filter: unneeded }, () => ({ contents: 'module.exports = {};' })),
};
const run = 'operator/engines/pulumi/run';
await build({
  ...common,
  splitting: false,
  entryPoints: { 'pulumi-run': join(run, 'child.ts') },
  outdir: folder,
  banner: { js: `${common.banner?.['js']}\nconst __dirname = import.meta.dirname;` },
  plugins: [withoutUnneeded],
});
await cp(join(run, 'preload.cjs'), join(folder, 'preload.cjs'));

// The plugins carry the protocol of the engine along; a program brings its own @pulumi/pulumi.
const plugins = ['language-nodejs/pulumi-language-nodejs', 'kubernetes/pulumi-resource-kubernetes'];
await build({
  ...common,
  entryPoints: plugins.map((launcher) => {
    const plugin = dirname(launcher);
    return { in: join('plugins', plugin, 'main.ts'), out: join(plugin, 'main') };
  }),
  outdir: join(folder, 'plugins'),
});
for (const file of [...plugins, 'language-nodejs/lean.cjs'])
  await cp(join('plugins', file), join(folder, 'plugins', file));

// Written for any Node, so that an old one gets a sentence instead of a syntax error from deep inside.
const start = `#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write('plumbline: Node ' + process.versions.node + ' is too old, expected 24 or newer; put a newer node first on the PATH\\n');
  process.exitCode = 2;
} else {
  import('./cli.js');
}
`;
const command = join(folder, 'plumbline.js');
await writeFile(command, start);
await chmod(command, 0o755);

// What init copies and install applies, laid out as in the repository, so that packageRoot() finds it here too.
const isShipped = (path: string): boolean => !path.endsWith('.test.ts') && basename(path) !== 'dist';
for (const path of ['charts', 'stacks', 'operator/api', 'tsconfig.json', 'LICENSE']) {
  await cp(path, join(folder, path), { recursive: true, filter: isShipped });
}
await cp('charts/dist/plumbline', join(folder, 'charts', 'dist', 'plumbline'), { recursive: true });

const { name, version, description, license, type, engines } = packageJson;
const bin = Object.fromEntries(Object.keys(packageJson.bin).map((program) => [program, 'plumbline.js']));
const manifest = { name, version, description, license, type, engines, bin };
await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
