/** Health of kinds that follow no convention: `spec.healthChecks`, CEL over `self`. */
import { Environment } from '@marcbachmann/cel-js';
import { groupKindOf, kindName, type GroupKind, type KubeObject } from '#kube';
import { failure } from '#runtime';
import type { Health } from '#values';
import { current, failed, inProgress } from './conditions.ts';

export interface CheckSpec {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly current?: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

export interface HealthChecks {
  covers(kind: GroupKind): boolean;
  /** Undefined when no expression covers the object: the rules of its kind decide. */
  evaluate(object: KubeObject): Health | undefined;
}

const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

type Program = (context: Record<string, unknown>) => unknown;

interface Check extends CheckSpec {
  readonly programs: Readonly<Partial<Record<Verdict, Program>>>;
}

const verdicts = ['failed', 'inProgress', 'current'] as const;
type Verdict = (typeof verdicts)[number];

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** @throws Failure ExpressionInvalid naming the field and what is wrong. */
export function compileChecks(specs: readonly CheckSpec[]): HealthChecks {
  const checks = specs.map((spec, index): Check => ({ ...spec, programs: compile(spec, index) }));
  return {
    covers: ({ group, kind }) => checks.some((check) => check.kind === kind && groupOf(check.apiVersion) === group),
    evaluate: (object) => {
      const check = checks.find((each) => matches(each, object) && Object.keys(each.programs).length > 0);
      return check === undefined ? undefined : evaluate(check, object);
    },
  };
}

function compile(spec: CheckSpec, index: number): Check['programs'] {
  const programs: Partial<Record<Verdict, Program>> = {};
  for (const verdict of verdicts) {
    const text = spec[verdict];
    if (text === undefined) continue;
    try {
      programs[verdict] = environment.parse(text);
    } catch (error) {
      const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      throw failure(
        'ExpressionInvalid',
        { where: `spec.healthChecks[${index}].${verdict}`, what, remedy: 'correct the expression' },
        { cause: error },
      );
    }
  }
  return programs;
}

const matches = (check: Check, object: KubeObject): boolean =>
  kindName(groupKindOf(object)) === kindName({ group: groupOf(check.apiVersion), kind: check.kind }) &&
  (check.name ?? object.metadata.name) === object.metadata.name &&
  (check.namespace ?? object.metadata.namespace) === object.metadata.namespace;

function evaluate({ programs }: Check, object: KubeObject): Health {
  const self = integers(object);
  let problem = '';
  for (const verdict of verdicts) {
    try {
      if (programs[verdict]?.({ self }) !== true) continue;
      if (verdict === 'failed') return failed('its health check says that it failed');
      return verdict === 'current' ? current('') : inProgress('its health check says that it is in progress');
    } catch (error) {
      // A field that is not there yet is the normal state of a young object.
      problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    }
  }
  if (programs.current === undefined && problem === '') return current('');
  return inProgress(
    problem === '' ? 'its health check does not hold yet' : `its health check cannot be decided yet: ${problem}`,
  );
}

/** JSON has one kind of number, CEL two: whole numbers become CEL integers. */
function integers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(integers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, integers(item)]));
}
