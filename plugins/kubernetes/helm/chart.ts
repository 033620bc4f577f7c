/** Brings a chart to this machine: from a folder or archive, a repository (by address or name), or an OCI registry. */
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { readYaml } from '#render';
import { failure } from '#runtime';
import type { Helm } from './helm.ts';

export interface ChartWish {
  readonly chart: string;
  /** A version or a range; the newest when undefined. */
  readonly version: string | undefined;
  /** Pre-releases too. */
  readonly devel: boolean;
  readonly repository: Repository;
  readonly verify: boolean;
  readonly keyring: string | undefined;
  readonly plainHttp: boolean;
}

/** All of it may be undefined: then helm's own settings say where the chart is. */
export interface Repository {
  /** Address, or a name of helm's own settings. */
  readonly repo: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

export interface LocalChart {
  /** Of the folder or archive. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
  readonly deprecated: boolean;
  /** `application` or `library`. */
  readonly type: string;
  /** Lies in the program's own folders: its content may change under the same version. */
  readonly own: boolean;
}

/** @throws Failure PathNotFound, ToolUnavailable, ToolFailed with what helm says */
export async function fetchChart(helm: Helm, wish: ChartWish): Promise<LocalChart> {
  const own = wish.repository.repo === undefined && (await isChart(wish.chart));
  if (!own) assertNoPath(wish);
  const path = own ? wish.chart : await pull(helm, wish);
  const shown = await helm.run({ args: ['show', 'chart', path] });
  const [document] = readYaml(shown, `${wish.chart}: Chart.yaml`);
  const text = (key: string, fallback = ''): string => {
    const value = ((document?.value ?? {}) as Record<string, unknown>)[key];
    return typeof value === 'string' ? value : fallback;
  };
  return {
    path,
    own,
    name: text('name'),
    version: text('version'),
    appVersion: text('appVersion'),
    type: text('type', 'application'),
    deprecated: /^deprecated: true$/m.test(shown),
  };
}

async function isChart(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  return found.isFile() || (await stat(join(path, 'Chart.yaml')).catch(() => undefined)) !== undefined;
}

function assertNoPath({ chart, repository }: ChartWish): void {
  if (repository.repo !== undefined || !(isAbsolute(chart) || chart.startsWith('.'))) return;
  throw failure('PathNotFound', {
    where: chart,
    what: 'there is no chart',
    expected: 'a folder with Chart.yaml, or an archive, relative to the folder of the program',
    remedy: 'correct chart, or say in repositoryOpts where it is',
  });
}

const repositoryName = 'repository';

async function pull(helm: Helm, wish: ChartWish): Promise<string> {
  const { folder } = helm.workspace;
  const { version, devel, verify, keyring, repository, plainHttp } = wish;
  const place = await placeOf(helm, wish);
  const secrets = [repository.password ?? ''];
  await helm.run({
    args: [
      'pull',
      place.chart,
      '--destination',
      folder,
      ...given('--version', version ?? (devel ? '>0.0.0-0' : undefined)),
      ...(verify ? ['--verify', ...given('--keyring', keyring)] : []),
      ...(plainHttp ? ['--plain-http'] : []),
      ...place.args,
    ],
    secrets,
  });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw failure('ToolFailed', { where: 'helm pull', what: `${wish.chart} was not fetched` });
  return join(folder, archive);
}

interface ChartPlace {
  readonly chart: string;
  readonly args: readonly string[];
}

/** Credentials go through files, since other users can read the arguments of a program. */
async function placeOf(helm: Helm, { chart, repository }: ChartWish): Promise<ChartPlace> {
  const { repo, caFile, certFile, keyFile } = repository;
  const files = [...given('--ca-file', caFile), ...given('--cert-file', certFile), ...given('--key-file', keyFile)];
  if (/^(oci|https?):\/\//.test(chart))
    return { chart, args: [...files, ...(await registryLogin(helm, chart, repository))] };
  if (repo === undefined) return { chart, args: files };
  if (/^oci:\/\//.test(repo))
    return placeOf(helm, { chart: `${repo.replace(/\/$/, '')}/${chart}`, repository } as ChartWish);
  if (!/^[a-z]+:\/\//.test(repo)) return { chart: chart.includes('/') ? chart : `${repo}/${chart}`, args: files };
  const entry = { name: repositoryName, url: repo, ...repository, repo: undefined };
  const settings = await helm.workspace.file(
    'repositories.yaml',
    JSON.stringify({ apiVersion: '', repositories: [entry] }),
  );
  const args = ['--repository-config', settings, '--repository-cache', join(helm.workspace.folder, 'cache')];
  // Without this flag helm succeeds, and complains later of a cache that is not there.
  const update = ['repo', 'update', '--fail-on-repo-update-fail', ...args];
  await helm.run({ args: update, secrets: [repository.password ?? ''] });
  return { chart: `${repositoryName}/${chart}`, args };
}

async function registryLogin(helm: Helm, chart: string, { username, password }: Repository): Promise<string[]> {
  if (username === undefined || password === undefined) return [];
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const content = JSON.stringify({ auths: { [new URL(chart).host]: { auth } } });
  return ['--registry-config', await helm.workspace.file('registry.json', content)];
}

export const given = (flag: string, value: string | undefined): string[] => (value === undefined ? [] : [flag, value]);
