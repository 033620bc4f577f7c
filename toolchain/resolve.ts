/** Gets every program that is asked for: from this machine, else downloaded, else built. */
import { mkdir } from 'node:fs/promises';
import { Failure, failure } from '#runtime';
import { build, groupsOf } from './build.ts';
import { cacheFolder, withLock, type Report } from './cache.ts';
import { Downloads } from './download.ts';
import { find, type Found } from './find.ts';
import { platformOf } from './release.ts';
import { tools, type Tool, type ToolName } from './tools.ts';

export type Resolved<N extends ToolName = ToolName> = Readonly<Record<N, Found>>;

export interface ResolveOptions {
  /** Where progress goes; standard error when not given. */
  readonly report?: Report;
}

const toStandardError: Report = (line) => void process.stderr.write(`toolchain: ${line}\n`);

/**
 * The path, version and origin of each named program, getting those that are missing.
 * Throws ToolUnavailable, with one sentence on what is missing, when one can be had in no way.
 */
export async function resolveTools<N extends ToolName>(
  names: readonly N[],
  { report = toStandardError }: ResolveOptions = {},
): Promise<Resolved<N>> {
  const found = new Map<ToolName, Found>();
  await findAll(names, found);
  if (names.some((name) => !found.has(name))) {
    await withLock('toolchain', report, async () => {
      // Somebody else may have filled the cache while we waited for the lock.
      await findAll(names, found);
      await obtain(
        names.filter((name) => !found.has(name)).map((name) => tools[name]),
        found,
        report,
      );
    });
  }
  const entries = names.map((name) => [name, found.get(name)] as const);
  // Everything missing has thrown by now, so each entry is there.
  return Object.fromEntries(entries) as Resolved<N>;
}

/** The paths alone, by name. */
export async function toolPaths<N extends ToolName>(
  names: readonly N[],
  options: ResolveOptions = {},
): Promise<Readonly<Record<N, string>>> {
  const resolved = await resolveTools(names, options);
  const paths = names.map((name) => [name, resolved[name].path] as const);
  return Object.fromEntries(paths) as Readonly<Record<N, string>>;
}

async function findAll(names: readonly ToolName[], found: Map<ToolName, Found>): Promise<void> {
  const wanted = names.filter((name) => !found.has(name));
  const results = await Promise.all(wanted.map((name) => find(tools[name])));
  for (const [at, name] of wanted.entries()) {
    const result = results[at];
    if (result !== undefined) found.set(name, result);
  }
}

async function obtain(missing: readonly Tool[], found: Map<ToolName, Found>, report: Report): Promise<void> {
  if (missing.length === 0) return;
  await mkdir(cacheFolder(), { recursive: true });
  const downloads = new Downloads(platformOf(process.platform, process.arch));
  const rest: Tool[] = [];
  for (const tool of missing) {
    const downloaded = await downloads.download(tool, report);
    if (downloaded === undefined) rest.push(tool);
    else found.set(tool.name, downloaded);
  }
  if (rest.length > 0 && downloads.offline) report('no release server answers; building from the Go module proxy');
  for (const group of groupsOf(rest)) {
    const built = await build(group, report).catch((error: unknown) => {
      throw missingProgram(group, error);
    });
    for (const [at, tool] of group.entries()) {
      const result = built[at];
      if (result !== undefined) found.set(tool.name, result);
    }
  }
}

function missingProgram(group: readonly Tool[], cause: unknown): Failure {
  const names = group.map(({ name, version }) => `${name} ${version}`).join(', ');
  const why = cause instanceof Failure ? cause.message : String(cause);
  return failure(
    'ToolUnavailable',
    {
      what: `${names} is not on this machine, no release could be downloaded, and the build failed (${why})`,
      remedy:
        'put a fitting version on PATH or into KUBEBUILDER_ASSETS, or install Go 1.26 or newer and run `npm run toolchain` again',
    },
    { cause },
  );
}
