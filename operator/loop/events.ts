/** Events of events.k8s.io: de-duplicated, bounded, and never in the way of a reconcile. */
import { createObject, type Discovery, type KubeObject, type Resource, type Transport } from '#kube';
import type { Clock, Log } from '#runtime';

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface Events extends AsyncDisposable {
  emit(object: KubeObject, note: EventNote): void;
}

export interface EventsOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly log: Log;
  /** `reportingController` and `reportingInstance`. */
  readonly controller: string;
  readonly instance: string;
}

/** The same words about the same object are told once in this time. */
const quietMs = 10 * 60_000;
const mostQueued = 1000;
const mostRemembered = 5000;
/** The API's own bound. */
const longestNote = 1024;

export function createEvents(options: EventsOptions): Events {
  const told = new Map<string, number>();
  const queue: KubeObject[] = [];
  let sending: Promise<void> | undefined;
  let resource: Resource | undefined;

  async function drain(): Promise<void> {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      try {
        resource ??= await options.discovery.resource({ group: 'events.k8s.io', kind: 'Event' });
        if (resource !== undefined) await createObject({ transport: options.transport, resource, object: event });
      } catch (error) {
        options.log.warn('an event could not be written', { reason: event['reason'], note: event['note'], error });
      }
    }
    sending = undefined;
  }

  return {
    emit: (object, note) => {
      const now = options.clock.now();
      const words = `${object.metadata.uid} ${note.reason} ${note.message}`;
      if ((told.get(words) ?? -Infinity) > now - quietMs) return;
      told.delete(words);
      told.set(words, now);
      if (told.size > mostRemembered) for (const [oldest] of told.entries().take(1)) told.delete(oldest);
      if (queue.length >= mostQueued) return options.log.warn('too many events wait; one was dropped', { ...note });
      queue.push(eventObject(object, note, options, now));
      sending ??= drain();
    },
    [Symbol.asyncDispose]: async () => {
      await sending;
    },
  };
}

let count = 0;

function eventObject(
  object: KubeObject,
  { type, reason, message }: EventNote,
  { controller, instance }: EventsOptions,
  now: number,
): KubeObject {
  const { name, namespace = 'default', uid, resourceVersion } = object.metadata;
  count += 1;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${now.toString(16)}${count.toString(16)}`, namespace },
    eventTime: new Date(now).toISOString().replace('Z', '000Z'),
    type,
    reason,
    action: 'Reconcile',
    note: message.length > longestNote ? `${message.slice(0, longestNote - 1)}…` : message,
    regarding: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
    reportingController: `plumbline.dev/${controller}`,
    reportingInstance: instance,
  };
}
