import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { getObject, managedDigest } from '#kube';
import {
  editOf,
  isBack,
  Platform,
  sendEdit,
  startTestOperator,
  until,
  untilQuiet,
  type Found,
  type TestOperator,
} from '#testing';

const pod = `
  containers:
    - name: web
      image: example.com/web:1
      ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]
      env: [{name: EMPTY, value: ""}, {name: PORT, value: "80"}]
      resources: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: "0.5", memory: "1e3"}}
      livenessProbe: {httpGet: {path: /, port: 80}}
      securityContext: {}
  nodeSelector: {}
  volumes: [{name: scratch, emptyDir: {sizeLimit: 0.5Gi}}]
`;
const indent = (text: string, by: number): string => text.replaceAll('\n', `\n${' '.repeat(by)}`);

/** One manifest a class of trouble: what the API server or a controller makes of it looks otherwise than the file. */
const troubles: Readonly<Record<string, string>> = {
  'quantities, ports and probes in another spelling': `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, creationTimestamp: null, annotations: null}
spec:
  replicas: 0
  strategy: {}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {creationTimestamp: null, labels: {app: web}}
    spec:${indent(pod, 6)}
status: {}
`,
  'a claim template with a status': `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  replicas: 0
  serviceName: ""
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:${indent(pod, 6)}
  volumeClaimTemplates:
    - metadata: {name: data, creationTimestamp: null}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1024Mi}}}
      status: {}
`,
  'addresses and node ports that the API server gives': `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{name: tcp, port: 80}, {name: udp, port: 80, protocol: UDP, targetPort: dns}]
status: {loadBalancer: {}}
`,
  'an export that carries what the server and kubectl wrote': `
apiVersion: v1
kind: ConfigMap
metadata:
  name: exported
  uid: 2f6c2a0e-0000-4000-8000-000000000000
  resourceVersion: "1"
  generation: 4
  selfLink: /api/v1/exported
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{}}'}
data: {empty: "", text: "line\\n"}
`,
  'an exported Deployment with the revision of another cluster': `
apiVersion: apps/v1
kind: Deployment
metadata: {name: exported, annotations: {deployment.kubernetes.io/revision: "7"}}
spec:
  replicas: 0
  selector: {matchLabels: {app: exported}}
  template: {metadata: {labels: {app: exported}}, spec: {containers: [{name: web, image: "example.com/web:1"}]}}
`,
  'a Secret in clear text': `
apiVersion: v1
kind: Secret
metadata: {name: clear}
data: {kept: a2VwdA==}
stringData: {password: open}
`,
  'a List': `
apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: listed}, data: {value: "1"}}
`,
  'a typed list whose items leave out what they are': `
apiVersion: v1
kind: ConfigMapList
items:
  - {metadata: {name: typed}, data: {value: "1"}}
`,
  'an aggregated role, whose rules a controller writes': `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NAMESPACE-all}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {aggregate: NAMESPACE}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NAMESPACE-part, labels: {aggregate: NAMESPACE}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
`,
  'a policy with empty maps and lists': `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, labels: {}}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: [{}]}
`,
  'a budget and a scaler that take numbers or percentages': `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 50%, selector: {matchLabels: {app: web}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`,
  'a Job that is deleted once it has done its work': `
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  ttlSecondsAfterFinished: 0
  completions: 0
  template: {spec: {restartPolicy: Never, containers: [{name: once, image: "example.com/once:1"}]}}
`,
  'a schedule with a template of a template': `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, creationTimestamp: null}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    metadata: {creationTimestamp: null}
    spec: {template: {metadata: {creationTimestamp: null}, spec: {restartPolicy: Never, containers: [{name: night, image: "example.com/night:1", resources: {}}]}}}
status: {}
`,
  'webhooks that wait for a certificate': `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: NAMESPACE}
webhooks:
  - name: check.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Ignore
    clientConfig: {service: {namespace: NAMESPACE, name: web, path: /check}}
    rules: [{apiGroups: [trial.example.com], apiVersions: [v1], operations: [CREATE], resources: ["*"]}]
`,
  'a definition as generators write it, and an object of it': `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wishes.NAMESPACE.example.com, creationTimestamp: null}
spec:
  group: NAMESPACE.example.com
  names: {kind: Wish, listKind: WishList, plural: wishes, singular: wish}
  scope: Namespaced
  preserveUnknownFields: false
  conversion: {strategy: None}
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns: [{jsonPath: .spec.for, name: For, type: string}]
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              properties:
                for: {type: string}
                note: {type: string, nullable: true}
                times: {type: integer, default: 3}
                port: {x-kubernetes-int-or-string: true}
                any: {type: object, x-kubernetes-preserve-unknown-fields: true}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
      subresources: {status: {}}
status: {acceptedNames: {kind: "", plural: ""}, conditions: [], storedVersions: []}
---
apiVersion: NAMESPACE.example.com/v1
kind: Wish
metadata: {name: one}
spec: {for: rain, note: null, port: "80", any: {list: [], map: {}, number: 1.5, nothing: null}}
status: {granted: true}
`,
};

