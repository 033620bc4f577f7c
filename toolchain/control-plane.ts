/** A real control plane on loopback: etcd, kube-apiserver with TLS and RBAC, and what makes Deployments become pods. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Transport, type ClusterConfig, type KubeObject } from '#kube';
import { failure } from '#runtime';
import { createAuthority, createSigningKey } from './certificates.ts';
import { startProgram, type RunningProgram } from './processes.ts';
import { toolPaths } from './resolve.ts';

export interface ControlPlaneOptions {
  /** Holds everything: certificates, etcd's data, logs. */
  readonly folder: string;
  /** Also starts controller manager, scheduler and kwok with one node, so that pods become Ready. */
  readonly workloads?: boolean;
}

export interface ControlPlane {
  readonly server: string;
  /** For administrators. */
  readonly config: ClusterConfig;
  /** Path of a kubeconfig for administrators. */
  readonly kubeconfig: string;
  readonly transport: Transport;
  /** Ends the API server and starts it again on the same port, with the same data. */
  restartApiServer(): Promise<void>;
  /** Loses the cluster: everything stops, etcd's data is gone, a fresh and empty cluster starts at the same address. */
  lose(): Promise<void>;
  /** Writes a kubeconfig for a ServiceAccount, with a token from TokenRequest. */
  kubeconfigFor(namespace: string, account: string): Promise<string>;
  stop(): Promise<void>;
}

const kubernetesTools = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const;
const readyWithinMs = 15_000;

export async function startControlPlane({ folder, workloads = false }: ControlPlaneOptions): Promise<ControlPlane> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tools = await toolPaths(kubernetesTools);
  const [certificates, ports] = await Promise.all([writeCertificates(folder), freePorts(5)]);
  const token = randomBytes(16).toString('hex');
  const cluster = new LocalCluster({ folder, tools, certificates, ports, token, workloads });
  await cluster.start();
  return cluster;
}

interface Parts {
  readonly folder: string;
  readonly tools: Readonly<Record<(typeof kubernetesTools)[number], string>>;
  readonly certificates: Certificates;
  readonly ports: readonly number[];
  readonly token: string;
  readonly workloads: boolean;
}

