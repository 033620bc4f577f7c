/** A state that is kept elsewhere, by URL: the engine itself reads and writes it, the Lease guards it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, failure, runProgram, type Clock, type ProgramResult } from '#runtime';
import { isDead, locksIn } from '../run/engine-locks.ts';
import { masking } from '../run/mask.ts';
import type { Backend, StateResource, StateSession } from '../values.ts';
import { passwordsIn, withoutPassword } from './backend-url.ts';
import { parseExport, resourcesOf, type Deployment } from './checkpoint.ts';
import type { StateLock } from './lock.ts';

export interface RemoteState {
  readonly clock: Clock;
  /** The program. */
  readonly pulumi: string;
  readonly url: string;
  /** `organization/project/stack` */
  readonly pulumiStack: string;
  /** Credentials that the stack names, and where programs are. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values of it that nobody may see. */
  readonly secrets: readonly string[];
}

const timeoutMs = 120_000;
const mostBytes = 256 * 1024 * 1024;

/** The state as it is now; undefined when there is none. @throws Failure BackendFailed with what the engine said, StateCorrupt */
export async function exportRemote(state: RemoteState, signal?: AbortSignal): Promise<Deployment | undefined> {
  const { code, stdout, stderr } = await ask(state, ['stack', 'export', '--stack', state.pulumiStack], signal);
  if (code === 0) return parseExport(stdout, state.pulumiStack).deployment;
  const listed = await ask(state, ['stack', 'ls', '--all', '--json'], signal);
  if (listed.code !== 0) throw unusable(state, listed.stderr);
  const stacks = JSON.parse(listed.stdout) as readonly { readonly name: string }[];
  if (stacks.some(({ name }) => name === state.pulumiStack)) throw unusable(state, stderr);
  return undefined;
}

/** Takes the empty stack out of the backend; the engine refuses while it holds resources. @throws Failure BackendFailed */
export async function removeRemote(state: RemoteState, signal: AbortSignal): Promise<void> {
  if ((await exportRemote(state, signal)) === undefined) return;
  const { code, stderr } = await ask(state, ['stack', 'rm', '--yes', '--stack', state.pulumiStack], signal);
  if (code !== 0) throw unusable(state, stderr);
}

/** What a run left that died with its process. The caller has the Lease, so no run of ours is alive. */
export async function removeDeadLocks(
  state: RemoteState,
  dead: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (state.url.startsWith('file://')) return removeLockFiles(state, dead);
  if (dead === undefined) return;
  await cancel(state, signal);
}

/** Takes all locks of the engine away. @throws Failure BackendFailed */
async function cancel(state: RemoteState, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await ask(state, ['cancel', '--yes', '--stack', state.pulumiStack], signal);
  if (code !== 0 && (await exportRemote(state, signal)) !== undefined) throw unusable(state, stderr);
}

/** On a volume others may work, too: only what a dead process of this host or of the dead holder made is removed. */
async function removeLockFiles({ url, pulumiStack }: RemoteState, dead: string | undefined): Promise<void> {
  const folder = join(fileURLToPath(url), '.pulumi', 'locks', ...pulumiStack.split('/'));
  for (const name of await readdir(folder).catch(noFolder)) {
    const text = await readFile(join(folder, name), 'utf8');
    const { hostname: host, pid } = JSON.parse(text) as { readonly hostname: string; readonly pid: number };
    if (await isDead({ host, pid }, dead)) await rm(join(folder, name), { force: true });
  }
}

function noFolder(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}

async function ask(state: RemoteState, args: readonly string[], signal?: AbortSignal): Promise<ProgramResult> {
  // The engine looks for a project in its folder, and keeps what it remembers in its home.
  const cwd = await mkdtemp(join(tmpdir(), 'plumbline-state-'));
  const env = {
    ...state.environment,
    HOME: cwd,
    PULUMI_HOME: cwd,
    PULUMI_BACKEND_URL: state.url,
    PULUMI_SKIP_UPDATE_CHECK: '1',
    PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: '1',
  };
  const options = { clock: state.clock, cwd, env, timeoutMs, maxBytes: mostBytes, ...(signal && { signal }) };
  try {
    return await runProgram(state.pulumi, ['--non-interactive', '--color', 'never', ...args], options);
  } catch (error) {
    if (!(error instanceof Failure) || error.reason !== 'TimedOut') throw error;
    throw unusable(state, `the backend did not answer within ${timeoutMs / 1000} s`);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

const longestSaid = 1000;

const unusable = (state: RemoteState, said: string): Error =>
  failure('BackendFailed', {
    where: withoutPassword(state.url),
    what: complaint(state, said) || 'the backend did not answer',
    remedy: 'correct spec.pulumi.backend, or the credentials in spec.pulumi.env and envFrom',
  });

/** What is an error of what was said, without what is new at each try and without secrets. */
function complaint({ url, secrets }: RemoteState, said: string): string {
  const from = said.search(/^error: /m);
  const shown = said
    .slice(Math.max(from, 0))
    .replace(/^error: /, '')
    // The sentence begins with it.
    .replaceAll(` "${url}"`, '')
    .replaceAll(url, withoutPassword(url))
    .replaceAll(/(?:RequestID|HostID): [^,]*, /g, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/\.?\s*$/, '');
  return masking([...passwordsIn(url), ...secrets])(shown)
    .trim()
    .slice(0, longestSaid);
}

export class RemoteSession implements StateSession {
  readonly backend: Backend;
  readonly #state: RemoteState;
  readonly #lock: StateLock;

  constructor(backend: Backend, state: RemoteState, lock: StateLock) {
    this.backend = backend;
    this.#state = state;
    this.#lock = lock;
  }

  get signal(): AbortSignal {
    return this.#lock.signal;
  }

  async resources(): Promise<readonly StateResource[]> {
    return resourcesOf((await exportRemote(this.#state, this.signal)) ?? {});
  }

  async freesDead(said: string): Promise<boolean> {
    const locks = locksIn(said);
    const dead = await Promise.all(locks.map((lock) => isDead(lock)));
    if (locks.length === 0 || dead.includes(false)) return false;
    await cancel(this.#state, this.signal);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}
