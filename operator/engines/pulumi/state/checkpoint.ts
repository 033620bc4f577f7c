/** Reads the checkpoint that the Pulumi engine keeps of a stack: its resources, and what their secrets are sealed with. */
import { failure } from '#runtime';
import type { StateResource } from '../values.ts';
import { isCheckpoint, type StateFile } from './folder.ts';

export interface Checkpoint {
  readonly version: number;
  readonly features?: readonly string[];
  readonly checkpoint: { readonly stack?: string; readonly latest?: Deployment | null };
}

export interface Deployment {
  readonly manifest?: { readonly time?: string };
  readonly secrets_providers?: { readonly type?: string; readonly state?: { readonly salt?: string } };
  readonly resources?: readonly StoredResource[] | null;
  readonly pending_operations?: readonly { readonly resource: StoredResource; readonly type: string }[] | null;
}

interface StoredResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly parent?: string;
  readonly dependencies?: readonly string[] | null;
  readonly outputs?: Readonly<Record<string, unknown>> | null;
  readonly delete?: boolean;
}

/** Version of checkpoints that this engine writes; a newer one is nothing that we could read. */
const newestVersion = 3;

/** @throws Failure StateCorrupt saying of which file */
export function parseCheckpoint(text: string, where: string): Checkpoint {
  const parsed = parseJson(text, where);
  const { version, checkpoint } = parsed as Partial<Checkpoint>;
  if (typeof version !== 'number' || typeof checkpoint !== 'object' || checkpoint === null)
    throw corrupt(where, 'no checkpoint of Pulumi', 'version and checkpoint');
  assertReadable(version, where);
  return parsed as Checkpoint;
}

/** What `pulumi stack export` gives, and `pulumi stack import` takes. */
export interface Export {
  readonly version: number;
  readonly features?: readonly string[];
  readonly deployment: Deployment;
}

/** @throws Failure StateCorrupt saying of what */
export function parseExport(text: string, where: string): Export {
  const parsed = parseJson(text, where) as Partial<Export>;
  const { version, deployment } = parsed;
  if (typeof version !== 'number' || typeof deployment !== 'object' || deployment === null)
    throw corrupt(where, 'no export of a Pulumi stack', 'version and deployment');
  assertReadable(version, where);
  return parsed as Export;
}

function assertReadable(version: number, where: string): void {
  if (version <= newestVersion) return;
  throw corrupt(where, `a state of version ${version}`, `one up to ${newestVersion}; use a newer Plumbline`);
}

function parseJson(text: string, where: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below, without what the parser quotes of the state.
  }
  throw corrupt(where, 'text that is no JSON object', 'a checkpoint of Pulumi');
}

const corrupt = (where: string, found: string, expected: string): Error =>
  failure('StateCorrupt', { where, what: 'the state cannot be read', expected, found, remedy: 'restore or import it' });

/** What the state says of how its secrets are sealed with a passphrase. */
export const saltOf = ({ secrets_providers: provider }: Deployment): string[] =>
  provider?.state?.salt === undefined ? [] : [provider.state.salt];

/** Of all checkpoints. @throws Failure StateCorrupt */
export const deploymentsIn = (files: readonly StateFile[]): Deployment[] =>
  files
    .filter(isCheckpoint)
    .map(({ path, bytes }) => parseCheckpoint(bytes.toString('utf8'), path).checkpoint.latest ?? {});

/** What is there, and what was being made or changed when the engine was killed. */
export function resourcesOf({ resources, pending_operations: pending }: Deployment): StateResource[] {
  const hanging = new Map((pending ?? []).map(({ resource }) => [resource.urn, resource]));
  const stored = (resources ?? []).map((resource) => stateResource(resource, hanging.delete(resource.urn)));
  return [...stored, ...[...hanging.values()].map((resource) => stateResource(resource, true))];
}

const stateResource = (stored: StoredResource, pending: boolean): StateResource => ({
  urn: stored.urn,
  type: stored.type,
  id: stored.id ?? '',
  parent: stored.parent,
  dependencies: stored.dependencies ?? [],
  outputs: stored.outputs ?? {},
  pending,
  replaced: stored.delete === true,
});
