/** The add-ons: what cdk8s wrote of their ground, and on it a status page, from a Helm chart of this repository. */
import { join } from 'node:path';
import { helm, yaml } from '@pulumi/kubernetes';
import { Config, type Output } from '@pulumi/pulumi';

interface StatusPage {
  readonly title: string;
  readonly replicas: number;
}

const config = new Config();
const page: StatusPage = {
  title: config.get('title') ?? `Status of ${config.get('region') ?? 'local'}`,
  replicas: config.getNumber('replicas') ?? 1,
};

const here = import.meta.dirname;
/** Folder of the repository that `plumbline synth` writes to. */
const synthesised = join(here, '../..', config.get('synthesised') ?? 'charts/dist');
const ground = new yaml.v2.ConfigGroup('ground', { files: [join(synthesised, 'addons/*.yaml')] });

const status = new helm.v4.Chart(
  'status',
  { chart: join(here, 'status-page'), namespace: 'addons', values: page },
  { dependsOn: ground },
);

export const title: string = page.title;
export const objects: Output<number> = status.resources.apply((resources) => resources.length);
