/** What a cluster must be for Plumbline, whatever is installed in it. */
import { apiFailure } from '#kube';
import { mapBounded, systemClock } from '#runtime';
import { isAllowed, type Access } from '../access.ts';
import type { Cluster } from '../cluster.ts';
import { components, readInstallation, resourceOf } from '../installation.ts';

export interface Check {
  readonly ok: boolean;
  readonly what: string;
  /** What to do; only where something is not ok. */
  readonly remedy?: string;
}

const oldest = { major: 1, minor: 30 };
const largestSkewMs = 30_000;
const reviewsAtOnce = 16;

/** `now` is the time of the API server, in milliseconds. @throws Failure when it does not answer */
export async function clusterChecks(cluster: Cluster): Promise<{ checks: Check[]; now: number }> {
  const version = await ask<{ readonly gitVersion: string }>(cluster, 'GET', '/version');
  const asked = systemClock.now();
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const self = await ask<Self>(cluster, 'POST', path, body);
  const now = Date.parse(self.metadata.creationTimestamp);
  const kinds = await Promise.all(needed.map((kind) => servedCheck(cluster, kind)));
  const who = { ok: true, what: `the API server knows you as ${self.status.userInfo.username}` };
  return { checks: [versionCheck(version.gitVersion), who, skewCheck(now - asked), ...kinds], now };
}

interface Self {
  readonly metadata: { readonly creationTimestamp: string };
  readonly status: { readonly userInfo: { readonly username: string } };
}

async function ask<T>({ transport }: Cluster, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  const verb = method === 'GET' ? 'get' : 'create';
  return transport.request<T>({ method, path, body }).then(
    (answer) => answer.body,
    (error: unknown) => {
      throw apiFailure(error, { verb });
    },
  );
}

export function versionCheck(gitVersion: string): Check {
  const [major = 0, minor = 0] = /^v(\d+)\.(\d+)/.exec(gitVersion)?.slice(1).map(Number) ?? [];
  const ok = major > oldest.major || (major === oldest.major && minor >= oldest.minor);
  const what = `Kubernetes ${gitVersion}`;
  return ok ? { ok, what } : { ok, what, remedy: `upgrade it to ${oldest.major}.${oldest.minor} or newer` };
}

/** The server's time has whole seconds. */
export function skewCheck(ms: number): Check {
  const ok = Math.abs(ms) <= largestSkewMs;
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (ok) return { ok, what: 'the clocks of this machine and the API server agree' };
  const what = `the clock of the API server is ${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} that of this machine`;
  return { ok, what, remedy: 'set both by NTP' };
}

const needed = [
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
];

async function servedCheck(cluster: Cluster, { apiVersion, kind }: (typeof needed)[number]): Promise<Check> {
  const ok = (await resourceOf(cluster, { apiVersion, kind, metadata: { name: '' } })) !== undefined;
  const what = `${kind} of ${apiVersion} is ${ok ? '' : 'not '}served`;
  return ok ? { ok, what } : { ok, what, remedy: 'switch this API on in the API server' };
}

/** Whether you may create and change what `plumbline install` applies. */
export async function rightsToInstall(cluster: Cluster): Promise<Check> {
  const wanted: Access[] = [];
  for (const object of await readInstallation(components)) {
    const resource = await resourceOf(cluster, object);
    const { name, namespace } = object.metadata;
    if (resource === undefined) continue;
    const place = { group: resource.group, resource: resource.plural, name, ...(namespace && { namespace }) };
    wanted.push({ ...place, verb: 'create' }, { ...place, verb: 'patch' });
  }
  return rights(cluster, 'you may install Plumbline', wanted);
}

/** One line for many rights; those that lack are named. `user` is who they are asked for. */
export async function rights(cluster: Cluster, what: string, wanted: readonly Access[], user?: string): Promise<Check> {
  const answers = await mapBounded(wanted, reviewsAtOnce, (access) => isAllowed(cluster, access, user));
  const missing = wanted.filter((_, index) => answers[index] !== true).map(named);
  if (missing.length === 0) return { ok: true, what };
  const few = [...new Set(missing)].slice(0, 5).join(', ');
  const remedy = user === undefined ? 'ask an administrator' : 'run `plumbline install --components rbac`';
  return { ok: false, what: `${what}: not so, ${missing.length} rights of ${wanted.length} lack (${few})`, remedy };
}

const named = ({ verb, group, resource, subresource }: Access): string =>
  `${verb} ${[resource, subresource].filter(Boolean).join('/')}${group === '' ? '' : `.${group}`}`;
