import { App, Chart } from 'cdk8s';
import { expect, test } from '@jest/globals';
import { GitSource } from './git-source.ts';
import { Stack } from './stack.ts';
import { filesOf } from './synthesise.ts';
import { TenantNamespace } from './tenant-namespace.ts';
import { WebService, type WebServiceProps } from './web-service.ts';

function synthesised(build: (chart: Chart) => void): string {
  const app = new App();
  build(new Chart(app, 'test'));
  return [...filesOf(app).values()].join('---\n');
}

const amounts = { cpu: '1', memory: '64Mi' };
const web: WebServiceProps = {
  namespace: 'shop',
  image: 'web:1',
  replicas: 1,
  ports: [{ name: 'http', port: 80 }],
  probes: { live: '/healthz', ready: '/readyz' },
  resources: { requests: amounts, limits: amounts },
};
const kindsOf = (yaml: string): string[] => [...yaml.matchAll(/^kind: (.*)$/gm)].map(([, kind = '']) => kind);

test('a stack names its source, and the stacks before it, with a namespace only where it is another one', () => {
  const yaml = synthesised((chart) => {
    const source = new GitSource(chart, 'source', {
      name: 'platform',
      url: 'https://git.example.com/p.git',
      ref: { branch: 'main' },
    });
    const other = new Stack(chart, 'other', { source, namespace: 'elsewhere', path: 'a' });
    new Stack(chart, 'web', { source, path: 'b', serviceAccountName: 'web-deployer', after: [other] });
  });
  expect(yaml.split('---\n')[2]).toBe(`apiVersion: plumbline.dev/v1alpha1
kind: Stack
metadata:
  name: web
  namespace: plumbline-system
spec:
  dependsOn:
    - name: other
      namespace: elsewhere
  path: b
  serviceAccountName: web-deployer
  sourceRef:
    name: platform
`);
});

test('a tenant is a namespace with bounds, a closed network and an account beside the stacks', () => {
  const quota = { cpu: '1', memory: '1Gi', pods: 5 };
  const yaml = synthesised((chart) => new TenantNamespace(chart, 'shop', { name: 'shop', quota }));
  expect(kindsOf(yaml)).toEqual([
    'Namespace',
    'ResourceQuota',
    'LimitRange',
    'NetworkPolicy',
    'NetworkPolicy',
    'ServiceAccount',
    'RoleBinding',
  ]);
  expect(yaml).toContain('kind: ServiceAccount\nmetadata:\n  name: shop-deployer\n  namespace: plumbline-system\n');
  expect(yaml).toContain('pod-security.kubernetes.io/enforce: restricted');
});

test('a tenant with stacks of its own has an account beside them, and opens the namespace to the operator', () => {
  const quota = { cpu: '1', memory: '1Gi', pods: 5 };
  const yaml = synthesised((chart) => new TenantNamespace(chart, 'shop', { name: 'shop', quota, stacks: true }));
  expect(kindsOf(yaml).slice(-3)).toEqual(['ServiceAccount', 'RoleBinding', 'RoleBinding']);
  expect(yaml).toContain('kind: ServiceAccount\nmetadata:\n  name: deployer\n  namespace: shop\n');
  expect(yaml).toContain('name: plumbline-stacks\nsubjects:\n  - kind: ServiceAccount\n    name: plumbline\n');
});

test.each<[string, Partial<WebServiceProps>, string[]]>([
  ['one replica has no disruption budget', {}, ['Deployment', 'Service']],
  ['two replicas have one', { replicas: 2 }, ['Deployment', 'Service', 'PodDisruptionBudget']],
  ['an autoscaler', { scale: { max: 3, cpuPercent: 80 } }, ['Deployment', 'Service', 'HorizontalPodAutoscaler']],
  ['callers are let in', { callers: ['shop'] }, ['Deployment', 'Service', 'NetworkPolicy']],
])('a web service: %s', (_, props, kinds) => {
  const yaml = synthesised((chart) => new WebService(chart, 'web', { ...web, ...props }));
  expect(kindsOf(yaml)).toEqual(kinds);
  expect(yaml.includes('  replicas: ')).toBe(props.scale === undefined);
});

test('objects of one name in two namespaces stand in files of their own', () => {
  const app = new App();
  const chart = new Chart(app, 'common');
  const quota = { cpu: '1', memory: '1Gi', pods: 5 };
  for (const name of ['a', 'b']) new TenantNamespace(chart, name, { name, quota });
  expect([...filesOf(app).keys()]).toEqual(['common/a.yaml', 'common/b.yaml']);
});
