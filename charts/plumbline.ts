/** The operator itself: what `plumbline install` applies, in three parts: CRDs, RBAC, Deployment. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiObject, Chart } from 'cdk8s';
import type { App } from 'cdk8s';
import { Construct } from 'constructs';
import { load } from 'js-yaml';
import packageJson from '../package.json' with { type: 'json' };
import { OperatorDeployment } from './operator-deployment.ts';
import { OperatorRbac } from './operator-rbac.ts';

export interface PlumblineProps {
  /** Default: plumbline:<version of package.json>. */
  readonly image?: string;
}

/** Adds the chart `plumbline`. */
export function plumbline(app: App, { image = `plumbline:${packageJson.version}` }: PlumblineProps = {}): void {
  const chart = new Chart(app, 'plumbline');
  new Crds(chart, 'crds');
  new OperatorRbac(chart, 'rbac');
  new OperatorDeployment(chart, 'deployment', { image, version: packageJson.version });
}

/** The generated CustomResourceDefinitions, as they are. */
class Crds extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const folder = join(import.meta.dirname, 'crds');
    for (const file of readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort()) {
      const manifest = load(readFileSync(join(folder, file), 'utf8')) as { apiVersion: string; kind: string };
      new ApiObject(this, file, manifest);
    }
  }
}
