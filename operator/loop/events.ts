/** Events of events.k8s.io: the same words counted as a series, bounded, and never in the way of a reconcile. */
import { createHash } from 'node:crypto';
import {
  ApiError,
  createObject,
  patchMerge,
  type Discovery,
  type KubeObject,
  type Resource,
  type Transport,
} from '#kube';
import type { Clock, Log } from '#runtime';

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** What was done or tried; `Reconcile` when not given. */
  readonly action?: string;
  /** What it is about, where that is not the object of the run. */
  readonly regarding?: KubeObject;
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

/** The same words about the same object are one Event while they come again within this time. */
const seriesMs = 10 * 60_000;
/** A series is written at most this often. */
const countMs = 30_000;
const mostQueued = 1000;
const mostRemembered = 5000;
/** The API's own bound, in bytes. */
const longestNote = 1024;

interface Told {
  readonly event: KubeObject;
  count: number;
  lastMs: number;
  writtenMs: number;
  /** A write waits in the queue: what is counted meanwhile goes with it. */
  queued: boolean;
  created: boolean;
}

export function createEvents(options: EventsOptions): Events {
  const { clock, log } = options;
  const told = new Map<string, Told>();
  const queue: Told[] = [];
  let sending: Promise<void> | undefined;
  let names = 0;

  function emit(object: KubeObject, note: EventNote): void {
    const now = clock.now();
    const words = wordsOf(object, note);
    const before = told.get(words);
    told.delete(words);
    if (before !== undefined && before.lastMs > now - seriesMs) {
      told.set(words, before);
      before.count += 1;
      before.lastMs = now;
      // What is counted in between is written with the next one that comes after the pause.
      if (before.writtenMs <= now - countMs) send(before);
      return;
    }
    names += 1;
    const event = eventOf(object, note, options, { now, name: names });
    const fresh = { event, count: 1, lastMs: now, writtenMs: now, queued: false, created: false };
    told.set(words, fresh);
    for (const oldest of told.keys()) {
      if (told.size <= mostRemembered) break;
      told.delete(oldest);
    }
    send(fresh);
  }

  function send(item: Told): void {
    if (item.queued) return;
    if (queue.length >= mostQueued) return log.warn('too many events wait; one was dropped', nameOf(item));
    item.queued = true;
    queue.push(item);
    sending ??= drain();
  }

  async function drain(): Promise<void> {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      item.queued = false;
      item.writtenMs = clock.now();
      try {
        await write(item, options);
      } catch (error) {
        log.warn('an event could not be written', { ...nameOf(item), error });
      }
    }
    sending = undefined;
  }

  return {
    emit,
    [Symbol.asyncDispose]: async () => {
      await sending;
    },
  };
}

async function write(item: Told, { transport, discovery }: EventsOptions): Promise<void> {
  const resource = await discovery.resource({ group: 'events.k8s.io', kind: 'Event' });
  if (resource === undefined) return;
  if (item.created && (await writeSeries(item, transport, resource))) return;
  await createObject({ transport, resource, object: item.event });
  item.created = true;
}

/** False when the Event is gone: the API server keeps Events for an hour only. */
async function writeSeries({ event, count, lastMs }: Told, transport: Transport, resource: Resource): Promise<boolean> {
  const { name, namespace } = event.metadata;
  const patch = { series: { count, lastObservedTime: microTime(lastMs) } };
  try {
    await patchMerge({ transport, resource, name, namespace, patch });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

const nameOf = ({ event }: Told): Record<string, unknown> => ({ reason: event['reason'], note: event['note'] });

const microTime = (epochMs: number): string => new Date(epochMs).toISOString().replace('Z', '000Z');

/** A digest, so that thousands of long messages need not be remembered. */
function wordsOf({ metadata }: KubeObject, { type, reason, message, action = '' }: EventNote): string {
  const words = JSON.stringify([metadata.uid, type, reason, action, message]);
  return createHash('sha256').update(words).digest('base64');
}

function eventOf(
  object: KubeObject,
  { type, reason, message, action = 'Reconcile' }: EventNote,
  { controller, instance }: EventsOptions,
  { now, name: count }: { readonly now: number; readonly name: number },
): KubeObject {
  const { name, namespace = 'default', uid, resourceVersion } = object.metadata;
  // The name of an Event is a DNS subdomain: no part of it may end in a dash.
  const stem = name.slice(0, 200).replace(/[^a-z0-9]+$/, '');
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${stem}.${now.toString(16)}${count.toString(16).padStart(4, '0')}`, namespace },
    eventTime: microTime(now),
    type,
    reason,
    action,
    note: fitting(message),
    regarding: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
    reportingController: `plumbline.dev/${controller}`,
    reportingInstance: instance,
  };
}

/** As much of the message as the API takes. */
function fitting(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= longestNote) return message;
  const ellipsis = '…';
  const cut = bytes.subarray(0, longestNote - Buffer.byteLength(ellipsis)).toString('utf8');
  // A character that was cut in two reads as U+FFFD, which is longer than what it stands for.
  return `${cut.replace(/\uFFFD+$/, '')}${ellipsis}`;
}
