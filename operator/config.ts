/** Every flag and environment variable of the operator, read once into one frozen object. */
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { podService } from '#kube';

export interface Config {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** `host:port` of the API server in the cluster's network, as Kubernetes tells every pod. */
  readonly service: string | undefined;
  /** Namespace of the operator: its Lease and Events. */
  readonly namespace: string;
  /** Folder for Git mirrors, exported trees and rendered revisions. */
  readonly dataFolder: string;
  readonly probeAddress: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Stacks reconciled at once. */
  readonly concurrency: number;
  /** Connections to the API server, which bounds requests in flight. */
  readonly connections: number;
  /** ServiceAccount, in the stack's namespace, of stacks that name none. */
  readonly defaultServiceAccount: string;
  readonly allowCrossNamespace: boolean;
  readonly leaderElection: boolean;
  /** Name of this process in the Lease. */
  readonly identity: string;
  /** Memory that the runs of the Pulumi engine may take together; 0 lets none begin. */
  readonly pulumiMemoryMiB: number;
  /** What git and ssh get of this process's environment: where programs are, and the way out. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  /** Bundle that replaces the system's for https Git servers without `ca.crt` of their own. */
  readonly gitCaFile: string | undefined;
  /** The same bundle, as programs in Go and in Node take it: npm, pulumi, helm. */
  readonly trust: Readonly<Record<string, string>>;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** @throws TypeError naming the flag that is unknown or malformed. */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Config {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true });
  const level = levels.find((name) => name === values['log-level']);
  if (level === undefined)
    throw new TypeError(`--log-level: expected ${levels.join(', ')}, found ${values['log-level']}`);
  return Object.freeze({
    kubeconfig: values.kubeconfig ?? env['KUBECONFIG'],
    context: values.context,
    service: podService(env),
    namespace: values.namespace ?? env['POD_NAMESPACE'] ?? 'plumbline-system',
    dataFolder: values['data-folder'] ?? env['PLUMBLINE_DATA'] ?? join(tmpdir(), 'plumbline'),
    probeAddress: values['probe-address'],
    logLevel: level,
    concurrency: positive('concurrency', values.concurrency),
    connections: positive('connections', values.connections),
    defaultServiceAccount: values['default-service-account'],
    allowCrossNamespace: values['allow-cross-namespace'],
    leaderElection: !values['no-leader-election'],
    identity: env['POD_NAME'] ?? `plumbline-${process.pid}`,
    pulumiMemoryMiB:
      values['pulumi-memory'] === undefined ? memoryForRuns() : positive('pulumi-memory', values['pulumi-memory']),
    gitEnvironment: Object.freeze(gitEnvironment(env)),
    gitCaFile: env['SSL_CERT_FILE'] || undefined,
    trust: Object.freeze(trust(env)),
  });
}

const flags = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string' },
  'data-folder': { type: 'string' },
  'probe-address': { type: 'string', default: ':8080' },
  'log-level': { type: 'string', default: 'info' },
  concurrency: { type: 'string', default: '16' },
  connections: { type: 'string', default: '32' },
  'default-service-account': { type: 'string', default: 'default' },
  'allow-cross-namespace': { type: 'boolean', default: false },
  'pulumi-memory': { type: 'string' },
  'no-leader-election': { type: 'boolean', default: false },
} as const;

/** What the operator itself, its watches, its git and npm processes are left. */
const ownMiB = 512;

/** Of the container, or of the machine where nothing bounds the process. */
function memoryForRuns(): number {
  const bound = process.constrainedMemory();
  const bytes = bound > 0 ? Math.min(bound, totalmem()) : totalmem();
  return Math.max(0, Math.floor(bytes / 2 ** 20) - ownMiB);
}

const proxies = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** In lower case, which is the one spelling that curl knows of `http_proxy`. */
function gitEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = { PATH: env['PATH'] ?? defaultPath };
  for (const name of proxies) {
    const value = env[name.toLowerCase()] ?? env[name];
    if (value !== undefined) found[name.toLowerCase()] = value;
  }
  return found;
}

/** Node adds a bundle of its own variable to those that it brings; without one, what git trusts is trusted. */
function trust({ SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: extra }: NodeJS.ProcessEnv): Record<string, string> {
  const added = extra || file;
  return { ...(file ? { SSL_CERT_FILE: file } : {}), ...(added ? { NODE_EXTRA_CA_CERTS: added } : {}) };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`--${flag}: expected a whole number above 0, found ${text}`);
  return value;
}
