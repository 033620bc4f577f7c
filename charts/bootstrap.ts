/** What an administrator applies once: the repository, the root stack that brings the others, and the account of `common`. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { GitSource, PlatformAccounts, platformAccount, Stack } from '#constructs';

export interface BootstrapProps {
  readonly url: string;
  readonly branch: string;
  /** Folder of the repository that holds the synthesised YAML. */
  readonly folder: string;
}

export class Bootstrap extends Chart {
  /** Name of the GitSource. */
  readonly source = 'platform';

  constructor(scope: Construct, { url, branch, folder }: BootstrapProps) {
    super(scope, 'bootstrap');
    new PlatformAccounts(this, 'accounts');
    const source = new GitSource(this, 'source', { name: this.source, url, ref: { branch }, interval: '1m' });
    new Stack(this, 'platform', {
      source,
      path: `${folder}/stacks`,
      serviceAccountName: platformAccount,
      wait: true,
    });
  }
}
