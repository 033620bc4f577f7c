/** A real Kubernetes control plane on loopback: etcd, API server with TLS and RBAC, and on request what makes pods run. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transport, type ClusterConfig } from '#kube';
import { failure, systemClock } from '#runtime';
import type { Report } from './cache.ts';
import { createCredentials, kubeconfigText, writeSecret, type Credentials, type User } from './credentials.ts';
import { createNode } from './fake-node.ts';
import { freePorts, untilReady } from './loopback.ts';
import { removeAtEnd, startProcess, type RunningProcess } from './processes.ts';
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  schedulerArguments,
} from './program-arguments.ts';
import { resolveTools, type Resolved } from './resolve.ts';
import type { ToolName } from './tools.ts';

export interface ControlPlaneOptions {
  /** Everything is written below this folder; etcd's data is removed at the end. */
  readonly folder: string;
  /** Deployments, garbage collection, quotas, namespaces; implied by `kwok`. */
  readonly controllerManager?: boolean;
  /** A scheduler and one fake node, on which pods become Ready. */
  readonly kwok?: boolean;
  readonly log?: Report;
}

const readyWithinMs = 60_000;
const accountWithinMs = 10_000;

/** Resolves the programs, starts them, and comes back when the API server is ready (about 3 s). */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, kwok = false, controllerManager = kwok, log } = options;
  const names: ToolName[] = ['etcd', 'kube-apiserver'];
  if (controllerManager || kwok) names.push('kube-controller-manager');
  if (kwok) names.push('kube-scheduler', 'kwok');
  const programs = await resolveTools(names, log === undefined ? {} : { report: log });
  await mkdir(folder, { recursive: true });
  const credentials = await createCredentials(join(folder, 'credentials'));
  const [api = 0, etcdClient = 0, etcdPeer = 0] = await freePorts(3);
  const controlPlane = new ControlPlane({ folder, programs, credentials, ports: { api, etcdClient, etcdPeer }, names });
  removeAtEnd(join(folder, 'etcd'));
  try {
    await controlPlane.start();
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return controlPlane;
}

interface Parts {
  readonly folder: string;
  readonly programs: Resolved;
  readonly credentials: Credentials;
  readonly ports: { readonly api: number; readonly etcdClient: number; readonly etcdPeer: number };
  readonly names: readonly ToolName[];
}

