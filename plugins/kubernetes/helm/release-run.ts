/** Installs, upgrades and uninstalls a release by helm, which waits for its objects unless it is told not to. */
import { asFailure, failure } from '#runtime';
import { reveal, secretTexts, type ValueMap } from '../property.ts';
import { flagOf, valueArguments, wishOf } from './arguments.ts';
import { fetchChart, given, type LocalChart } from './chart.ts';
import { textOf, type Helm } from './helm.ts';
import { markName, type ReleaseName } from './release-state.ts';

export interface ReleaseWish {
  readonly release: ReleaseName;
  readonly inputs: ValueMap;
  readonly timeoutMs: number | undefined;
  /** Label that says whose it is. */
  readonly mark: string | undefined;
}

/** helm's flag for each option that is a mere yes. */
const flags = {
  install: {
    atomic: '--atomic',
    createNamespace: '--create-namespace',
    dependencyUpdate: '--dependency-update',
    disableOpenapiValidation: '--disable-openapi-validation',
    disableWebhooks: '--no-hooks',
    renderSubchartNotes: '--render-subchart-notes',
    replace: '--replace',
    skipCrds: '--skip-crds',
    takeOwnership: '--take-ownership',
  },
  upgrade: {
    atomic: '--atomic',
    cleanupOnFail: '--cleanup-on-fail',
    dependencyUpdate: '--dependency-update',
    disableCRDHooks: '--no-hooks',
    disableOpenapiValidation: '--disable-openapi-validation',
    disableWebhooks: '--no-hooks',
    forceUpdate: '--force',
    renderSubchartNotes: '--render-subchart-notes',
    resetValues: '--reset-values',
    reuseValues: '--reuse-values',
    skipCrds: '--skip-crds',
    takeOwnership: '--take-ownership',
  },
} as const;

/** @throws Failure ToolFailed with what helm says; the release may be there all the same. */
export async function install(helm: Helm, wish: ReleaseWish): Promise<void> {
  await change(helm, 'install', wish);
}

/** @throws Failure ToolFailed with what helm says */
export async function upgrade(helm: Helm, wish: ReleaseWish): Promise<void> {
  const { inputs } = wish;
  const maxHistory = reveal(inputs['maxHistory'] ?? null);
  // The official provider keeps all revisions where the program says nothing.
  await change(helm, 'upgrade', wish, ['--history-max', typeof maxHistory === 'number' ? String(maxHistory) : '0']);
}

async function change(
  helm: Helm,
  verb: 'install' | 'upgrade',
  wish: ReleaseWish,
  more: readonly string[] = [],
): Promise<void> {
  const { release, inputs, mark } = wish;
  const chart = await fetchChart(helm, await wishOf(helm, inputs));
  const values = await valueArguments(helm, inputs);
  const secrets = secretTexts(inputs);
  if (verb === 'upgrade' && flagOf(inputs['lint'])) await lint(helm, chart, values, secrets);
  const wanted = Object.entries(flags[verb]).flatMap(([key, flag]) => (flagOf(inputs[key]) ? [flag] : []));
  await helm.runInCluster({
    args: [
      verb,
      release.name,
      chart.path,
      '--namespace',
      release.namespace,
      ...values,
      ...new Set(wanted),
      ...waitArguments(wish),
      ...given('--description', textOf(inputs['description'])),
      ...given('--post-renderer', textOf(inputs['postrender'])),
      ...given('--labels', mark === undefined ? undefined : `${markName}=${mark}`),
      ...(chart.own && flagOf(inputs['verify']) ? ['--verify', ...given('--keyring', textOf(inputs['keyring']))] : []),
      ...more,
    ],
    timeoutMs: longest(wish),
    secrets,
  });
}

async function lint(
  helm: Helm,
  chart: LocalChart,
  values: readonly string[],
  secrets: readonly string[],
): Promise<void> {
  await helm.run({ args: ['lint', chart.path, '--quiet', ...values], secrets });
}

/** What is not there is as good as uninstalled. @throws Failure ToolFailed */
export async function uninstall(helm: Helm, wish: ReleaseWish): Promise<void> {
  const { release, inputs } = wish;
  const waits = flagOf(inputs['atomic']) || !flagOf(inputs['skipAwait']);
  const wait = waits ? ['--wait', '--timeout', `${timeoutSeconds(wish)}s`] : [];
  const args = ['uninstall', release.name, '--namespace', release.namespace, '--ignore-not-found', ...wait];
  await helm.runInCluster({ args, timeoutMs: longest(wish) });
}

/**
 * How a release in this status becomes what is wished. An operation that was cut off is taken back, since helm takes it
 * for one that still goes on; nobody else runs the stack of an operator, whose state is locked.
 * @throws Failure ToolFailed at a desk, where somebody else may be at work
 */
export async function nextVerb(
  helm: Helm,
  wish: ReleaseWish,
  status: string | undefined,
): Promise<'install' | 'upgrade'> {
  if (status === undefined || status === 'uninstalled') return 'install';
  const isBegun = status === 'pending-install' || status === 'uninstalling';
  if (!isBegun && !status.startsWith('pending-')) return 'upgrade';
  const { release, mark } = wish;
  if (mark === undefined) throw pending(release, status, isBegun ? 'uninstall' : 'rollback');
  if (isBegun) {
    await uninstall(helm, wish);
    return 'install';
  }
  const args = ['rollback', release.name, '--namespace', release.namespace];
  await helm.runInCluster({ args, timeoutMs: longest(wish) });
  return 'upgrade';
}

const pending = ({ namespace, name }: ReleaseName, status: string, verb: string): Error =>
  failure('ToolFailed', {
    where: `release ${namespace}/${name}`,
    what: `it is ${status}: another helm is at work, or was cut off`,
    remedy: `if none is at work, run \`helm ${verb} ${name} --namespace ${namespace}\` and try again`,
  });

function waitArguments(wish: ReleaseWish): string[] {
  const { inputs } = wish;
  const time = ['--timeout', `${timeoutSeconds(wish)}s`];
  if (flagOf(inputs['skipAwait'])) return time;
  return [...time, '--wait', ...(flagOf(inputs['waitForJobs']) ? ['--wait-for-jobs'] : [])];
}

function timeoutSeconds({ inputs, timeoutMs }: ReleaseWish): number {
  const own = reveal(inputs['timeout'] ?? null);
  if (timeoutMs !== undefined) return Math.ceil(timeoutMs / 1000);
  return typeof own === 'number' && own > 0 ? own : 300;
}

/** helm's time-out is that of each step: hooks before, objects, hooks after, and as much again to roll back. */
const longest = (wish: ReleaseWish): number => (timeoutSeconds(wish) * 4 + 60) * 1000;

/** For a message that says which release it is about. */
export const messageOf = ({ namespace, name }: ReleaseName, error: unknown): string =>
  `release ${namespace}/${name}: ${asFailure(error).message}`;
