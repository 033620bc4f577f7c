import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

/** The sum over all series of the name whose labels contain the text. */
async function sum(name: string, labels = ''): Promise<number> {
  const lines = (await operator.metrics())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const values = lines.filter((line) => line.includes(labels)).map((line) => Number(line.slice(line.lastIndexOf(' '))));
  return values.reduce((total, value) => total + value, 0);
}
const reaches = (name: string, labels: string, least: number): Promise<true> =>
  until(`${name}{${labels}} reaches ${least}`, async () => ((await sum(name, labels)) >= least ? true : undefined));

test('every metric moves with what it measures', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  const own = `namespace="${platform.namespace}",name="app"`;
  await reaches('plumbline_ready', own, 1);
  await reaches('plumbline_reconcile_duration_seconds_count', 'kind="Stack"', 1);
  await reaches('plumbline_reconcile_duration_seconds_bucket', 'le="300",kind="Stack"', 1);
  await reaches('plumbline_reconcile_total', 'kind="Stack",result="settled"', 1);
  await reaches('plumbline_api_requests_total', 'verb="PATCH",code="201"', 1);
  await reaches('plumbline_applied_objects_total', 'action="created"', 1);
  await reaches('plumbline_cached_objects', 'kind="ConfigMap"', 1);
  expect(await operator.metrics()).toContain('plumbline_queue_depth{kind="Stack"} 0');
  expect(await sum('plumbline_behind_git_seconds', own)).toBe(0);
  expect(await sum('plumbline_drift_found_total')).toBe(0);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: platform.namespace };
  await platform.cluster.edit(object, { data: { value: 'hand' } });
  await reaches('plumbline_drift_healed_total', '', 1);
  expect(await sum('plumbline_drift_found_total')).toBe(1);
  await platform.commit({ 'app/a.yaml': 'a: [' });
  await platform.fails('app', 'YamlInvalid');
  await reaches('plumbline_reconcile_total', 'result="YamlInvalid"', 1);
  await until('the stack is not ready', async () => ((await sum('plumbline_ready', own)) === 0 ? true : undefined));
  await until('it is behind Git', async () =>
    (await sum('plumbline_behind_git_seconds', own)) > 0 ? true : undefined,
  );
});

test('each log line is one JSON object with time, level, message and what it is about', async () => {
  const lines = (await operator.log())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines)
    expect(line).toMatchObject({ time: expect.any(String), level: expect.any(String), message: expect.any(String) });
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', kind: 'Stack', reason: 'DriftHealed' }));
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', kind: 'Stack', reason: 'YamlInvalid' }));
});
