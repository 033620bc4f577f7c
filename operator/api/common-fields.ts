/** Fields that several kinds share. */
import { durationPattern, parseDuration } from './duration.ts';
import {
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  type Defaulted,
  type Node,
  type Required,
  type Rule,
} from './schema.ts';

/** The name of an object. */
export const name = (about: string): Required<string> => text(about, { min: 1, max: 253 });

const isPositive = {
  rule: "duration(self) > duration('0s')",
  message: 'must be longer than 0s',
  holds: (written: string) => parseDuration(written) > 0,
};

/** A Go duration longer than nothing: every duration of ours is a period or a limit. */
export function duration(about: string): Required<string>;
export function duration(about: string, preset: string): Defaulted<string>;
export function duration(about: string, preset?: string): Node<string> {
  const options = { max: 32, pattern: durationPattern, rules: [isPositive] };
  return text(`${about} A Go duration.`, preset === undefined ? options : { ...options, default: preset });
}

/** Holds for what stays below the root of the repository. */
export const insideRepository: Rule<string> = {
  rule: "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
  message: 'path must stay inside the repository, without a leading slash and without ".."',
  holds: (path) => !path.startsWith('/') && !path.split('/').includes('..'),
};

export const time = (about: string): Required<string> => text(`${about} RFC 3339.`, { max: 64 });

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
