/** The sample platform as a whole: namespaces, back end, front end, and the stacks that bring them, in that order. */
import type { App } from 'cdk8s';
import { Backend } from './backend.ts';
import { Bootstrap } from './bootstrap.ts';
import { Common } from './common.ts';
import { Frontend } from './frontend.ts';
import { Stacks } from './stacks.ts';

export interface PlatformProps {
  /** The repository that this platform is committed to, as the cluster reaches it. */
  readonly url: string;
  readonly branch: string;
  /** Folder of the repository that `plumbline synth` writes to. */
  readonly folder: string;
}

export function platform(app: App, { url, branch, folder }: PlatformProps): void {
  const { source } = new Bootstrap(app, { url, branch, folder });
  const { backend, frontend } = new Common(app);
  new Backend(app, { namespace: backend.name, callers: [frontend.name] });
  new Frontend(app, { namespace: frontend.name, backend: backend.name });
  new Stacks(app, { source, folder, deployers: { backend: backend.deployer, frontend: frontend.deployer } });
}
