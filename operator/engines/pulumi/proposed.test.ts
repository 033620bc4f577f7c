/** What a preview told of refusals is of objects alone. */
import { expect, test } from '@jest/globals';
import { refusalsIn } from './proposed.ts';
import type { Diagnostic } from './values.ts';

test('errors of Kubernetes objects are refusals; warnings, and what is said of the stack or of other resources, are not', () => {
  const urn = (type: string): string => `urn:pulumi:dev::shop::${type}::a`;
  const say = (type: string, severity: Diagnostic['severity'] = 'error'): Diagnostic => ({
    urn: type === '' ? '' : urn(type),
    severity,
    message: 'no',
  });
  const child = 'shop:index:App$kubernetes:apps/v1:Deployment';
  const diagnostics = [
    say('kubernetes:core/v1:ConfigMap'),
    say(child),
    say('kubernetes:core/v1:Secret', 'warning'),
    say('random:index/randomId:RandomId'),
    say('pulumi:pulumi:Stack'),
    say(''),
  ];
  expect([...refusalsIn({ diagnostics })]).toEqual([
    [urn('kubernetes:core/v1:ConfigMap'), 'no'],
    [urn(child), 'no'],
  ]);
});
