/** The Stack objects of the platform: common, then backend, then frontend, each applied as its own account. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { commonAccount, Stack, type StackProps } from '#constructs';

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
    const common = stack('common', commonAccount, {});
    // Nothing of the back end is deleted or replaced before somebody has agreed to it.
    const backend = stack('backend', deployers.backend, { after: [common], approval: { mode: 'onDestructive' } });
    stack('frontend', deployers.frontend, { after: [backend] });
  }
}