/** A running control plane. It ends with this process at the latest, however this process ends. */
export class ControlPlane {
  readonly server: string;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** A token of the group system:masters. */
  readonly token: string;
  /** Path of a kubeconfig with that token. */
  readonly kubeconfig: string;
  readonly folder: string;
  readonly #parts: Parts;
  readonly #running = new Map<ToolName, RunningProcess>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.folder = parts.folder;
    this.server = `https://127.0.0.1:${parts.ports.api}`;
    this.ca = parts.credentials.ca;
    this.token = parts.credentials.tokens.admin;
    this.kubeconfig = join(parts.folder, 'kubeconfig');
  }

  /** For #kube's Transport, as administrator. */
  get adminConfig(): ClusterConfig {
    return this.configFor(this.token);
  }

  /** For #kube's Transport, as the owner of `token`. */
  configFor(token: string): ClusterConfig {
    return { server: this.server, ca: this.ca, token: () => token };
  }

  /** Process ids by program, for tests that look whether something is left. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#running].map(([name, { pid }]) => [name, pid]));
  }

  /** Starts what is not running, and waits until the API server is ready. */
  async start(): Promise<void> {
    await writeSecret(this.kubeconfig, kubeconfigText(this));
    const { ports, credentials, folder } = this.#parts;
    await this.#launch('etcd', etcdArguments(folder, ports));
    await this.startApiServer();
    if (this.#wants('kube-controller-manager')) {
      const kubeconfig = await this.#kubeconfigOf('controllerManager');
      await this.#launch('kube-controller-manager', controllerManagerArguments(kubeconfig, credentials.files));
    }
    if (this.#wants('kube-scheduler')) {
      await this.#launch('kube-scheduler', schedulerArguments(await this.#kubeconfigOf('scheduler')));
    }
    if (this.#wants('kwok')) {
      await this.withTransport(createNode);
      const kubeconfig = await this.#kubeconfigOf('kwok');
      await this.#launch('kwok', [
        '--kubeconfig',
        kubeconfig,
        '--config',
        join(import.meta.dirname, 'kwok-stages.yaml'),
        '--manage-all-nodes',
        '--node-lease-duration-seconds=40',
      ]);
    }
  }

  /** Starts the API server on the same port and data, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    const { ports, credentials } = this.#parts;
    await this.#launch('kube-apiserver', apiServerArguments(ports, credentials.files));
    const check = async (): Promise<void> => {
      for (const process of this.#running.values()) await process.check();
    };
    const { server, ca, token } = this;
    await untilReady({ server, ca, token, withinMs: readyWithinMs, check });
  }

  /** SIGKILL by default: open connections are cut in the middle. */
  async stopApiServer(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#end('kube-apiserver', signal);
  }

  /** Stops the API server and starts it again, with `down` run in between. */
  async restartApiServer(down: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.stopApiServer();
    await down();
    await this.startApiServer();
  }

  /** The cluster is lost: every program is stopped and etcd's data removed; the addresses and credentials stay. */
  async wipe(): Promise<void> {
    await this.#endAll();
    await rm(join(this.folder, 'etcd'), { recursive: true, force: true });
  }

  /** Loses the cluster and starts an empty one at the same address. */
  async replace(): Promise<void> {
    await this.wipe();
    await this.start();
  }

  /** Stops everything and removes etcd's data; the logs and the kubeconfig stay in the folder. */
  async stop(): Promise<void> {
    await this.wipe();
  }

  /** A token of a ServiceAccount, asked of the API server (TokenRequest). The account may still be on its way. */
  async serviceAccountToken(namespace: string, name: string, seconds = 86_400): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: seconds } };
    const since = systemClock.now();
    return this.withTransport(async (transport) => {
      for (;;) {
        try {
          const answer = await transport.request<{ status: { token: string } }>({ method: 'POST', path, body });
          return answer.body.status.token;
        } catch (cause) {
          if (systemClock.now() - since > accountWithinMs) {
            const where = `ServiceAccount/${namespace}/${name}`;
            throw failure('ToolFailed', { what: 'no token could be had', where }, { cause });
          }
        }
        await systemClock.sleep(25);
      }
    });
  }

  /** Writes a kubeconfig of a ServiceAccount into the folder, and hands back its path. */
  async kubeconfigFor(namespace: string, name: string): Promise<string> {
    const token = await this.serviceAccountToken(namespace, name);
    const file = join(this.folder, `${namespace}-${name}.kubeconfig`);
    await writeSecret(file, kubeconfigText({ server: this.server, ca: this.ca, token, namespace }));
    return file;
  }

  /** Runs `work` with an administrator's connection that is closed afterwards. */
  async withTransport<T>(work: (transport: Transport) => Promise<T>): Promise<T> {
    const transport = new Transport(this.adminConfig, { connections: 1 });
    try {
      return await work(transport);
    } finally {
      await transport.close();
    }
  }

  #wants(name: ToolName): boolean {
    return this.#parts.names.includes(name);
  }

  async #kubeconfigOf(user: User): Promise<string> {
    const file = join(this.folder, 'credentials', `${user}.kubeconfig`);
    const token = this.#parts.credentials.tokens[user];
    await writeSecret(file, kubeconfigText({ server: this.server, ca: this.ca, token }));
    return file;
  }

  async #launch(name: ToolName, args: readonly string[]): Promise<void> {
    if (this.#running.get(name)?.running === true) return;
    const logFile = join(this.folder, `${name}.log`);
    const program = this.#parts.programs[name].path;
    this.#running.set(name, await startProcess({ name, program, args, logFile }));
  }

  async #end(name: ToolName, signal: NodeJS.Signals): Promise<void> {
    await this.#running.get(name)?.stop(signal);
    this.#running.delete(name);
  }

  async #endAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name, 'SIGKILL')));
  }
}
