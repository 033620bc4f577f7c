/** The operator as a kubelet keeps it: started again whenever it ends, with or without its data. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, startProcess, type RunningProcess } from '#toolchain';
import { built } from './built.ts';

const pauseMs = 100;

export class Supervisor implements AsyncDisposable {
  readonly folder: string;
  readonly #args: readonly string[];
  #running: RunningProcess | undefined;
  #loop: Promise<void> = Promise.resolve();
  #stopping = false;
  #wipe = false;
  /** Times that it ended, killed or not. */
  ends = 0;

  private constructor(folder: string, args: readonly string[]) {
    this.folder = folder;
    this.#args = args;
  }

  static async start(kubeconfig: string, ...flags: readonly string[]): Promise<Supervisor> {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-operator-'));
    const [port = 0] = await freePorts(1);
    const supervisor = new Supervisor(folder, [
      built('operator.js'),
      ...['--kubeconfig', kubeconfig, '--data-folder', join(folder, 'data'), '--probe-address', `127.0.0.1:${port}`],
      ...flags,
    ]);
    supervisor.#loop = supervisor.#keepRunning();
    return supervisor;
  }

  /** SIGKILL, and a new start; with `wipe` as a pod that comes up on another node, without its data. */
  async kill({ wipe = false } = {}): Promise<void> {
    this.#wipe = wipe;
    await this.#running?.stop('SIGKILL');
  }

  /** SIGKILL, and no new start. */
  async halt(): Promise<void> {
    this.#stopping = true;
    await this.#running?.stop('SIGKILL');
    await this.#loop;
  }

  /** SIGTERM, and a new start; the exit code. */
  async terminate(): Promise<number | string | undefined> {
    return this.#running?.stop('SIGTERM');
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'operator.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopping) {
      if (this.#wipe) await rm(join(this.folder, 'data'), { recursive: true, force: true });
      this.#wipe = false;
      this.#running = await startProcess({
        name: 'operator',
        program: process.execPath,
        args: this.#args,
        logFile: join(this.folder, 'operator.log'),
      });
      if (this.#stopping) await this.#running.stop('SIGKILL');
      await this.#running.ended;
      this.ends += 1;
      await sleep(pauseMs);
    }
  }
}
