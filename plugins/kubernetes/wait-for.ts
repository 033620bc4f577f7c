/** The annotation `pulumi.com/waitFor`: conditions and JSONPaths that must hold before a resource counts as ready. */
import type { KubeObject } from '#kube';
import { failure } from '#runtime';
import type { Health } from '#values';
import { parseJsonPath } from './json-path.ts';

type Check = (object: KubeObject) => Health;

const current: Health = { status: 'current', message: '' };
const inProgress = (message: string): Health => ({ status: 'inProgress', message });

/** One expression, or a JSON list of them of which all must hold. @throws Failure ExpressionInvalid naming the expression */
export function parseWaitFor(text: string): Check {
  const checks = listOf(text).map(parse);
  return (object) => {
    const { generation } = object.metadata;
    const { observedGeneration } = statusOf(object);
    if (typeof observedGeneration === 'number' && generation !== undefined && observedGeneration < generation) {
      return inProgress(`generation ${generation} is not seen by its controller yet`);
    }
    return checks.map((check) => check(object)).find(({ status }) => status !== 'current') ?? current;
  };
}

function listOf(text: string): readonly string[] {
  if (!/^\s*\[/.test(text)) return [text];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw wrong(text, 'a JSON list of texts', error);
  }
  if (Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === 'string')) return list;
  throw wrong(text, 'a list of texts with at least one');
}

function parse(text: string): Check {
  if (text.startsWith('condition=')) return parseCondition(text.slice('condition='.length));
  if (text.startsWith('jsonpath=')) return parsePathAndValue(text.slice('jsonpath='.length));
  throw wrong(text, '"condition=Type", "condition=Type=Status", "jsonpath={.path}" or "jsonpath={.path}=value"');
}

function wrong(text: string, expected: string, cause?: unknown): Error {
  return failure(
    'ExpressionInvalid',
    { where: 'pulumi.com/waitFor', what: `"${text}" means nothing`, expected },
    { cause },
  );
}

function parseCondition(text: string): Check {
  const [type = '', status = 'True'] = text.split('=');
  if (type === '') throw wrong(`condition=${text}`, 'the type of a condition after condition=');
  return (object) => {
    const { conditions } = statusOf(object);
    const found = Array.isArray(conditions)
      ? (conditions as Record<string, string>[]).find((each) => each['type']?.toLowerCase() === type.toLowerCase())
      : undefined;
    if (found?.['status']?.toLowerCase() === status.toLowerCase()) return current;
    if (found === undefined) return inProgress(`it has no condition ${type} yet`);
    const { status: is = '', reason, message } = found;
    return inProgress(`condition ${type} is ${is}, not ${status}: ${message || reason || 'no reason is given'}`);
  };
}

function parsePathAndValue(text: string): Check {
  const [, path = '', value] = /^\{\s*(.*?)\s*\}(?:=(.+))?$/s.exec(text) ?? [];
  if (path === '') throw wrong(`jsonpath=${text}`, 'a path in braces: {.status.phase} or {.status.phase}=Running');
  const find = parseJsonPath(path);
  return (object) => {
    const [found] = find(object);
    if (found === undefined || found === null) return inProgress(`{${path}} leads to nothing yet`);
    if (value === undefined) return current;
    const shown = typeof found === 'string' ? found : JSON.stringify(found);
    return shown === value ? current : inProgress(`{${path}} is ${shown}, not ${value}`);
  };
}

const statusOf = ({ status }: KubeObject): Record<string, unknown> =>
  typeof status === 'object' && status !== null ? (status as Record<string, unknown>) : {};
