/** Says in Plumbline's words why the API server refused: decided from codes, `Status.reason` and causes. */
import type { Reason } from '#api';
import type { Failure } from '#runtime';
import { asFailure, failure, type FailureParts } from '#runtime';
import { ApiError, type ApiStatus, type StatusCause } from './api-error.ts';
import type { Account } from './transport.ts';

export interface ApiFailureFacts {
  readonly verb: string;
  readonly key?: string | undefined;
  readonly as?: Account | undefined;
}

/** Any error of a call on an object as a Failure; Failures stay as they are. */
export function apiFailure(error: unknown, facts: ApiFailureFacts): Failure {
  if (!(error instanceof ApiError)) return asFailure(error);
  const { reason, parts } = explain(error, facts);
  return failure(reason, parts, {
    cause: isSecret(facts.key) ? withoutValues(error, facts.key) : error,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}

interface Explanation {
  readonly reason: Reason;
  readonly parts: FailureParts;
}

function explain(error: ApiError, facts: ApiFailureFacts): Explanation {
  const { status, api } = error;
  const message = masked(api?.message ?? error.message, facts.key);
  switch (status) {
    case 401:
      return {
        reason: 'Forbidden',
        parts: {
          what: `the API server does not know who we are: ${message}`,
          remedy: 'check the token of the operator',
        },
      };
    case 403:
      return explainForbidden(message, api, facts);
    case 404:
      return explainMissing(message, api, facts);
    case 409:
      return explainConflict(message, api);
    case 400:
    case 413:
    case 415:
      return { reason: 'ObjectInvalid', parts: { what: message, remedy: 'correct the object' } };
    case 500:
      // Server-side apply reports a wrong field, type or encoding so, without a cause (managedfields/internal/structuredmerge.go).
      if (unusable.test(message)) {
        return { reason: 'ObjectInvalid', parts: { what: message, remedy: 'correct the field' } };
      }
      // So does a webhook that is down, with the message as its only cause (apiserver/pkg/admission/plugin/webhook).
      if (unanswered.test(message)) {
        const what = `an admission webhook could not be asked: ${message}`;
        return { reason: 'AdmissionDenied', parts: { what, remedy: 'start the webhook, or remove its configuration' } };
      }
      return { reason: 'ApiUnavailable', parts: { what: `the API server answered ${status}: ${message}` } };
    case 422:
      return explainInvalid(message, api, facts);
    default:
      return {
        reason: 'ApiUnavailable',
        parts: {
          what:
            status === 0
              ? `no answer from the API server: ${message}`
              : `the API server answered ${status}: ${message}`,
        },
      };
  }
}

const unusable = /^failed to (create typed patch object|convert new object)/;

const unanswered = /failed calling webhook "/;

const hasCause = (api: ApiStatus | undefined, reason: string): boolean =>
  api?.details?.causes?.some((cause) => cause.reason === reason) ?? false;

function explainForbidden(message: string, api: ApiStatus | undefined, facts: ApiFailureFacts): Explanation {
  const { verb, as } = facts;
  if (hasCause(api, 'NamespaceTerminating'))
    return { reason: 'NamespaceTerminating', parts: { what: message, remedy: 'wait until the deletion has ended' } };
  // The quota plugin marks its refusals by this text alone; there is no cause to go by.
  if (message.includes('exceeded quota'))
    return { reason: 'QuotaExceeded', parts: { what: message, remedy: 'raise the quota, or ask for less' } };
  if (/is forbidden: User "/.test(message)) {
    const closed = closedNamespace(message, api, facts);
    if (closed !== undefined) {
      const remedy = `bind ClusterRole plumbline-stacks to the operator's account in namespace ${closed}`;
      const what = `the operator may not act for stacks and sources of namespace ${closed}: ${message}`;
      return { reason: 'Forbidden', parts: { what, remedy } };
    }
    const account = as === undefined ? 'the operator' : `ServiceAccount ${as.namespace}/${as.name}`;
    const resource = [api?.details?.kind, api?.details?.group].filter(Boolean).join('.');
    return {
      reason: 'Forbidden',
      parts: {
        what: `${account} may not ${verb} ${resource}: ${message}`,
        remedy: `grant ${verb} on ${resource} to it`,
      },
    };
  }
  return { reason: 'AdmissionDenied', parts: { what: message, remedy: 'change the object, or the policy' } };
}

/** The namespace of a stack or source that nobody opened to the operator, when that is why it was refused. */
function closedNamespace(
  message: string,
  api: ApiStatus | undefined,
  { verb, key = '', as }: ApiFailureFacts,
): string | undefined {
  // Asked as somebody else, the API server refuses in the words of the asker; nothing but the text tells.
  if (as !== undefined) return /" cannot impersonate resource "/.test(message) ? as.namespace : undefined;
  const opened = verb === 'get' && ['serviceaccounts', 'secrets'].includes(api?.details?.kind ?? '');
  return opened ? key.split('/')[1] : undefined;
}

function explainMissing(message: string, api: ApiStatus | undefined, { key }: ApiFailureFacts): Explanation {
  if (api?.details?.kind === 'namespaces') {
    return {
      reason: 'NamespaceNotFound',
      parts: {
        what: `namespace ${api.details.name ?? ''} of ${key ?? 'the object'} does not exist`,
        remedy: 'add the Namespace to Git',
      },
    };
  }
  return { reason: api?.details?.name === undefined ? 'UnknownKind' : 'ObjectInvalid', parts: { what: message } };
}

function explainConflict(message: string, api: ApiStatus | undefined): Explanation {
  const conflicts = api?.details?.causes?.filter(({ reason }) => reason === 'FieldManagerConflict') ?? [];
  if (conflicts.length === 0) return { reason: 'ApiUnavailable', parts: { what: message } };
  const named = conflicts
    .slice(0, 5)
    .map(({ field, message: text }) => `${(field ?? '').replace(/^\./, '')} (${managerIn(text)})`);
  const more = conflicts.length > named.length ? ` and ${conflicts.length - named.length} more` : '';
  return {
    reason: 'FieldConflict',
    parts: {
      what: `other managers own fields that Git sets: ${named.join(', ')}${more}`,
      remedy: 'remove the field from Git, make the other manager let go, or set spec.force: true',
    },
  };
}

/** The manager stands only in the text of the cause: `conflict with "kubectl-edit" using v1`. */
const managerIn = (text = ''): string => /conflict with "([^"]*)"/.exec(text)?.[1] ?? text;