class LocalCluster implements ControlPlane {
  readonly server: string;
  readonly kubeconfig: string;
  readonly #parts: Parts;
  #etcd: RunningProgram | undefined;
  #apiServer: RunningProgram | undefined;
  #others: RunningProgram[] = [];
  #config: ClusterConfig | undefined;
  #transport: Transport | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.server = `https://127.0.0.1:${parts.ports[0]}`;
    this.kubeconfig = join(parts.folder, 'kubeconfig');
  }

  get config(): ClusterConfig {
    if (this.#config === undefined) throw failure('ApiUnavailable', { what: 'the control plane has not started' });
    return this.#config;
  }

  get transport(): Transport {
    return (this.#transport ??= new Transport(this.config));
  }

  async start(): Promise<void> {
    const { folder, certificates, token, workloads } = this.#parts;
    const ca = await readFile(certificates.ca, 'utf8');
    this.#config = { server: this.server, ca, token: () => token };
    await writeFile(join(folder, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    await this.#writeKubeconfig(this.kubeconfig, token);
    await this.#startEtcd();
    await this.#startApiServer();
    if (workloads) await this.#startWorkloads();
  }

  async restartApiServer(): Promise<void> {
    await this.#apiServer?.kill();
    await this.#startApiServer();
  }

  async lose(): Promise<void> {
    await this.#stopPrograms();
    await rm(join(this.#parts.folder, 'etcd'), { recursive: true, force: true });
    await this.#startEtcd();
    await this.#startApiServer();
    if (this.#parts.workloads) await this.#startWorkloads();
  }

  async kubeconfigFor(namespace: string, account: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 86_400 } };
    const answer = await this.transport.request<{ status: { token: string } }>({ method: 'POST', path, body });
    const file = join(this.#parts.folder, `${namespace}-${account}.kubeconfig`);
    await this.#writeKubeconfig(file, answer.body.status.token);
    return file;
  }

  async stop(): Promise<void> {
    await this.#transport?.close();
    await this.#stopPrograms();
    await rm(join(this.#parts.folder, 'etcd'), { recursive: true, force: true });
  }

  async #stopPrograms(): Promise<void> {
    await Promise.all(this.#others.map((program) => program.kill()));
    this.#others = [];
    await this.#apiServer?.kill();
    await this.#etcd?.kill();
  }

  async #startEtcd(): Promise<void> {
    const { folder, tools, ports } = this.#parts;
    const client = `http://127.0.0.1:${ports[1]}`;
    this.#etcd = this.#start('etcd', tools.etcd, [
      `--data-dir=${join(folder, 'etcd')}`,
      // A cluster that lives for minutes need not survive a power cut.
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=http://127.0.0.1:${ports[2]}`,
    ]);
  }

  async #startApiServer(): Promise<void> {
    const { folder, tools, ports, certificates } = this.#parts;
    this.#apiServer = this.#start('kube-apiserver', tools['kube-apiserver'], [
      `--etcd-servers=http://127.0.0.1:${ports[1]}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports[0]}`,
      `--tls-cert-file=${certificates.cert}`,
      `--tls-private-key-file=${certificates.key}`,
      `--client-ca-file=${certificates.ca}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${certificates.accountKey}`,
      `--service-account-signing-key-file=${certificates.accountKey}`,
      '--service-cluster-ip-range=10.0.0.0/24',
    ]);
    await this.#untilReady();
  }

  async #startWorkloads(): Promise<void> {
    const { tools, ports, certificates } = this.#parts;
    const kubeconfig = `--kubeconfig=${this.kubeconfig}`;
    this.#others = [
      this.#start('kube-controller-manager', tools['kube-controller-manager'], [
        kubeconfig,
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        `--secure-port=${ports[3]}`,
        `--service-account-private-key-file=${certificates.accountKey}`,
        `--root-ca-file=${certificates.ca}`,
      ]),
      this.#start('kube-scheduler', tools['kube-scheduler'], [kubeconfig, '--leader-elect=false', '--bind-address=127.0.0.1', `--secure-port=${ports[4]}`]),
      this.#start('kwok', tools.kwok, [kubeconfig, '--manage-all-nodes=true', '--node-lease-duration-seconds=40']),
    ];
    await this.transport.request<KubeObject>({ method: 'POST', path: '/api/v1/nodes', body: node });
  }

  #start(name: string, path: string, args: readonly string[]): RunningProgram {
    return startProgram({ name, path, args, logFile: join(this.#parts.folder, `${name}.log`) });
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + readyWithinMs;
    for (;;) {
      try {
        await this.#ask('/readyz');
        // The default namespace comes a moment after readiness.
        await this.#ask('/api/v1/namespaces/default');
        return;
      } catch (cause) {
        if (Date.now() > deadline || this.#apiServer?.exited()) {
          const remedy = `read ${this.#parts.folder}/kube-apiserver.log`;
          throw failure('ApiUnavailable', { what: 'kube-apiserver did not become ready', remedy }, { cause });
        }
      }
      await sleep(50);
    }
  }

  async #ask(path: string): Promise<void> {
    await this.transport.request({ method: 'GET', path, signal: AbortSignal.timeout(2000) });
  }

  async #writeKubeconfig(file: string, token: string): Promise<void> {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'local', cluster: { server: this.server, 'certificate-authority': this.#parts.certificates.ca } }],
      users: [{ name: 'user', user: { token } }],
      contexts: [{ name: 'local', context: { cluster: 'local', user: 'user' } }],
      'current-context': 'local',
    };
    await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  }
}

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-0', annotations: { 'kwok.x-k8s.io/node': 'fake' }, labels: { 'kubernetes.io/hostname': 'node-0', type: 'kwok' } },
  status: { allocatable: { cpu: '32', memory: '256Gi', pods: '1100' }, capacity: { cpu: '32', memory: '256Gi', pods: '1100' } },
};

interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Signs and checks service account tokens. */
  readonly accountKey: string;
}

/** Writes what the API server needs for TLS and tokens; the paths of the files. */
async function writeCertificates(folder: string): Promise<Certificates> {
  const authority = createAuthority('plumbline-local');
  const server = authority.issue('kube-apiserver', ['127.0.0.1', 'localhost']);
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  return {
    ca: await write('ca.crt', authority.certificate),
    cert: await write('server.crt', server.certificate),
    key: await write('server.key', server.key),
    accountKey: await write('account.key', createSigningKey().privateKey),
  };
}

/** Ports that are free now; held together until all are known, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
