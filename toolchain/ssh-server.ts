/** A real OpenSSH server on loopback that lets one key in, for repositories over ssh; installed when it is missing. */
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { failure } from '#runtime';
import { run } from './command.ts';
import { freePorts, untilListening } from './loopback.ts';
import { startProcess } from './processes.ts';

/** The path of sshd. @throws Failure ToolUnavailable when it is missing and cannot be installed */
export async function resolveSshd(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const found = await findSshd(env);
  if (found !== undefined) return found;
  // Told not to start the service: only the program is wanted.
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }, timeoutMs: 300_000 };
  const install = (): Promise<string> =>
    run('apt-get', ['install', '--yes', '--no-install-recommends', 'openssh-server'], options);
  await install()
    .catch(async () => {
      await run('apt-get', ['update'], options);
      return install();
    })
    .catch((cause: unknown) => {
      throw failure(
        'ToolUnavailable',
        {
          what: 'sshd is not on this machine and could not be installed',
          remedy: 'install the package openssh-server',
        },
        { cause },
      );
    });
  const installed = await findSshd(env);
  if (installed !== undefined) return installed;
  throw failure('ToolUnavailable', { what: 'openssh-server is installed and brought no sshd' });
}

/** sshd must be started by its absolute path, and administrators' folders are not on everybody's PATH. */
async function findSshd({ PATH = '' }: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of [...PATH.split(delimiter).filter(Boolean), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(folder, 'sshd');
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

export interface SshKey {
  readonly privateKey: string;
  readonly publicKey: string;
}

export interface SshServer extends AsyncDisposable {
  /** Beginning of the address of every repository; an absolute path follows. */
  readonly url: string;
  /** The line of known_hosts that holds the server's key. */
  readonly knownHosts: string;
  /** The key that is let in. */
  readonly key: SshKey;
}

export async function createSshKey(): Promise<SshKey> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-ssh-key-'));
  try {
    const file = join(folder, 'key');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'plumbline', '-f', file]);
    return { privateKey: await readFile(file, 'utf8'), publicKey: (await readFile(`${file}.pub`, 'utf8')).trim() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts sshd as the user that runs this, who is also the one that logs in. */
export async function startSshServer(): Promise<SshServer> {
  const program = await resolveSshd();
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-sshd-'));
  const [host, key, [port = 0]] = await Promise.all([createSshKey(), createSshKey(), freePorts(1)]);
  await writeFile(join(folder, 'host_key'), host.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'authorized_keys'), `${key.publicKey}\n`, { mode: 0o600 });
  const config = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: join(folder, 'host_key'),
    AuthorizedKeysFile: join(folder, 'authorized_keys'),
    PidFile: 'none',
    // The folder of the keys lies below /tmp, where others may write.
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
  };
  const lines = Object.entries(config).map(([name, value]) => `${name} ${value}\n`);
  await writeFile(join(folder, 'sshd_config'), lines.join(''));
  // Compiled into sshd, which insists on it when it is started by root.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const args = ['-D', '-e', '-f', join(folder, 'sshd_config')];
  const server = await startProcess({ name: 'sshd', program, args, logFile: join(folder, 'log') });
  await untilListening(port, () => server.check());
  const [type = '', id = ''] = host.publicKey.split(' ');
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    knownHosts: `[127.0.0.1]:${port} ${type} ${id}\n`,
    key,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
