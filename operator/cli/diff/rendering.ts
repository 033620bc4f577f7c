/** Renders stacks from a tree of this machine as the operator would from Git: the same export, the same engine. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackKind, validateObject, type GitSourceSpec, type Stack } from '#api';
import { manifestsEngine, type Engine } from '#engines';
import { asFailure, createLog, failure, systemClock, Failure } from '#runtime';
import { RevisionStore, type Snapshot } from '#source';
import type { Rendered, Revision } from '#values';
import type { Cluster } from '../cluster.ts';
import { idOf } from '../own-objects.ts';
import { complete, sourceIdOf, type Choice } from './choice.ts';

export interface RenderedStack {
  readonly stack: Stack;
  /** False for the peers of what the diff is about. */
  readonly chosen: boolean;
  /** The change brings the stack along, or changes its spec. */
  readonly changes?: 'new' | 'spec';
  readonly rendered: Rendered | Failure;
  /** As the source would export it; absent where it could not be. */
  readonly revision?: Revision | undefined;
}

export interface RenderingOptions {
  readonly cluster: Cluster;
  readonly snapshot: Snapshot;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Stacks may bring stacks: so deep are they followed. */
const deepest = 10;
const exportWithin = '10m';

/** By `namespace/name`. What fails to render stands there as the failure. */
export async function renderAll(choice: Choice, options: RenderingOptions): Promise<Map<string, RenderedStack>> {
  const render = renderer(choice, options);
  const all = new Map<string, RenderedStack>();
  const put = async (item: Omit<RenderedStack, 'rendered'>): Promise<void> =>
    void all.set(idOf(item.stack), { ...item, ...(await render(item.stack)) });
  for (const stack of choice.chosen) await put({ stack, chosen: true });
  for (const stack of choice.peers) await put({ stack, chosen: false });
  const sources = new Set([...choice.chosen, ...choice.peers].map(sourceIdOf));
  for (let depth = 0; depth < deepest; depth += 1) {
    const offered = [...all.values()].flatMap(stacksIn).filter((stack) => sources.has(sourceIdOf(stack)));
    const news = offered.flatMap((stack) => newsOf(stack, all.get(idOf(stack)), choice.follows));
    if (news.length === 0) break;
    for (const item of news) await put(item);
  }
  return all;
}

const stacksIn = ({ rendered, stack }: RenderedStack): Stack[] =>
  'objects' in rendered
    ? rendered.objects
        .filter(({ object }) => object.apiVersion === stackKind.apiVersion && object.kind === stackKind.kind)
        // A stack that is written wrongly is refused itself; what it would own is not known.
        .filter(({ object }) => validateObject(stackKind, object).length === 0)
        .map(({ object }) => complete(object, stackKind, stack.metadata.namespace ?? '') as unknown as Stack)
    : [];

/** A stack as the change leaves it, where that is not how it was rendered. */
function newsOf(stack: Stack, before: RenderedStack | undefined, follows: boolean): Omit<RenderedStack, 'rendered'>[] {
  if (before === undefined) return follows ? [{ stack, chosen: true, changes: 'new' }] : [];
  // What Git leaves out may have been set by others (`plumbline suspend`); it stays.
  const spec = { ...stack.spec, suspend: before.stack.spec.suspend };
  const changed = JSON.stringify(sorted(spec)) !== JSON.stringify(sorted(before.stack.spec));
  return changed ? [{ ...before, stack: { ...before.stack, spec }, changes: before.changes ?? 'spec' }] : [];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

/** The error; where the disk is full, with what helps at a desk, where no operator has a data folder. */
export function atDesk(error: unknown): unknown {
  if (!(error instanceof Failure) || error.reason !== 'DiskFull') return error;
  const remedy = `make room in ${tmpdir()}, or set TMPDIR to a folder that has some`;
  return failure('DiskFull', { ...error.parts, remedy }, { cause: error });
}

type Render = (stack: Stack) => Promise<Pick<RenderedStack, 'rendered' | 'revision'>>;

function renderer(choice: Choice, options: RenderingOptions): Render {
  const engine: Engine = manifestsEngine(options.cluster.discovery);
  const store = new RevisionStore({
    folder: join(options.folder, 'store'),
    clock: systemClock,
    log: createLog({ level: 'error', clock: systemClock }),
    environment: options.environment,
  });
  const revisions = new Map<string, Promise<Revision>>();
  return async (stack) => {
    const id = sourceIdOf(stack);
    const exporting = revisions.get(id) ?? exported(store, id, choice.sources.get(id)?.spec, options);
    revisions.set(id, exporting);
    let revision: Revision | undefined;
    try {
      revision = await exporting;
      // What a program makes is known when it is run.
      if (stack.spec.engine === 'pulumi') return { rendered: noObjects(stack), revision };
      return { rendered: await engine.render({ stack, revision, signal: options.signal }), revision };
    } catch (error) {
      options.signal.throwIfAborted();
      return { rendered: asFailure(atDesk(error)), revision };
    }
  };
}

const noObjects = ({ spec }: Stack): Failure =>
  failure('CommandInvalid', {
    where: spec.path,
    what: 'a Pulumi program has no objects to be compared before it is run',
    remedy: 'run `plumbline preview`',
  });

/** What the source would export of the snapshot. */
async function exported(
  store: RevisionStore,
  key: string,
  source: GitSourceSpec | undefined,
  { snapshot, signal }: RenderingOptions,
): Promise<Revision> {
  const { ignore, sparsePaths } = source ?? {};
  const spec: GitSourceSpec = {
    url: snapshot.url,
    ref: { branch: snapshot.branch },
    interval: exportWithin,
    timeout: exportWithin,
    submodules: false,
    suspend: false,
    ...(ignore === undefined ? {} : { ignore }),
    ...(sparsePaths === undefined ? {} : { sparsePaths }),
  };
  const { revision } = await store.fetchRevision({ key, spec, signal });
  if (source?.submodules !== true || revision.treeOf('.gitmodules') === undefined) return revision;
  throw failure('CommandInvalid', {
    where: `GitSource ${key}`,
    what: 'the source exports submodules, which a diff of a local tree can not',
    remedy: 'look at the stack after the commit with `plumbline status`',
  });
}
