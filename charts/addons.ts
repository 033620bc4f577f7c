/** What the add-ons stand on: their namespace, and the priorities by which pods give way. `stacks/addons` reads it. */
import { Chart } from 'cdk8s';
import type { App } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';

export const addonsNamespace = 'addons';

const priorities = [
  { name: 'platform', value: 100_000, description: 'What other pods of the cluster need.' },
  { name: 'spare', value: -10, description: 'Work that may wait.' },
];

/** Adds the chart `addons`. */
export function addons(app: App): void {
  const chart = new Chart(app, 'addons');
  new k8s.KubeNamespace(chart, 'namespace', {
    metadata: { name: addonsNamespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  for (const { name, value, description } of priorities) {
    new k8s.KubePriorityClass(chart, `priority-${name}`, { metadata: { name }, value, description });
  }
}
