/** Builds programs from the Go module proxy: the way for a machine that reaches package registries only. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure, systemClock } from '#runtime';
import { cachedPath, cacheFolder, type Report } from './cache.ts';
import { run } from './command.ts';
import type { Found } from './find.ts';
import { goModFor, linkerFlags, mainFile, toolsFile } from './go-module.ts';
import type { Tool } from './tools.ts';

/** Programs that come from one module in one version, hence from one call of `go build`. */
export function groupsOf(tools: readonly Tool[]): readonly (readonly Tool[])[] {
  const groups = new Map<string, Tool[]>();
  for (const tool of tools) {
    const key = `${tool.build.module}@${tool.version}`;
    groups.set(key, [...(groups.get(key) ?? []), tool]);
  }
  return [...groups.values()];
}

/** Builds one group into the cache. Go's own build cache makes a second try after an interruption cheap. */
export async function build(group: readonly Tool[], report: Report): Promise<readonly Found[]> {
  const [first] = group;
  if (first === undefined) return [];
  const names = group.map(({ name }) => name).join(', ');
  await requireGo(names);
  const { module, way } = first.build;
  const folder = join(cacheFolder(), 'build', `${module.replaceAll('/', '-')}-${first.version}`);
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const done = progress(
    `building ${names} ${first.version} with Go (minutes when nothing of it was built before)`,
    report,
  );
  try {
    if (way === 'install') await install(first, bin);
    else await compile(group, folder, bin);
  } finally {
    done();
  }
  return Promise.all(group.map((tool) => keep(tool, bin)));
}

async function requireGo(names: string): Promise<void> {
  await run('go', ['version'], { timeoutMs: 30_000 }).catch((cause: unknown) => {
    const what = `${names} cannot be built, because there is no Go on PATH`;
    throw failure('ToolUnavailable', { what, remedy: 'install Go 1.26 or newer' }, { cause });
  });
}

/** No cgo, no workspace of the user's, and no version control stamp from a repository around the cache. */
const environment = { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-buildvcs=false' };

async function install({ build: { package: name, module }, version }: Tool, bin: string): Promise<void> {
  const flags = ['-trimpath', '-ldflags', linkerFlags(module, version)];
  await run('go', ['install', ...flags, `${name}@v${version}`], { env: { ...environment, GOBIN: bin } });
}

async function compile(group: readonly Tool[], folder: string, bin: string): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const { module, way, package: name } = first.build;
  const options = { cwd: folder, env: environment };
  // One from a try before may be what that try failed on, and `go` reads it whatever it is asked.
  await rm(join(folder, 'go.mod'), { force: true });
  const upstream = await upstreamGoMod(module, first.version, options);
  await writeFile(join(folder, 'go.mod'), goModFor(module, first.version, upstream));
  const packages = group.map((tool) => tool.build.package);
  if (way === 'main') await writeFile(join(folder, 'main.go'), mainFile(name));
  else await writeFile(join(folder, 'tools.go'), toolsFile(packages));
  await run('go', ['mod', 'tidy'], options);
  const output = way === 'main' ? join(bin, first.name) : `${bin}/`;
  const flags = ['-trimpath', '-ldflags', linkerFlags(module, first.version), '-o', output];
  await run('go', ['build', ...flags, ...(way === 'main' ? ['.'] : packages)], options);
}

async function upstreamGoMod(
  module: string,
  version: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> {
  const text = await run('go', ['mod', 'download', '-json', `${module}@v${version}`], options);
  const answer: unknown = JSON.parse(text);
  if (typeof answer === 'object' && answer !== null && 'GoMod' in answer && typeof answer.GoMod === 'string') {
    return readFile(answer.GoMod, 'utf8');
  }
  throw failure('ToolUnavailable', { what: 'go named no go.mod file', where: `${module}@v${version}` });
}

async function keep(tool: Tool, bin: string): Promise<Found> {
  const path = cachedPath(tool);
  await mkdir(dirname(path), { recursive: true });
  // Same folder tree, so the rename is atomic: the cache never shows half a program.
  await rename(join(bin, tool.name), path);
  return { path, version: tool.version, origin: 'build' };
}

function progress(what: string, report: Report): () => void {
  const since = systemClock.now();
  const seconds = (): number => Math.round((systemClock.now() - since) / 1000);
  let cancel = (): void => {};
  const again = (): void => {
    cancel = systemClock.after(30_000, () => {
      report(`  still building, ${seconds()} s`);
      again();
    });
  };
  report(what);
  again();
  return () => {
    cancel();
    report(`  done in ${seconds()} s`);
  };
}
