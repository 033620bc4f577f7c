/** The namespaces of the sample platform, each with bounds, a closed network and an account to be filled by. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { TenantNamespace } from '#constructs';

export class Common extends Chart {
  readonly backend: TenantNamespace;
  readonly frontend: TenantNamespace;

  constructor(scope: Construct) {
    super(scope, 'common');
    const quota = { cpu: '4', memory: '2Gi', pods: 20 };
    this.backend = new TenantNamespace(this, 'backend', { name: 'backend', quota });
    this.frontend = new TenantNamespace(this, 'frontend', { name: 'frontend', quota });
  }
}
