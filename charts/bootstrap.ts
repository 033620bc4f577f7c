/** What an administrator applies once: the repository, the root stack that brings the others, and the accounts of the layers below the tenants. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import {
  addonsAccount,
  GitSource,
  infraAccount,
  LayerAccount,
  PlatformAccounts,
  platformAccount,
  Stack,
} from '#constructs';
import { addonsNamespace } from './addons.ts';
import { infraNamespace } from './stacks.ts';

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
    const accounts = new PlatformAccounts(this, 'accounts');
    new LayerAccount(accounts, 'infra', {
      name: infraAccount,
      namespace: infraNamespace,
      manages: { '': ['configmaps', 'resourcequotas'], 'storage.k8s.io': ['storageclasses'] },
    });
    new LayerAccount(accounts, 'addons', {
      name: addonsAccount,
      namespace: addonsNamespace,
      manages: {
        '': ['configmaps', 'services'],
        apps: ['deployments'],
        'scheduling.k8s.io': ['priorityclasses'],
      },
      looksAt: { '': ['pods', 'events', 'endpoints'], apps: ['replicasets'], 'discovery.k8s.io': ['endpointslices'] },
    });
    const source = new GitSource(this, 'source', { name: this.source, url, ref: { branch }, interval: '1m' });
    new Stack(this, 'platform', {
      source,
      path: `${folder}/stacks`,
      serviceAccountName: platformAccount,
      wait: true,
    });
  }
}
