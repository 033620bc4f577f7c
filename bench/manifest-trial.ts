/** The life of one manifest under the operator: applied, idle, changed, edited by hand, healed, pruned, gone. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { getObject, managedDigest } from '#kube';
import { healthOf } from '#health';
import { mapBounded } from '#runtime';
import { editOf, isBack, ready, sendEdit, until, type Found } from '#testing';
import type { Stage } from './manifest-stage.ts';

export interface Trial {
  readonly name: string;
  readonly path: string;
  readonly idleMs: number;
  /** How long objects may take to get ready before the stack fails over them. */
  readonly timeoutMs: number;
}

export interface TrialResult {
  readonly name: string;
  readonly objects: number;
  readonly kinds: number;
  readonly appliedSeconds: number;
  readonly requests: number;
  readonly unready: readonly string[];
  readonly idle: readonly string[];
  readonly changed: readonly string[];
  readonly edits: number;
  readonly healedSeconds: number;
  readonly unhealed: readonly string[];
  readonly idleAfterEdits: readonly string[];
  readonly prunedSeconds: number;
  readonly leftovers: readonly string[];
  /** Objects deleted after the first definition or namespace. */
  readonly outOfOrder: readonly string[];
  readonly residentMiB: number;
}

const withinMs = 120_000;
const healWithinMs = 60_000;
const atOnce = 8;

/** @throws Error when a step does not come to an end in time, with what the stack says. */
export async function tryManifest(stage: Stage, trial: Trial): Promise<TrialResult> {
  const { name, idleMs, timeoutMs } = trial;
  await stage.copy(trial.path, name);
  await stage.commit(`Add ${name}`);
  const start = (await stage.requests()).length;
  const started = performance.now();
  await stage.stack(name, `timeout: ${timeoutMs / 1000}s, allowEmpty: true`);
  await untilStack(stage, name, 'is applied', ({ status }) => status?.applied !== undefined);
  const appliedSeconds = secondsSince(started);
  await untilSettled(stage, name);
  const requests = (await stage.quiet()) - start;
  const found = await ownObjects(stage, name);
  const idle = await idleRequests(stage, idleMs);
  const changed = await changeOne(stage, trial);
  const healed = await editAll(stage, name, found);
  await untilSettled(stage, name);
  await stage.quiet();
  const idleAfterEdits = await idleRequests(stage, idleMs / 3);
  const residentMiB = Math.round((await stage.metric('process_resident_memory_bytes')) / 2 ** 20);
  const pruned = await prune(stage, name);
  return {
    name,
    objects: found.length,
    kinds: new Set(found.map(({ object }) => object.kind)).size,
    appliedSeconds,
    requests,
    unready: found.flatMap(({ object }) => {
      const health = healthOf(object);
      return health.status === 'current' ? [] : [`${titleOf({ object })}: ${health.message}`];
    }),
    idle,
    changed,
    edits: found.length,
    ...healed,
    idleAfterEdits,
    ...pruned,
    residentMiB,
  };
}

const secondsSince = (started: number): number => Math.round((performance.now() - started) / 10) / 100;

/** Controllers copy labels, from a Service to its Endpoints, say: ours are the objects that we applied. */
const ownObjects = async (stage: Stage, stack: string): Promise<Found[]> =>
  (await stage.objectsOf(stack)).filter(({ object }) => managedDigest(object) !== '');

const titleOf = ({ object }: Pick<Found, 'object'>): string =>
  `${object.kind} ${object.metadata.namespace === undefined ? '' : `${object.metadata.namespace}/`}${object.metadata.name}`;

type StackObject = NonNullable<Awaited<ReturnType<Stage['get']>>>;

function untilStack(stage: Stage, name: string, what: string, check: (stack: StackObject) => boolean): Promise<true> {
  return until(
    `stack ${name} ${what}`,
    async () => {
      const stack = await stage.get(name);
      return stack !== undefined && check(stack) ? true : undefined;
    },
    withinMs,
  ).catch(async (error: unknown) => {
    const { status } = (await stage.get(name)) ?? {};
    throw new Error(
      `${String(error)}; it says ${JSON.stringify(status?.conditions)}, ${JSON.stringify(status?.failures)}`,
    );
  });
}

/** Ready, or failed over objects that do not get ready on this control plane. */
const untilSettled = (stage: Stage, name: string): Promise<true> =>
  untilStack(stage, name, 'is settled', (stack) => {
    const condition = ready(stack);
    return condition?.status === 'True' || condition?.reason === 'HealthFailed';
  });

