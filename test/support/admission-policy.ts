/** An admission policy that refuses ConfigMaps of the namespace of a test. */
import type { Platform } from './platform.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

export const policyKind = 'ValidatingAdmissionPolicy';

/** Validations and match conditions as the kind has them. It takes a moment until the API server goes by it. */
export async function refuseConfigMaps(
  { cluster, namespace }: Platform,
  rules: { readonly validations: readonly object[]; readonly matchConditions?: readonly object[] },
): Promise<void> {
  const metadata = { name: namespace };
  const matchConstraints = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    resourceRules: [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
    ],
  };
  const policy = {
    apiVersion,
    kind: policyKind,
    metadata,
    spec: { failurePolicy: 'Fail', matchConstraints, ...rules },
  };
  const spec = { policyName: namespace, validationActions: ['Deny'] };
  const binding = { apiVersion, kind: `${policyKind}Binding`, metadata, spec };
  for (const object of [policy, binding]) await cluster.apply(JSON.stringify(object));
}

/** Takes the binding away. */
export const acceptConfigMaps = ({ cluster, namespace }: Platform): Promise<void> =>
  cluster.delete(apiVersion, `${policyKind}Binding`, namespace);
