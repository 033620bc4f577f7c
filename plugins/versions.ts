/** The versions of Pulumi's packages that the plugins are made with: those that this repository depends on, exactly. */
import packageJson from '../package.json' with { type: 'json' };

export const versions = {
  pulumi: packageJson.dependencies['@pulumi/pulumi'],
  kubernetes: packageJson.dependencies['@pulumi/kubernetes'],
} as const;
