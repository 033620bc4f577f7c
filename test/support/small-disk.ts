/** A disk of a few MiB that a test can fill, in memory; it goes with the process that holds it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;

export class SmallDisk implements AsyncDisposable {
  readonly folder: string;
  readonly #holder: ChildProcess;
  readonly #place: string;

  private constructor(holder: ChildProcess, place: string) {
    this.#holder = holder;
    this.#place = place;
    // Without rights the disk is mounted in a namespace of the holder, into which this is the way.
    this.folder = isRoot ? place : `/proc/${holder.pid}/root${place}`;
  }

  static async mount(mebibytes: number): Promise<SmallDisk> {
    const place = await mkdtemp(join(tmpdir(), 'plumbline-disk-'));
    // Its input ends with this process, whatever ends that.
    const script = `mount -t tmpfs -o size=${mebibytes}m none ${place} && echo mounted && cat; umount -l ${place}`;
    const [program = '', ...args] = [...(isRoot ? [] : ['unshare', '--map-root-user', '--mount']), 'sh', '-c', script];
    const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    holder.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const [what] = await Promise.race([
      once(holder.stdout, 'data').then(([piece]) => [String(piece).trim()]),
      once(holder, 'close').then(() => [`not mounted: ${said}`]),
    ]);
    if (what !== 'mounted') throw new Error(what);
    return new SmallDisk(holder, place);
  }

  /** Takes all that is left, or all but so many KiB, before anything else is done. */
  fill(leaving = 0): void {
    const file = join(this.folder, 'filler');
    for (let bytes = 1024 * 1024; bytes >= 1;) {
      try {
        writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        bytes = Math.floor(bytes / 2);
      }
    }
    truncateSync(file, Math.max(0, statSync(file).size - leaving * 1024));
  }

  /** Of all that is on it, in bytes. */
  used(): number {
    const { blocks, bfree, bsize } = statfsSync(this.folder);
    return (blocks - bfree) * bsize;
  }

  async free(): Promise<void> {
    await rm(join(this.folder, 'filler'), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#holder, 'close');
    this.#holder.stdin?.end();
    await closed;
    await rm(this.#place, { recursive: true });
  }
}
