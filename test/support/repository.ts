/** A real Git repository in a temporary folder, served over HTTP or HTTPS. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitRepository, startGitServer, type GitServer } from '#toolchain';

export interface TestRepository extends AsyncDisposable {
  readonly repository: GitRepository;
  readonly server: GitServer;
  readonly url: string;
}

/** Over https with a certificate. */
export async function startRepository(tls?: Parameters<typeof startGitServer>[1]): Promise<TestRepository> {
  const root = await mkdtemp(join(tmpdir(), 'plumbline-git-'));
  const repository = await new GitRepository(join(root, 'repository')).init();
  const server = await startGitServer(root, tls);
  return {
    repository,
    server,
    url: `${server.url}/repository/.git`,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}
