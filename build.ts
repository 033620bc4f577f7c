/** `npm run build`: bundles the operator and the CLI into build/, one file each, for Node 24. */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('build', { recursive: true, force: true });
await build({
  entryPoints: { operator: 'operator/main.ts', plumbline: 'operator/cli/main.ts' },
  outdir: 'build',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // Some dependencies are CommonJS and call require.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
  external: ['@pulumi/*', 'cdk8s', 'cdk8s-plus-27', 'constructs'],
  logLevel: 'warning',
});
