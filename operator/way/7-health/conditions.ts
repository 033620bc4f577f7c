/** Reads the status of an object the way kstatus does: conditions, generations, numbers. */
import type { KubeObject } from '#kube';
import type { Health, HealthStatus } from '#values';

export interface LiveCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
export const specOf = (object: KubeObject): Fields => fieldsOf(object['spec']);
export const statusOf = (object: KubeObject): Fields => fieldsOf(object['status']);

/** A number of the status; 0 when absent, as Kubernetes leaves zeros out. */
export const number = (fields: Fields, name: string, preset = 0): number =>
  typeof fields[name] === 'number' ? fields[name] : preset;

export function condition(object: KubeObject, type: string): LiveCondition | undefined {
  const conditions = statusOf(object)['conditions'];
  return Array.isArray(conditions) ? (conditions as LiveCondition[]).find((each) => each.type === type) : undefined;
}

const health =
  (status: HealthStatus) =>
  (message: string): Health => ({ status, message });
export const current = health('current');
export const inProgress = health('inProgress');
export const failed = health('failed');

/** What a condition says, for people. */
export const words = ({ type, reason, message }: LiveCondition): string => message || reason || type;