let operator: TestOperator;
let platform: Platform;
let own: readonly Found[];

beforeAll(async () => {
  operator = await startTestOperator();
  platform = await Platform.create({ 'app/.keep': '', 'other/a.txt': '1' });
  const files = Object.entries(troubles).map(
    ([name, text]) => [`app/${name}.yaml`, text.replaceAll('NAMESPACE', platform.namespace)] as const,
  );
  await platform.commit(Object.fromEntries(files));
  await platform.stack('app', 'interval: 1s, allowEmpty: true');
  await platform.ready('app');
  await untilQuiet(operator.requests);
  own = (await platform.cluster.objectsOf(platform.namespace, 'app')).filter(
    ({ object }) => managedDigest(object) !== '',
  );
}, 60_000);
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

test('what the API server and controllers make of an object is no drift, and costs no request', async () => {
  const { length: before } = await operator.requests();
  await sleep(3000);
  expect((await operator.requests()).slice(before)).toEqual([]);
  const { status } = (await platform.get('app')) ?? {};
  expect(status?.drift).toBeUndefined();
  expect(status?.objects).toBe(own.length + 1);
});

test('an operator that starts anew brings no finished Job back, and finds no drift', async () => {
  await operator.kill();
  await operator.start();
  await untilQuiet(operator.requests);
  const path = `/apis/batch/v1/namespaces/${platform.namespace}/jobs/once`;
  expect((await operator.requests()).filter((request) => request.startsWith(`PATCH ${path} 201`))).toHaveLength(1);
  expect((await platform.get('app'))?.status?.drift).toBeUndefined();
});

test('a commit beside the path asks nothing of the objects', async () => {
  const { length: before } = await operator.requests();
  await platform.commit({ 'other/a.txt': '2' });
  await untilQuiet(operator.requests);
  const asked = (await operator.requests()).slice(before);
  expect(asked.filter((request) => !/ \/apis\/(plumbline\.dev|events\.k8s\.io)\//.test(request))).toEqual([]);
});

test('each of the objects is healed when somebody edits it', async () => {
  const { transport } = platform.cluster;
  await Promise.all(
    own.map(async ({ object, resource }) => {
      const { name, namespace } = object.metadata;
      const edit = editOf(object);
      await sendEdit(transport, resource, object, edit);
      await until(`${object.kind} ${name} ${edit.pointer} is ${JSON.stringify(edit.before)} again`, async () =>
        isBack(await getObject({ transport, resource, name, namespace }), edit) ? true : undefined,
      );
    }),
  );
  await platform.ready('app');
  await untilQuiet(operator.requests);
});

const secret = (): Promise<{ metadata: never; data?: Record<string, string> } | undefined> =>
  platform.cluster.get<never>('v1', 'Secret', 'clear', platform.namespace);

test('a Secret of clear text is owned in the form that the API server keeps', async () => {
  const named = { apiVersion: 'v1', kind: 'Secret', name: 'clear', namespace: platform.namespace };
  const open = Buffer.from('open').toString('base64');
  expect((await secret())?.data).toEqual({ kept: 'a2VwdA==', password: open });
  await platform.cluster.edit(named, { data: { password: 'aGFuZA==' } });
  await until('the password is back', async () => ((await secret())?.data?.['password'] === open ? true : undefined));
  const file = 'app/a Secret in clear text.yaml';
  const without = (troubles['a Secret in clear text'] ?? '').replace('stringData: {password: open}\n', '');
  await platform.applied('app', await platform.commit({ [file]: without }));
  expect((await secret())?.data).toEqual({ kept: 'a2VwdA==' });
});

test('a change is named by its field, not by what the API server adds to the object', async () => {
  const file = 'app/addresses and node ports that the API server gives.yaml';
  const text = (troubles['addresses and node ports that the API server gives'] ?? '')
    .replace('{name: web}', '{name: web, annotations: {example.com/a: "1"}}')
    .replace('selector: {app: web}', 'selector: {app: web, tier: front}');
  const commit = await platform.commit({ [file]: text });
  await platform.applied('app', commit);
  const change = (await platform.changes('app')).find(({ commit: { sha } }) => sha === commit);
  expect(change?.objects).toEqual([
    {
      object: `Service/${platform.namespace}/web`,
      action: 'configured',
      fields: ['metadata.annotations["example.com/a"]', 'spec.selector.tier'],
    },
  ]);
});

test('taking everything out of Git leaves nothing behind', async () => {
  const commit = await platform.commit({ app: null, 'app/.keep': '' });
  await platform.applied('app', commit);
  await until('nothing carries the labels of the stack', async () =>
    (await platform.cluster.objectsOf(platform.namespace, 'app')).length === 0 ? true : undefined,
  );
}, 30_000);
