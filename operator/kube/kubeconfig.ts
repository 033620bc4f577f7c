/** Reads a kubeconfig as client-go does: where the API server is, and how to log in there. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { load } from 'js-yaml';
import { failure, type Failure } from '#runtime';
import type { ClusterConfig } from './config.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Entries {
  readonly clusters: ReadonlyMap<string, Fields>;
  readonly users: ReadonlyMap<string, Fields>;
  readonly contexts: ReadonlyMap<string, Fields>;
  readonly current: string;
}

export interface KubeconfigChoice {
  /** A path, several as in KUBECONFIG, or the content itself. */
  readonly kubeconfig: string;
  readonly context?: string | undefined;
  /** Another cluster than that of the context. */
  readonly cluster?: string | undefined;
}

/** Where kubectl looks when nobody says where; undefined when it is not there. */
export function homeKubeconfig(): string | undefined {
  const file = join(homedir(), '.kube', 'config');
  return existsSync(file) ? file : undefined;
}

/** @throws Failure ApiUnavailable naming the file */
export async function fromKubeconfig(choice: KubeconfigChoice): Promise<ClusterConfig> {
  const where = isContent(choice.kubeconfig) ? 'kubeconfig' : choice.kubeconfig;
  const entries = await readEntries(choice.kubeconfig);
  const context = choice.context ?? entries.current;
  const { cluster: clusterName, user: userName, namespace } = entries.contexts.get(context) ?? {};
  const cluster = entries.clusters.get(choice.cluster ?? String(clusterName));
  if (cluster === undefined) {
    const what = choice.cluster === undefined ? `context ${context} names no cluster` : `no cluster ${choice.cluster}`;
    throw failure('ApiUnavailable', {
      where,
      what,
      remedy: choice.cluster === undefined ? 'give --context' : 'correct the name',
    });
  }
  const user = entries.users.get(String(userName)) ?? {};
  const [ca, cert, key] = await Promise.all([
    pem(cluster, 'certificate-authority'),
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
  ]);
  return {
    server: String(cluster['server']),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ca,
    cert,
    key,
    servername: text(cluster['tls-server-name']),
    namespace: text(namespace),
    ...(await login(user, cluster)),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** A token stays as it is or is read anew; for plugins client-node is loaded, which takes half a second. */
async function login(user: Fields, cluster: Fields): Promise<Partial<ClusterConfig>> {
  const [token, file] = [text(user['token']), text(user['tokenFile'])];
  if (file !== undefined) return { token: async () => (await readFile(file, 'utf8')).trim() };
  if (token !== undefined) return { token: () => token };
  if (user['exec'] === undefined && user['auth-provider'] === undefined) return { token: undefined };
  const { loginOfPlugin } = await import('./kubeconfig-plugin.ts');
  return loginOfPlugin(user, cluster);
}

const isContent = (given: string): boolean => given.includes('\n') || given.trimStart().startsWith('{');

/** Of several files, the first that has a name decides what it means; files that are not there count as empty. */
async function readEntries(given: string): Promise<Entries> {
  if (isContent(given)) return entriesOf(parse(given, 'kubeconfig'), process.cwd());
  const files = given.split(delimiter).filter((file) => file !== '');
  const all: Entries[] = [];
  for (const file of files) {
    const path = file.startsWith('~/') ? join(homedir(), file.slice(2)) : file;
    const content = await readFile(path, 'utf8').catch((error: unknown) => {
      if (files.length > 1 && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw notKubeconfig(file, error);
    });
    if (content !== '') all.push(entriesOf(parse(content, file), dirname(path)));
  }
  const merged = (key: 'clusters' | 'users' | 'contexts'): Map<string, Fields> =>
    new Map(all.toReversed().flatMap((entries) => [...entries[key]]));
  const current = all.find((entries) => entries.current !== '')?.current ?? '';
  return { clusters: merged('clusters'), users: merged('users'), contexts: merged('contexts'), current };
}

function parse(content: string, where: string): Fields {
  try {
    const parsed: unknown = load(content);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Fields;
  } catch (error) {
    throw notKubeconfig(where, error);
  }
  throw notKubeconfig(where, 'no map');
}

function notKubeconfig(where: string, error: unknown): Failure {
  const found = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
  const remedy = 'give the path of a kubeconfig with --kubeconfig';
  return failure('ApiUnavailable', { where, what: 'not a kubeconfig', found, remedy }, { cause: error });
}

const ofFiles = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

function entriesOf(config: Fields, folder: string): Entries {
  const named = (list: string, inner: string): Map<string, Fields> => {
    const items = (Array.isArray(config[list]) ? config[list] : []) as readonly Fields[];
    return new Map(items.map((item) => [String(item['name']), absolute((item[inner] ?? {}) as Fields, folder)]));
  };
  return {
    clusters: named('clusters', 'cluster'),
    users: named('users', 'user'),
    contexts: named('contexts', 'context'),
    current: text(config['current-context']) ?? '',
  };
}

/** Paths are relative to the folder of their file. */
function absolute(fields: Fields, folder: string): Fields {
  const paths = ofFiles.flatMap((key) => {
    const path = text(fields[key]);
    return path === undefined || isAbsolute(path) ? [] : [[key, join(folder, path)] as const];
  });
  return paths.length === 0 ? fields : { ...fields, ...Object.fromEntries(paths) };
}

async function pem(fields: Fields, key: string): Promise<string | undefined> {
  const data = text(fields[`${key}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(fields[key]);
  return file === undefined
    ? undefined
    : readFile(file, 'utf8').catch((error: unknown) => Promise.reject(notKubeconfig(file, error)));
}
