/** Fields that several kinds share. */
import { durationPattern } from './duration.ts';
import { integer, list, object, oneOf, optional, text, type Node } from './schema.ts';

export const name = (about: string): Node<string> => text(about, { max: 253 });

export const duration = (about: string, preset?: string): Node<string> =>
  text(`${about} A Go duration.`, {
    max: 32,
    pattern: durationPattern,
    ...(preset === undefined ? {} : { default: preset }),
  });

export const time = (about: string): Node<string> => text(`${about} RFC 3339.`, { max: 64 });

export const conditions = optional(
  list(
    'Conditions after the Kubernetes conventions; Ready is always among them.',
    object('One condition.', {
      type: text('Name of the condition.', { max: 316 }),
      status: oneOf('Whether it holds.', ['True', 'False', 'Unknown']),
      reason: text('One word for machines; docs/reasons.md lists them.', { max: 1024 }),
      message: text('One sentence for people.', { max: 32_768 }),
      observedGeneration: optional(
        integer('Generation that was looked at.', { min: 0, max: Number.MAX_SAFE_INTEGER, int64: true }),
      ),
      lastTransitionTime: time('When the status last changed.'),
    }),
    { max: 20, keys: ['type'] },
  ),
);

export const observedGeneration = optional(
  integer('Generation that was looked at.', { min: 0, max: Number.MAX_SAFE_INTEGER, int64: true }),
);
export const lastHandledReconcileAt = optional(
  text('Value of the annotation plumbline.dev/reconcile that was last handled.', { max: 1024 }),
);
