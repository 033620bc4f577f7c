/** What no pod of the platform may do, checked at synth over every object of the app, all findings together. */
import { ApiObject } from 'cdk8s';
import type { App } from 'cdk8s';

interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> };
  readonly securityContext?: { readonly privileged?: boolean };
}

interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name?: string; readonly hostPath?: unknown }[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
}

/** The part of an object that the policies read. */
export interface CheckedObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: unknown;
}

/** Makes `synth` refuse the app when an object breaks a policy; each message names the construct's path and the object. */
export function addPolicies(app: App): void {
  app.node.addValidation({
    validate: () =>
      app.node
        .findAll()
        .filter((construct) => construct instanceof ApiObject)
        .flatMap((construct) =>
          brokenPolicies(construct.toJson() as CheckedObject).map((message) => `${construct.node.path}: ${message}`),
        ),
  });
}

/** Sentences about an object, none when it is in order; objects without pods always are. */
export function brokenPolicies(object: CheckedObject): string[] {
  const pod = podSpecOf(object);
  if (pod === undefined) return [];
  const containers = [...(pod.initContainers ?? []), ...(pod.containers ?? [])];
  return [...podRules(pod), ...containers.flatMap(containerRules)].map((message) => `${nameOf(object)}: ${message}`);
}

function podRules({ hostNetwork, hostPID, hostIPC, volumes = [] }: PodSpec): string[] {
  return [
    ...(hostNetwork ? ["hostNetwork is set; use a Service, the node's network is not the tenant's"] : []),
    ...(hostPID ? ['hostPID is set; remove it'] : []),
    ...(hostIPC ? ['hostIPC is set; remove it'] : []),
    ...volumes
      .filter(({ hostPath }) => hostPath !== undefined)
      .map(
        ({ name }) => `volume ${name ?? '?'} is a hostPath; use a PersistentVolumeClaim, a ConfigMap or an emptyDir`,
      ),
  ];
}

function containerRules({ name = '?', image = '', resources, securityContext }: Container): string[] {
  const missing = ['cpu', 'memory'].filter((resource) => resources?.limits?.[resource] === undefined);
  const where = `container ${name}`;
  return [
    ...(pinned(image) ? [] : [`${where} has image "${image}", expected a tag other than latest, or a digest`]),
    ...(missing.length === 0 ? [] : [`${where} has no limit for ${missing.join(' and ')}; set resources.limits`]),
    ...(securityContext?.privileged ? [`${where} is privileged; remove securityContext.privileged`] : []),
  ];
}

/** A digest, or a tag that is not `latest`. A colon before the last slash is the port of a registry. */
function pinned(image: string): boolean {
  if (image.includes('@sha256:')) return true;
  const last = image.slice(image.lastIndexOf('/') + 1);
  const tag = last.split(':')[1];
  return tag !== undefined && tag !== '' && tag !== 'latest';
}

function podSpecOf({ kind, spec }: CheckedObject): PodSpec | undefined {
  const at = (value: unknown, ...path: string[]): unknown =>
    path.reduce<unknown>(
      (inner, field) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, field) : undefined),
      value,
    );
  switch (kind) {
    case 'Pod':
      return spec as PodSpec | undefined;
    case 'CronJob':
      return at(spec, 'jobTemplate', 'spec', 'template', 'spec') as PodSpec | undefined;
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'ReplicationController':
    case 'Job':
      return at(spec, 'template', 'spec') as PodSpec | undefined;
    default:
      return undefined;
  }
}

function nameOf({ kind = 'object', metadata }: CheckedObject): string {
  return [kind, metadata?.namespace, metadata?.name].filter(Boolean).join('/');
}
