import { expect, test } from '@jest/globals';
import { parseJsonPath } from './json-path.ts';

const object = {
  metadata: { labels: { 'app.kubernetes.io/name': 'web' } },
  spec: {
    ports: [
      { name: 'http', port: 80 },
      { name: 'https', port: 443 },
    ],
  },
  status: {
    phase: 'Running',
    replicas: 0,
    conditions: [
      { type: 'Ready', status: 'False', reason: 'Slow' },
      { type: 'Synced', status: 'True' },
    ],
  },
};

test.each<[string, readonly unknown[]]>([
  ['.status.phase', ['Running']],
  ['$.status.phase', ['Running']],
  ['.status.replicas', [0]],
  ["['status']['phase']", ['Running']],
  ['.status["phase"]', ['Running']],
  ['.metadata.labels.app\\.kubernetes\\.io/name', ['web']],
  ["$.metadata.labels['app.kubernetes.io/name']", ['web']],
  ['.spec.ports[0].port', [80]],
  ['.spec.ports[-1].port', [443]],
  ['.spec.ports[9].port', []],
  ['.spec.ports[*].name', ['http', 'https']],
  ['.spec.*[1].name', ['https']],
  ['..port', [80, 443]],
  ['.status.conditions[?(@.type=="Ready")].status', ['False']],
  ["$.status.conditions[?(@.type == 'Synced')].status", ['True']],
  ['$.status.conditions[?@.type=="Synced"].status', ['True']],
  ['.status.conditions[?(@.type=="Ready" && @.status=="True")].reason', []],
  ['.status.conditions[?(@.type=="Synced" || @.reason=="Slow")].type', ['Ready', 'Synced']],
  ['.status.conditions[?(@.reason)].type', ['Ready']],
  ['.spec.ports[?(@.port > 80)].name', ['https']],
  ['.spec.ports[?(@.port != 80)].name', ['https']],
  ['.status.missing.more', []],
])('%s', (path, expected) => {
  expect(parseJsonPath(path)(object)).toEqual(expected);
});

test.each(['status', '.status[', '.status[x]', '.a[?(@.b==)]', '.a[?(@.b=="c"]]', '.', '.a..'])(
  '%s is refused with what was expected',
  (path) => {
    expect(() => parseJsonPath(path)).toThrow(`"${path}" is no JSONPath, expected `);
  },
);
