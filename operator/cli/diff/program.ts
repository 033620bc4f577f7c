/** The plan of a Pulumi program, made on this machine: by its `pulumi`, with the state and the inputs that are in the cluster. */
import { mkdir } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { stackKind, type Stack } from '#api';
import { readConfig } from '#config';
import { createDependencies, shippedPackages } from '#dependencies';
import {
  gatherInputs,
  inputObjects,
  liveOf,
  outputStacks,
  previewOnce,
  type OperationOptions,
  type PreviewRequest,
} from '#engines';
import { apiFailure, getObject, managedDigest, parseKey, type KubeObject, type ObjectKey } from '#kube';
import { createRunner } from '#run';
import { createLog, createMetrics, failure, mapBounded, systemClock, type Log } from '#runtime';
import { createStateStore } from '#state';
import type { Inventory, ProposedChange, Revision } from '#values';
import type { Cluster } from '../cluster.ts';
import { resourceOf } from '../installation.ts';

export interface ProgramOptions {
  readonly cluster: Cluster;
  /** Holds what is needed on disk for as long as the tree is looked at. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly owned: Inventory;
  readonly signal: AbortSignal;
}

const concurrency = 16;

/**
 * Takes the lock of the state meanwhile, and changes nothing. Whoever asks must be allowed to read what the stack is given
 * and its state, and to create tokens of its ServiceAccount. @throws Failure
 */
export async function previewProgram(
  stack: Stack,
  revision: Revision,
  options: ProgramOptions,
): Promise<ProposedChange[]> {
  const { cluster, owned, signal } = options;
  if (stack.status?.applied === undefined && stack.spec.pulumi?.backend === undefined)
    throw failure('CommandInvalid', {
      what: 'the stack has no state yet, and the first one is the operator’s to make',
      remedy: 'give it `approval: {mode: manual}`, and look at its first plan with `plumbline plan show`',
    });
  const folder = join(options.folder, 'program');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const inputs = await inputsOf(stack, cluster);
  const { namespace = '' } = stack.metadata;
  const name = stack.spec.serviceAccountName ?? readConfig([], {}).defaultServiceAccount;
  const live = await liveObjects([...owned.keys()], options);
  await using parts = await operationOptions(folder, options);
  return await previewOnce(
    parts.options,
    {
      ...{ stack, revision, inputs, owned, account: { namespace, name }, discovery: cluster.discovery },
      live,
      planFile: join(folder, 'plan.json'),
    },
    { signal, log: quiet(), tell: () => undefined },
  );
}

const quiet = (): Log => createLog({ level: 'error', clock: systemClock });

async function operationOptions(
  folder: string,
  { cluster, environment }: ProgramOptions,
): Promise<{ readonly options: OperationOptions } & AsyncDisposable> {
  const { transport, discovery, config } = cluster;
  const clock = systemClock;
  const { PATH = '', ...wayOut } = environment;
  const dependencies = await createDependencies({
    ...{ folder: join(folder, 'packages'), clock, environment },
    maxBytes: Infinity,
    shipped: shippedPackages(),
  });
  const programs = { path: PATH.split(delimiter), environment: wayOut };
  return {
    options: {
      runner: createRunner({ folder, transport, discovery, cluster: config, clock, programs, dependencies }),
      states: createStateStore({
        ...{ transport, clock, log: quiet(), folder: join(folder, 'state') },
        identity: `${userInfo().username}@${hostname()} (plumbline preview)`,
        pulumi: { program: 'pulumi', environment },
      }),
      folder,
      // Nobody reads them.
      metrics: createMetrics(),
      // The tree is there until all is done.
      hold: () => ({ [Symbol.dispose]: () => undefined }),
    },
    [Symbol.asyncDispose]: () => dependencies[Symbol.asyncDispose](),
  };
}

/** What the program is given, read with the rights of who asks. */
async function inputsOf(stack: Stack, cluster: Cluster): Promise<ReturnType<typeof gatherInputs>> {
  const stacks = new Map<string, Stack>();
  for (const id of outputStacks(stack)) {
    const [namespace = '', name = ''] = id.split('/');
    const found = await read(cluster, { ...stackKind, metadata: { name, namespace } });
    if (found !== undefined) stacks.set(id, found as unknown as Stack);
  }
  const stackOf = (id: string): Stack | undefined => stacks.get(id);
  const objects = new Map<ObjectKey, KubeObject | undefined>();
  for (const key of inputObjects(stack, stackOf)) {
    const { kind, namespace = '', name } = parseKey(key);
    objects.set(key, await read(cluster, { apiVersion: 'v1', kind, metadata: { name, namespace } }));
  }
  const object = (key: ObjectKey): KubeObject => {
    const found = objects.get(key);
    if (found !== undefined) return found;
    throw failure('ValueNotFound', { what: `${key} does not exist`, remedy: 'create it, or correct spec.pulumi' });
  };
  return gatherInputs(stack, { object, stack: stackOf });
}

async function read(cluster: Cluster, wanted: KubeObject): Promise<KubeObject | undefined> {
  const { namespace = '', name } = wanted.metadata;
  const resource = await resourceOf(cluster, wanted);
  if (resource === undefined) return undefined;
  return getObject({ transport: cluster.transport, resource, namespace, name }).catch((error: unknown) => {
    throw apiFailure(error, { verb: 'get', key: `${wanted.kind}/${namespace}/${name}` });
  });
}

/** As the operator's watches show them. */
async function liveObjects(
  keys: readonly ObjectKey[],
  { cluster, signal }: ProgramOptions,
): Promise<PreviewRequest['live']> {
  const { transport, discovery } = cluster;
  const live = new Map<ObjectKey, KubeObject | undefined>();
  const look = async (key: ObjectKey): Promise<void> =>
    void live.set(key, await liveOf(key, { transport, discovery, as: undefined, signal }));
  await mapBounded(keys, concurrency, look, { signal });
  return {
    get: (key) => {
      const object = live.get(key);
      return object === undefined ? undefined : { uid: object.metadata.uid ?? '', seen: managedDigest(object) };
    },
  };
}