function explainInvalid(message: string, api: ApiStatus | undefined, { key }: ApiFailureFacts): Explanation {
  const causes = api?.details?.causes ?? [];
  // A policy answers 422 unless told otherwise; only what validation finds has a cause with a reason.
  if (causes.length > 0 && causes.every(({ reason = '' }) => reason === ''))
    return { reason: 'AdmissionDenied', parts: { what: message, remedy: 'change the object, or the policy' } };
  const immutable = causes.filter(isImmutable);
  if (immutable.length > 0 && immutable.length === causes.length) {
    const fields = [...new Set(immutable.map(({ field }) => field))].join(', ');
    return {
      reason: 'ImmutableField',
      parts: {
        what: `${fields} can not be changed on a live object`,
        remedy: 'restore the field, or set spec.recreate: true to delete and create the object',
      },
    };
  }
  const told = causes.slice(0, mostCauses).map((cause) => `${cause.field}: ${shortened(cause.message ?? '', key)}`);
  const more = causes.length > told.length ? [`and ${causes.length - told.length} more`] : [];
  const what = told.length > 0 ? [...told, ...more].join('; ') : message;
  return { reason: 'ObjectInvalid', parts: { what, remedy: 'correct the field' } };
}

const mostCauses = 5;

/** The API server quotes a whole object before it says what is wrong with it. */
function shortened(message: string, key: string | undefined): string {
  // What is to be hidden goes first: a cut in the middle of a quote would show its end.
  const text = isSecret(key) ? masked(message, key) : message;
  return text.length > 300 ? `${text.slice(0, 80)}…${text.slice(-200)}` : text;
}

/** Kubernetes marks an immutable field by one of these texts in a FieldValueInvalid or FieldValueForbidden cause. */
const immutableTexts = [
  /field is immutable/,
  /updates to .* are forbidden/,
  /forbidden after creation/,
  /may not change once set/,
  /cannot change/,
  /Forbidden: updates to/,
  /is immutable/,
  /pod updates may not change fields/,
];

const isImmutable = ({ message = '' }: StatusCause): boolean => immutableTexts.some((text) => text.test(message));

/** The API server quotes the refused value; that of a Secret goes nowhere. */
function masked(message: string, key: string | undefined): string {
  const short = message.length > 2000 ? `${message.slice(0, 2000)}…` : message;
  return isSecret(key) ? withoutQuotes(short, key.split('/')) : short;
}

const isSecret = (key: string | undefined): key is string => key?.startsWith('Secret/') ?? false;

const hidden = '"***"';
/** What stands before a quoted name that is no value. */
const names =
  /(?:User|resource|group|namespace|verb|field|webhook|policy|binding|Secrets?|namespaces|quota|with|version|in|no kind|by) $/;

/** Quoted text goes, other than names; so does what Go prints of a value without quotes. */
function withoutQuotes(message: string, known: readonly string[]): string {
  return message
    .replace(/\{Value:.*\}/gs, `{${hidden}}`)
    .replace(/(?<=(?:Invalid|Unsupported|Duplicate) value: )(?:"(?:[^"\\]|\\.)*(?:"|$)|[^":][^:]*)/g, hidden)
    .replace(/"((?:[^"\\]|\\.)*)(?:"|$)/g, (quoted: string, text: string, at: number, all: string) =>
      known.includes(text) || names.test(all.slice(0, at)) ? quoted : hidden,
    );
}

/** The same answer for the log. */
function withoutValues({ status, api, retryAfterMs }: ApiError, key: string): ApiError {
  if (api === undefined) return new ApiError(status, api, retryAfterMs);
  const causes = api.details?.causes?.map((cause) => ({ ...cause, message: masked(cause.message ?? '', key) }));
  const details = api.details === undefined ? {} : { details: { ...api.details, ...(causes && { causes }) } };
  return new ApiError(status, { ...api, message: masked(api.message ?? '', key), ...details }, retryAfterMs);
}
