/** What the control plane's programs and their users log in with: keys, certificates, tokens, kubeconfig files. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, createSigningKey } from './certificates.ts';

export const users = {
  admin: { user: 'plumbline-admin', group: 'system:masters' },
  controllerManager: { user: 'system:kube-controller-manager', group: '' },
  scheduler: { user: 'system:kube-scheduler', group: '' },
  kwok: { user: 'kwok', group: 'system:masters' },
} as const;
export type User = keyof typeof users;

export interface Credentials {
  /** The authority's certificate, PEM. */
  readonly ca: string;
  readonly tokens: Readonly<Record<User, string>>;
  /** Files in the folder, by use. */
  readonly files: {
    readonly ca: string;
    readonly serverCertificate: string;
    readonly serverKey: string;
    readonly tokens: string;
    readonly accountKey: string;
    readonly accountPublicKey: string;
  };
}

/** Creates everything anew and writes it into `folder`, readable by its owner only. */
export async function createCredentials(folder: string): Promise<Credentials> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = createAuthority('plumbline-ca');
  // 10.96.0.1 is the address of the Service `kubernetes` in every cluster.
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', '127.0.0.1', '10.96.0.1'];
  const server = authority.issue('kube-apiserver', names);
  const accounts = createSigningKey();
  const token = (): string => randomBytes(24).toString('base64url');
  const tokens = { admin: token(), controllerManager: token(), scheduler: token(), kwok: token() };
  const rows = Object.entries(users).map(([name, { user, group }]) => {
    const secret = tokens[name as User];
    return group === '' ? `${secret},${user},${user}` : `${secret},${user},${user},"${group}"`;
  });
  const files = {
    ca: join(folder, 'ca.crt'),
    serverCertificate: join(folder, 'server.crt'),
    serverKey: join(folder, 'server.key'),
    tokens: join(folder, 'tokens.csv'),
    accountKey: join(folder, 'accounts.key'),
    accountPublicKey: join(folder, 'accounts.pub'),
  };
  await Promise.all([
    writeSecret(files.ca, authority.certificate),
    writeSecret(files.serverCertificate, server.certificate),
    writeSecret(files.serverKey, server.key),
    writeSecret(files.tokens, `${rows.join('\n')}\n`),
    writeSecret(files.accountKey, accounts.privateKey),
    writeSecret(files.accountPublicKey, accounts.publicKey),
  ]);
  return { ca: authority.certificate, tokens, files };
}

export async function writeSecret(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
}

export interface KubeconfigParts {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
  readonly namespace?: string;
}

/** A kubeconfig in JSON, which is YAML too. */
export function kubeconfigText({ server, ca, token, namespace }: KubeconfigParts): string {
  const name = 'plumbline';
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
