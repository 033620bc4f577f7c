/** The Stack objects of the platform, from the infrastructure up to the applications, each applied as its own account. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { addonsAccount, commonAccount, infraAccount, Stack, type StackProps } from '#constructs';

export const infraNamespace = 'infra';

export interface StacksProps {
  /** Name of the GitSource in plumbline-system. */
  readonly source: string;
  /** Folder of the repository that holds the synthesised YAML. */
  readonly folder: string;
  /** ServiceAccounts that fill the tenants' namespaces. */
  readonly deployers: { readonly backend: string; readonly frontend: string };
}

export class Stacks extends Chart {
  constructor(scope: Construct, { source, folder, deployers }: StacksProps) {
    super(scope, 'stacks');
    const stack = (name: string, serviceAccountName: string, more: Partial<StackProps>): Stack =>
      new Stack(this, name, { source, path: `${folder}/${name}`, serviceAccountName, wait: true, ...more });
    // The two layers under the applications are Pulumi programs; the upper one is told what the lower one made.
    const infra = stack('infra', infraAccount, {
      engine: 'pulumi',
      path: 'stacks/infra',
      approval: { mode: 'onDestructive' },
      pulumi: { config: { namespace: infraNamespace, region: 'local' } },
    });
    const addons = stack('addons', addonsAccount, {
      engine: 'pulumi',
      path: 'stacks/addons',
      after: [infra],
      pulumi: {
        reads: [`${folder}/addons`],
        config: { synthesised: folder },
        configFrom: [{ key: 'region', stackOutput: { name: 'infra', output: 'regionName' } }],
      },
    });
    const common = stack('common', commonAccount, { after: [addons] });
    // Nothing of the back end is deleted or replaced before somebody has agreed to it.
    const backend = stack('backend', deployers.backend, { after: [common], approval: { mode: 'onDestructive' } });
    stack('frontend', deployers.frontend, { after: [backend] });
  }
}
