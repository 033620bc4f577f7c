/** A real Git repository for the tests of this room. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GitSourceSpec } from '#api';

export class TestRepository implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'plumbline-repository-'));

  constructor(...options: string[]) {
    this.git('init', ...options, '--quiet', '--initial-branch=main');
    this.git('config', 'user.name', 'Ada');
    this.git('config', 'user.email', 'ada@example.com');
    this.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  }

  get url(): string {
    return pathToFileURL(this.folder).href;
  }

  git(...args: string[]): string {
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1', HOME: this.folder };
    return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
      .toString()
      .trim();
  }

  /** Writes the files (a value that begins with `-> ` makes a symbolic link), commits them and returns the commit. */
  commit(files: Readonly<Record<string, string>>, subject = 'change'): string {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
      else writeFileSync(file, text);
    }
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', subject);
    return this.git('rev-parse', 'HEAD');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const specOf = (url: string, more: Partial<GitSourceSpec> = {}): GitSourceSpec => ({
  url,
  interval: '1m',
  timeout: '20s',
  submodules: false,
  suspend: false,
  ...more,
});