async function idleRequests(stage: Stage, idleMs: number): Promise<string[]> {
  const { length: before } = await stage.requests();
  await sleep(idleMs);
  return (await stage.requests()).slice(before);
}

/** Commits an annotation on one object; what the Change says of it. */
async function changeOne(stage: Stage, { name }: Trial): Promise<string[]> {
  const file = await firstManifest(join(stage.world.repository.folder, name));
  const documents = parseAllDocuments(await readFile(file, 'utf8'));
  const document = documents.find((each) => each.hasIn(['metadata', 'name']));
  document?.setIn(['metadata', 'annotations', 'trial.example.com/changed'], 'by a commit');
  const path = file.slice(stage.world.repository.folder.length + 1);
  const text = documents.map((each) => `---\n${each.toString({ directives: false })}`).join('');
  const commit = await stage.commit(`Change one object of ${name}`, { [path]: text });
  await untilStack(stage, name, 'has applied the change', ({ status }) => status?.applied?.commit === commit);
  await untilSettled(stage, name);
  await stage.quiet();
  const { body } = await stage.world.transport.request<{
    items: { spec: { commit: { sha: string }; objects: { object: string; action: string; fields?: string[] }[] } }[];
  }>({ method: 'GET', path: '/apis/plumbline.dev/v1alpha1/changes' });
  return body.items
    .filter(({ spec }) => spec.commit.sha === commit)
    .flatMap(({ spec }) => spec.objects)
    .map(({ object, action, fields = [] }) => `${object} ${action}: ${fields.join(', ')}`);
}

async function firstManifest(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((each) => /\.ya?ml$/.test(each)).sort();
  for (const each of names) if ((await stat(join(folder, each))).isFile()) return join(folder, each);
  throw new Error(`${folder} holds no YAML file`);
}

/** Edits every object by hand, all within a few seconds, and waits until each is back. */
async function editAll(
  stage: Stage,
  stack: string,
  found: readonly Found[],
): Promise<{ healedSeconds: number; unhealed: string[] }> {
  const { transport } = stage.world;
  const unhealed: string[] = [];
  const started = performance.now();
  const live = await ownObjects(stage, stack);
  await mapBounded(live, atOnce, async ({ object, resource }) => {
    const { name, namespace } = object.metadata;
    const edit = editOf(object);
    try {
      await sendEdit(transport, resource, object, edit);
      await until(
        'the edit is undone',
        async () => (isBack(await getObject({ transport, resource, name, namespace }), edit) ? true : undefined),
        healWithinMs,
      );
    } catch (error) {
      unhealed.push(`${titleOf({ object })} ${edit.pointer}: ${String(error)}`);
    }
  });
  const gone = found.length - live.length;
  if (gone > 0) unhealed.push(`${gone} objects were gone before they could be edited`);
  return { healedSeconds: secondsSince(started), unhealed };
}

/** Takes everything out of Git, then deletes the stack. */
async function prune(
  stage: Stage,
  name: string,
): Promise<Pick<TrialResult, 'prunedSeconds' | 'leftovers' | 'outOfOrder'>> {
  const { length: before } = await stage.requests();
  const started = performance.now();
  const commit = await stage.commit(`Remove ${name}`, {
    [name]: null,
    [`${name}/README.md`]: 'Nothing is left here\n',
  });
  await untilStack(
    stage,
    name,
    'has pruned everything',
    (stack) => stack.status?.applied?.commit === commit && ready(stack)?.status === 'True',
  );
  const prunedSeconds = secondsSince(started);
  const deletes = (await stage.requests()).slice(before).filter((request) => request.startsWith('DELETE'));
  await stage.deleteStack(name);
  await until(`stack ${name} is gone`, async () => ((await stage.get(name)) === undefined ? true : undefined));
  return { prunedSeconds, leftovers: await leftovers(stage, name), outOfOrder: outOfOrder(deletes) };
}

/** What still carries the label once controllers have had their time to follow: copies of labels go a little later. */
async function leftovers(stage: Stage, name: string): Promise<string[]> {
  let left: Found[] = [];
  await until(
    'nothing is left',
    async () => ((left = await stage.objectsOf(name)).length === 0 ? true : undefined),
    healWithinMs / 2,
  ).catch(() => undefined);
  return left.map(titleOf);
}

const definition = /\/(customresourcedefinitions\/|api\/v1\/namespaces\/)[^/]+ \d+$/;

function outOfOrder(deletes: readonly string[]): string[] {
  const objects = deletes.filter((request) => !request.includes('/plumbline.dev/'));
  const first = objects.findIndex((request) => definition.test(request));
  return first < 0 ? [] : objects.slice(first).filter((request) => !definition.test(request));
}
