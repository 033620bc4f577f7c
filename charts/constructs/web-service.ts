/** A stateless HTTP service: Deployment under restricted pod security, Service, disruption budget, autoscaler if asked for. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';

export interface WebServiceProps {
  /** Name of every object. Default: the construct's id. */
  readonly name?: string;
  readonly namespace: string;
  readonly image: string;
  readonly replicas: number;
  /** Container ports by name; the first one is the one that is probed. */
  readonly ports: readonly [ServicePort, ...ServicePort[]];
  readonly probes: { readonly live: string; readonly ready: string };
  readonly resources: { readonly requests: Amounts; readonly limits: Amounts };
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** When present, an autoscaler owns the replicas, so that Git does not set them. */
  readonly scale?: { readonly max: number; readonly cpuPercent: number };
  /** Namespaces whose pods may call this service; none means that the namespace's own policy decides. */
  readonly callers?: readonly string[];
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
}

export interface Amounts {
  readonly cpu: string;
  readonly memory: string;
}

/** Any user that is not root; images that declare another numeric one keep working, since nothing is written to disk. */
const anyUser = 65532;

export class WebService extends Construct {
  readonly name: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #metadata: k8s.ObjectMeta;

  constructor(scope: Construct, id: string, props: WebServiceProps) {
    super(scope, id);
    this.name = props.name ?? id;
    this.#labels = { 'app.kubernetes.io/name': this.name };
    this.#metadata = { name: this.name, namespace: props.namespace, labels: this.#labels };
    this.#deployment(props);
    this.#service(props);
    if (props.replicas > 1) this.#budget();
    if (props.scale) this.#autoscaler(props.replicas, props.scale);
    if (props.callers) this.#callers(props.callers, props.ports);
  }

  #deployment(props: WebServiceProps): void {
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: this.#metadata,
      spec: {
        ...(props.scale ? {} : { replicas: props.replicas }),
        selector: { matchLabels: this.#labels },
        template: {
          metadata: { labels: this.#labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true, runAsUser: anyUser, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [container(this.name, props)],
          },
        },
      },
    });
  }

  #service({ ports }: WebServiceProps): void {
    new k8s.KubeService(this, 'service', {
      metadata: this.#metadata,
      spec: {
        selector: this.#labels,
        ports: ports.map(({ name, port }) => ({ name, port, targetPort: k8s.IntOrString.fromString(name) })),
      },
    });
  }

  #budget(): void {
    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: this.#metadata,
      spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: this.#labels } },
    });
  }

  #autoscaler(min: number, { max, cpuPercent }: { max: number; cpuPercent: number }): void {
    new k8s.KubeHorizontalPodAutoscalerV2(this, 'autoscaler', {
      metadata: this.#metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: this.name },
        minReplicas: min,
        maxReplicas: max,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuPercent } },
          },
        ],
      },
    });
  }

  #callers(namespaces: readonly string[], ports: readonly ServicePort[]): void {
    new k8s.KubeNetworkPolicy(this, 'callers', {
      metadata: this.#metadata,
      spec: {
        podSelector: { matchLabels: this.#labels },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: namespaces.map((name) => ({
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
            })),
            ports: ports.map(({ name }) => ({ protocol: 'TCP', port: k8s.IntOrString.fromString(name) })),
          },
        ],
      },
    });
  }
}

function container(name: string, { image, ports, probes, resources, command, env }: WebServiceProps): k8s.Container {
  const probe = (path: string): k8s.Probe => ({
    httpGet: { path, port: k8s.IntOrString.fromString(ports[0].name) },
    periodSeconds: 10,
    timeoutSeconds: 5,
  });
  return {
    name,
    image,
    ...(command ? { command: [...command] } : {}),
    ...(env ? { env: Object.entries(env).map(([key, value]) => ({ name: key, value })) } : {}),
    ports: ports.map((port) => ({ name: port.name, containerPort: port.port, protocol: 'TCP' })),
    livenessProbe: probe(probes.live),
    readinessProbe: probe(probes.ready),
    resources: { requests: quantities(resources.requests), limits: quantities(resources.limits) },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}

function quantities({ cpu, memory }: Amounts): Record<string, k8s.Quantity> {
  return { cpu: k8s.Quantity.fromString(cpu), memory: k8s.Quantity.fromString(memory) };
}
